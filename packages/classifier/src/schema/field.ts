/** One field of a flow key: a run of bits. Bit 0 of a key is the most significant bit of word 0. */
export interface Field {
  /** Name in rules, such as `ip_dst`: lower case, digits and `_`. */
  readonly name: string;
  /** First bit of the field, counted from the start of the key. */
  readonly offset: number;
  /** Bits of the field, 1..128. It may cross words if it is wider than 32 bits, but never stages. */
  readonly width: number;
  /** Whether a rule may fix some of its bits only, or a range. */
  readonly maskable: boolean;
  /** How it is written in text. */
  readonly format: FieldFormat;
  /** What it holds, in a few words, for documentation. */
  readonly meaning: string;
  /** Which other fields a rule must fix, and to what, before it may match this one; any one of these sets is enough. */
  readonly requires?: readonly Readonly<Record<string, readonly number[]>>[];
  /** Fields that a rule fixes with this one, because it means nothing without them: a VLAN id means a VLAN tag. */
  readonly implies?: Readonly<Record<string, number>>;
  /** The field whose bits these are: a part of it, or its other meaning in packets of another kind. */
  readonly within?: string;
  /**
   * For addresses of 128 bits that may be of either family: which field tells IPv4 (in the last 32 bits, the others zero)
   * from IPv6. Without it they are IPv6.
   */
  readonly family?: AddressFamily;
  /** Names of single bits, from the lowest; for the format `flags`. */
  readonly flags?: readonly string[];
  /** Names of values, or of values under a mask, that text may use in place of a number. */
  readonly names?: Readonly<Record<string, NamedValue>>;
}

/** How values of a field are written: `10.0.0.0` or `2001:db8::1`, `02:00:00:00:00:01`, `80`, `0x800`, `+syn-ack`. */
export type FieldFormat = 'decimal' | 'hexadecimal' | 'mac' | 'ip' | 'flags';

/** Where an address field finds its family. */
export interface AddressFamily {
  /** Name of the field that says so. */
  readonly field: string;
  /** Its value for IPv4. */
  readonly ipv4: number;
  /** Its value for IPv6. */
  readonly ipv6: number;
}

/** A value with a name; without a mask all bits count. */
export interface NamedValue {
  /** The value, within the mask. */
  readonly value: number;
  /** The bits that count. */
  readonly mask?: number;
}

/** Words that the field touches, with its bits in each; the most significant word first. Allocates. */
export function wordsOf(field: Field): { readonly word: number; readonly bits: number }[] {
  const words: { word: number; bits: number }[] = [];
  const end = field.offset + field.width;
  for (let word = field.offset >>> 5; word << 5 < end; word++) {
    const first = Math.max(field.offset, word << 5) & 31;
    const last = Math.min(end - 1, (word << 5) | 31) & 31;
    words.push({ word, bits: (-1 >>> first) & (-1 << (31 - last)) });
  }
  return words;
}

/** Value of a field of at most 32 bits in the key or mask `words`: 0..2^width-1. */
export function readField(words: Int32Array, field: Field): number {
  const shift = -(field.offset + field.width) & 31;
  return ((words[field.offset >>> 5]! >>> shift) & maxOf(field)) >>> 0;
}

/** Sets a field of at most 32 bits to the low bits of `value`; the bits around it stay. */
export function writeField(words: Int32Array, field: Field, value: number): void {
  const word = field.offset >>> 5;
  const shift = -(field.offset + field.width) & 31;
  const bits = maxOf(field) << shift;
  words[word] = (words[word]! & ~bits) | ((value << shift) & bits);
}

/** Value of a field of any width: 0..2^width-1. For people and tests; costs a bigint per word. */
export function readWideField(words: Int32Array, field: Field): bigint {
  let value = 0n;
  for (const { word, bits } of wordsOf(field)) {
    const shift = 31 - Math.clz32(bits & -bits);
    const length = 32 - Math.clz32(bits >>> shift);
    value = (value << BigInt(length)) | BigInt((words[word]! & bits) >>> shift);
  }
  return value;
}

/** Sets a field of any width to the low bits of `value`; the bits around it stay. */
export function writeWideField(words: Int32Array, field: Field, value: bigint): void {
  let rest = value;
  for (const { word, bits } of wordsOf(field).reverse()) {
    const shift = 31 - Math.clz32(bits & -bits);
    const length = 32 - Math.clz32(bits >>> shift);
    words[word] = (words[word]! & ~bits) | (Number(BigInt.asUintN(length, rest)) << shift);
    rest >>= BigInt(length);
  }
}

/** Highest value of a field of any width. */
export function maxOfWide(field: Field): bigint {
  return (1n << BigInt(field.width)) - 1n;
}

/** All bits of a field of at most 32 bits, as a signed integer. */
function maxOf(field: Field): number {
  return -1 >>> (32 - field.width);
}
