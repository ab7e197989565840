/**
 * The reassembly store: fragments in, whole datagrams (frames or control messages) out.
 *
 * **Problem.** A datagram of up to 65,535 octets comes in fragments, in any order, some twice, some never, mixed with
 * those of others; and anybody who can reach the port can send fragments that were made to cost the receiver memory or
 * time, or to change what others sent. The store is a state machine: time is an argument, what happened is returned.
 *
 * **Invariants.**
 * 1. The fragments held of a datagram never overlap, and end where the last one says: counting octets decides
 *    completeness. Whoever breaks this loses the datagram, and its key is banned for the timeout (RFC 5722).
 * 2. There are never more than `datagramLimit` datagrams and banned keys, `fragmentLimit` fragments of one datagram, and
 *    `memoryLimit` octets of pages. Whoever needs room takes it from the oldest.
 * 3. A datagram lives at most `timeoutMs` after its first fragment. It is gone before the first call at or after that
 *    time looks anything up, so an expired one never matches.
 * 4. A duplicate, equal in place, flag and octets, changes nothing.
 *
 * **Which approximation is safe.** To lose a datagram is always allowed, the network does; to deliver octets that nobody
 * sent as one datagram never is. So under pressure the store forgets whole datagrams, and bans too if they are the oldest,
 * and never trims or merges.
 *
 * **Time.** For a fragment of n octets: O(n) to copy or compare, one pass over at most `fragmentLimit` fragments held,
 * and one hash chain. Each datagram is given up once. `bench/hostile.mjs` measures it, attack by attack.
 *
 * **Memory.** Taken when the first fragment comes, and never more: `memoryLimit` for data, 64 KiB per kept delivery, 412
 * octets per datagram with the default limits; `byteLength` tells the sum. A fragment allocates views of itself, at most
 * one per page that it touches: garbage at once.
 */
import { ECN } from '@overlane/wire';
import { DATAGRAM_LENGTH_MAX } from '../dove/constants.js';
import type { DoveReassemblyFault } from '../faults.js';
import { DatagramTable, FIELD } from './datagrams.js';
import { PAGES_PER_DATAGRAM, PAGE_LENGTH, PageMemory } from './pages.js';
import type { DeliveredDatagram, Fragment, ReassemblyOptions } from './shapes.js';

const NONE = -1;
const FRAGMENT_LIMIT_MAX = 256;

/** Why the store did not keep a fragment. */
export type ReassemblyRefusal = Exclude<DoveReassemblyFault, 'E_DOVE_FRAG_TIMEOUT'>;

/** Fragments, kept until their datagrams are complete. One store serves one tunnel port. */
export class ReassemblyStore {
  /** Datagrams completed since the start. */
  completed = 0;
  /** Fragments ignored because the same is held. */
  duplicates = 0;
  /** Datagrams given up because their time was over: E_DOVE_FRAG_TIMEOUT. */
  timedOut = 0;
  /** Datagrams given up because others needed the room: E_DOVE_FRAG_LIMIT. */
  evicted = 0;
  readonly #timeoutMs: number;
  readonly #fragmentLimit: number;
  readonly #datagramLimit: number;
  readonly #deliveries: number;
  readonly #pageLimit: number;
  readonly #seed: number;
  readonly #delivered = { bytes: new Uint8Array(0), start: 0, end: 0, dscp: 0, ecn: 0 };
  #memory: { readonly table: DatagramTable; readonly pages: PageMemory } | undefined;

  /**
   * An empty store; every option has a default. `seed`: 32 bits that outsiders can't guess, so that they can't choose keys
   * that share a hash chain. @throws RangeError for impossible limits
   */
  constructor(options: ReassemblyOptions = {}, seed = 0) {
    const { timeoutMs = 1000, fragmentLimit = 64, datagramLimit = 1024 } = options;
    const { memoryLimit = 16 << 20, deliveries = 32 } = options;
    this.#timeoutMs = timeoutMs;
    this.#fragmentLimit = requireLimit('fragmentLimit', fragmentLimit, 1, FRAGMENT_LIMIT_MAX);
    this.#datagramLimit = requireLimit('datagramLimit', datagramLimit, 1, 1 << 24);
    this.#deliveries = requireLimit('deliveries', deliveries, 1, 1 << 16);
    const least = PAGES_PER_DATAGRAM * PAGE_LENGTH;
    this.#pageLimit = Math.floor(requireLimit('memoryLimit', memoryLimit, least, 2 ** 31) / PAGE_LENGTH);
    this.#seed = seed;
  }

  /** The datagram completed by the last `accept` that returned `'complete'`; stays intact as `deliveries` says. */
  get delivered(): DeliveredDatagram {
    return this.#delivered;
  }

  /** Octets of memory held: none before the first fragment. */
  get byteLength(): number {
    return this.#memory === undefined ? 0 : this.#memory.table.byteLength + this.#memory.pages.byteLength;
  }

  /** Octets of pages in use; never above `memoryLimit`. */
  get held(): number {
    return this.#memory === undefined ? 0 : this.#memory.pages.used * PAGE_LENGTH;
  }

  /** Datagrams in assembly, banned keys included. */
  get size(): number {
    return this.#memory?.table.size ?? 0;
  }

  /**
   * Stores the data `bytes[start..end)` of a fragment, which it copies. Precondition: rules 10 and 11 passed. `nowMs` must
   * not go back. Returns `'complete'` (see {@link delivered}), `'incomplete'`, which a duplicate gets too, or why the
   * fragment was not kept, and its datagram with it: E_DOVE_FRAG_OVERLAP (rule 12: it overlaps, or contradicts what is
   * known of the end; or its key is banned), E_DOVE_FRAG_LIMIT (too many fragments).
   */
  accept(
    fragment: Fragment,
    bytes: Uint8Array,
    start: number,
    end: number,
    nowMs: number,
  ): 'complete' | 'incomplete' | ReassemblyRefusal {
    this.tick(nowMs);
    const { table } = (this.#memory ??= this.#takeMemory());
    let datagram = table.find(fragment);
    if (datagram !== NONE) {
      const verdict = this.#judge(datagram, fragment, bytes, start, end);
      if (verdict === 'duplicate') {
        this.duplicates++;
        return 'incomplete';
      }
      if (verdict === 'E_DOVE_FRAG_OVERLAP') this.#ban(datagram, nowMs);
      else if (verdict === 'E_DOVE_FRAG_LIMIT') this.#remove(datagram);
      if (verdict !== 'new') return verdict;
    } else {
      if (table.size === this.#datagramLimit) this.#evict(table.oldest);
      datagram = table.insert(fragment, nowMs);
    }
    this.#store(datagram, fragment.offset, bytes, start, end);
    return this.#note(datagram, fragment, end - start);
  }

  /** Gives up the datagrams whose time is over. Call about once a second; `accept` does the same. */
  tick(nowMs: number): void {
    if (this.#memory === undefined) return;
    const { table } = this.#memory;
    for (let oldest = table.oldest; oldest !== NONE; oldest = table.oldest) {
      if (nowMs - table.sinceMs(oldest) < this.#timeoutMs) return;
      if (table.get(oldest, FIELD.BANNED) === 0) this.timedOut++;
      this.#remove(oldest);
    }
  }

  #takeMemory(): { readonly table: DatagramTable; readonly pages: PageMemory } {
    const pages = new PageMemory(this.#deliveries, this.#pageLimit);
    this.#delivered.bytes = pages.bytes;
    return { table: new DatagramTable(this.#datagramLimit, this.#fragmentLimit, this.#seed), pages };
  }

  get #table(): DatagramTable {
    return this.#memory!.table;
  }

  get #pages(): PageMemory {
    return this.#memory!.pages;
  }

  /** What rule 12 and the limit say about another fragment of a known datagram. */
  #judge(
    datagram: number,
    { offset, more }: Fragment,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): 'new' | 'duplicate' | ReassemblyRefusal {
    const table = this.#table;
    if (table.get(datagram, FIELD.BANNED) !== 0) return 'E_DOVE_FRAG_OVERLAP';
    const length = end - start;
    const packed = pack(offset, length, more);
    const count = table.get(datagram, FIELD.FRAGMENTS);
    for (let i = 0; i < count; i++) {
      const held = table.get(datagram, FIELD.HELD + i);
      if (held === packed)
        return this.#holds(datagram, offset, bytes, start, end) ? 'duplicate' : 'E_DOVE_FRAG_OVERLAP';
      const heldOffset = offsetOf(held);
      if (heldOffset < offset + length && offset < heldOffset + lengthOf(held)) return 'E_DOVE_FRAG_OVERLAP';
    }
    const total = table.get(datagram, FIELD.TOTAL);
    if (total === NONE) {
      if (!more && table.get(datagram, FIELD.HIGHEST_END) > offset + length) return 'E_DOVE_FRAG_OVERLAP';
    } else if (!more || offset + length > total) return 'E_DOVE_FRAG_OVERLAP';
    return count === this.#fragmentLimit ? 'E_DOVE_FRAG_LIMIT' : 'new';
  }

  /** True if the pages hold the same data at `offset`. */
  #holds(datagram: number, offset: number, bytes: Uint8Array, start: number, end: number): boolean {
    for (let from = start, at = offset; from < end;) {
      const within = at % PAGE_LENGTH;
      const to = Math.min(end, from + PAGE_LENGTH - within);
      const page = this.#table.get(datagram, FIELD.PAGES + Math.floor(at / PAGE_LENGTH));
      if (!this.#pages.equals(page, within, bytes, from, to)) return false;
      at += to - from;
      from = to;
    }
    return true;
  }

  #store(datagram: number, offset: number, bytes: Uint8Array, start: number, end: number): void {
    for (let from = start, at = offset; from < end;) {
      const within = at % PAGE_LENGTH;
      const to = Math.min(end, from + PAGE_LENGTH - within);
      this.#pages.write(this.#pageOf(datagram, Math.floor(at / PAGE_LENGTH)), within, bytes, from, to);
      at += to - from;
      from = to;
    }
  }

  /** The page of a datagram for its `index`-th 4 KiB, taken from the oldest other datagrams if there is none free. */
  #pageOf(datagram: number, index: number): number {
    const table = this.#table;
    const pages = this.#pages;
    const known = table.get(datagram, FIELD.PAGES + index);
    if (known !== NONE) return known;
    while (pages.used === pages.limit) {
      this.#evict(table.oldest === datagram ? table.younger(datagram) : table.oldest);
    }
    const page = pages.take();
    table.set(datagram, FIELD.PAGES + index, page);
    return page;
  }

  /** Notes a fragment that has been stored, and delivers the datagram if it was the last one missing. */
  #note(datagram: number, { offset, more, tos }: Fragment, length: number): 'complete' | 'incomplete' {
    const table = this.#table;
    const index = table.add(datagram, FIELD.FRAGMENTS, 1) - 1;
    table.set(datagram, FIELD.HELD + index, pack(offset, length, more));
    if (offset === 0) table.set(datagram, FIELD.TOS, tos);
    if ((tos & 3) === ECN.CE) table.set(datagram, FIELD.CONGESTED, 1);
    if (!more) table.set(datagram, FIELD.TOTAL, offset + length);
    if (offset + length > table.get(datagram, FIELD.HIGHEST_END))
      table.set(datagram, FIELD.HIGHEST_END, offset + length);
    const total = table.get(datagram, FIELD.TOTAL);
    if (table.add(datagram, FIELD.RECEIVED, length) !== total) return 'incomplete';
    this.#deliver(datagram, total);
    this.#remove(datagram);
    return 'complete';
  }

  #deliver(datagram: number, total: number): void {
    const table = this.#table;
    const delivered = this.#delivered;
    delivered.start = this.#pages.nextBuffer();
    delivered.end = delivered.start + total;
    for (let at = 0, index = FIELD.PAGES as number; at < total; at += PAGE_LENGTH, index++) {
      this.#pages.read(table.get(datagram, index), Math.min(PAGE_LENGTH, total - at), delivered.start + at);
    }
    const tos = table.get(datagram, FIELD.TOS);
    delivered.dscp = tos >>> 2;
    delivered.ecn = table.get(datagram, FIELD.CONGESTED) === 0 ? tos & 3 : ECN.CE;
    this.completed++;
  }

  #ban(datagram: number, nowMs: number): void {
    const table = this.#table;
    if (table.get(datagram, FIELD.BANNED) !== 0) return;
    this.#releasePages(datagram);
    table.set(datagram, FIELD.BANNED, 1);
    table.renew(datagram, nowMs);
  }

  #evict(datagram: number): void {
    if (this.#table.get(datagram, FIELD.BANNED) === 0) this.evicted++;
    this.#remove(datagram);
  }

  #remove(datagram: number): void {
    this.#releasePages(datagram);
    this.#table.remove(datagram);
  }

  #releasePages(datagram: number): void {
    for (let i: number = FIELD.PAGES; i < FIELD.HELD; i++) {
      const page = this.#table.get(datagram, i);
      if (page === NONE) continue;
      this.#pages.release(page);
      this.#table.set(datagram, i, NONE);
    }
  }
}

/** A fragment in 30 bits: offset in units of 8, length, flag. */
function pack(offset: number, length: number, more: boolean): number {
  return (offset << 14) | (length << 1) | (more ? 1 : 0);
}

function offsetOf(packed: number): number {
  return (packed >>> 17) << 3;
}

function lengthOf(packed: number): number {
  return (packed >>> 1) & DATAGRAM_LENGTH_MAX;
}

function requireLimit(name: string, value: number, least: number, most: number): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new RangeError(`${name} must be an integer in ${least}..${most}, got ${value}`);
}
