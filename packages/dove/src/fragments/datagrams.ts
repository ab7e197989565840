/**
 * The datagrams in assembly: a table of fixed size, found by key through a seeded hash, and strung on one list by age. All
 * in one `Int32Array`; every operation is O(1), but for the walk along a hash chain.
 */
import type { IpAddress } from '@overlane/wire';
import { hashWords } from './hash.js';
import { PAGES_PER_DATAGRAM } from './pages.js';
import type { Fragment } from './shapes.js';

/** Words of one datagram, and where its fields are. */
export const FIELD = {
  /** Source address, four words, and destination address, four words. */
  SOURCE: 0,
  DESTINATION: 4,
  /** Bit 0 and 1: the addresses are IPv6; bit 2: a control message. */
  KIND: 8,
  OVERLAY: 9,
  INSTANCE: 10,
  IDENTIFICATION: 11,
  /** 1 if the key is banned: nothing is held. */
  BANNED: 12,
  /** Octets of the whole; -1 until the last fragment has come. */
  TOTAL: 13,
  /** Octets that have come, and the offset behind the last of them. */
  RECEIVED: 14,
  HIGHEST_END: 15,
  /** Fragments that have come. */
  FRAGMENTS: 16,
  /** Outer TOS of the fragment at offset 0, and 1 if any fragment had CE. */
  TOS: 17,
  CONGESTED: 18,
  /** Neighbours in the hash chain and in the list by age; the hash chain itself. */
  NEXT_IN_CHAIN: 19,
  OLDER: 20,
  YOUNGER: 21,
  CHAIN: 22,
  /** Pages, one for each 4 KiB of the datagram, -1 where there is none; then the fragments, packed. */
  PAGES: 23,
  HELD: 23 + PAGES_PER_DATAGRAM,
} as const;

const NONE = -1;

/** The table. A datagram is named by its index; -1 is none. */
export class DatagramTable {
  /** Datagrams in the table, banned keys included. */
  size = 0;
  /** The oldest, or -1. */
  oldest = NONE;
  /** Octets of memory held. */
  readonly byteLength: number;
  readonly #stride: number;
  readonly #words: Int32Array<ArrayBuffer>;
  readonly #sinceMs: Float64Array<ArrayBuffer>;
  readonly #chains: Int32Array<ArrayBuffer>;
  readonly #mask: number;
  readonly #seed: number;
  #youngest = NONE;
  #free = NONE;

  /** A table for `limit` datagrams of at most `fragmentLimit` fragments. */
  constructor(limit: number, fragmentLimit: number, seed: number) {
    const chains = 2 ** Math.ceil(Math.log2(limit * 2));
    this.#stride = FIELD.HELD + fragmentLimit;
    this.#words = new Int32Array(limit * this.#stride);
    this.#sinceMs = new Float64Array(limit);
    this.#chains = new Int32Array(chains).fill(NONE);
    this.#mask = chains - 1;
    this.#seed = seed;
    this.byteLength = this.#words.byteLength + this.#sinceMs.byteLength + this.#chains.byteLength;
    for (let i = limit - 1; i >= 0; i--) this.#pushFree(i);
  }

  /** A field of a datagram, see `FIELD`. */
  get(datagram: number, field: number): number {
    return this.#words[datagram * this.#stride + field]!;
  }

  /** Sets a field. */
  set(datagram: number, field: number, value: number): void {
    this.#words[datagram * this.#stride + field] = value;
  }

  /** Adds to a field and returns the sum. */
  add(datagram: number, field: number, amount: number): number {
    return (this.#words[datagram * this.#stride + field]! += amount);
  }

  /** When its first fragment came, or its ban began. */
  sinceMs(datagram: number): number {
    return this.#sinceMs[datagram]!;
  }

  /** The datagram of this fragment, or -1. Walks one hash chain. */
  find(fragment: Fragment): number {
    let datagram = this.#chains[this.#chainOf(fragment)]!;
    while (datagram !== NONE && !this.#isOf(datagram, fragment)) datagram = this.get(datagram, FIELD.NEXT_IN_CHAIN);
    return datagram;
  }

  /** Takes a free datagram for a key that is not in the table: youngest, and empty. There must be one. */
  insert(fragment: Fragment, nowMs: number): number {
    const datagram = this.#free;
    const words = this.#words;
    const at = datagram * this.#stride;
    this.#free = words[at + FIELD.NEXT_IN_CHAIN]!;
    this.size++;
    words.fill(0, at, at + FIELD.PAGES);
    words.fill(NONE, at + FIELD.PAGES, at + FIELD.HELD);
    writeAddress(words, at + FIELD.SOURCE, fragment.source);
    writeAddress(words, at + FIELD.DESTINATION, fragment.destination);
    words[at + FIELD.KIND] = kindOf(fragment);
    words[at + FIELD.OVERLAY] = fragment.overlayId;
    words[at + FIELD.INSTANCE] = fragment.instanceId;
    words[at + FIELD.IDENTIFICATION] = fragment.identification;
    words[at + FIELD.TOTAL] = NONE;
    const chain = this.#chainOf(fragment);
    words[at + FIELD.CHAIN] = chain;
    words[at + FIELD.NEXT_IN_CHAIN] = this.#chains[chain]!;
    this.#chains[chain] = datagram;
    this.#append(datagram, nowMs);
    return datagram;
  }

  /** The next younger datagram, or -1. */
  younger(datagram: number): number {
    return this.get(datagram, FIELD.YOUNGER);
  }

  /** Makes it the youngest: what happens to it counts from now on. */
  renew(datagram: number, nowMs: number): void {
    this.#unlink(datagram);
    this.#append(datagram, nowMs);
  }

  /** Forgets a datagram. Walks one hash chain. */
  remove(datagram: number): void {
    const chain = this.get(datagram, FIELD.CHAIN);
    const next = this.get(datagram, FIELD.NEXT_IN_CHAIN);
    let before = this.#chains[chain]!;
    if (before === datagram) this.#chains[chain] = next;
    else {
      while (this.get(before, FIELD.NEXT_IN_CHAIN) !== datagram) before = this.get(before, FIELD.NEXT_IN_CHAIN);
      this.set(before, FIELD.NEXT_IN_CHAIN, next);
    }
    this.#unlink(datagram);
    this.#pushFree(datagram);
    this.size--;
  }

  #pushFree(datagram: number): void {
    this.set(datagram, FIELD.NEXT_IN_CHAIN, this.#free);
    this.#free = datagram;
  }

  #append(datagram: number, nowMs: number): void {
    this.#sinceMs[datagram] = nowMs;
    this.set(datagram, FIELD.YOUNGER, NONE);
    this.set(datagram, FIELD.OLDER, this.#youngest);
    if (this.#youngest === NONE) this.oldest = datagram;
    else this.set(this.#youngest, FIELD.YOUNGER, datagram);
    this.#youngest = datagram;
  }

  #unlink(datagram: number): void {
    const older = this.get(datagram, FIELD.OLDER);
    const younger = this.get(datagram, FIELD.YOUNGER);
    if (older === NONE) this.oldest = younger;
    else this.set(older, FIELD.YOUNGER, younger);
    if (younger === NONE) this.#youngest = older;
    else this.set(younger, FIELD.OLDER, older);
  }

  #isOf(datagram: number, fragment: Fragment): boolean {
    const words = this.#words;
    const at = datagram * this.#stride;
    return (
      words[at + FIELD.IDENTIFICATION] === (fragment.identification | 0) &&
      words[at + FIELD.INSTANCE] === fragment.instanceId &&
      words[at + FIELD.OVERLAY] === fragment.overlayId &&
      words[at + FIELD.KIND] === kindOf(fragment) &&
      equalsAddress(words, at + FIELD.SOURCE, fragment.source) &&
      equalsAddress(words, at + FIELD.DESTINATION, fragment.destination)
    );
  }

  #chainOf({ source, destination, instanceId, identification }: Fragment): number {
    // Overlay and kind hardly ever differ while the rest is equal.
    const hash = hashWords(hashWords(this.#seed, source, identification), destination, instanceId);
    return hash & this.#mask;
  }
}

function kindOf({ source, destination, control }: Fragment): number {
  return (source.family === 6 ? 1 : 0) | (destination.family === 6 ? 2 : 0) | (control ? 4 : 0);
}

function writeAddress(words: Int32Array, at: number, { word0, word1, word2, word3 }: IpAddress): void {
  words[at] = word0;
  words[at + 1] = word1;
  words[at + 2] = word2;
  words[at + 3] = word3;
}

function equalsAddress(words: Int32Array, at: number, { word0, word1, word2, word3 }: IpAddress): boolean {
  return words[at] === word0 && words[at + 1] === word1 && words[at + 2] === word2 && words[at + 3] === word3;
}
