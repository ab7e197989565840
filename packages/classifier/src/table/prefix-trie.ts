/** A node: its level (nibbles), prefixes that end there, where its 16 children are (0: none), the words of its prefix. */
const LEVEL = 0;
const ENDS = 1;
const CHILDREN = 2;
const PREFIX = 3;
const FANOUT = 16;

/**
 * Which prefixes of an address are in use, in steps of four bits: a radix tree with 16 branches, in which every node but the
 * root is the end of a prefix or has at least two children. A walk says which prefix lengths lie on a key's path, and how
 * many of its bits had to be looked at to know.
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
  #nodes: Int32Array;
  /** Blocks of children; the first place is the root's. */
  #children = new Int32Array(2 * FANOUT);
  #nodesEnd: number;
  #childrenEnd = FANOUT;
  #freeNode = 0;
  #freeChildren = 0;

  /** An empty trie over the words `word..word + words` of keys. */
  constructor(word: number, words: number) {
    this.word = word;
    this.words = words;
    this.#stride = PREFIX + words;
    this.#nodesEnd = this.#stride;
    this.#nodes = new Int32Array(8 * this.#stride);
  }

  /** Octets of nodes and children. */
  get octets(): number {
    return this.#nodes.byteLength + this.#children.byteLength;
  }

  /** Follows the path of a key as far as it goes: sets `found` and `depth`. At most one step per nibble. */
  walk(key: Int32Array): void {
    const nodes = this.#nodes;
    const children = this.#children;
    const { word, words } = this;
    let found = 0;
    let depth = 0;
    let node = children[0]!;
    while (node !== 0) {
      const level = nodes[node]!;
      // The nibbles above `depth` are known to agree, so the words above it too.
      let i = depth >>> 3;
      let differing = 0;
      while (i < words && (differing = key[word + i]! ^ nodes[node + PREFIX + i]!) === 0) i++;
      const common = i < words ? (i << 3) + (Math.clz32(differing) >>> 2) : level;
      if (common < level) {
        depth = common;
        break;
      }
      depth = level;
      if (nodes[node + ENDS] !== 0) found |= 1 << (level - 1);
      const block = nodes[node + CHILDREN]!;
      if (block === 0) break;
      node = children[block + nibble(key[word + (level >>> 3)]!, level)]!;
    }
    this.found = found;
    this.depth = depth;
  }

  /** Whether a mask has the first `nibbles` of the address. */
  isConsulted(mask: Int32Array, nibbles: number): boolean {
    let { word } = this;
    let left = nibbles;
    for (; left > 8; left -= 8) if (mask[word++] !== -1) return false;
    return Math.clz32(~mask[word]!) >= 4 * left;
  }

  /** Adds the first `nibbles` of the address to a mask. */
  consult(mask: Int32Array, nibbles: number): void {
    let { word } = this;
    let left = nibbles;
    for (; left > 8; left -= 8) mask[word++] = -1;
    mask[word]! |= -1 << (32 - 4 * left);
  }

  /** Adds the first `length` nibbles of `value`, a key, as a prefix; 1..8 per word. */
  add(value: Int32Array, length: number): void {
    this.size++;
    let place = 0;
    for (;;) {
      const node = this.#children[place]!;
      if (node === 0) {
        this.#children[place] = this.#create(value, length, 1);
        return;
      }
      const level = this.#nodes[node]!;
      const common = Math.min(this.#common(node, value), level, length);
      if (common < level) {
        const upper = this.#create(value, common, common === length ? 1 : 0);
        this.#link(upper, nibble(this.#nodes[node + PREFIX + (common >>> 3)]!, common), node);
        if (common < length) {
          const leaf = this.#create(value, length, 1);
          this.#link(upper, nibble(value[this.word + (common >>> 3)]!, common), leaf);
        }
        this.#children[place] = upper;
        return;
      }
      if (level === length) {
        this.#nodes[node + ENDS]!++;
        return;
      }
      place = this.#placeOf(node, value);
    }
  }

  /** Takes out a prefix that was added. */
  remove(value: Int32Array, length: number): void {
    let upperPlace = -1;
    let place = 0;
    let node = this.#children[0]!;
    while (node !== 0 && this.#nodes[node]! < length) {
      upperPlace = place;
      place = this.#placeOf(node, value);
      node = this.#children[place]!;
    }
    if (node === 0 || this.#nodes[node] !== length) return;
    this.size--;
    if (--this.#nodes[node + ENDS]! > 0) return;
    this.#shrink(place);
    if (upperPlace >= 0) this.#shrink(upperPlace);
  }

  /** Removes the node at `place` if nothing needs it. */
  #shrink(place: number): void {
    const node = this.#children[place]!;
    if (this.#nodes[node + ENDS] !== 0) return;
    const block = this.#nodes[node + CHILDREN]!;
    let only = 0;
    let count = 0;
    for (let i = 0; block !== 0 && i < FANOUT; i++) {
      const child = this.#children[block + i]!;
      if (child === 0) continue;
      only = child;
      if (++count > 1) return;
    }
    this.#children[place] = only;
    if (block !== 0) this.#freeBlock(block);
    this.#nodes[node] = this.#freeNode;
    this.#freeNode = node;
  }

  /** Nibbles that a node's prefix and a key have in common; may count some beyond the level. */
  #common(node: number, value: Int32Array): number {
    for (let i = 0; i < this.words; i++) {
      const differing = value[this.word + i]! ^ this.#nodes[node + PREFIX + i]!;
      if (differing !== 0) return i * 8 + (Math.clz32(differing) >>> 2);
    }
    return this.words * 8;
  }

  /** Where the child of a node that a key leads to is kept; makes room for children. */
  #placeOf(node: number, value: Int32Array): number {
    const level = this.#nodes[node]!;
    return this.#blockOf(node) + nibble(value[this.word + (level >>> 3)]!, level);
  }

  #link(node: number, branch: number, child: number): void {
    const block = this.#blockOf(node);
    this.#children[block + branch] = child;
  }

  #blockOf(node: number): number {
    const block = this.#nodes[node + CHILDREN]!;
    if (block !== 0) return block;
    const free = this.#freeChildren;
    if (free !== 0) {
      this.#freeChildren = this.#children[free]!;
      this.#children[free] = 0;
      return (this.#nodes[node + CHILDREN] = free);
    }
    const made = this.#childrenEnd;
    this.#childrenEnd += FANOUT;
    if (this.#childrenEnd > this.#children.length) this.#children = grown(this.#children);
    return (this.#nodes[node + CHILDREN] = made);
  }

  #freeBlock(block: number): void {
    this.#children.fill(0, block, block + FANOUT);
    this.#children[block] = this.#freeChildren;
    this.#freeChildren = block;
  }

  #create(value: Int32Array, level: number, ends: number): number {
    let node = this.#freeNode;
    if (node !== 0) this.#freeNode = this.#nodes[node]!;
    else {
      node = this.#nodesEnd;
      this.#nodesEnd += this.#stride;
      if (this.#nodesEnd > this.#nodes.length) this.#nodes = grown(this.#nodes);
    }
    const nodes = this.#nodes;
    nodes[node + LEVEL] = level;
    nodes[node + ENDS] = ends;
    nodes[node + CHILDREN] = 0;
    for (let i = 0; i < this.words; i++) {
      const bits = Math.min(Math.max(level - i * 8, 0), 8) * 4;
      nodes[node + PREFIX + i] = bits === 0 ? 0 : value[this.word + i]! & (-1 << (32 - bits));
    }
    return node;
  }
}

/** The nibble of a word at a level. */
function nibble(word: number, level: number): number {
  return (word >>> (28 - ((level & 7) << 2))) & 15;
}

function grown(array: Int32Array): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(2 * array.length);
  larger.set(array);
  return larger;
}
