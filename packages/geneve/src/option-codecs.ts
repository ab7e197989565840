/**
 * Options with a meaning. There is no registry: whoever receives says which options it understands, by handing over
 * their codecs, and every other option is raw octets, or a reason to drop the packet if it is critical (RFC 8926 §3.5).
 */
import { type Fault, CodecError } from '@overlane/wire';
import { HEADER_LENGTH, OPTION_CRITICAL } from './constants.js';
import type { GeneveFault } from './faults.js';
import { PROTOCOL, readHeaderLength } from './header.js';
import { type GeneveOption, type GeneveOptionKind, isCritical, readOptionLength } from './options.js';

/** An option that an endpoint knows: its kind, and what its data may be. */
export interface UnderstoodOption extends GeneveOptionKind {
  /** Why `bytes[offset..end)` can't be the data of this option; absent: any data can. Must not throw. */
  check?(bytes: Uint8Array, offset: number, end: number): Fault | undefined;
}

/** How one kind of option is read and written as a `T`. */
export interface GeneveOptionCodec<T> extends UnderstoodOption {
  /** The meaning of the data `bytes[offset..end)`, for which `check` has found no fault. Must not keep `bytes`. */
  decode(bytes: Uint8Array, offset: number, end: number): T;
  /** The data for a value, in new memory: 0..124 octets in steps of four. */
  encode(value: T): Uint8Array;
}

/** One option as its receiver sees it: understood, with its value, or raw. `option` has the octets either way. */
export type InterpretedOption<T> =
  | { readonly option: GeneveOption; readonly understood: true; readonly value: T }
  | { readonly option: GeneveOption; readonly understood: false };

/** What an option codec decodes to. */
export type OptionValue<C> = C extends GeneveOptionCodec<infer T> ? T : never;

/** The option that says `value`. Header encoders check the length of its data. */
export function makeOption<T>(codec: GeneveOptionCodec<T>, value: T): GeneveOption {
  return { optionClass: codec.optionClass, type: codec.type, data: codec.encode(value) };
}

/** The values of all options of one kind, in order. @throws CodecError with the fault that `codec.check` returns */
export function valuesOf<T>(options: readonly GeneveOption[], codec: GeneveOptionCodec<T>): T[] {
  return options.filter((option) => sameKind(option, codec)).map((option) => valueOf(option, codec));
}

/**
 * All options in order, each understood by one of `understands` or raw.
 * @throws CodecError E_GENEVE_UNKNOWN_CRITICAL_OPTION, or the fault that a codec's `check` returns
 */
export function interpretOptions<const Codecs extends readonly GeneveOptionCodec<unknown>[]>(
  options: readonly GeneveOption[],
  understands: Codecs,
): InterpretedOption<OptionValue<Codecs[number]>>[] {
  return options.map((option) => {
    const codec = understands.find((candidate) => sameKind(option, candidate));
    if (codec !== undefined) {
      return { option, understood: true, value: valueOf(option, codec) as OptionValue<Codecs[number]> };
    }
    if (isCritical(option)) throw unknownCritical(option);
    return { option, understood: false };
  });
}

/** The options that an endpoint knows, ready for the data path. */
export class OptionUnderstanding {
  readonly #byKey: ReadonlyMap<number, UnderstoodOption>;

  /** Knows exactly `understands`. @throws TypeError if two are of one kind */
  constructor(understands: readonly UnderstoodOption[]) {
    this.#byKey = new Map(understands.map((option) => [keyOf(option.optionClass, option.type), option]));
    if (this.#byKey.size !== understands.length) throw new TypeError('two understood options are of one kind');
  }

  /**
   * Judges the options of the header at `offset`, whose list has passed `checkOptions`: no critical one may be unknown
   * (G9), and the data of known ones must be theirs. The first fault in order of the list. Allocates nothing.
   */
  check(bytes: Uint8Array, offset: number): Fault | undefined {
    const end = offset + readHeaderLength(bytes, offset);
    for (let at = offset + HEADER_LENGTH; at < end;) {
      const next = at + readOptionLength(bytes, at);
      const type = bytes[at + 2]!;
      const option = this.#byKey.get(keyOf((bytes[at]! << 8) | bytes[at + 1]!, type));
      if (option === undefined) {
        if ((type & OPTION_CRITICAL) !== 0) return 'E_GENEVE_UNKNOWN_CRITICAL_OPTION';
      } else {
        const fault = option.check?.(bytes, at + 4, next);
        if (fault !== undefined) return fault;
      }
      at = next;
    }
    return undefined;
  }
}

function keyOf(optionClass: number, type: number): number {
  return (optionClass << 8) | type;
}

function sameKind(a: GeneveOptionKind, b: GeneveOptionKind): boolean {
  return a.optionClass === b.optionClass && a.type === b.type;
}

function nameOf({ optionClass, type }: GeneveOptionKind): string {
  return `option 0x${optionClass.toString(16).padStart(4, '0')}/0x${type.toString(16).padStart(2, '0')}`;
}

function valueOf<T>(option: GeneveOption, codec: GeneveOptionCodec<T>): T {
  const { data } = option;
  const fault = codec.check?.(data, 0, data.length);
  if (fault !== undefined) {
    const detail = { protocol: PROTOCOL, field: 'options', actual: nameOf(option) };
    throw new CodecError(fault, detail, `${nameOf(option)} can't have these ${data.length} octets of data`);
  }
  return codec.decode(data, 0, data.length);
}

function unknownCritical(option: GeneveOption): CodecError {
  const code: GeneveFault = 'E_GENEVE_UNKNOWN_CRITICAL_OPTION';
  const detail = { protocol: PROTOCOL, field: 'options', expected: 'known critical options', actual: nameOf(option) };
  return new CodecError(code, detail, `critical ${nameOf(option)} is not understood`);
}
