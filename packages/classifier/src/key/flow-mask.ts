import { FLOW_SCHEMA } from '../schema/flow-schema.js';
import type { Schema } from '../schema/schema.js';

/** Bits of a key that somebody has looked at: what a cached answer depends on. Made once and reused. */
export class FlowMask {
  readonly schema: Schema;
  /** A 1 for each bit looked at. */
  readonly words: Int32Array;

  /** A mask without bits. */
  constructor(schema: Schema = FLOW_SCHEMA) {
    this.schema = schema;
    this.words = new Int32Array(schema.words);
  }

  /** Notes that `bits` of word `word` were looked at. */
  consult(word: number, bits: number): void {
    this.words[word]! |= bits;
  }

  /** Takes all bits out. */
  clear(): void {
    const { words } = this;
    for (let i = 0; i < words.length; i++) words[i] = 0;
  }

  /**
   * Adds what belongs to the bits looked at: who read a port has read the protocol, who read anything behind a VLAN tag
   * has seen whether there was one. Call once when an answer is complete. Only adds bits, so a sound mask stays sound.
   */
  closePrerequisites(): void {
    this.schema.closePrerequisites(this.words);
  }

  /** Number of bits looked at. */
  get bitCount(): number {
    let count = 0;
    for (let word of this.words) for (; word !== 0; word &= word - 1) count++;
    return count;
  }
}
