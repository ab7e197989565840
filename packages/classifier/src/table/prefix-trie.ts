import { countBits } from './rule-record.js';

/** Of a node: its level (nibbles) in the high half, which children it has in the low one; */
const SHAPE = 0;
const LEVEL_SHIFT = 16;
const BRANCHES = 0xffff;
/** prefixes that end there; its children, side by side in ascending order; the words of its prefix. */
const ENDS = 1;
const CHILDREN = 2;
const PREFIX = 3;

/**
 * Which prefixes of an address are in use, in steps of four bits: a radix tree of up to 16 branches, in which every node but
 * the root is the end of a prefix or has at least two children. A walk says which prefix lengths lie on a key's path, and
 * how many of its bits had to be looked at to know. Children stand side by side and are found by counting bits (as in
 * Poptrie, Asai and Ohara 2015), so that a step touches one cache line.
 */
export class PrefixTrie {
  /** First word of the address in a key. */
  readonly word: number;
  /** Words of the address. */
  readonly words: number;
  /** After `walk`: bit n is set if a prefix of n + 1 nibbles is on the path. */
  found = 0;
  /** After `walk`: nibbles that agree with some prefix; the next one agrees with none. */
  depth = 0;
  /** Number of prefixes, each as often as it was added. */
  size = 0;
  readonly #stride: number;
  readonly #root: number;
  /** Blocks of nodes; replaced when it grows. */
  #nodes: Int32Array;
  #end: number;
  /** Free blocks, by their number of nodes. */
  readonly #free: number[][] = Array.from({ length: 17 }, () => []);

  /** An empty trie over the words `word..word + words` of keys. */
  constructor(word: number, words: number) {
    this.word = word;
    this.words = words;
    this.#stride = PREFIX + words;
    this.#root = this.#stride;
    this.#end = 2 * this.#stride;
    this.#nodes = new Int32Array(8 * this.#stride);
  }

  /** Octets of the nodes. */
  get octets(): number {
    return this.#nodes.byteLength;
  }

  /** Follows the path of a key as far as it goes: sets `found` and `depth`. At most one step per nibble. */
  walk(key: Int32Array): void {
    const nodes = this.#nodes;
    const stride = this.#stride;
    const { word, words } = this;
    let found = 0;
    let shape = nodes[this.#root]!;
    let children = nodes[this.#root + 2]!;
    let depth = 0;
    while ((shape & 0xffff) !== 0) {
      const branch = 1 << ((key[word + (depth >>> 3)]! >>> (28 - ((depth & 7) << 2))) & 15);
      if ((shape & branch) === 0) break;
      const node = children + countBits(shape & (branch - 1)) * stride;
      shape = nodes[node]!;
      const level = shape >>> 16;
      // The nibbles above `depth` are known to agree, so the words above it too.
      let i = depth >>> 3;
      let differing = 0;
      while (i < words && (differing = key[word + i]! ^ nodes[node + 3 + i]!) === 0) i++;
      const common = i < words ? (i << 3) + (Math.clz32(differing) >>> 2) : level;
      if (common < level) {
        depth = common;
        break;
      }
      depth = level;
      if (nodes[node + 1] !== 0) found |= 1 << (level - 1);
      children = nodes[node + 2]!;
    }
    this.found = found;
    this.depth = depth;
  }

  /**
   * The union of the numbers `pairs[first + n]` of all prefixes of n + 1 nibbles that are on the path of a key. Nothing is
   * noted, and nodes above which all agree are not compared.
   */
  pairsOf(key: Int32Array, pairs: Int32Array, first: number): number {
    const nodes = this.#nodes;
    const stride = this.#stride;
    const { word, words } = this;
    let union = 0;
    let shape = nodes[this.#root]!;
    let node = this.#root;
    while ((shape & 0xffff) !== 0) {
      const depth = shape >>> 16;
      const below = shape << (31 - ((key[word + (depth >>> 3)]! >>> (28 - ((depth & 7) << 2))) & 15));
      // The bits up to that of the branch, moved to the top: its own comes first.
      if (below >= 0) break;
      node = nodes[node + 2]! + countBits(below << 1) * stride;
      shape = nodes[node]!;
      const level = shape >>> 16;
      let i = depth >>> 3;
      while (i < words - 1 && key[word + i] === nodes[node + 3 + i]) i++;
      const differing = key[word + i]! ^ nodes[node + 3 + i]!;
      if (differing !== 0 && (i << 3) + (Math.clz32(differing) >>> 2) < level) break;
      if (nodes[node + 1] !== 0) union |= pairs[first + level - 1]!;
    }
    return union;
  }

  /** Adds the first `length` nibbles of `value`, a key, as a prefix; 1..8 per word. */
  add(value: Int32Array, length: number): void {
    this.size++;
    for (let node = this.#root; ;) {
      const level = this.#levelOf(node);
      if (level === length) {
        this.#nodes[node + ENDS]!++;
        return;
      }
      const branch = this.#nibble(value, level);
      const child = this.#child(node, branch);
      if (child === 0) {
        this.#write(this.#insertChild(node, branch), value, length, 0, 0);
        continue;
      }
      const common = Math.min(this.#common(child, value), length);
      if (common < this.#levelOf(child)) {
        const lower = this.#allocate(1);
        this.#nodes.copyWithin(lower, child, child + this.#stride);
        const down = 1 << ((this.#nodes[lower + PREFIX + (common >>> 3)]! >>> (28 - ((common & 7) << 2))) & 15);
        this.#write(child, value, common, down, lower);
      }
      node = this.#child(node, branch);
    }
  }

  /** Takes out a prefix that was added. */
  remove(value: Int32Array, length: number): void {
    let upper = 0;
    let node = this.#root;
    while (this.#levelOf(node) < length) {
      upper = node;
      node = this.#child(node, this.#nibble(value, this.#levelOf(node)));
    }
    this.size--;
    if (--this.#nodes[node + ENDS]! > 0) return;
    const branches = this.#nodes[node]! & BRANCHES;
    if (branches === 0) {
      this.#removeChild(upper, this.#nibble(value, this.#levelOf(upper)));
      if (upper !== this.#root) this.#collapse(upper);
    } else this.#collapse(node);
  }

  /** Calls `visit` with the first word and the nibbles of each prefix, in no order. */
  forEach(visit: (value: number, nibbles: number) => void): void {
    const nodes = this.#nodes;
    const left = [this.#root];
    for (let node = left.pop(); node !== undefined; node = left.pop()) {
      const shape = nodes[node]!;
      if (nodes[node + ENDS] !== 0) visit(nodes[node + PREFIX]!, shape >>> LEVEL_SHIFT);
      for (let i = countBits(shape & BRANCHES) - 1; i >= 0; i--) left.push(nodes[node + CHILDREN]! + i * this.#stride);
    }
  }

  /** Puts the only child of a node that is the end of no prefix in its place. */
  #collapse(node: number): void {
    const branches = this.#nodes[node]! & BRANCHES;
    if (this.#nodes[node + ENDS] !== 0 || (branches & (branches - 1)) !== 0) return;
    const child = this.#nodes[node + CHILDREN]!;
    this.#nodes.copyWithin(node, child, child + this.#stride);
    this.#free[1]!.push(child);
  }

  #levelOf(node: number): number {
    return this.#nodes[node]! >>> LEVEL_SHIFT;
  }

  #nibble(value: Int32Array, level: number): number {
    return (value[this.word + (level >>> 3)]! >>> (28 - ((level & 7) << 2))) & 15;
  }

  /** Nibbles that a node's prefix and a key have in common, at most its level. */
  #common(node: number, value: Int32Array): number {
    const level = this.#levelOf(node);
    for (let i = 0; i < this.words; i++) {
      const differing = value[this.word + i]! ^ this.#nodes[node + PREFIX + i]!;
      if (differing !== 0) return Math.min(i * 8 + (Math.clz32(differing) >>> 2), level);
    }
    return level;
  }

  /** The child on a branch, 0 if there is none. */
  #child(node: number, branch: number): number {
    const shape = this.#nodes[node]!;
    if ((shape & (1 << branch)) === 0) return 0;
    return this.#nodes[node + CHILDREN]! + countBits(shape & ((1 << branch) - 1)) * this.#stride;
  }

  /** Makes room for a child among its siblings. */
  #insertChild(node: number, branch: number): number {
    const stride = this.#stride;
    const shape = this.#nodes[node]!;
    const count = countBits(shape & BRANCHES);
    const before = countBits(shape & ((1 << branch) - 1)) * stride;
    const to = this.#allocate(count + 1);
    const nodes = this.#nodes;
    const from = nodes[node + CHILDREN]!;
    nodes.copyWithin(to, from, from + before);
    nodes.copyWithin(to + before + stride, from + before, from + count * stride);
    if (count > 0) this.#free[count]!.push(from);
    nodes[node] = shape | (1 << branch);
    nodes[node + CHILDREN] = to;
    return to + before;
  }

  #removeChild(node: number, branch: number): void {
    const stride = this.#stride;
    const shape = this.#nodes[node]!;
    const count = countBits(shape & BRANCHES);
    const before = countBits(shape & ((1 << branch) - 1)) * stride;
    const to = count === 1 ? 0 : this.#allocate(count - 1);
    const nodes = this.#nodes;
    const from = nodes[node + CHILDREN]!;
    nodes.copyWithin(to, from, from + before);
    nodes.copyWithin(to + before, from + before + stride, from + count * stride);
    this.#free[count]!.push(from);
    nodes[node] = shape & ~(1 << branch);
    nodes[node + CHILDREN] = to;
  }

  /** Writes a node that is the end of no prefix yet. */
  #write(node: number, value: Int32Array, level: number, branches: number, children: number): void {
    const nodes = this.#nodes;
    nodes[node + SHAPE] = (level << LEVEL_SHIFT) | branches;
    nodes[node + ENDS] = 0;
    nodes[node + CHILDREN] = children;
    for (let i = 0; i < this.words; i++) {
      const bits = Math.min(Math.max(level - i * 8, 0), 8) * 4;
      nodes[node + PREFIX + i] = bits === 0 ? 0 : value[this.word + i]! & (-1 << (32 - bits));
    }
  }

  /** A block of `count` nodes. */
  #allocate(count: number): number {
    const free = this.#free[count]!.pop();
    if (free !== undefined) return free;
    const block = this.#end;
    this.#end += count * this.#stride;
    if (this.#end > this.#nodes.length) {
      const larger = new Int32Array(2 * this.#end);
      larger.set(this.#nodes);
      this.#nodes = larger;
    }
    return block;
  }
}
