/**
 * The options of an Options extension: type (1), length of the value (1), value, one after the other, until the
 * extension is full to the octet. Type 0 is padding; types that a receiver doesn't know are skipped.
 */
import { type CodecError, copyOctets, fieldError, read32, requireInteger, write32, writeOctets } from '@overlane/wire';
import { EXTENSION_HEADER_LENGTH, LOSS_CLASS_MAX, OPTION, OPTION_HEADER_LENGTH, POLICY_TAG_MAX } from './constants.js';

const NOTHING = new Uint8Array(0);

/** One option. */
export interface DoveOption {
  /** Type, 0..255; 0 is padding. */
  readonly type: number;
  /** Value, 0..255 octets; those of padding have no meaning. */
  readonly value: Uint8Array;
}

/** The option that says a 32-bit policy tag, 0..POLICY_TAG_MAX: the directory's policy id. @throws CodecError E_FIELD_RANGE */
export function policyTag(tag: number): DoveOption {
  requireInteger('dove-options', 'policyTag', tag, POLICY_TAG_MAX);
  const value = new Uint8Array(4);
  write32(value, 0, tag);
  return { type: OPTION.POLICY_TAG, value };
}

/** The option that says the loss class of zOVN, 0..LOSS_CLASS_MAX. @throws CodecError E_FIELD_RANGE */
export function lossClass(value: number): DoveOption {
  requireInteger('dove-options', 'lossClass', value, LOSS_CLASS_MAX);
  return { type: OPTION.LOSS_CLASS, value: Uint8Array.of(value) };
}

/** True if the options in `bytes[offset..end)` fill it to the octet. At most 128 steps in a packet. */
export function optionsFill(bytes: Uint8Array, offset: number, end: number): boolean {
  let at = offset;
  while (end - at >= OPTION_HEADER_LENGTH) at += OPTION_HEADER_LENGTH + bytes[at + 1]!;
  return at === end;
}

/**
 * A cursor over options in place. Make one and move it with `at`; it allocates nothing.
 *
 *     while (walk.next()) if (walk.type === OPTION.LOSS_CLASS) ...
 */
export class OptionWalk {
  /** The array that holds the options; not owned. */
  bytes: Uint8Array = NOTHING;
  /** Offset of the option that `next` has moved to. */
  offset = 0;
  #next = 0;
  #end = 0;

  /** Starts before the first option in `bytes[offset..end)`, the body of an Options extension, and returns itself. */
  at(bytes: Uint8Array, offset: number, end: number): this {
    this.bytes = bytes;
    this.#next = offset;
    this.#end = end;
    return this;
  }

  /** Moves to the next option; false if there is none. */
  next(): boolean {
    const at = this.#next;
    if (this.#end - at < OPTION_HEADER_LENGTH) return false;
    this.offset = at;
    this.#next = at + OPTION_HEADER_LENGTH + this.bytes[at + 1]!;
    return this.#next <= this.#end;
  }

  /** Type, 0..255. Precondition of this and all below: `next` returned true. */
  get type(): number {
    return this.bytes[this.offset]!;
  }

  /** Where the value starts. */
  get valueOffset(): number {
    return this.offset + OPTION_HEADER_LENGTH;
  }

  /** Octets of the value. */
  get valueLength(): number {
    return this.bytes[this.offset + 1]!;
  }

  /** Policy tag, if this option is one with its four octets. */
  get policyTag(): number | undefined {
    return this.type === OPTION.POLICY_TAG && this.valueLength === 4 ? read32(this.bytes, this.valueOffset) : undefined;
  }

  /** Loss class, if this option is one with its one octet; only the low three bits count. */
  get lossClass(): number | undefined {
    if (this.type !== OPTION.LOSS_CLASS || this.valueLength !== 1) return undefined;
    return this.bytes[this.valueOffset]! & LOSS_CLASS_MAX;
  }

  /** The option as a value in new memory. */
  copy(): DoveOption {
    return { type: this.type, value: copyOctets(this.bytes, this.valueOffset, this.valueLength) };
  }
}

/** These options with the padding, if any, that makes their extension end on a 4-octet boundary. */
export function padOptions(options: readonly DoveOption[]): readonly DoveOption[] {
  const over = (EXTENSION_HEADER_LENGTH + optionsLength(options)) % 4;
  if (over === 0) return options;
  // A single octet has no room for a padding option: one more unit makes it five.
  const missing = over === 3 ? 5 : 4 - over;
  return [...options, { type: OPTION.PAD, value: new Uint8Array(missing - OPTION_HEADER_LENGTH) }];
}

/** Octets of these options, without padding. */
export function optionsLength(options: readonly DoveOption[]): number {
  return options.reduce((sum, { value }) => sum + OPTION_HEADER_LENGTH + value.length, 0);
}

/** Throws for an option that can't be written. @throws CodecError E_FIELD_RANGE, E_DOVE_OPTION_LENGTH */
export function requireOption(protocol: string, { type, value }: DoveOption): void {
  requireInteger(protocol, 'type', type, 0xff);
  if (value.length > 0xff) throw longValue(protocol, value.length);
}

/** Writes options that `requireOption` has passed; returns the offset behind them. */
export function writeOptions(options: readonly DoveOption[], out: Uint8Array, offset: number): number {
  let at = offset;
  for (const { type, value } of options) {
    out[at] = type;
    out[at + 1] = value.length;
    writeOctets(out, at + OPTION_HEADER_LENGTH, value);
    at += OPTION_HEADER_LENGTH + value.length;
  }
  return at;
}

function longValue(protocol: string, length: number): CodecError {
  return fieldError('E_DOVE_OPTION_LENGTH', protocol, 'value', 0, 'at most 255 octets', length);
}
