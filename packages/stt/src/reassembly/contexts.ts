/**
 * The frames in assembly: a table of fixed size, found by key through a seeded hash, and strung on two lists: by first
 * arrival (who expires next) and by last use (who is evicted next). All in one `Int32Array`; every operation is O(1),
 * but for the walk along a hash chain.
 */
import type { IpAddress } from '@overlane/wire';

/** Words of one context, and where its fields are. Chains of cells are described in `cells.ts`. */
export const FIELD = {
  /** Source address, four words, and destination address, four words. */
  SOURCE: 0,
  DESTINATION: 4,
  /** Both families (bit 0 and 1: set for IPv6) above the 16 bits of the source port as it goes into the key. */
  PORT: 8,
  PACKET_ID: 9,
  FRAME_LENGTH: 10,
  /** Octets that have come. */
  RECEIVED: 11,
  /** Segments that have come. */
  SEGMENTS: 12,
  /** Offset behind the last octet that has come. */
  HIGHEST_END: 13,
  /** Root of the tree of segments. */
  ROOT: 14,
  /** First and last cell, and how many there are. */
  FIRST_CELL: 15,
  LAST_CELL: 16,
  CELLS: 17,
  /** Outer TOS of the segment at offset 0, and 1 if any segment had CE. */
  TOS: 18,
  CONGESTED: 19,
  /** Source port of the first segment, for events. */
  FIRST_PORT: 20,
  /** Neighbours in the hash chain and in the two lists. */
  NEXT_IN_CHAIN: 21,
  OLDER: 22,
  YOUNGER: 23,
  LESS_RECENT: 24,
  MORE_RECENT: 25,
  /** Hash chain that the context is in. */
  CHAIN: 26,
} as const;

const WORDS = 27;
const NONE = -1;

/** The table. A context is named by its index; -1 is none. */
export class ContextTable {
  /** Contexts in use. */
  size = 0;
  /** Oldest context by first arrival, or -1. */
  oldest = NONE;
  /** Context whose last stored segment lies back furthest, or -1. */
  leastRecent = NONE;
  /** Octets of memory held, for good. */
  readonly byteLength: number;
  readonly #words: Int32Array<ArrayBuffer>;
  readonly #arrivalMs: Float64Array<ArrayBuffer>;
  readonly #chains: Int32Array<ArrayBuffer>;
  readonly #mask: number;
  readonly #seed: number;
  readonly #portMask: number;
  #youngest = NONE;
  #mostRecent = NONE;
  #free = NONE;

  /** A table for `limit` contexts. `portMask` is 0xffff if the source port belongs to the key, else 0. */
  constructor(limit: number, seed: number, portMask: number) {
    const chains = 2 ** Math.ceil(Math.log2(limit * 2));
    this.#words = new Int32Array(limit * WORDS);
    this.#arrivalMs = new Float64Array(limit);
    this.#chains = new Int32Array(chains).fill(NONE);
    this.#mask = chains - 1;
    this.#seed = seed;
    this.#portMask = portMask;
    this.byteLength = this.#words.byteLength + this.#arrivalMs.byteLength + this.#chains.byteLength;
    for (let i = limit - 1; i >= 0; i--) this.#pushFree(i);
  }

  /** A field of a context, see `FIELD`. */
  get(context: number, field: number): number {
    return this.#words[context * WORDS + field]!;
  }

  /** Sets a field. */
  set(context: number, field: number, value: number): void {
    this.#words[context * WORDS + field] = value;
  }

  /** Adds to a field and returns the sum. */
  add(context: number, field: number, amount: number): number {
    return (this.#words[context * WORDS + field]! += amount);
  }

  /** Time of the context's first segment. */
  arrivalMs(context: number): number {
    return this.#arrivalMs[context]!;
  }

  /** The context of this key, or -1. Looks at the most recent one first, then walks one hash chain. */
  find(source: IpAddress, destination: IpAddress, sourcePort: number, packetId: number): number {
    const port = this.#portWord(source, destination, sourcePort);
    const id = packetId | 0;
    const recent = this.#mostRecent;
    if (recent !== NONE && this.#matches(recent, source, destination, port, id)) return recent;
    let context = this.#chains[this.#chainOf(source, destination, port, id)]!;
    while (context !== NONE && !this.#matches(context, source, destination, port, id)) {
      context = this.#words[context * WORDS + FIELD.NEXT_IN_CHAIN]!;
    }
    return context;
  }

  /** Takes a free context for a key that is not in the table: youngest, most recent, and empty. There must be one. */
  insert(source: IpAddress, destination: IpAddress, sourcePort: number, packetId: number, nowMs: number): number {
    const context = this.#free;
    const words = this.#words;
    const at = context * WORDS;
    this.#free = words[at + FIELD.NEXT_IN_CHAIN]!;
    this.size++;
    words.fill(0, at, at + WORDS);
    writeAddress(words, at + FIELD.SOURCE, source);
    writeAddress(words, at + FIELD.DESTINATION, destination);
    const port = this.#portWord(source, destination, sourcePort);
    words[at + FIELD.PORT] = port;
    words[at + FIELD.PACKET_ID] = packetId;
    words[at + FIELD.FIRST_PORT] = sourcePort;
    words[at + FIELD.ROOT] = words[at + FIELD.FIRST_CELL] = words[at + FIELD.LAST_CELL] = NONE;
    this.#arrivalMs[context] = nowMs;
    const chain = this.#chainOf(source, destination, port, packetId | 0);
    words[at + FIELD.CHAIN] = chain;
    words[at + FIELD.NEXT_IN_CHAIN] = this.#chains[chain]!;
    this.#chains[chain] = context;
    words[at + FIELD.YOUNGER] = NONE;
    words[at + FIELD.OLDER] = this.#youngest;
    if (this.#youngest === NONE) this.oldest = context;
    else words[this.#youngest * WORDS + FIELD.YOUNGER] = context;
    this.#youngest = context;
    this.#appendRecent(context);
    return context;
  }

  /** Makes the context the most recent one. */
  touch(context: number): void {
    if (context === this.#mostRecent) return;
    this.#unlinkRecent(context);
    this.#appendRecent(context);
  }

  /** Forgets the context. Walks one hash chain. */
  remove(context: number): void {
    const words = this.#words;
    const at = context * WORDS;
    const chain = words[at + FIELD.CHAIN]!;
    const next = words[at + FIELD.NEXT_IN_CHAIN]!;
    if (this.#chains[chain] === context) {
      this.#chains[chain] = next;
    } else {
      let before = this.#chains[chain]!;
      while (words[before * WORDS + FIELD.NEXT_IN_CHAIN] !== context) {
        before = words[before * WORDS + FIELD.NEXT_IN_CHAIN]!;
      }
      words[before * WORDS + FIELD.NEXT_IN_CHAIN] = next;
    }
    const older = words[at + FIELD.OLDER]!;
    const younger = words[at + FIELD.YOUNGER]!;
    if (older === NONE) this.oldest = younger;
    else words[older * WORDS + FIELD.YOUNGER] = younger;
    if (younger === NONE) this.#youngest = older;
    else words[younger * WORDS + FIELD.OLDER] = older;
    this.#unlinkRecent(context);
    this.#pushFree(context);
    this.size--;
  }

  /** Writes the context's addresses. */
  readAddresses(context: number, source: IpAddress, destination: IpAddress): void {
    const at = context * WORDS;
    const families = this.#words[at + FIELD.PORT]! >>> 16;
    readAddress(this.#words, at + FIELD.SOURCE, source, (families & 1) === 0 ? 4 : 6);
    readAddress(this.#words, at + FIELD.DESTINATION, destination, (families & 2) === 0 ? 4 : 6);
  }

  #pushFree(context: number): void {
    this.#words[context * WORDS + FIELD.NEXT_IN_CHAIN] = this.#free;
    this.#free = context;
  }

  #appendRecent(context: number): void {
    const words = this.#words;
    words[context * WORDS + FIELD.MORE_RECENT] = NONE;
    words[context * WORDS + FIELD.LESS_RECENT] = this.#mostRecent;
    if (this.#mostRecent === NONE) this.leastRecent = context;
    else words[this.#mostRecent * WORDS + FIELD.MORE_RECENT] = context;
    this.#mostRecent = context;
  }

  #unlinkRecent(context: number): void {
    const words = this.#words;
    const less = words[context * WORDS + FIELD.LESS_RECENT]!;
    const more = words[context * WORDS + FIELD.MORE_RECENT]!;
    if (less === NONE) this.leastRecent = more;
    else words[less * WORDS + FIELD.MORE_RECENT] = more;
    if (more === NONE) this.#mostRecent = less;
    else words[more * WORDS + FIELD.LESS_RECENT] = less;
  }

  #portWord(source: IpAddress, destination: IpAddress, sourcePort: number): number {
    const families = (source.family === 6 ? 1 : 0) | (destination.family === 6 ? 2 : 0);
    return (families << 16) | (sourcePort & this.#portMask);
  }

  #matches(context: number, source: IpAddress, destination: IpAddress, port: number, packetId: number): boolean {
    const words = this.#words;
    const at = context * WORDS;
    return (
      words[at + FIELD.PACKET_ID] === packetId &&
      words[at + FIELD.PORT] === port &&
      equalsAddress(words, at + FIELD.SOURCE, source) &&
      equalsAddress(words, at + FIELD.DESTINATION, destination)
    );
  }

  #chainOf(source: IpAddress, destination: IpAddress, port: number, packetId: number): number {
    let hash = mix(this.#seed, packetId);
    hash = mix(hash, port);
    hash = mix(hash, source.word0);
    hash = mix(hash, destination.word0);
    if (source.family === 6) hash = mix(mix(mix(hash, source.word1), source.word2), source.word3);
    if (destination.family === 6) hash = mix(mix(mix(hash, destination.word1), destination.word2), destination.word3);
    return (hash ^ (hash >>> 15)) & this.#mask;
  }
}

/**
 * One round of MurmurHash3's body. With a secret seed keys that share a chain can't simply be computed; the hash is no
 * cryptographic one, and the bound on time, a walk over the whole table, does not rest on it.
 */
function mix(hash: number, word: number): number {
  let k = Math.imul(word, 0xcc9e2d51);
  k = Math.imul((k << 15) | (k >>> 17), 0x1b873593);
  const h = hash ^ k;
  return (Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64) | 0;
}

function writeAddress(words: Int32Array, at: number, address: IpAddress): void {
  words[at] = address.word0;
  words[at + 1] = address.word1;
  words[at + 2] = address.word2;
  words[at + 3] = address.word3;
}

function equalsAddress(words: Int32Array, at: number, address: IpAddress): boolean {
  return (
    words[at] === address.word0 &&
    words[at + 3] === address.word3 &&
    words[at + 1] === address.word1 &&
    words[at + 2] === address.word2
  );
}

function readAddress(words: Int32Array, at: number, address: IpAddress, family: 4 | 6): void {
  address.family = family;
  address.word0 = words[at]!;
  address.word1 = words[at + 1]!;
  address.word2 = words[at + 2]!;
  address.word3 = words[at + 3]!;
}
