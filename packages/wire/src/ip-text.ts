/**
 * IP addresses as text. IPv4 is a number in 0..2^32-1, IPv6 is 16 octets. Parsing follows RFC 4291 §2.2 (and the
 * strict dotted form: four decimal octets, no leading zeros); formatting follows RFC 5952.
 */
import { CodecError } from './fault.js';
import { read16, write16, write32 } from './octets.js';

/** Octets of an IPv6 address. */
export const IPV6_ADDRESS_LENGTH = 16;

const DECIMAL_OCTET = /^(?:0|[1-9][0-9]{0,2})$/;
const HEX_GROUP = /^[0-9a-f]{1,4}$/i;

/** The address `a.b.c.d` as a number in 0..2^32-1. @throws CodecError E_ADDRESS_SYNTAX */
export function parseIpv4(text: string): number {
  const value = ipv4OrUndefined(text);
  if (value === undefined) throw syntaxError('IPv4', text);
  return value;
}

/** Text `a.b.c.d` of a number in 0..2^32-1 (a signed 32-bit integer is taken as its unsigned twin). */
export function formatIpv4(address: number): string {
  return `${address >>> 24}.${(address >>> 16) & 255}.${(address >>> 8) & 255}.${address & 255}`;
}

/**
 * The 16 octets of an IPv6 address, in new memory. Takes every form of RFC 4291 §2.2, the one with an embedded IPv4
 * address included; no zone. @throws CodecError E_ADDRESS_SYNTAX
 */
export function parseIpv6(text: string): Uint8Array<ArrayBuffer> {
  const halves = text.split('::');
  const front = groupsOf(halves[0]!, halves.length === 1);
  const back = halves.length === 2 ? groupsOf(halves[1]!, true) : [];
  if (halves.length > 2 || front === undefined || back === undefined) throw syntaxError('IPv6', text);
  const missing = 8 - front.length - back.length;
  // '::' stands for at least one group of zeros (RFC 4291 §2.2.2); without it all eight must be there.
  if (halves.length === 2 ? missing < 1 : missing !== 0) throw syntaxError('IPv6', text);
  const octets = new Uint8Array(IPV6_ADDRESS_LENGTH);
  front.forEach((group, i) => write16(octets, i * 2, group));
  back.forEach((group, i) => write16(octets, (8 - back.length + i) * 2, group));
  return octets;
}

/** Canonical text (RFC 5952) of the address at `bytes[offset..offset+16)`. */
export function formatIpv6(bytes: Uint8Array, offset = 0): string {
  // RFC 5952 §5: only the prefix of IPv4-mapped addresses makes the dotted form certain to be meant.
  if (isIpv4Mapped(bytes, offset)) {
    return `::ffff:${bytes[offset + 12]}.${bytes[offset + 13]}.${bytes[offset + 14]}.${bytes[offset + 15]}`;
  }
  const groups: number[] = [];
  for (let i = 0; i < 8; i++) groups.push(read16(bytes, offset + i * 2));
  const run = longestZeroRun(groups);
  const text = (part: number[]): string => part.map((group) => group.toString(16)).join(':');
  return run.length < 2
    ? text(groups)
    : `${text(groups.slice(0, run.start))}::${text(groups.slice(run.start + run.length))}`;
}

/** Where the longest run of zero groups is; the first of equals (RFC 5952 §4.2.3). */
function longestZeroRun(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  for (let start = 0; start < groups.length; start++) {
    let length = 0;
    while (groups[start + length] === 0) length++;
    if (length > best.length) best = { start, length };
  }
  return best;
}

function isIpv4Mapped(bytes: Uint8Array, offset: number): boolean {
  for (let i = 0; i < 10; i++) if (bytes[offset + i] !== 0) return false;
  return bytes[offset + 10] === 0xff && bytes[offset + 11] === 0xff;
}

function ipv4OrUndefined(text: string): number | undefined {
  const parts = text.split('.');
  if (parts.length !== 4) return undefined;
  let value = 0;
  for (const part of parts) {
    const octet = Number(part);
    if (!DECIMAL_OCTET.test(part) || octet > 255) return undefined;
    value = value * 256 + octet;
  }
  return value;
}

/** The 16-bit groups of one side of `::`; a dotted tail, where it may stand, gives two. `undefined` if malformed. */
function groupsOf(text: string, mayEndDotted: boolean): number[] | undefined {
  if (text === '') return [];
  const parts = text.split(':');
  const groups: number[] = [];
  for (const [i, part] of parts.entries()) {
    if (HEX_GROUP.test(part)) groups.push(Number.parseInt(part, 16));
    else {
      const dotted = mayEndDotted && i === parts.length - 1 ? ipv4OrUndefined(part) : undefined;
      if (dotted === undefined) return undefined;
      groups.push(dotted >>> 16, dotted & 0xffff);
    }
  }
  return groups;
}

/** The four octets of an IPv4 address in new memory. */
export function ipv4Octets(address: number): Uint8Array<ArrayBuffer> {
  const octets = new Uint8Array(4);
  write32(octets, 0, address);
  return octets;
}

function syntaxError(family: string, text: string): CodecError {
  const detail = { protocol: 'ip', expected: `${family} address`, actual: text };
  return new CodecError('E_ADDRESS_SYNTAX', detail, `not an ${family} address: '${text}'`);
}
