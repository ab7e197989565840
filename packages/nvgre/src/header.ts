/**
 * NVGRE header (RFC 7637 §3.2), eight octets: a GRE header with a key and neither checksum nor sequence number.
 *
 *      0                   1                   2                   3
 *      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *     |0| |1|0|   Reserved0     | Ver |   Protocol Type 0x6558        |
 *     |               Virtual Subnet ID (VSID)        |    FlowID     |
 *
 * Reserved bits are sent as zero. On receipt bits 1, 4 and 5 must be zero, the others are ignored (RFC 2784 §2.3).
 */
import {
  type CodecError,
  fieldError,
  read16,
  read24,
  requireInteger,
  requireRoom,
  truncatedError,
  write24,
  write32,
} from '@overlane/wire';
import { FLOW_ID_MAX, HEADER_LENGTH, VSID_MIN, VSID_VENDOR } from './constants.js';
import type { NvgreHeaderFault } from './faults.js';
import { DISCARD_MASK, FLAG, HEADER_LENGTH_MIN, PROTOCOL_TYPE, VERSION_MASK } from './gre/constants.js';

/** Protocol name. */
export const PROTOCOL = 'nvgre';

/** NVGRE header. Flags, version and protocol type go without saying: `check` refuses others. */
export interface NvgreHeader {
  /** Virtual subnet identifier, VSID_MIN..VSID_MAX, or VSID_VENDOR. */
  readonly vsid: number;
  /** Entropy of the flow, 0..FLOW_ID_MAX; 0 if the sender makes none. */
  readonly flowId: number;
}

/**
 * Says why `bytes[offset..end)` can't start with an NVGRE header, or `undefined` if it can; the vendor's VSID can.
 * Rules N3 to N10 in order. Never throws or allocates.
 */
export function check(bytes: Uint8Array, offset = 0, end: number = bytes.length): NvgreHeaderFault | undefined {
  if (end - offset < HEADER_LENGTH_MIN) return 'E_GRE_TRUNCATED';
  const word = read16(bytes, offset);
  if ((word & VERSION_MASK) !== 0) return 'E_GRE_UNSUPPORTED_VERSION';
  if ((word & FLAG.CHECKSUM) !== 0) return 'E_NVGRE_CHECKSUM_PRESENT';
  if ((word & FLAG.SEQUENCE_NUMBER) !== 0) return 'E_NVGRE_SEQUENCE_PRESENT';
  if ((word & DISCARD_MASK) !== 0) return 'E_GRE_RESERVED_BITS';
  if ((word & FLAG.KEY) === 0) return 'E_NVGRE_KEY_MISSING';
  if (read16(bytes, offset + 2) !== PROTOCOL_TYPE.ETHERNET) return 'E_NVGRE_BAD_PROTOCOL';
  if (end - offset < HEADER_LENGTH) return 'E_GRE_TRUNCATED';
  return readVsid(bytes, offset) < VSID_MIN ? 'E_NVGRE_RESERVED_VSID' : undefined;
}

/** Octets of the header: always 8. */
export function readHeaderLength(_bytes: Uint8Array, _offset: number): number {
  return HEADER_LENGTH;
}

/** VSID, 0..VSID_VENDOR. Precondition: `check` passed; past the end a typed array yields zeros, not an error. */
export function readVsid(bytes: Uint8Array, offset: number): number {
  return read24(bytes, offset + 4);
}

/** FlowID, 0..FLOW_ID_MAX. Precondition: `check` passed. */
export function readFlowId(bytes: Uint8Array, offset: number): number {
  return bytes[offset + 7]!;
}

/** Writes the VSID, 0..VSID_VENDOR, of a header that is in place; other octets stay. */
export function writeVsid(bytes: Uint8Array, offset: number, vsid: number): void {
  write24(bytes, offset + 4, vsid);
}

/** Writes the FlowID, 0..FLOW_ID_MAX, of a header that is in place; other octets stay. Endpoints only: transit gear MUST NOT (RFC 7637 §3.2). */
export function writeFlowId(bytes: Uint8Array, offset: number, flowId: number): void {
  bytes[offset + 7] = flowId;
}

/** Writes all eight octets for a VSID in 0..VSID_VENDOR and a FlowID in 0..FLOW_ID_MAX, unchecked: the data path's `encodeInto`. */
export function writeHeader(bytes: Uint8Array, offset: number, vsid: number, flowId: number): void {
  write32(bytes, offset, (FLAG.KEY << 16) | PROTOCOL_TYPE.ETHERNET);
  write32(bytes, offset + 4, (vsid << 8) | flowId);
}

/** Reads a header. @throws CodecError with the fault that `check` returns */
export function decode(bytes: Uint8Array, offset = 0, end: number = bytes.length): NvgreHeader {
  const fault = check(bytes, offset, end);
  if (fault !== undefined) throw refused(fault, bytes, offset, end);
  return { vsid: readVsid(bytes, offset), flowId: readFlowId(bytes, offset) };
}

/**
 * Writes all eight octets; returns the offset behind them.
 * @throws CodecError E_NVGRE_VSID_RANGE, E_NVGRE_FLOWID_RANGE, E_OUTPUT_TRUNCATED
 */
export function encodeInto(header: NvgreHeader, out: Uint8Array, offset = 0): number {
  const { vsid, flowId } = header;
  requireInteger(PROTOCOL, 'vsid', vsid, VSID_VENDOR, 'E_NVGRE_VSID_RANGE');
  if (vsid < VSID_MIN) throw vsidError('E_NVGRE_VSID_RANGE', offset, vsid);
  requireInteger(PROTOCOL, 'flowId', flowId, FLOW_ID_MAX, 'E_NVGRE_FLOWID_RANGE');
  requireRoom(PROTOCOL, out, offset, HEADER_LENGTH);
  writeHeader(out, offset, vsid, flowId);
  return offset + HEADER_LENGTH;
}

/** Writes the header into new memory. @throws CodecError E_NVGRE_VSID_RANGE, E_NVGRE_FLOWID_RANGE */
export function encode(header: NvgreHeader): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(HEADER_LENGTH);
  encodeInto(header, out);
  return out;
}

function vsidError(fault: 'E_NVGRE_RESERVED_VSID' | 'E_NVGRE_VSID_RANGE', offset: number, vsid: number): CodecError {
  return fieldError(fault, PROTOCOL, 'vsid', offset + 4, `${VSID_MIN}..${VSID_VENDOR}`, vsid);
}

function refused(fault: NvgreHeaderFault, bytes: Uint8Array, offset: number, end: number): CodecError {
  const word = read16(bytes, offset);
  const flags = (expected: string): CodecError => fieldError(fault, PROTOCOL, 'flags', offset, expected, word);
  switch (fault) {
    case 'E_GRE_UNSUPPORTED_VERSION':
      return fieldError(fault, PROTOCOL, 'version', offset, 0, word & VERSION_MASK);
    case 'E_NVGRE_CHECKSUM_PRESENT':
      return flags('a value with bit 0x8000 (C) clear');
    case 'E_NVGRE_SEQUENCE_PRESENT':
      return flags('a value with bit 0x1000 (S) clear');
    case 'E_GRE_RESERVED_BITS':
      return flags('a value with bits 0x4c00 clear');
    case 'E_NVGRE_KEY_MISSING':
      return flags('a value with bit 0x2000 (K) set');
    case 'E_NVGRE_BAD_PROTOCOL':
      return fieldError(fault, PROTOCOL, 'protocolType', offset + 2, PROTOCOL_TYPE.ETHERNET, read16(bytes, offset + 2));
    case 'E_NVGRE_RESERVED_VSID':
      return vsidError(fault, offset, readVsid(bytes, offset));
    default:
      return truncatedError(fault, PROTOCOL, offset, HEADER_LENGTH, end - offset);
  }
}
