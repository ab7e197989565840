/**
 * NETLORD header (RFC XXXX §X), eight octets:
 *
 *      0                   1                   2                   3
 *      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *     |Ver|         Reserved          |         Next Protocol         |
 *     |                    Network                    |   Reserved    |
 *
 * Reserved bits are sent as zero and ignored on receipt (RFC XXXX §X).
 */
import {
  type CodecError,
  fieldError,
  read16,
  read24,
  requireInteger,
  requireRoom,
  truncatedError,
  write16,
  write24,
  write32,
} from '@overlane/wire';
import { HEADER_LENGTH, NETWORK_MAX, NEXT_PROTOCOL_MAX, VERSION } from './constants.js';
import type { NetlordHeaderFault } from './faults.js';

/** Protocol name. */
export const PROTOCOL = 'netlord';

/** NETLORD header. The version goes without saying: there is one, and `check` refuses others. */
export interface NetlordHeader {
  /** EtherType of what follows, 0..NEXT_PROTOCOL_MAX. */
  readonly nextProtocol: number;
  /** Network identifier, 0..NETWORK_MAX. */
  readonly network: number;
}

/** Says why `bytes[offset..end)` can't start with this header, or `undefined` if it can. Never throws or allocates. */
export function check(bytes: Uint8Array, offset = 0, end: number = bytes.length): NetlordHeaderFault | undefined {
  if (end - offset < HEADER_LENGTH) return 'E_NETLORD_TRUNCATED';
  return bytes[offset]! >>> 6 === VERSION ? undefined : 'E_NETLORD_UNSUPPORTED_VERSION';
}

/** Octets of the header: always 8. */
export function readHeaderLength(_bytes: Uint8Array, _offset: number): number {
  return HEADER_LENGTH;
}

/** EtherType of what follows. Precondition: `check` passed; past the end a typed array yields zeros, not an error. */
export function readNextProtocol(bytes: Uint8Array, offset: number): number {
  return read16(bytes, offset + 2);
}

/** Network identifier, 0..NETWORK_MAX. Precondition: `check` passed. */
export function readNetwork(bytes: Uint8Array, offset: number): number {
  return read24(bytes, offset + 4);
}

/** Writes the network identifier, 0..NETWORK_MAX, of a header that is in place; other octets stay. */
export function writeNetwork(bytes: Uint8Array, offset: number, network: number): void {
  write24(bytes, offset + 4, network);
}

/** Writes all eight octets, unchecked: the data path's `encodeInto`. */
export function writeHeader(bytes: Uint8Array, offset: number, nextProtocol: number, network: number): void {
  write16(bytes, offset, VERSION << 14);
  write16(bytes, offset + 2, nextProtocol);
  write32(bytes, offset + 4, network << 8);
}

/** Reads a header. @throws CodecError E_NETLORD_TRUNCATED, E_NETLORD_UNSUPPORTED_VERSION */
export function decode(bytes: Uint8Array, offset = 0, end: number = bytes.length): NetlordHeader {
  const fault = check(bytes, offset, end);
  if (fault !== undefined) throw refused(fault, bytes, offset, end);
  return { nextProtocol: readNextProtocol(bytes, offset), network: readNetwork(bytes, offset) };
}

/** Writes all eight octets; returns the offset after them. @throws CodecError E_NETLORD_NETWORK_RANGE, E_FIELD_RANGE, E_OUTPUT_TRUNCATED */
export function encodeInto(header: NetlordHeader, out: Uint8Array, offset = 0): number {
  requireInteger(PROTOCOL, 'nextProtocol', header.nextProtocol, NEXT_PROTOCOL_MAX);
  requireInteger(PROTOCOL, 'network', header.network, NETWORK_MAX, 'E_NETLORD_NETWORK_RANGE');
  requireRoom(PROTOCOL, out, offset, HEADER_LENGTH);
  writeHeader(out, offset, header.nextProtocol, header.network);
  return offset + HEADER_LENGTH;
}

/** Writes the header into new memory. @throws CodecError E_NETLORD_NETWORK_RANGE, E_FIELD_RANGE */
export function encode(header: NetlordHeader): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(HEADER_LENGTH);
  encodeInto(header, out);
  return out;
}

function refused(fault: NetlordHeaderFault, bytes: Uint8Array, offset: number, end: number): CodecError {
  return fault === 'E_NETLORD_TRUNCATED'
    ? truncatedError(fault, PROTOCOL, offset, HEADER_LENGTH, end - offset)
    : fieldError(fault, PROTOCOL, 'version', offset, VERSION, bytes[offset]! >>> 6);
}
