import { type FieldInput, MatchDraft, finishValue } from '../match/draft.js';
import { type Field, readField, readWideField } from '../schema/field.js';
import { FLOW_SCHEMA } from '../schema/flow-schema.js';
import type { Schema } from '../schema/schema.js';
import { formatFields } from '../text/format.js';

/** Words in front of the values of a packed key: two that say which words are not zero, and their number. */
export const PACKED_HEADER_WORDS = 3;

/**
 * The header fields of one packet, laid out as its schema says. Made once and filled per packet; a worker needs one, or
 * one per packet of a batch.
 */
export class FlowKey {
  readonly schema: Schema;
  /** The key, one signed 32-bit integer per word: V8 keeps those out of the heap. */
  readonly words: Int32Array;
  /**
   * The packed form: two words that say which words are not zero (bit 31-w of the first for word w, of the second for
   * word w+32), their number, and these words in order. What stands behind them is of earlier packets. Valid after `pack`.
   */
  readonly packed: Int32Array;
  /** The words and zeros behind them, to a multiple of four. */
  readonly #padded: Int32Array;

  /** An all-zero key. */
  constructor(schema: Schema = FLOW_SCHEMA) {
    this.schema = schema;
    this.#padded = new Int32Array((schema.words + 3) & ~3);
    this.words = this.#padded.subarray(0, schema.words);
    this.packed = new Int32Array(PACKED_HEADER_WORDS + schema.words);
  }

  /**
   * A key with these fields, the others zero; values as `buildMatch` takes them, but single ones.
   * @throws ClassifierError E_UNKNOWN_FIELD, E_FIELD_WIDTH, E_BAD_TEXT, E_DUP_FIELD, E_PREREQ
   */
  static from(fields: Readonly<Record<string, FieldInput>>, schema: Schema = FLOW_SCHEMA): FlowKey {
    const key = new FlowKey(schema);
    const draft = new MatchDraft(schema);
    for (const [name, input] of Object.entries(fields)) draft.set(name, input);
    key.words.set(finishValue(draft));
    return key;
  }

  /** Number of words that are not zero; valid after `pack`. */
  get packedLength(): number {
    return PACKED_HEADER_WORDS + this.packed[2]!;
  }

  /** Zeroes all fields. */
  clear(): void {
    this.words.fill(0);
  }

  /** Becomes equal to `other`, of the same schema. */
  copy(other: FlowKey): void {
    this.words.set(other.words);
  }

  /** Makes the packed form from the words: what to keep or send of a key. Tables and caches don't need it. Does not allocate. */
  pack(): void {
    const padded = this.#padded;
    const { packed } = this;
    let map0 = 0;
    let map1 = 0;
    let at = PACKED_HEADER_WORDS;
    // Four at a time, because most words of most keys are zero.
    for (let i = 0; i < padded.length; i += 4) {
      const a = padded[i]!;
      const b = padded[i + 1]!;
      const c = padded[i + 2]!;
      const d = padded[i + 3]!;
      if ((a | b | c | d) === 0) continue;
      let bits = 0;
      if (a !== 0) {
        bits |= 8;
        packed[at++] = a;
      }
      if (b !== 0) {
        bits |= 4;
        packed[at++] = b;
      }
      if (c !== 0) {
        bits |= 2;
        packed[at++] = c;
      }
      if (d !== 0) {
        bits |= 1;
        packed[at++] = d;
      }
      if (i < 32) map0 |= bits << (28 - i);
      else map1 |= bits << (60 - i);
    }
    packed[0] = map0;
    packed[1] = map1;
    packed[2] = at - PACKED_HEADER_WORDS;
  }

  /** Makes the words from the packed form: the inverse of `pack`. */
  unpack(): void {
    const { words, packed } = this;
    let at = PACKED_HEADER_WORDS;
    for (let i = 0; i < words.length; i++) {
      const map = packed[i >>> 5]!;
      words[i] = map << i < 0 ? packed[at++]! : 0;
    }
  }

  /** Whether both keys, of the same schema, have the same fields. */
  equals(other: FlowKey): boolean {
    const { words } = this;
    const theirs = other.words;
    for (let i = 0; i < words.length; i++) if (words[i] !== theirs[i]) return false;
    return true;
  }

  /** Value of a field: a number for fields of at most 32 bits, else a bigint. @throws ClassifierError E_UNKNOWN_FIELD */
  get(name: string): number | bigint {
    const field: Field = this.schema.field(name);
    return field.width <= 32 ? readField(this.words, field) : readWideField(this.words, field);
  }

  /** The fields that are not zero, as rule text: `tcp,in_port=3,ip_src=10.0.0.1,...`. For people. */
  format(): string {
    return formatFields(this.schema, this.words);
  }

  /** The same text. */
  toString(): string {
    return this.format();
  }
}
