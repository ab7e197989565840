/**
 * UDP header (RFC 768), eight octets, and the zero-checksum rules of RFC 6935/6936:
 *
 *      0                   1                   2                   3
 *      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *     |          Source Port          |       Destination Port        |
 *     |            Length             |           Checksum            |
 */
import * as checksum from './checksum.js';
import { type WireFault, type CodecError, fieldError, requireInteger, requireRoom, truncatedError } from './fault.js';
import { read16, write16 } from './octets.js';

/** Protocol name. */
export const PROTOCOL = 'udp';
/** IP protocol number. */
export const IP_PROTOCOL = 17;
/** Octets of the header. */
export const HEADER_LENGTH = 8;

/** UDP header. */
export interface UdpHeader {
  /** Source port, 0..65535. */
  readonly sourcePort: number;
  /** Destination port, 0..65535. */
  readonly destinationPort: number;
  /** Octets of header and data, 8..65535. */
  readonly length: number;
  /** Checksum as on the wire; 0 means that the sender computed none. */
  readonly checksum: number;
}

/** What a receiver does with a checksum of zero: over IPv4 it is `accepted`, over IPv6 only where configured. */
export type ZeroChecksum = 'accepted' | 'refused';

/** Says why `bytes[offset..end)`, the IP payload, can't start with a UDP datagram, or `undefined` if it can. */
export function check(bytes: Uint8Array, offset = 0, end: number = bytes.length): WireFault | undefined {
  if (end - offset < HEADER_LENGTH) return 'E_UDP_TRUNCATED';
  const length = read16(bytes, offset + 4);
  return length < HEADER_LENGTH || length > end - offset ? 'E_UDP_BAD_LENGTH' : undefined;
}

/**
 * Verifies the checksum of the datagram at `offset`, which has passed `check`. `pseudoHeader` is the sum of its
 * pseudo-header, made with the datagram's own length.
 */
export function checkChecksum(
  bytes: Uint8Array,
  offset: number,
  pseudoHeader: number,
  zero: ZeroChecksum,
): WireFault | undefined {
  if (readChecksum(bytes, offset) === 0) return zero === 'accepted' ? undefined : 'E_UDP_ZERO_CHECKSUM_NOT_ALLOWED';
  const total = checksum.sum(bytes, offset, offset + readLength(bytes, offset), pseudoHeader);
  return total === 0xffff ? undefined : 'E_UDP_BAD_CHECKSUM';
}

/** Octets of the header: always 8. */
export function readHeaderLength(_bytes: Uint8Array, _offset: number): number {
  return HEADER_LENGTH;
}

/** Source port. Precondition of this and all other readers: `check` passed. */
export function readSourcePort(bytes: Uint8Array, offset: number): number {
  return read16(bytes, offset);
}

/** Destination port. */
export function readDestinationPort(bytes: Uint8Array, offset: number): number {
  return read16(bytes, offset + 2);
}

/** Octets of header and data. */
export function readLength(bytes: Uint8Array, offset: number): number {
  return read16(bytes, offset + 4);
}

/** Checksum as it stands. */
export function readChecksum(bytes: Uint8Array, offset: number): number {
  return read16(bytes, offset + 6);
}

/** Writes source port. */
export function writeSourcePort(bytes: Uint8Array, offset: number, port: number): void {
  write16(bytes, offset, port);
}

/** Writes destination port. */
export function writeDestinationPort(bytes: Uint8Array, offset: number, port: number): void {
  write16(bytes, offset + 2, port);
}

/**
 * Computes and writes the checksum of the datagram at `offset`, whose length field and data are in place. A computed 0
 * is written as 0xffff (RFC 768). Costs a pass over the data.
 */
export function writeChecksum(bytes: Uint8Array, offset: number, pseudoHeader: number): void {
  write16(bytes, offset + 6, 0);
  write16(
    bytes,
    offset + 6,
    checksum.compute(bytes, offset, offset + readLength(bytes, offset), pseudoHeader) || 0xffff,
  );
}

/** Reads a header. The checksum is not verified: see `checkChecksum`. @throws CodecError E_UDP_TRUNCATED, E_UDP_BAD_LENGTH */
export function decode(bytes: Uint8Array, offset = 0, end: number = bytes.length): UdpHeader {
  const fault = check(bytes, offset, end);
  if (fault !== undefined) throw refused(fault, bytes, offset, end);
  return {
    sourcePort: readSourcePort(bytes, offset),
    destinationPort: readDestinationPort(bytes, offset),
    length: readLength(bytes, offset),
    checksum: readChecksum(bytes, offset),
  };
}

/** Writes the eight octets; returns the offset behind them. @throws CodecError E_FIELD_RANGE, E_UDP_BAD_LENGTH, E_OUTPUT_TRUNCATED */
export function encodeInto(header: UdpHeader, out: Uint8Array, offset = 0): number {
  requireInteger(PROTOCOL, 'sourcePort', header.sourcePort, 0xffff);
  requireInteger(PROTOCOL, 'destinationPort', header.destinationPort, 0xffff);
  requireInteger(PROTOCOL, 'length', header.length, 0xffff, 'E_UDP_BAD_LENGTH');
  if (header.length < HEADER_LENGTH) {
    throw fieldError('E_UDP_BAD_LENGTH', PROTOCOL, 'length', 4, '8..65535', header.length);
  }
  requireInteger(PROTOCOL, 'checksum', header.checksum, 0xffff);
  requireRoom(PROTOCOL, out, offset, HEADER_LENGTH);
  write16(out, offset, header.sourcePort);
  write16(out, offset + 2, header.destinationPort);
  write16(out, offset + 4, header.length);
  write16(out, offset + 6, header.checksum);
  return offset + HEADER_LENGTH;
}

/** Writes the header into new memory. @throws CodecError as `encodeInto` */
export function encode(header: UdpHeader): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(HEADER_LENGTH);
  encodeInto(header, out);
  return out;
}

function refused(fault: WireFault, bytes: Uint8Array, offset: number, end: number): CodecError {
  const left = end - offset;
  if (fault === 'E_UDP_TRUNCATED') return truncatedError(fault, PROTOCOL, offset, HEADER_LENGTH, left);
  return fieldError(fault, PROTOCOL, 'length', offset + 4, `8..${left}`, readLength(bytes, offset));
}
