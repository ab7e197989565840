/**
 * The chain of extensions between the DOVE header and its payload. Each starts with two octets:
 *
 *      0                   1
 *      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5
 *     |  Next Header  |     Length    |   then the body
 *
 * The header names the type of the first extension, each extension that of the next, 0 ends the chain. The length is
 * that of the whole extension in 4-octet units. Every step moves on by at least four octets, and a chain has at most
 * 8 extensions and 256 octets: whatever a sender writes, a walk is short.
 */
import { CodecError, copyOctets, fieldError, requireInteger, writeOctets } from '@overlane/wire';
import { HEADER_LENGTH } from '../constants.js';
import type { DoveHeaderFault } from '../faults.js';
import {
  EXTENSION,
  EXTENSIONS_LENGTH_MAX,
  EXTENSIONS_MAX,
  EXTENSION_HEADER_LENGTH,
  FLAG_FRAGMENT,
  FRAGMENT_LENGTH,
  FRAGMENT_UNIT,
  SKIPPABLE,
} from './constants.js';
import { checkFragmentData, readFragmentOffset, readIdentification, readMore, writeFragment } from './fragment.js';
import {
  type DoveOption,
  OptionWalk,
  optionsFill,
  optionsLength,
  padOptions,
  requireOption,
  writeOptions,
} from './options.js';

const NOTHING = new Uint8Array(0);

/** Says that the payload is a piece of a frame or message. The last extension of its packet. */
export interface FragmentExtension {
  readonly kind: 'fragment';
  /** Where the piece starts in the whole, in octets: a multiple of 8, 0..65528. */
  readonly offset: number;
  /** More pieces follow. */
  readonly more: boolean;
  /** The same in all pieces of one whole, 0..2^32-1. */
  readonly identification: number;
}

/** Carries options. */
export interface OptionsExtension {
  readonly kind: 'options';
  /** The options in order, padding included. The encoder adds padding where they don't fill the extension. */
  readonly options: readonly DoveOption[];
}

/** An extension that this package doesn't know, of a type that may be stepped over. */
export interface OpaqueExtension {
  readonly kind: 'opaque';
  /** Type, 0x80..0xff. */
  readonly type: number;
  /** What follows type and length: 2 octets and any number of whole units. */
  readonly body: Uint8Array;
}

/** One extension. */
export type DoveExtension = FragmentExtension | OptionsExtension | OpaqueExtension;

/** Octets of the extension at `offset`, 4..1020. */
export function readExtensionLength(bytes: Uint8Array, offset: number): number {
  return bytes[offset + 1]! << 2;
}

/**
 * Judges the chain behind the header at `offset`, and the payload behind the chain: rules 6 to 11. All rules are asked in
 * one pass; a rule that comes first wins wherever in the chain it is broken, as the order of the rules demands.
 */
export function checkExtensions(bytes: Uint8Array, offset: number, end: number): DoveHeaderFault | undefined {
  const limit = Math.min(end, offset + HEADER_LENGTH + EXTENSIONS_LENGTH_MAX);
  let at = offset + HEADER_LENGTH;
  let last: number = EXTENSION.NONE;
  let fragments = 0;
  let isUnknown = false;
  let isUneven = false;
  let type = bytes[offset + 7]!;
  for (let count = 0; type !== EXTENSION.NONE; count++) {
    if (count === EXTENSIONS_MAX || limit - at < EXTENSION_HEADER_LENGTH) return 'E_DOVE_EXT_LENGTH';
    const length = readExtensionLength(bytes, at);
    if (length === 0 || length > limit - at) return 'E_DOVE_EXT_LENGTH';
    if (type === EXTENSION.FRAGMENT) {
      if (length !== FRAGMENT_LENGTH) return 'E_DOVE_EXT_LENGTH';
      fragments++;
    } else if (type === EXTENSION.OPTIONS) {
      isUneven ||= !optionsFill(bytes, at + EXTENSION_HEADER_LENGTH, at + length);
    } else if (type < SKIPPABLE) {
      isUnknown = true;
    }
    last = type;
    type = bytes[at]!;
    at += length;
  }
  if (isUnknown) return 'E_DOVE_UNKNOWN_HEADER';
  if (isUneven) return 'E_DOVE_OPTION_LENGTH';
  const isFragment = (bytes[offset]! & FLAG_FRAGMENT) !== 0;
  const isAsFlagged = isFragment ? fragments === 1 && last === EXTENSION.FRAGMENT : fragments === 0;
  if (!isAsFlagged) return 'E_DOVE_FRAG_FLAG';
  return isFragment ? checkFragmentData(bytes, at - FRAGMENT_LENGTH, end - at) : undefined;
}

/**
 * A cursor over the extensions of a version 1 header in place. Make one and move it with `at`; it allocates nothing.
 * Precondition: the header has passed `check`.
 */
export class ExtensionWalk {
  /** The array that holds the header; not owned. */
  bytes: Uint8Array = NOTHING;
  /** Offset of the extension that `next` has moved to; where the payload starts once it has returned false. */
  offset = 0;
  /** Type of that extension, 1..255. */
  type = 0;
  #nextType = 0;
  #next = 0;

  /** Starts before the first extension of the header at `offset`, and returns itself. */
  at(bytes: Uint8Array, offset = 0): this {
    this.bytes = bytes;
    this.#nextType = bytes[offset + 7]!;
    this.#next = offset + HEADER_LENGTH;
    return this;
  }

  /** Moves to the next extension; false if there is none. */
  next(): boolean {
    this.offset = this.#next;
    this.type = this.#nextType;
    // The second condition ends the walk where `check` was not asked.
    if (this.type === EXTENSION.NONE || this.length === 0) return false;
    this.#nextType = this.bytes[this.offset]!;
    this.#next = this.offset + this.length;
    return true;
  }

  /** Octets of this extension. */
  get length(): number {
    return readExtensionLength(this.bytes, this.offset);
  }

  /** Where its body starts: behind type and length. */
  get bodyOffset(): number {
    return this.offset + EXTENSION_HEADER_LENGTH;
  }

  /** The extension as a value in new memory. */
  copy(): DoveExtension {
    const { bytes, offset, type, bodyOffset } = this;
    if (type === EXTENSION.FRAGMENT) {
      return {
        kind: 'fragment',
        offset: readFragmentOffset(bytes, offset),
        more: readMore(bytes, offset),
        identification: readIdentification(bytes, offset),
      };
    }
    const end = offset + this.length;
    if (type !== EXTENSION.OPTIONS)
      return { kind: 'opaque', type, body: copyOctets(bytes, bodyOffset, end - bodyOffset) };
    const options: DoveOption[] = [];
    for (const walk = new OptionWalk().at(bytes, bodyOffset, end); walk.next();) options.push(walk.copy());
    return { kind: 'options', options };
  }
}

/** The extensions of the header at `offset`, which has passed `check`, in order, as values in new memory. */
export function decodeExtensions(bytes: Uint8Array, offset: number): DoveExtension[] {
  const extensions: DoveExtension[] = [];
  for (const walk = new ExtensionWalk().at(bytes, offset); walk.next();) extensions.push(walk.copy());
  return extensions;
}

/**
 * Octets that these extensions take in a packet.
 * @throws CodecError E_DOVE_EXT_LENGTH, E_DOVE_UNKNOWN_HEADER, E_DOVE_OPTION_LENGTH, E_DOVE_FRAG_FLAG, E_FIELD_RANGE
 */
export function extensionsLengthOf(protocol: string, extensions: readonly DoveExtension[]): number {
  let total = 0;
  extensions.forEach((extension, i) => {
    if (extension.kind === 'fragment' && i !== extensions.length - 1) {
      throw fieldError(
        'E_DOVE_FRAG_FLAG',
        protocol,
        'extensions',
        0,
        'none behind the fragment',
        extensions.length - 1 - i,
      );
    }
    total += lengthOf(protocol, extension);
  });
  if (extensions.length > EXTENSIONS_MAX || total > EXTENSIONS_LENGTH_MAX) {
    const expected = `at most ${EXTENSIONS_MAX} extensions and ${EXTENSIONS_LENGTH_MAX} octets`;
    const actual = `${extensions.length} and ${total}`;
    const detail = { protocol, field: 'extensions', expected, actual };
    throw new CodecError('E_DOVE_EXT_LENGTH', detail, `extensions must be ${expected}, got ${actual}`);
  }
  return total;
}

/** Type of an extension on the wire. */
export function typeOf(extension: DoveExtension): number {
  if (extension.kind === 'opaque') return extension.type;
  return extension.kind === 'fragment' ? EXTENSION.FRAGMENT : EXTENSION.OPTIONS;
}

/** Writes extensions that `extensionsLengthOf` has passed; returns the offset behind them. */
export function writeExtensions(extensions: readonly DoveExtension[], out: Uint8Array, offset: number): number {
  let at = offset;
  extensions.forEach((extension, i) => {
    const next = extensions[i + 1];
    const start = at;
    if (extension.kind === 'fragment') {
      writeFragment(out, start, extension.offset, extension.more ? 1 : 0, extension.identification);
      at += FRAGMENT_LENGTH;
    } else if (extension.kind === 'options') {
      at = writeOptions(padOptions(extension.options), out, start + EXTENSION_HEADER_LENGTH);
    } else {
      writeOctets(out, start + EXTENSION_HEADER_LENGTH, extension.body);
      at += EXTENSION_HEADER_LENGTH + extension.body.length;
    }
    out[start] = next === undefined ? EXTENSION.NONE : typeOf(next);
    out[start + 1] = (at - start) >>> 2;
  });
  return at;
}

function lengthOf(protocol: string, extension: DoveExtension): number {
  switch (extension.kind) {
    case 'fragment':
      requireInteger(protocol, 'offset', extension.offset, 0xfff8);
      requireInteger(protocol, 'identification', extension.identification, 0xffff_ffff);
      if (extension.offset % FRAGMENT_UNIT !== 0) {
        throw fieldError('E_FIELD_RANGE', protocol, 'offset', 0, 'a multiple of 8', extension.offset);
      }
      return FRAGMENT_LENGTH;
    case 'options':
      for (const option of extension.options) requireOption(protocol, option);
      return EXTENSION_HEADER_LENGTH + optionsLength(padOptions(extension.options));
    case 'opaque': {
      const { type, body } = extension;
      requireInteger(protocol, 'type', type, 0xff);
      if (type < SKIPPABLE) throw fieldError('E_DOVE_UNKNOWN_HEADER', protocol, 'type', 0, '0x80 or more', type);
      if (body.length % 4 !== 2) {
        throw fieldError('E_DOVE_EXT_LENGTH', protocol, 'body', 0, '2 octets and whole units of 4', body.length);
      }
      return EXTENSION_HEADER_LENGTH + body.length;
    }
  }
}
