/**
 * The option list of a Geneve header (RFC 8926 §3.5). Each option is four octets and its data, in units of four:
 *
 *      0                   1                   2                   3
 *      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *     |          Option Class         |      Type     |R|R|R| Length  |
 *     ~                          Option Data                          ~
 *
 * The length counts the data only, so every step over an option moves on by at least four octets: a list of at most
 * 252 octets ends after at most 63 steps, and there is no way to make it loop or nest.
 */
import { CodecError, copyOctets, fieldError, read16, requireInteger, write16, writeOctets } from '@overlane/wire';
import {
  HEADER_LENGTH,
  OPTIONS_LENGTH_MAX,
  OPTION_CRITICAL,
  OPTION_DATA_LENGTH_MAX,
  OPTION_HEADER_LENGTH,
} from './constants.js';
import type { GeneveFault, GeneveHeaderFault } from './faults.js';

/** What tells one kind of option from another. Class and type together are its name. */
export interface GeneveOptionKind {
  /** Option class, 0..65535: whose option it is. */
  readonly optionClass: number;
  /** Type within the class, 0..255. Its top bit, 0x80, says that the option is critical. */
  readonly type: number;
}

/** One option. */
export interface GeneveOption extends GeneveOptionKind {
  /** Data, 0..124 octets in steps of four. */
  readonly data: Uint8Array;
}

/** True if whoever doesn't know the option must drop the packet. */
export function isCritical(kind: GeneveOptionKind): boolean {
  return (kind.type & OPTION_CRITICAL) !== 0;
}

/** Octets of an option with its header, at `offset`: 4..128. */
export function readOptionLength(bytes: Uint8Array, offset: number): number {
  return OPTION_HEADER_LENGTH + ((bytes[offset + 3]! & 0x1f) << 2);
}

/** Says whether the options in `bytes[offset..end)` fill it to the octet (G8). At most 63 steps for 252 octets. */
export function checkOptions(
  bytes: Uint8Array,
  offset: number,
  end: number,
): Extract<GeneveHeaderFault, 'E_GENEVE_OPTIONS_LENGTH_MISMATCH'> | undefined {
  return findOverrun(bytes, offset, end) === end ? undefined : 'E_GENEVE_OPTIONS_LENGTH_MISMATCH';
}

/** Where the first option starts that doesn't fit into `bytes[offset..end)`; `end` if all fit. */
export function findOverrun(bytes: Uint8Array, offset: number, end: number): number {
  let at = offset;
  while (at < end) {
    if (end - at < OPTION_HEADER_LENGTH) return at;
    const next = at + readOptionLength(bytes, at);
    if (next > end) return at;
    at = next;
  }
  return end;
}

/** True if an option in `bytes[offset..end)` is critical. Precondition: `checkOptions` passed. */
export function readHasCritical(bytes: Uint8Array, offset: number, end: number): boolean {
  for (let at = offset; at < end; at += readOptionLength(bytes, at)) {
    if ((bytes[at + 2]! & OPTION_CRITICAL) !== 0) return true;
  }
  return false;
}

/**
 * A cursor over the options of a header in place. Make one and move it with `at`; it allocates nothing.
 *
 *     walk.at(bytes, offset);
 *     while (walk.next()) count(walk.optionClass, walk.type, walk.dataEnd - walk.dataOffset);
 *
 * It reads from the octets as they are, so they must stay while it walks. On a list that `check` would refuse it stops
 * at the first option that overruns.
 */
export class OptionWalk {
  /** The array that holds the header; not owned. */
  bytes: Uint8Array = new Uint8Array(0);
  /** Offset of the option that `next` has moved to. */
  offset = 0;
  #next = 0;
  #end = 0;

  /** Starts before the first option of the header at `offset`, and returns itself. */
  at(bytes: Uint8Array, offset = 0): this {
    this.bytes = bytes;
    this.offset = offset;
    this.#next = offset + HEADER_LENGTH;
    this.#end = Math.min(bytes.length, this.#next + ((bytes[offset]! & 0x3f) << 2));
    return this;
  }

  /** Moves to the next option; false if there is none. */
  next(): boolean {
    const at = this.#next;
    if (this.#end - at < OPTION_HEADER_LENGTH) return false;
    const next = at + readOptionLength(this.bytes, at);
    if (next > this.#end) return false;
    this.offset = at;
    this.#next = next;
    return true;
  }

  /** Moves to the next option of this kind; false if there is none. Call it again for the ones that repeat. */
  find(kind: GeneveOptionKind): boolean {
    while (this.next()) {
      if (this.optionClass === kind.optionClass && this.type === kind.type) return true;
    }
    return false;
  }

  /** Class, 0..65535. Precondition of this and all others below: `next` or `find` returned true. */
  get optionClass(): number {
    return read16(this.bytes, this.offset);
  }

  /** Type, 0..255, the critical bit included. */
  get type(): number {
    return this.bytes[this.offset + 2]!;
  }

  /** Where the data starts. */
  get dataOffset(): number {
    return this.offset + OPTION_HEADER_LENGTH;
  }

  /** Where the data ends. */
  get dataEnd(): number {
    return this.offset + readOptionLength(this.bytes, this.offset);
  }

  /** The option as a value, its data copied to new memory. Allocates: not for the data path. */
  copy(): GeneveOption {
    const { bytes, optionClass, type, dataOffset } = this;
    return { optionClass, type, data: copyOctets(bytes, dataOffset, this.dataEnd - dataOffset) };
  }
}

/** The options of the header at `offset`, which has passed `check`, in order, as values in new memory. */
export function decodeOptions(bytes: Uint8Array, offset: number): GeneveOption[] {
  const walk = new OptionWalk().at(bytes, offset);
  const options: GeneveOption[] = [];
  while (walk.next()) options.push(walk.copy());
  return options;
}

/**
 * Octets that these options take in a header.
 * @throws CodecError E_GENEVE_OPTION_DATA_LENGTH, E_GENEVE_OPTIONS_TOO_LONG, or E_FIELD_RANGE for class and type
 */
export function optionsLengthOf(protocol: string, options: readonly GeneveOption[]): number {
  let total = 0;
  for (const { optionClass, type, data } of options) {
    requireInteger(protocol, 'optionClass', optionClass, 0xffff);
    requireInteger(protocol, 'type', type, 0xff);
    if (data.length % 4 !== 0 || data.length > OPTION_DATA_LENGTH_MAX) {
      const expected = `0..${OPTION_DATA_LENGTH_MAX} octets in steps of 4`;
      throw fieldError('E_GENEVE_OPTION_DATA_LENGTH', protocol, 'data', HEADER_LENGTH + total, expected, data.length);
    }
    total += OPTION_HEADER_LENGTH + data.length;
  }
  if (total > OPTIONS_LENGTH_MAX) {
    const detail = { protocol, field: 'options', expected: OPTIONS_LENGTH_MAX, actual: total };
    const code: GeneveFault = 'E_GENEVE_OPTIONS_TOO_LONG';
    throw new CodecError(code, detail, `options may have ${OPTIONS_LENGTH_MAX} octets, got ${total}`);
  }
  return total;
}

/** Writes options that `optionsLengthOf` has passed, reserved bits as zero; returns the offset behind them. */
export function writeOptions(options: readonly GeneveOption[], out: Uint8Array, offset: number): number {
  let at = offset;
  for (const { optionClass, type, data } of options) {
    write16(out, at, optionClass);
    out[at + 2] = type;
    out[at + 3] = data.length >>> 2;
    writeOctets(out, at + OPTION_HEADER_LENGTH, data);
    at += OPTION_HEADER_LENGTH + data.length;
  }
  return at;
}
