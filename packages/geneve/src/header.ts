/**
 * Geneve header (RFC 8926 §3.4), eight octets and the options:
 *
 *      0                   1                   2                   3
 *      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *     |Ver|  Opt Len  |O|C|    Rsvd.  |          Protocol Type        |
 *     |        Virtual Network Identifier (VNI)       |    Reserved   |
 *     ~                            Options                            ~
 *
 * Reserved bits are sent as zero and ignored on receipt. The C bit is not a field of its own in values: it says that
 * some option is critical, so the encoder derives it, and a decoded header can't disagree with its options.
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
import { FLAG_CONTROL, FLAG_CRITICAL, HEADER_LENGTH, VERSION, VNI_MAX } from './constants.js';
import type { GeneveHeaderFault } from './faults.js';
import {
  type GeneveOption,
  checkOptions,
  decodeOptions,
  findOverrun,
  isCritical,
  optionsLengthOf,
  readHasCritical,
  writeOptions,
} from './options.js';

/** Protocol name. */
export const PROTOCOL = 'geneve';

/** Geneve header. The version goes without saying, and the C bit follows from the options. */
export interface GeneveHeader {
  /** O bit: a control packet for the tunnel endpoint itself. */
  readonly control: boolean;
  /** EtherType of the payload, 0..65535; 0x6558 is Ethernet. */
  readonly protocolType: number;
  /** Virtual network identifier, 0..VNI_MAX. */
  readonly vni: number;
  /** Options in order; the same kind may come more than once. */
  readonly options: readonly GeneveOption[];
}

/**
 * What a receiver does with a critical option under a clear C bit, which a sender must not produce (RFC 8926 §3.4).
 * Choice: `refused` unless told otherwise, because an endpoint that trusts the
 * bit would strip the option that we obey.
 */
export type MissingCriticalFlag = 'accepted' | 'refused';

/** Says why `bytes[offset..end)` can't start with a Geneve header, or `undefined` if it can. Never throws or allocates. */
export function check(
  bytes: Uint8Array,
  offset = 0,
  end: number = bytes.length,
  missingCriticalFlag: MissingCriticalFlag = 'refused',
): GeneveHeaderFault | undefined {
  return (
    checkBase(bytes, offset, end) ??
    checkOptions(bytes, offset + HEADER_LENGTH, offset + readHeaderLength(bytes, offset)) ??
    checkCriticalFlag(bytes, offset, missingCriticalFlag)
  );
}

/** The part of `check` in front of the options: version, and room for header and options (G4 to G6). */
export function checkBase(bytes: Uint8Array, offset: number, end: number): GeneveHeaderFault | undefined {
  if (end - offset < HEADER_LENGTH) return 'E_GENEVE_TRUNCATED';
  if (bytes[offset]! >>> 6 !== VERSION) return 'E_GENEVE_UNSUPPORTED_VERSION';
  return end - offset < readHeaderLength(bytes, offset) ? 'E_GENEVE_TRUNCATED' : undefined;
}

/** The part of `check` behind the options: that a critical one is announced (G10). */
export function checkCriticalFlag(
  bytes: Uint8Array,
  offset: number,
  missing: MissingCriticalFlag,
): GeneveHeaderFault | undefined {
  if (missing === 'accepted' || readCritical(bytes, offset)) return undefined;
  const critical = readHasCritical(bytes, offset + HEADER_LENGTH, offset + readHeaderLength(bytes, offset));
  return critical ? 'E_GENEVE_CRITICAL_FLAG_MISSING' : undefined;
}

/** Octets of the header with its options: 8..260. */
export function readHeaderLength(bytes: Uint8Array, offset: number): number {
  return HEADER_LENGTH + readOptionsLength(bytes, offset);
}

/** Octets of the options, 0..252: four times the Opt Len field. Precondition of this and all readers: `check` passed. */
export function readOptionsLength(bytes: Uint8Array, offset: number): number {
  return (bytes[offset]! & 0x3f) << 2;
}

/** O bit: true for a control packet, whose payload must not be forwarded. */
export function readControl(bytes: Uint8Array, offset: number): boolean {
  return (bytes[offset + 1]! & FLAG_CONTROL) !== 0;
}

/** C bit as it stands: true if the sender announces critical options. */
export function readCritical(bytes: Uint8Array, offset: number): boolean {
  return (bytes[offset + 1]! & FLAG_CRITICAL) !== 0;
}

/** EtherType of the payload. */
export function readProtocolType(bytes: Uint8Array, offset: number): number {
  return read16(bytes, offset + 2);
}

/** VNI, 0..VNI_MAX. Past the end a typed array yields zeros, not an error. */
export function readVni(bytes: Uint8Array, offset: number): number {
  return read24(bytes, offset + 4);
}

/** Writes the payload's EtherType, 0..65535, of a header that is in place; other octets stay. */
export function writeProtocolType(bytes: Uint8Array, offset: number, protocolType: number): void {
  write16(bytes, offset + 2, protocolType);
}

/** Writes the VNI, 0..VNI_MAX, of a header that is in place; other octets stay. */
export function writeVni(bytes: Uint8Array, offset: number, vni: number): void {
  write24(bytes, offset + 4, vni);
}

/** Writes all eight octets of a header without options, unchecked: the data path's `encodeInto`. */
export function writeHeader(bytes: Uint8Array, offset: number, protocolType: number, vni: number): void {
  write32(bytes, offset, protocolType);
  write32(bytes, offset + 4, vni << 8);
}

/** Reads a header with its options; their data is copied. @throws CodecError with the fault that `check` returns */
export function decode(
  bytes: Uint8Array,
  offset = 0,
  end: number = bytes.length,
  missingCriticalFlag: MissingCriticalFlag = 'refused',
): GeneveHeader {
  const fault = check(bytes, offset, end, missingCriticalFlag);
  if (fault !== undefined) throw refused(fault, bytes, offset, end);
  return {
    control: readControl(bytes, offset),
    protocolType: readProtocolType(bytes, offset),
    vni: readVni(bytes, offset),
    options: decodeOptions(bytes, offset),
  };
}

/**
 * Writes header and options; returns the offset behind them. The C bit is set if an option is critical.
 * @throws CodecError E_GENEVE_VNI_RANGE, E_FIELD_RANGE, E_GENEVE_OPTION_DATA_LENGTH, E_GENEVE_OPTIONS_TOO_LONG,
 * E_OUTPUT_TRUNCATED
 */
export function encodeInto(header: GeneveHeader, out: Uint8Array, offset = 0): number {
  const optionsLength = validate(header);
  requireRoom(PROTOCOL, out, offset, HEADER_LENGTH + optionsLength);
  writeAll(header, optionsLength, out, offset);
  return offset + HEADER_LENGTH + optionsLength;
}

/** Writes the header into new memory. @throws CodecError as `encodeInto` */
export function encode(header: GeneveHeader): Uint8Array<ArrayBuffer> {
  const optionsLength = validate(header);
  const out = new Uint8Array(HEADER_LENGTH + optionsLength);
  writeAll(header, optionsLength, out, 0);
  return out;
}

function validate({ protocolType, vni, options }: GeneveHeader): number {
  requireInteger(PROTOCOL, 'vni', vni, VNI_MAX, 'E_GENEVE_VNI_RANGE');
  requireInteger(PROTOCOL, 'protocolType', protocolType, 0xffff);
  return optionsLengthOf(PROTOCOL, options);
}

function writeAll(header: GeneveHeader, optionsLength: number, out: Uint8Array, offset: number): void {
  const { control, protocolType, vni, options } = header;
  writeHeader(out, offset, protocolType, vni);
  out[offset] = (VERSION << 6) | (optionsLength >>> 2);
  out[offset + 1] = (control ? FLAG_CONTROL : 0) | (options.some(isCritical) ? FLAG_CRITICAL : 0);
  writeOptions(options, out, offset + HEADER_LENGTH);
}

function refused(fault: GeneveHeaderFault, bytes: Uint8Array, offset: number, end: number): CodecError {
  switch (fault) {
    case 'E_GENEVE_UNSUPPORTED_VERSION':
      return fieldError(fault, PROTOCOL, 'version', offset, VERSION, bytes[offset]! >>> 6);
    case 'E_GENEVE_OPTIONS_LENGTH_MISMATCH': {
      const optionsEnd = offset + readHeaderLength(bytes, offset);
      const at = findOverrun(bytes, offset + HEADER_LENGTH, optionsEnd);
      const words = (optionsEnd - at - 4) >>> 2;
      return fieldError(fault, PROTOCOL, 'option length', at + 3, `0..${words} words`, bytes[at + 3]! & 0x1f);
    }
    case 'E_GENEVE_CRITICAL_FLAG_MISSING':
      return fieldError(fault, PROTOCOL, 'flags', offset + 1, 'a value with bit 0x40 (C) set', bytes[offset + 1]!);
    default: {
      const left = end - offset;
      const needed = left < HEADER_LENGTH ? HEADER_LENGTH : readHeaderLength(bytes, offset);
      return truncatedError(fault, PROTOCOL, offset, needed, left);
    }
  }
}
