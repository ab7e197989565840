/**
 * NetLord's IPv4 header (NetLord §3), 20 octets: an ordinary one in which the addresses and the identification say
 * something else.
 *
 *      0                   1                   2                   3
 *      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *     |Version|  IHL  |   DSCP    |ECN|         Total Length          |
 *     |              TCI              |R|D|M|     Fragment Offset     |
 *     | Time to Live  |   Protocol    |        Header Checksum        |
 *     |              MAC Address Space ID (MAC_AS_ID)                 |
 *     |  Egress Port  |                   Tenant ID                   |
 *
 * DF is always set, so any identification will do (RFC 6864 §4.1); it repeats the TCI of the VLAN tag, which the egress
 * edge switch strips. The bit in front of DF is sent as zero and ignored on receipt, as `@overlane/wire` does.
 */
import { checksum, ipv4, read16, read32, readInt32, requireRoom, write16, write32 } from '@overlane/wire';
import { type AddressPlan, ADDRESS_PLAN, isForwardable, portOf, tenantIdOf, toAddress } from './address-plan.js';
import {
  HEADER_LENGTH,
  INNER_FRAME_LENGTH_MIN,
  IP_PROTOCOL,
  type NetlordProtocol,
  isVid,
  totalLengthMin,
} from './constants.js';
import type { NetlordHeaderFault } from './faults.js';
import { PROTOCOL, refused, requireHeader } from './header-errors.js';

export { PROTOCOL };

const VERSION_IHL = 0x45;
const DONT_FRAGMENT = 0x4000;
/** The flags and offset without the reserved bit. */
const FRAGMENT_MASK = 0x7fff;
const VID_MASK = 0xfff;
/** In place of a TCI: the frame has no tag that could differ from the identification. */
const UNTAGGED = -1;

/** The header as a plain value. Version, DF and checksum go without saying. */
export interface NetlordHeader {
  /** Differentiated services code point, 0..63. */
  readonly dscp: number;
  /** ECN codepoint, 0..3. */
  readonly ecn: number;
  /** Octets of header and payload: at least 34 with a frame inside, 20 with NL-ARP. */
  readonly totalLength: number;
  /** Tag control information of the VLAN tag: priority, DEI, and the VLAN identifier 1..4094 in the low 12 bits. */
  readonly tci: number;
  /** 1..255; TTL_SENT on sending. */
  readonly ttl: number;
  /** What follows. */
  readonly protocol: NetlordProtocol;
  /** MAC address space within the tenant, 0..MAC_AS_ID_MAX. */
  readonly macAsId: number;
  /** Port of the egress edge switch, in the range of the address plan: by default 1..126. */
  readonly port: number;
  /** Tenant, 0..2^24-1 by default. */
  readonly tenantId: number;
}

/**
 * Says why `bytes[offset..end)` can't start with this header and the payload it promises, or `undefined` if it can.
 * `tci` is that of the frame's VLAN tag, where there is one. Never throws or allocates.
 */
export function check(
  bytes: Uint8Array,
  offset = 0,
  end: number = bytes.length,
  plan: AddressPlan = ADDRESS_PLAN,
  tci = UNTAGGED,
): NetlordHeaderFault | undefined {
  // One look for what nearly every packet passes; the rest are asked in order what they break.
  const identification = read16(bytes, offset + 4);
  if (
    ipv4.check(bytes, offset, end) === undefined &&
    bytes[offset] === VERSION_IHL &&
    (read16(bytes, offset + 6) & FRAGMENT_MASK) === DONT_FRAGMENT &&
    bytes[offset + 8] !== 0 &&
    bytes[offset + 9] === IP_PROTOCOL.DATA &&
    isForwardable(bytes[offset + 16]!, plan) &&
    (tci === UNTAGGED || tci === identification) &&
    isVid(identification & VID_MASK) &&
    readTotalLength(bytes, offset) >= HEADER_LENGTH + INNER_FRAME_LENGTH_MIN
  ) {
    return undefined;
  }
  return checkInOrder(bytes, offset, end, plan, tci);
}

function checkInOrder(
  bytes: Uint8Array,
  offset: number,
  end: number,
  plan: AddressPlan,
  tci: number,
): NetlordHeaderFault | undefined {
  const left = end - offset;
  if (left < HEADER_LENGTH || readTotalLength(bytes, offset) > left) return 'E_NL_TRUNCATED';
  if (bytes[offset] !== VERSION_IHL) return 'E_NL_HEADER';
  if (checksum.sum(bytes, offset, offset + HEADER_LENGTH) !== 0xffff) return 'E_NL_CHECKSUM';
  const protocol = bytes[offset + 9]!;
  if (protocol !== IP_PROTOCOL.DATA && protocol !== IP_PROTOCOL.NL_ARP) return 'E_NL_PROTOCOL';
  if ((read16(bytes, offset + 6) & FRAGMENT_MASK) !== DONT_FRAGMENT) return 'E_NL_FRAGMENT';
  if (readTtl(bytes, offset) === 0) return 'E_NL_TTL';
  if (!isForwardable(bytes[offset + 16]!, plan)) return 'E_NL_PORT';
  const identification = readTci(bytes, offset);
  if ((tci !== UNTAGGED && tci !== identification) || !isVid(identification & VID_MASK)) return 'E_NL_VLAN_ID';
  return readTotalLength(bytes, offset) < totalLengthMin(protocol) ? 'E_NL_INNER_TRUNCATED' : undefined;
}

/** Octets of the header: always 20. Precondition of this and all other readers: `check` passed. */
export function readHeaderLength(_bytes: Uint8Array, _offset: number): number {
  return HEADER_LENGTH;
}

/** The octet of DSCP and ECN. */
export function readTos(bytes: Uint8Array, offset: number): number {
  return bytes[offset + 1]!;
}

/** Octets of header and payload. */
export function readTotalLength(bytes: Uint8Array, offset: number): number {
  return read16(bytes, offset + 2);
}

/** TCI of the VLAN tag that the frame has, or had before the egress edge switch: the identification. */
export function readTci(bytes: Uint8Array, offset: number): number {
  return read16(bytes, offset + 4);
}

/** VLAN identifier of the path that the packet took, 1..4094. */
export function readVid(bytes: Uint8Array, offset: number): number {
  return readTci(bytes, offset) & VID_MASK;
}

/** Time to live, 1..255. */
export function readTtl(bytes: Uint8Array, offset: number): number {
  return bytes[offset + 8]!;
}

/** What follows: a tenant's frame or an NL-ARP message. */
export function readProtocol(bytes: Uint8Array, offset: number): NetlordProtocol {
  return bytes[offset + 9] as NetlordProtocol;
}

/** MAC address space, 0..MAC_AS_ID_MAX. */
export function readMacAsId(bytes: Uint8Array, offset: number): number {
  return read32(bytes, offset + 12);
}

/** The outer destination address as a signed integer: port and tenant for `portOf` and `tenantIdOf`. */
export function readAddress(bytes: Uint8Array, offset: number): number {
  return readInt32(bytes, offset + 16);
}

/** Port of the egress edge switch. */
export function readPort(bytes: Uint8Array, offset: number, plan: AddressPlan = ADDRESS_PLAN): number {
  return portOf(readAddress(bytes, offset), plan);
}

/** Tenant identifier. */
export function readTenantId(bytes: Uint8Array, offset: number, plan: AddressPlan = ADDRESS_PLAN): number {
  return tenantIdOf(readAddress(bytes, offset), plan);
}

/** What an edge switch does to the header as it routes the packet: TTL one less, the checksum mended (RFC 1624). */
export function decrementTtl(bytes: Uint8Array, offset: number): void {
  const before = read16(bytes, offset + 8);
  write16(bytes, offset + 8, before - 0x100);
  write16(bytes, offset + 10, checksum.update(read16(bytes, offset + 10), before, before - 0x100));
}

/**
 * Writes all 20 octets, unchecked: the data path's `encodeInto`. `tos` holds DSCP and ECN, `address` is that of
 * `toAddress`; both 32-bit values may be signed. The checksum is added up from the values at hand, so a template of it per
 * flow would spare a few additions and no reads.
 */
export function writeHeader(
  bytes: Uint8Array,
  offset: number,
  tos: number,
  totalLength: number,
  tci: number,
  ttl: number,
  protocol: NetlordProtocol,
  macAsId: number,
  address: number,
): void {
  const first = (VERSION_IHL << 8) | tos;
  const third = (ttl << 8) | protocol;
  const total = first + totalLength + tci + DONT_FRAGMENT + third;
  const sum = total + (macAsId >>> 16) + (macAsId & 0xffff) + (address >>> 16) + (address & 0xffff);
  const folded = (sum & 0xffff) + (sum >>> 16);
  write32(bytes, offset, (first << 16) | totalLength);
  write32(bytes, offset + 4, (tci << 16) | DONT_FRAGMENT);
  write32(bytes, offset + 8, (third << 16) | (~(folded + (folded >>> 16)) & 0xffff));
  write32(bytes, offset + 12, macAsId);
  write32(bytes, offset + 16, address);
}

/** Reads a header. @throws CodecError with the fault that `check` returns */
export function decode(
  bytes: Uint8Array,
  offset = 0,
  end: number = bytes.length,
  plan: AddressPlan = ADDRESS_PLAN,
): NetlordHeader {
  const fault = check(bytes, offset, end, plan);
  if (fault !== undefined) throw refused(fault, bytes, offset, end, UNTAGGED);
  return readHeader(bytes, offset, plan);
}

/** Reads a header that has passed `check` into new memory. */
export function readHeader(bytes: Uint8Array, offset: number, plan: AddressPlan): NetlordHeader {
  const tos = readTos(bytes, offset);
  return {
    dscp: tos >>> 2,
    ecn: tos & 3,
    totalLength: readTotalLength(bytes, offset),
    tci: readTci(bytes, offset),
    ttl: readTtl(bytes, offset),
    protocol: readProtocol(bytes, offset),
    macAsId: readMacAsId(bytes, offset),
    port: readPort(bytes, offset, plan),
    tenantId: readTenantId(bytes, offset, plan),
  };
}

/**
 * Writes the header with its checksum; returns the offset behind it.
 * @throws CodecError E_FIELD_RANGE, E_NL_PROTOCOL, E_NL_TTL, E_NL_PORT, E_NL_TENANT_RANGE, E_NL_MAC_AS_ID_RANGE,
 *   E_NL_VLAN_ID, E_NL_INNER_TRUNCATED, E_OUTPUT_TRUNCATED
 */
export function encodeInto(
  header: NetlordHeader,
  out: Uint8Array,
  offset = 0,
  plan: AddressPlan = ADDRESS_PLAN,
): number {
  requireHeader(header, plan);
  requireRoom(PROTOCOL, out, offset, HEADER_LENGTH);
  const { totalLength, tci, ttl, protocol, macAsId } = header;
  const address = toAddress(header.port, header.tenantId, plan);
  writeHeader(out, offset, (header.dscp << 2) | header.ecn, totalLength, tci, ttl, protocol, macAsId, address);
  return offset + HEADER_LENGTH;
}

/** Writes the header into new memory. @throws CodecError as `encodeInto` */
export function encode(header: NetlordHeader, plan: AddressPlan = ADDRESS_PLAN): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(HEADER_LENGTH);
  encodeInto(header, out, 0, plan);
  return out;
}
