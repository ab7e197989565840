import type { Random } from './random.js';

const { imul } = Math;

/** How addresses of a rule set cluster. */
export interface AddressShape {
  /** For each level of the tree, from the first bit on, how likely both bits occur below a node. 32 numbers. */
  readonly branching: readonly number[];
  /** How likely the more frequent of two bits is drawn, 0.5..1. */
  readonly skew: number;
  /** All addresses lie in this prefix, if given. */
  readonly within?: { readonly value: number; readonly length: number };
}

/**
 * A binary tree of addresses that is never built: whether a node has one child or two, and which is the larger, is a hash
 * of the node, so the same node always answers alike. Addresses drawn from it share prefixes as those of real networks do.
 */
export class AddressTree {
  readonly #shape: AddressShape;
  readonly #seed: number;

  /** A tree of that shape, which another seed makes another tree. */
  constructor(shape: AddressShape, seed: number) {
    this.#shape = shape;
    this.#seed = seed;
  }

  /** A prefix of `length` bits, 0..32, as an address whose other bits are zero, 0..2^32-1. */
  draw(length: number, random: Random): number {
    const { branching, skew, within } = this.#shape;
    let prefix = 0;
    for (let level = 0; level < length; level++) {
      const fixed = within !== undefined && level < within.length;
      prefix =
        prefix * 2 +
        (fixed ? (within.value >>> (31 - level)) & 1 : this.#bit(prefix, level, branching[level]!, skew, random));
    }
    return prefix * 2 ** (32 - length);
  }

  #bit(prefix: number, level: number, branching: number, skew: number, random: Random): number {
    const node = hashOf(prefix ^ this.#seed, level);
    const larger = node >>> 31;
    const hasBoth = (node & 0xffff) < branching * 0x1_0000;
    return hasBoth && random() >= skew ? 1 - larger : larger;
  }
}

function hashOf(prefix: number, level: number): number {
  let h = imul(prefix ^ imul(level + 1, 0x9e37_79b1), 0x85eb_ca6b);
  h = imul(h ^ (h >>> 15), 0xc2b2_ae35);
  return h ^ (h >>> 13);
}
