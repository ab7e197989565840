/**
 * DOVE header: OTV's eight octets with a meaning for bits that OTV reserves, and extensions behind them:
 *
 *      0                   1                   2                   3
 *      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *     |Version|I|F|C|R|                  Overlay ID                   |
 *     |                  Instance ID                  |  Next Header  |
 *     ~                          Extensions                           ~
 *
 * Version 0 is OTV: F, C and the last octet are then reserved, ignored on receipt, and nothing follows. Version 1 always
 * names its instance (I). F says that a Fragment extension is there, C that the payload is a control message.
 *
 * The published description (Barabash et al., "A Case for Overlays in DCN Virtualization") asks for a version,
 * fragmentation above UDP and optional extensions, and does not say where their bits are; see the README.
 */
import { type CodecError, fieldError, requireInteger, requireRoom, truncatedError, write32 } from '@overlane/wire';
import { FLAG_INSTANCE, HEADER_LENGTH, INSTANCE_ID_MAX, OVERLAY_ID_MAX } from '../constants.js';
import type { DoveHeaderFault } from '../faults.js';
import {
  readInstanceId,
  readInstanceValid,
  readOverlayId,
  writeHeader as writeOtvHeader,
  writeInstanceId,
  writeOverlayId,
} from '../otv/header.js';
import { EXTENSION, FLAG_CONTROL, FLAG_FRAGMENT, VERSION } from './constants.js';
import {
  type DoveExtension,
  checkExtensions,
  decodeExtensions,
  extensionsLengthOf,
  readExtensionLength,
  typeOf,
  writeExtensions,
} from './extensions.js';

export { readInstanceId, readInstanceValid, readOverlayId, writeInstanceId, writeOverlayId };

/** Protocol name. */
export const PROTOCOL = 'dove';

/** DOVE header. The F flag goes without saying: it follows from the extensions. */
export interface DoveHeader {
  /** 1, or 0 for plain OTV, which has neither control messages nor extensions. */
  readonly version: 0 | 1;
  /** C flag: the payload is a control message, not an Ethernet frame. */
  readonly control: boolean;
  /** Overlay, 0..OVERLAY_ID_MAX. */
  readonly overlayId: number;
  /** Virtual network, 0..INSTANCE_ID_MAX; `undefined` only in version 0. */
  readonly instanceId: number | undefined;
  /** Extensions in order; a fragment is the last. */
  readonly extensions: readonly DoveExtension[];
}

/**
 * Says why `bytes[offset..end)` can't start with a DOVE header, or `undefined` if it can. Never throws or allocates. `end`
 * is where the payload ends: the data of a fragment must be as long as its header says.
 */
export function check(bytes: Uint8Array, offset = 0, end: number = bytes.length): DoveHeaderFault | undefined {
  if (end - offset < HEADER_LENGTH) return 'E_OTV_TRUNCATED';
  const first = bytes[offset]!;
  const version = first >>> 4;
  if (version === 0) return undefined;
  if (version !== VERSION) return 'E_DOVE_VERSION';
  if ((first & FLAG_INSTANCE) === 0) return 'E_DOVE_NO_INSTANCE';
  // Nearly every packet has no extensions.
  if (bytes[offset + 7] === EXTENSION.NONE && (first & FLAG_FRAGMENT) === 0) return undefined;
  return checkExtensions(bytes, offset, end);
}

/** Octets of the header with its extensions, 8..264. Precondition of this and all readers: `check` passed. */
export function readHeaderLength(bytes: Uint8Array, offset: number): number {
  if (readVersion(bytes, offset) === 0) return HEADER_LENGTH;
  let at = offset + HEADER_LENGTH;
  for (let type = readNextHeader(bytes, offset); type !== EXTENSION.NONE;) {
    type = bytes[at]!;
    at += readExtensionLength(bytes, at);
  }
  return at - offset;
}

/** Version, 0 or 1. */
export function readVersion(bytes: Uint8Array, offset: number): number {
  return bytes[offset]! >>> 4;
}

/** True if the payload is a piece of a whole; its extension ends where the payload starts. */
export function readFragment(bytes: Uint8Array, offset: number): boolean {
  return readFlag(bytes, offset, FLAG_FRAGMENT);
}

/** True if the payload is a control message. */
export function readControl(bytes: Uint8Array, offset: number): boolean {
  return readFlag(bytes, offset, FLAG_CONTROL);
}

/** Type of the first extension as it stands, 0..255; of no meaning in version 0. */
export function readNextHeader(bytes: Uint8Array, offset: number): number {
  return bytes[offset + 7]!;
}

/**
 * Writes the eight octets of version 1, unchecked: the data path's `encodeInto`. `flags` is any of FLAG_FRAGMENT and
 * FLAG_CONTROL, `nextHeader` the type of the first extension.
 */
export function writeHeader(
  bytes: Uint8Array,
  offset: number,
  flags: number,
  overlayId: number,
  instanceId: number,
  nextHeader: number,
): void {
  write32(bytes, offset, (VERSION << 28) | ((FLAG_INSTANCE | flags) << 24) | overlayId);
  write32(bytes, offset + 4, (instanceId << 8) | nextHeader);
}

/** Reads a header with its extensions, which are copied. @throws CodecError with the fault that `check` returns */
export function decode(bytes: Uint8Array, offset = 0, end: number = bytes.length): DoveHeader {
  const fault = check(bytes, offset, end);
  if (fault !== undefined) throw refused(fault, bytes, offset, end);
  const version = readVersion(bytes, offset) === 0 ? 0 : VERSION;
  return {
    version,
    control: readControl(bytes, offset),
    overlayId: readOverlayId(bytes, offset),
    instanceId: readInstanceValid(bytes, offset) ? readInstanceId(bytes, offset) : undefined,
    extensions: version === 0 ? [] : decodeExtensions(bytes, offset),
  };
}

/**
 * Writes header and extensions; returns the offset behind them.
 * @throws CodecError E_DOVE_VERSION, E_DOVE_NO_INSTANCE, E_DOVE_EXT_LENGTH, E_DOVE_UNKNOWN_HEADER, E_DOVE_OPTION_LENGTH,
 * E_DOVE_FRAG_FLAG, E_FIELD_RANGE, E_OUTPUT_TRUNCATED
 */
export function encodeInto(header: DoveHeader, out: Uint8Array, offset = 0): number {
  const length = validate(header);
  requireRoom(PROTOCOL, out, offset, length);
  writeAll(header, out, offset);
  return offset + length;
}

/** Writes the header into new memory. @throws CodecError as `encodeInto` */
export function encode(header: DoveHeader): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(validate(header));
  writeAll(header, out, 0);
  return out;
}

function readFlag(bytes: Uint8Array, offset: number, flag: number): boolean {
  return (bytes[offset]! & flag) !== 0 && readVersion(bytes, offset) !== 0;
}

function validate({ version, control, overlayId, instanceId, extensions }: DoveHeader): number {
  // The type says 0 or 1, but headers may come from elsewhere.
  if (version > VERSION || version < 0) throw fieldError('E_DOVE_VERSION', PROTOCOL, 'version', 0, '0 or 1', version);
  requireInteger(PROTOCOL, 'version', version, VERSION);
  requireInteger(PROTOCOL, 'overlayId', overlayId, OVERLAY_ID_MAX);
  if (instanceId !== undefined) requireInteger(PROTOCOL, 'instanceId', instanceId, INSTANCE_ID_MAX);
  if (version === 0) {
    if (control) throw fieldError('E_FIELD_RANGE', PROTOCOL, 'control', 0, 'false in version 0', 'true');
    requireInteger(PROTOCOL, 'extensions.length', extensions.length, 0);
    return HEADER_LENGTH;
  }
  if (instanceId === undefined) {
    throw fieldError('E_DOVE_NO_INSTANCE', PROTOCOL, 'instanceId', 4, 'present in version 1', 'undefined');
  }
  return HEADER_LENGTH + extensionsLengthOf(PROTOCOL, extensions);
}

function writeAll(
  { version, control, overlayId, instanceId, extensions }: DoveHeader,
  out: Uint8Array,
  offset: number,
): void {
  if (version === 0) {
    writeOtvHeader(out, offset, overlayId, instanceId ?? 0);
    if (instanceId === undefined) out[offset] = 0;
    return;
  }
  const first = extensions[0];
  const isFragment = extensions.at(-1)?.kind === 'fragment';
  const flags = (isFragment ? FLAG_FRAGMENT : 0) | (control ? FLAG_CONTROL : 0);
  writeHeader(out, offset, flags, overlayId, instanceId ?? 0, first === undefined ? EXTENSION.NONE : typeOf(first));
  writeExtensions(extensions, out, offset + HEADER_LENGTH);
}

/** What each rule about extensions and fragments asks for. */
const EXPECTED: Readonly<
  Record<Exclude<DoveHeaderFault, 'E_OTV_TRUNCATED' | 'E_DOVE_VERSION' | 'E_DOVE_NO_INSTANCE'>, string>
> = {
  E_DOVE_EXT_LENGTH: 'at most 8 extensions and 256 octets, all inside the packet',
  E_DOVE_UNKNOWN_HEADER: 'of known types, or of types from 0x80 on',
  E_DOVE_OPTION_LENGTH: 'filled by their options to the octet',
  E_DOVE_FRAG_FLAG: 'one fragment at the end if F is set, else none',
  E_DOVE_FRAG_ALIGN: 'followed by a multiple of 8 octets, since more fragments follow',
  E_DOVE_FRAG_RANGE: 'a fragment that ends within 65535 octets',
};

function refused(fault: DoveHeaderFault, bytes: Uint8Array, offset: number, end: number): CodecError {
  switch (fault) {
    case 'E_OTV_TRUNCATED':
      return truncatedError(fault, PROTOCOL, offset, HEADER_LENGTH, end - offset);
    case 'E_DOVE_VERSION':
      return fieldError(fault, PROTOCOL, 'version', offset, '0 or 1', readVersion(bytes, offset));
    case 'E_DOVE_NO_INSTANCE':
      return fieldError(fault, PROTOCOL, 'flags', offset, 'a value with bit 0x08 (I) set', bytes[offset]!);
    default: {
      const found = `${end - offset - HEADER_LENGTH} octets, the first type ${readNextHeader(bytes, offset)}`;
      return fieldError(fault, PROTOCOL, 'extensions', offset + HEADER_LENGTH, EXPECTED[fault], found);
    }
  }
}
