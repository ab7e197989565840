/**
 * IPv6 neighbour solicitation and advertisement (RFC 4861 §4.3, §4.4), with the one option that matters to a switch:
 *
 *      0                   1                   2                   3
 *      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *     | Type 135/136  |   Code (0)    |           Checksum            |
 *     |R|S|O|                     Reserved                            |
 *     |                      Target Address (16)                      |
 *     |  options: type | length in units of 8 | value ...             |
 */
import { type WireFault, type CodecError, fieldError, requireInteger, requireOctets, requireRoom } from './fault.js';
import { truncatedError } from './fault.js';
import { TYPE } from './icmpv6.js';
import { IPV6_ADDRESS_LENGTH } from './ip-text.js';
import { MAC_LENGTH } from './mac-address.js';
import { copyOctets, read16, write16, writeOctets } from './octets.js';

/** Protocol name. */
export const PROTOCOL = 'neighbor';
/** Octets up to the options. */
export const HEADER_LENGTH = 24;
/** Option types (RFC 4861 §4.6.1). */
export const OPTION = { SOURCE_LINK_LAYER_ADDRESS: 1, TARGET_LINK_LAYER_ADDRESS: 2 } as const;

const LINK_LAYER_OPTION_LENGTH = 8;

/** A neighbour solicitation or advertisement. */
export interface NeighborMessage {
  /** 135 solicitation, 136 advertisement. */
  readonly type: 135 | 136;
  /** Checksum as on the wire (over the IPv6 pseudo-header; see `icmpv6.checkChecksum`). */
  readonly checksum: number;
  /** R flag: the sender is a router. Advertisements only. */
  readonly router: boolean;
  /** S flag: sent in answer to a solicitation. */
  readonly solicited: boolean;
  /** O flag: replace a cached address. */
  readonly override: boolean;
  /** Target address, 16 octets. */
  readonly target: Uint8Array;
  /** MAC of the source (solicitation) or target (advertisement) link-layer address option, 6 octets, if there is one. */
  readonly linkLayerAddress: Uint8Array | undefined;
}

/** Says why `bytes[offset..end)` can't be such a message, or `undefined`. Options are walked: one step per option. */
export function check(bytes: Uint8Array, offset = 0, end: number = bytes.length): WireFault | undefined {
  if (end - offset < HEADER_LENGTH) return 'E_ICMP_TRUNCATED';
  const type = bytes[offset]!;
  const known = type === TYPE.NEIGHBOR_SOLICITATION || type === TYPE.NEIGHBOR_ADVERTISEMENT;
  if (!known || bytes[offset + 1] !== 0) return 'E_ND_NOT_NEIGHBOR';
  for (let at = offset + HEADER_LENGTH; at < end; at += bytes[at + 1]! * 8) {
    // RFC 4861 §4.6: an option of length zero makes the whole packet one to discard.
    if (end - at < 8 || bytes[at + 1] === 0 || end - at < bytes[at + 1]! * 8) return 'E_ND_BAD_OPTION';
  }
  return undefined;
}

/** Octets up to the options: always 24. */
export function readHeaderLength(_bytes: Uint8Array, _offset: number): number {
  return HEADER_LENGTH;
}

/** Offset of the link-layer address (6 octets) in its option, or -1. Precondition: `check` passed. */
export function findLinkLayerAddress(bytes: Uint8Array, offset: number, end: number): number {
  const wanted = linkLayerOption(bytes[offset]!);
  for (let at = offset + HEADER_LENGTH; at < end; at += bytes[at + 1]! * 8) {
    if (bytes[at] === wanted && bytes[at + 1] === 1) return at + 2;
  }
  return -1;
}

/** Reads a message; options other than the link-layer address are left out. @throws CodecError E_ICMP_TRUNCATED, E_ND_NOT_NEIGHBOR, E_ND_BAD_OPTION */
export function decode(bytes: Uint8Array, offset = 0, end: number = bytes.length): NeighborMessage {
  const fault = check(bytes, offset, end);
  if (fault !== undefined) throw refused(fault, bytes, offset, end);
  const flags = bytes[offset + 4]!;
  const link = findLinkLayerAddress(bytes, offset, end);
  return {
    type: bytes[offset] as 135 | 136,
    checksum: read16(bytes, offset + 2),
    router: (flags & 0x80) !== 0,
    solicited: (flags & 0x40) !== 0,
    override: (flags & 0x20) !== 0,
    target: copyOctets(bytes, offset + 8, IPV6_ADDRESS_LENGTH),
    linkLayerAddress: link < 0 ? undefined : copyOctets(bytes, link, MAC_LENGTH),
  };
}

/** Writes the message; returns the offset behind it. @throws CodecError E_FIELD_RANGE, E_ND_NOT_NEIGHBOR, E_OUTPUT_TRUNCATED */
export function encodeInto(message: NeighborMessage, out: Uint8Array, offset = 0): number {
  if (message.type !== TYPE.NEIGHBOR_SOLICITATION && message.type !== TYPE.NEIGHBOR_ADVERTISEMENT) {
    throw fieldError('E_ND_NOT_NEIGHBOR', PROTOCOL, 'type', 0, '135 or 136', message.type);
  }
  requireInteger(PROTOCOL, 'checksum', message.checksum, 0xffff);
  requireOctets(PROTOCOL, 'target', message.target, IPV6_ADDRESS_LENGTH);
  if (message.linkLayerAddress) requireOctets(PROTOCOL, 'linkLayerAddress', message.linkLayerAddress, MAC_LENGTH);
  requireRoom(PROTOCOL, out, offset, lengthOf(message));
  out.fill(0, offset, offset + HEADER_LENGTH);
  out[offset] = message.type;
  write16(out, offset + 2, message.checksum);
  out[offset + 4] = (message.router ? 0x80 : 0) | (message.solicited ? 0x40 : 0) | (message.override ? 0x20 : 0);
  writeOctets(out, offset + 8, message.target);
  if (message.linkLayerAddress === undefined) return offset + HEADER_LENGTH;
  out[offset + HEADER_LENGTH] = linkLayerOption(message.type);
  out[offset + HEADER_LENGTH + 1] = 1;
  writeOctets(out, offset + HEADER_LENGTH + 2, message.linkLayerAddress);
  return offset + lengthOf(message);
}

/** Writes the message into new memory. @throws CodecError as `encodeInto` */
export function encode(message: NeighborMessage): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(lengthOf(message));
  encodeInto(message, out);
  return out;
}

function lengthOf(message: NeighborMessage): number {
  return HEADER_LENGTH + (message.linkLayerAddress === undefined ? 0 : LINK_LAYER_OPTION_LENGTH);
}

function linkLayerOption(type: number): number {
  return type === TYPE.NEIGHBOR_SOLICITATION ? OPTION.SOURCE_LINK_LAYER_ADDRESS : OPTION.TARGET_LINK_LAYER_ADDRESS;
}

function refused(fault: WireFault, bytes: Uint8Array, offset: number, end: number): CodecError {
  if (fault === 'E_ND_NOT_NEIGHBOR') {
    return fieldError(fault, PROTOCOL, 'type', offset, '135 or 136 with code 0', read16(bytes, offset));
  }
  if (fault === 'E_ND_BAD_OPTION') {
    return fieldError(
      fault,
      PROTOCOL,
      'options',
      offset + HEADER_LENGTH,
      'whole options',
      end - offset - HEADER_LENGTH,
    );
  }
  return truncatedError(fault, PROTOCOL, offset, HEADER_LENGTH, end - offset);
}
