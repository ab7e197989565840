/**
 * The eight octets that ICMP (RFC 792) and ICMPv6 (RFC 4443) messages begin with:
 *
 *      0                   1                   2                   3
 *      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *     |     Type      |     Code      |           Checksum            |
 *     |              rest of header, by type                          |
 *
 * Echo messages keep identifier and sequence number in the rest, "fragmentation needed" the next-hop MTU in its low
 * half (RFC 1191 §4), "packet too big" the MTU in all of it (RFC 4443 §3.2).
 */
import * as checksum from './checksum.js';
import { type WireFault, requireInteger, requireRoom, truncatedError } from './fault.js';
import { read16, read32, write16, write32 } from './octets.js';

/** Protocol name of both families in errors. */
export const PROTOCOL = 'icmp';
/** Octets of the common header. */
export const HEADER_LENGTH = 8;

/** The common header of all ICMP and ICMPv6 messages. */
export interface IcmpHeader {
  /** Message type, 0..255. */
  readonly type: number;
  /** Code, 0..255. */
  readonly code: number;
  /** Checksum as on the wire. */
  readonly checksum: number;
  /** The four octets whose meaning depends on the type, 0..2^32-1. */
  readonly rest: number;
}

/** Says why `bytes[offset..end)` can't start with an ICMP message, or `undefined` if it can. */
export function check(bytes: Uint8Array, offset = 0, end: number = bytes.length): WireFault | undefined {
  return end - offset < HEADER_LENGTH ? 'E_ICMP_TRUNCATED' : undefined;
}

/** Verifies the checksum of the whole message; for ICMPv6 pass the sum of the pseudo-header, for ICMP nothing. */
export function checkChecksum(bytes: Uint8Array, offset: number, end: number, pseudoHeader = 0): WireFault | undefined {
  return checksum.sum(bytes, offset, end, pseudoHeader) === 0xffff ? undefined : 'E_ICMP_BAD_CHECKSUM';
}

/** Octets of the common header: always 8. */
export function readHeaderLength(_bytes: Uint8Array, _offset: number): number {
  return HEADER_LENGTH;
}

/** Message type. Precondition of this and all other readers: `check` passed. */
export function readType(bytes: Uint8Array, offset: number): number {
  return bytes[offset]!;
}

/** Code. */
export function readCode(bytes: Uint8Array, offset: number): number {
  return bytes[offset + 1]!;
}

/** Identifier of an echo message. */
export function readIdentifier(bytes: Uint8Array, offset: number): number {
  return read16(bytes, offset + 4);
}

/** Sequence number of an echo message. */
export function readSequenceNumber(bytes: Uint8Array, offset: number): number {
  return read16(bytes, offset + 6);
}

/** Computes and writes the checksum of the message `bytes[offset..end)`. Costs a pass over it. */
export function writeChecksum(bytes: Uint8Array, offset: number, end: number, pseudoHeader = 0): void {
  write16(bytes, offset + 2, 0);
  write16(bytes, offset + 2, checksum.compute(bytes, offset, end, pseudoHeader));
}

/** Reads the common header. The checksum is not verified. @throws CodecError E_ICMP_TRUNCATED */
export function decode(bytes: Uint8Array, offset = 0, end: number = bytes.length): IcmpHeader {
  const fault = check(bytes, offset, end);
  if (fault !== undefined) throw truncatedError(fault, PROTOCOL, offset, HEADER_LENGTH, end - offset);
  return {
    type: readType(bytes, offset),
    code: readCode(bytes, offset),
    checksum: read16(bytes, offset + 2),
    rest: read32(bytes, offset + 4),
  };
}

/** Writes the eight octets; returns the offset behind them. @throws CodecError E_FIELD_RANGE, E_OUTPUT_TRUNCATED */
export function encodeInto(header: IcmpHeader, out: Uint8Array, offset = 0): number {
  requireInteger(PROTOCOL, 'type', header.type, 255);
  requireInteger(PROTOCOL, 'code', header.code, 255);
  requireInteger(PROTOCOL, 'checksum', header.checksum, 0xffff);
  requireInteger(PROTOCOL, 'rest', header.rest, 0xffff_ffff);
  requireRoom(PROTOCOL, out, offset, HEADER_LENGTH);
  out[offset] = header.type;
  out[offset + 1] = header.code;
  write16(out, offset + 2, header.checksum);
  write32(out, offset + 4, header.rest);
  return offset + HEADER_LENGTH;
}

/** Writes the header into new memory. @throws CodecError as `encodeInto` */
export function encode(header: IcmpHeader): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(HEADER_LENGTH);
  encodeInto(header, out);
  return out;
}
