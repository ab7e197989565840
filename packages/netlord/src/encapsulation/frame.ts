/**
 * A NetLord frame's headers: Ethernet between edge switches, the VLAN tag of the path, and the IPv4 header of `header.ts`.
 *
 *      as sent:      egress edge MAC (6) | ingress edge MAC (6) | 0x8100 | TCI | 0x0800 | IPv4, TTL 2    38 octets
 *      as received:  server's MAC (6)    | egress edge MAC (6)                 | 0x0800 | IPv4, TTL 1    34 octets
 *
 * The egress edge switch routes the packet, so it writes the second form (NetLord §3). Both are accepted everywhere: a
 * server port may be an access port.
 */
import {
  type CodecError,
  MAC_LENGTH,
  copyOctets,
  ethernet,
  fieldError,
  read16,
  requireOctets,
  requireRoom,
  truncatedError,
  write16,
  write32,
  writeOctets,
} from '@overlane/wire';
import { type AddressPlan, ADDRESS_PLAN } from './address-plan.js';
import { FRAME_HEADER_LENGTH, HEADER_LENGTH, TAGGED_FRAME_HEADER_LENGTH } from './constants.js';
import type { NetlordHeaderFault } from './faults.js';
import { refused as headerRefused, requireHeader } from './header-errors.js';
import * as header from './header.js';

/** Protocol name. */
export const PROTOCOL = 'netlord-frame';

const { C_TAG, IPV4 } = ethernet.ETHER_TYPE;
const UNTAGGED = -1;

/** All headers of a frame as a plain value. */
export interface NetlordFrame {
  /** Outer Ethernet destination, 6 octets: the egress edge switch, or the server once that has routed the packet. */
  readonly destination: Uint8Array;
  /** Outer Ethernet source, 6 octets: the edge switch that the frame comes from. */
  readonly source: Uint8Array;
  /** Whether the VLAN tag is there; its TCI is the header's. */
  readonly isTagged: boolean;
  /** The IPv4 header. */
  readonly header: header.NetlordHeader;
}

/**
 * Says why `bytes[offset..end)` isn't a NetLord frame, or `undefined` if it is; octets behind the total length are padding.
 * An EtherType other than IPv4 is `E_NL_HEADER`. Never throws or allocates.
 */
export function check(
  bytes: Uint8Array,
  offset = 0,
  end: number = bytes.length,
  plan: AddressPlan = ADDRESS_PLAN,
): NetlordHeaderFault | undefined {
  if (end - offset < FRAME_HEADER_LENGTH) return 'E_NL_TRUNCATED';
  if (read16(bytes, offset + 12) === IPV4) return header.check(bytes, offset + ethernet.HEADER_LENGTH, end, plan);
  if (!readIsTagged(bytes, offset)) return 'E_NL_HEADER';
  if (end - offset < TAGGED_FRAME_HEADER_LENGTH) return 'E_NL_TRUNCATED';
  if (read16(bytes, offset + 16) !== IPV4) return 'E_NL_HEADER';
  return header.check(bytes, readHeaderOffset(bytes, offset), end, plan, read16(bytes, offset + 14));
}

/** Octets in front of the payload: 38 with a tag, 34 without. Precondition of this and all other readers: `check` passed. */
export function readHeaderLength(bytes: Uint8Array, offset: number): number {
  return readIsTagged(bytes, offset) ? TAGGED_FRAME_HEADER_LENGTH : FRAME_HEADER_LENGTH;
}

/** Whether the VLAN tag is there. */
export function readIsTagged(bytes: Uint8Array, offset: number): boolean {
  return read16(bytes, offset + 12) === C_TAG;
}

/** Offset of the IPv4 header, for the readers of the codec `header`. */
export function readHeaderOffset(bytes: Uint8Array, offset: number): number {
  return offset + ethernet.HEADER_LENGTH + (readIsTagged(bytes, offset) ? ethernet.TAG_LENGTH : 0);
}

/** Offset behind the payload, padding left out. */
export function readEnd(bytes: Uint8Array, offset: number): number {
  const at = readHeaderOffset(bytes, offset);
  return at + header.readTotalLength(bytes, at);
}

/**
 * Writes Ethernet addresses, tag and EtherType, 18 octets, unchecked, for the IPv4 header behind them. A MAC comes as its
 * upper 16 and lower 32 bits, signed or not.
 */
export function writeEthernet(
  bytes: Uint8Array,
  offset: number,
  destinationHigh: number,
  destinationLow: number,
  sourceHigh: number,
  sourceLow: number,
  tci: number,
): void {
  write16(bytes, offset, destinationHigh);
  write32(bytes, offset + 2, destinationLow);
  write16(bytes, offset + 6, sourceHigh);
  write32(bytes, offset + 8, sourceLow);
  write32(bytes, offset + 12, (C_TAG << 16) | tci);
  write16(bytes, offset + 16, IPV4);
}

/** Reads all headers. @throws CodecError with the fault that `check` returns */
export function decode(
  bytes: Uint8Array,
  offset = 0,
  end: number = bytes.length,
  plan: AddressPlan = ADDRESS_PLAN,
): NetlordFrame {
  const fault = check(bytes, offset, end, plan);
  if (fault !== undefined) throw refused(fault, bytes, offset, end);
  return {
    destination: copyOctets(bytes, offset, MAC_LENGTH),
    source: copyOctets(bytes, offset + MAC_LENGTH, MAC_LENGTH),
    isTagged: readIsTagged(bytes, offset),
    header: header.readHeader(bytes, readHeaderOffset(bytes, offset), plan),
  };
}

/** Writes all headers; returns the offset behind them. @throws CodecError E_FIELD_RANGE, and as the header's `encodeInto` */
export function encodeInto(frame: NetlordFrame, out: Uint8Array, offset = 0, plan: AddressPlan = ADDRESS_PLAN): number {
  requireOctets(PROTOCOL, 'destination', frame.destination, MAC_LENGTH);
  requireOctets(PROTOCOL, 'source', frame.source, MAC_LENGTH);
  requireHeader(frame.header, plan);
  requireRoom(PROTOCOL, out, offset, lengthOf(frame));
  writeOctets(out, offset, frame.destination);
  writeOctets(out, offset + MAC_LENGTH, frame.source);
  if (frame.isTagged) write32(out, offset + 12, (C_TAG << 16) | frame.header.tci);
  const at = offset + lengthOf(frame) - HEADER_LENGTH;
  write16(out, at - 2, IPV4);
  return header.encodeInto(frame.header, out, at, plan);
}

/** Writes all headers into new memory. @throws CodecError as `encodeInto` */
export function encode(frame: NetlordFrame, plan: AddressPlan = ADDRESS_PLAN): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(lengthOf(frame));
  encodeInto(frame, out, 0, plan);
  return out;
}

function lengthOf({ isTagged }: NetlordFrame): number {
  return isTagged ? TAGGED_FRAME_HEADER_LENGTH : FRAME_HEADER_LENGTH;
}

function refused(fault: NetlordHeaderFault, bytes: Uint8Array, offset: number, end: number): CodecError {
  const left = end - offset;
  if (left < ethernet.HEADER_LENGTH) return truncatedError(fault, PROTOCOL, offset, FRAME_HEADER_LENGTH, left);
  const needed = readHeaderLength(bytes, offset);
  if (left < needed) return truncatedError(fault, PROTOCOL, offset, needed, left);
  const at = readHeaderOffset(bytes, offset);
  const etherType = read16(bytes, at - 2);
  if (etherType !== IPV4) return fieldError(fault, PROTOCOL, 'etherType', at - 2, IPV4, etherType);
  return headerRefused(fault, bytes, at, end, readIsTagged(bytes, offset) ? read16(bytes, offset + 14) : UNTAGGED);
}
