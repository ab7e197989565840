/**
 * VXLAN header (RFC 7348 §5), eight octets:
 *
 *      0                   1                   2                   3
 *      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *     |R|R|R|R|I|R|R|R|                   Reserved                    |
 *     |                      VNI                      |   Reserved    |
 *
 * Reserved bits are sent as zero and ignored on receipt. Group-policy or GPE receivers would read some of them, so the
 * mode belongs to the UDP port and is never guessed from the bits.
 */
import {
  type CodecError,
  fieldError,
  read24,
  requireInteger,
  requireRoom,
  truncatedError,
  write24,
  write32,
} from '@overlane/wire';
import { FLAG_VNI_VALID, HEADER_LENGTH, VNI_MAX } from './constants.js';
import type { VxlanHeaderFault } from './faults.js';

/** Protocol name. */
export const PROTOCOL = 'vxlan';

/** VXLAN header. That the I flag is set goes without saying: without it there is no VNI, and `check` refuses. */
export interface VxlanHeader {
  /** VXLAN network identifier, 0..VNI_MAX. */
  readonly vni: number;
}

/** Says why `bytes[offset..end)` can't start with a VXLAN header, or `undefined` if it can. Never throws or allocates. */
export function check(bytes: Uint8Array, offset = 0, end: number = bytes.length): VxlanHeaderFault | undefined {
  if (end - offset < HEADER_LENGTH) return 'E_VXLAN_TRUNCATED';
  return (bytes[offset]! & FLAG_VNI_VALID) === 0 ? 'E_VXLAN_VNI_NOT_VALID' : undefined;
}

/** Octets of the header: always 8. */
export function readHeaderLength(_bytes: Uint8Array, _offset: number): number {
  return HEADER_LENGTH;
}

/** VNI, 0..VNI_MAX. Precondition: `check` passed; past the end a typed array yields zeros, not an error. */
export function readVni(bytes: Uint8Array, offset: number): number {
  return read24(bytes, offset + 4);
}

/** Writes the VNI, 0..VNI_MAX, of a header that is in place; other octets stay. */
export function writeVni(bytes: Uint8Array, offset: number, vni: number): void {
  write24(bytes, offset + 4, vni);
}

/** Writes all eight octets for a VNI in 0..VNI_MAX, unchecked: the data path's `encodeInto`. */
export function writeHeader(bytes: Uint8Array, offset: number, vni: number): void {
  write32(bytes, offset, FLAG_VNI_VALID << 24);
  write32(bytes, offset + 4, vni << 8);
}

/** Reads a header. @throws CodecError E_VXLAN_TRUNCATED, E_VXLAN_VNI_NOT_VALID */
export function decode(bytes: Uint8Array, offset = 0, end: number = bytes.length): VxlanHeader {
  const fault = check(bytes, offset, end);
  if (fault !== undefined) throw refused(fault, bytes, offset, end);
  return { vni: readVni(bytes, offset) };
}

/** Writes all eight octets; returns the offset behind them. @throws CodecError E_VXLAN_VNI_RANGE, E_OUTPUT_TRUNCATED */
export function encodeInto(header: VxlanHeader, out: Uint8Array, offset = 0): number {
  requireInteger(PROTOCOL, 'vni', header.vni, VNI_MAX, 'E_VXLAN_VNI_RANGE');
  requireRoom(PROTOCOL, out, offset, HEADER_LENGTH);
  writeHeader(out, offset, header.vni);
  return offset + HEADER_LENGTH;
}

/** Writes the header into new memory. @throws CodecError E_VXLAN_VNI_RANGE */
export function encode(header: VxlanHeader): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(HEADER_LENGTH);
  encodeInto(header, out);
  return out;
}

function refused(fault: VxlanHeaderFault, bytes: Uint8Array, offset: number, end: number): CodecError {
  return fault === 'E_VXLAN_TRUNCATED'
    ? truncatedError(fault, PROTOCOL, offset, HEADER_LENGTH, end - offset)
    : fieldError(fault, PROTOCOL, 'flags', offset, 'a value with bit 0x08 (I) set', bytes[offset]!);
}
