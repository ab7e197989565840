import { ClassifierError } from '../errors.js';
import { type Field, wordsOf } from './field.js';

/** A whole description of keys, as data. */
export interface SchemaDescription {
  readonly fields: readonly Field[];
  /** 32-bit words of a key, 1..64. */
  readonly words: number;
  /**
   * Ends of the stages, in words, ascending; the last is `words`. Words of the early stages (where did the packet come
   * from, which network) are looked at first, so that later ones often need not be.
   */
  readonly stageEnds: readonly number[];
  /**
   * What else was looked at when certain words were: if a mask has a bit in `when`, the bits of `then` belong to it too.
   * For instance nobody reads a port without having read the protocol. Applied in order.
   */
  readonly closure: readonly MaskClosure[];
  /** Other names of fields, such as `nw_dst` for `ip_dst`. Default none. */
  readonly aliases?: Readonly<Record<string, string>>;
  /** Words in rule text that stand for several fields, such as `tcp`. The longer ones first. Default none. */
  readonly shorthands?: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** Words by which flows are told apart best, the best first: those hashed to find one. The others follow in order. */
  readonly hashWords?: readonly number[];
  /**
   * Bits of every computed hash that are kept. Default all; 0 or a few bits make all or many keys collide, which must
   * change no answer: for tests.
   */
  readonly hashMask?: number;
}

/** One rule of {@link SchemaDescription.closure}; both sides are names of fields, or `name/mask` with a hexadecimal mask. */
export interface MaskClosure {
  /** Any bit of these; an empty list means always. */
  readonly when: readonly string[];
  /** Brings all of these. */
  readonly then: readonly string[];
}

/** The layout of flow keys: which bits of which word are which field. Immutable. */
export class Schema implements SchemaDescription {
  readonly fields: readonly Field[];
  readonly words: number;
  readonly stageEnds: readonly number[];
  readonly closure: readonly MaskClosure[];
  readonly aliases: Readonly<Record<string, string>>;
  readonly shorthands: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly hashWords: readonly number[];
  readonly hashMask: number;
  readonly #byName = new Map<string, Field>();
  /** The closure, flat: for each step the number of `when` pairs (word, bits), these, the same of `then`. */
  readonly #steps: Int32Array;

  /** @throws ClassifierError E_BAD_OPTION if fields overlap, leave the key, cross a stage or share a name */
  constructor(description: SchemaDescription) {
    const { fields, words, stageEnds, closure, aliases = {}, shorthands = {}, hashMask = -1 } = description;
    this.fields = fields;
    this.words = words;
    this.stageEnds = stageEnds;
    this.closure = closure;
    this.aliases = aliases;
    this.shorthands = shorthands;
    const all = Array.from({ length: words }, (_, word) => word);
    this.hashWords = [...new Set([...(description.hashWords ?? []), ...all])];
    this.hashMask = hashMask;
    for (const field of fields) {
      if (this.#byName.has(field.name)) throw refused(field.name, 'there are two fields of that name');
      this.#byName.set(field.name, field);
    }
    this.#check();
    for (const [alias, name] of Object.entries(aliases)) {
      if (this.#byName.has(alias)) throw refused(alias, 'an alias may not be the name of a field');
      this.#byName.set(alias, this.field(name));
    }
    this.#steps = Int32Array.from(
      closure.flatMap(({ when, then }) => [...this.#pairs(when), ...this.#pairs(then)].flat()),
    );
  }

  /** The field of that name or alias. @throws ClassifierError E_UNKNOWN_FIELD */
  field(name: string): Field {
    const field = this.#byName.get(name);
    if (field === undefined) {
      const near = [...this.#byName.keys()].filter((known) => known.includes(name) || name.includes(known));
      throw new ClassifierError(
        'E_UNKNOWN_FIELD',
        name,
        `no such field${near[0] ? `; there is ${near.join(', ')}` : ''}`,
      );
    }
    return field;
  }

  /** Whether there is a field of that name or alias. */
  has(name: string): boolean {
    return this.#byName.has(name);
  }

  /** The stage of a word, from 0. */
  stageOf(word: number): number {
    return this.stageEnds.findIndex((end) => word < end);
  }

  /**
   * Adds to a mask what belongs to the bits that it has, as {@link SchemaDescription.closure} says. Does not allocate.
   * A mask that says what an answer depends on stays right when bits are added.
   */
  closePrerequisites(mask: Int32Array): void {
    const steps = this.#steps;
    for (let i = 0; i < steps.length;) {
      const whenEnd = i + 1 + 2 * steps[i]!;
      let isMet = whenEnd === i + 1;
      for (i++; i < whenEnd; i += 2) isMet ||= (mask[steps[i]!]! & steps[i + 1]!) !== 0;
      const thenEnd = i + 1 + 2 * steps[i]!;
      for (i++; i < thenEnd; i += 2) if (isMet) mask[steps[i]!]! |= steps[i + 1]!;
    }
  }

  /** The bits of `names` as their number of words, and then pairs of word and bits. */
  #pairs(names: readonly string[]): number[][] {
    const pairs = names.flatMap((name) => {
      const [fieldName, mask] = name.split('/');
      const field = this.field(fieldName!);
      if (mask === undefined) return wordsOf(field);
      if (field.width > 32) throw refused(name, 'a mask in a closure needs a field of at most 32 bits');
      const shift = -(field.offset + field.width) & 31;
      const bits = Number.parseInt(mask, 16);
      if (!(bits > 0 && bits < 2 ** field.width)) throw refused(name, 'the mask must have bits, all within the field');
      return [{ word: field.offset >>> 5, bits: bits << shift }];
    });
    return [[pairs.length], ...pairs.map(({ word, bits }) => [word, bits])];
  }

  #check(): void {
    const { words, stageEnds } = this;
    if (!Number.isInteger(words) || words < 1 || words > 64) throw refused('words', `must be 1..64, got ${words}`);
    const isAscending = stageEnds.every((end, i) => Number.isInteger(end) && end > (stageEnds[i - 1] ?? 0));
    if (!isAscending || stageEnds.at(-1) !== words) throw refused('stageEnds', `must ascend to ${words}`);
    if (!this.hashWords.every((word) => Number.isInteger(word) && word >= 0 && word < words)) {
      throw refused('hashWords', `must be words of the key, 0..${words - 1}`);
    }
    const taken = new Int32Array(words);
    for (const field of this.fields) {
      this.#checkPlace(field);
      this.#checkReferences(field);
      if (field.within !== undefined) continue;
      for (const { word, bits } of wordsOf(field)) {
        if ((taken[word]! & bits) !== 0) throw refused(field.name, 'overlaps another field; say `within` if it should');
        taken[word]! |= bits;
      }
    }
  }

  #checkPlace({ name, offset, width, format, within }: Field): void {
    if (!/^[a-z][a-z0-9_]*$/.test(name)) throw refused(name, 'a name has lower-case letters, digits and _');
    if (!Number.isInteger(width) || width < 1 || width > 128) throw refused(name, `width must be 1..128, got ${width}`);
    const last = offset + width - 1;
    if (!Number.isInteger(offset) || offset < 0 || last >= this.words * 32) throw refused(name, 'lies outside the key');
    if (width <= 32 && offset >>> 5 !== last >>> 5) throw refused(name, 'has at most 32 bits, but crosses words');
    if (this.stageOf(offset >>> 5) !== this.stageOf(last >>> 5)) throw refused(name, 'crosses the end of a stage');
    if (format === 'mac' && width !== 48) throw refused(name, 'a MAC address has 48 bits');
    if (format === 'ip' && width !== 32 && width !== 128) throw refused(name, 'an IP address has 32 or 128 bits');
    if (within === undefined) return;
    const outer = this.field(within);
    const isInside = offset >= outer.offset && offset + width <= outer.offset + outer.width;
    if (!isInside || outer.within !== undefined) throw refused(name, `does not lie within ${within}`);
  }

  #checkReferences({ name, requires = [], implies = {}, family, width, flags = [] }: Field): void {
    const named = [...requires.flatMap((set) => Object.keys(set)), ...Object.keys(implies)];
    if (family !== undefined) named.push(family.field);
    for (const other of named) {
      if (this.field(other).width > 32) throw refused(name, `refers to ${other}, which has more than 32 bits`);
    }
    if (this.#reaches(name, name, new Set())) throw refused(name, 'requires itself, if by way of others');
    if (flags.length > width) throw refused(name, `has ${flags.length} flags in ${width} bits`);
  }

  /** Whether what a field requires, and what that requires, leads to `target`. */
  #reaches(from: string, target: string, seen: Set<string>): boolean {
    const next = (this.field(from).requires ?? []).flatMap((set) => Object.keys(set)).filter((name) => !seen.has(name));
    for (const name of next) seen.add(name);
    return next.some((name) => name === target || this.#reaches(name, target, seen));
  }
}

function refused(path: string, detail: string): ClassifierError {
  return new ClassifierError('E_BAD_OPTION', path, detail);
}
