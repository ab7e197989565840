/**
 * OTV header over UDP (draft-hasmit-otv-04), eight octets:
 *
 *      0                   1                   2                   3
 *      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *     |R|R|R|R|I|R|R|R|                  Overlay ID                   |
 *     |                  Instance ID                  |   Reserved    |
 *
 * Reserved bits are sent as zero and ignored on receipt, unless the receiver is told to be strict. With overlay 0 the
 * eight octets are those of VXLAN, and DOVE reads a version where OTV reserves bits: so which codec reads a packet
 * belongs to the socket, and is never guessed from the bits.
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
import { FLAG_INSTANCE, HEADER_LENGTH, INSTANCE_ID_MAX, OVERLAY_ID_MAX } from '../constants.js';
import type { OtvHeaderFault } from '../faults.js';

/** Protocol name. */
export const PROTOCOL = 'otv';

/** OTV header. */
export interface OtvHeader {
  /** Overlay, 0..OVERLAY_ID_MAX: edge devices that share one delivery group and one control plane. */
  readonly overlayId: number;
  /** Logical table inside the overlay, 0..INSTANCE_ID_MAX; `undefined` if the I flag is clear. */
  readonly instanceId: number | undefined;
}

/** What a receiver asks for beyond the draft. */
export interface OtvRules {
  /** Refuse packets whose reserved bits aren't zero. Default false: the draft ignores them. */
  readonly strictReserved?: boolean;
  /** Refuse packets without an instance. Default false. */
  readonly requireInstance?: boolean;
}

const LENIENT: OtvRules = {};
/** All bits of the first octet but I. */
const RESERVED_BITS = 0xf7;

/** Says why `bytes[offset..end)` can't start with an OTV header, or `undefined` if it can. Never throws or allocates. */
export function check(
  bytes: Uint8Array,
  offset = 0,
  end: number = bytes.length,
  rules: OtvRules = LENIENT,
): OtvHeaderFault | undefined {
  if (end - offset < HEADER_LENGTH) return 'E_OTV_TRUNCATED';
  if (rules.strictReserved === true && ((bytes[offset]! & RESERVED_BITS) !== 0 || bytes[offset + 7] !== 0)) {
    return 'E_OTV_RESERVED';
  }
  return rules.requireInstance === true && !readInstanceValid(bytes, offset) ? 'E_OTV_NO_INSTANCE' : undefined;
}

/** Octets of the header: always 8. */
export function readHeaderLength(_bytes: Uint8Array, _offset: number): number {
  return HEADER_LENGTH;
}

/** I flag: true if the instance identifier has a meaning. Precondition of this and all readers: `check` passed. */
export function readInstanceValid(bytes: Uint8Array, offset: number): boolean {
  return (bytes[offset]! & FLAG_INSTANCE) !== 0;
}

/** Overlay identifier, 0..OVERLAY_ID_MAX. Past the end a typed array yields zeros, not an error. */
export function readOverlayId(bytes: Uint8Array, offset: number): number {
  return read24(bytes, offset + 1);
}

/** Instance identifier, 0..INSTANCE_ID_MAX; of no meaning unless `readInstanceValid`. */
export function readInstanceId(bytes: Uint8Array, offset: number): number {
  return read24(bytes, offset + 4);
}

/** Writes the overlay identifier, 0..OVERLAY_ID_MAX, of a header that is in place; other octets stay. */
export function writeOverlayId(bytes: Uint8Array, offset: number, overlayId: number): void {
  write24(bytes, offset + 1, overlayId);
}

/** Writes the instance identifier, 0..INSTANCE_ID_MAX, of a header that is in place; other octets stay. */
export function writeInstanceId(bytes: Uint8Array, offset: number, instanceId: number): void {
  write24(bytes, offset + 4, instanceId);
}

/** Writes all eight octets with a valid instance, unchecked: the data path's `encodeInto`. */
export function writeHeader(bytes: Uint8Array, offset: number, overlayId: number, instanceId: number): void {
  write32(bytes, offset, (FLAG_INSTANCE << 24) | overlayId);
  write32(bytes, offset + 4, instanceId << 8);
}

/** Reads a header. @throws CodecError with the fault that `check` returns */
export function decode(bytes: Uint8Array, offset = 0, end: number = bytes.length, rules?: OtvRules): OtvHeader {
  const fault = check(bytes, offset, end, rules);
  if (fault !== undefined) throw refused(fault, bytes, offset, end);
  const instanceId = readInstanceValid(bytes, offset) ? readInstanceId(bytes, offset) : undefined;
  return { overlayId: readOverlayId(bytes, offset), instanceId };
}

/** Writes all eight octets; returns the offset behind them. @throws CodecError E_FIELD_RANGE, E_OUTPUT_TRUNCATED */
export function encodeInto({ overlayId, instanceId }: OtvHeader, out: Uint8Array, offset = 0): number {
  requireInteger(PROTOCOL, 'overlayId', overlayId, OVERLAY_ID_MAX);
  if (instanceId !== undefined) requireInteger(PROTOCOL, 'instanceId', instanceId, INSTANCE_ID_MAX);
  requireRoom(PROTOCOL, out, offset, HEADER_LENGTH);
  writeHeader(out, offset, overlayId, instanceId ?? 0);
  if (instanceId === undefined) out[offset] = 0;
  return offset + HEADER_LENGTH;
}

/** Writes the header into new memory. @throws CodecError E_FIELD_RANGE */
export function encode(header: OtvHeader): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(HEADER_LENGTH);
  encodeInto(header, out);
  return out;
}

function refused(fault: OtvHeaderFault, bytes: Uint8Array, offset: number, end: number): CodecError {
  switch (fault) {
    case 'E_OTV_RESERVED':
      return fieldError(fault, PROTOCOL, 'reserved', offset, 'zero', `${bytes[offset]!} and ${bytes[offset + 7]!}`);
    case 'E_OTV_NO_INSTANCE':
      return fieldError(fault, PROTOCOL, 'flags', offset, 'a value with bit 0x08 (I) set', bytes[offset]!);
    default:
      return truncatedError(fault, PROTOCOL, offset, HEADER_LENGTH, end - offset);
  }
}
