/**
 * Which Ethernet header a packet to a destination needs. A packet socket bypasses routing and neighbour discovery, so
 * both are asked of the kernel: at the first packet to a destination, then once a second for destinations in use.
 *
 * Choice: nothing is learnt from received frames. On asymmetric routes their source is not the next hop back, and anyone
 * on the link could forge it; the kernel's neighbour table has rules against that already.
 */
import { IpAddress, readInt32, write16, ethernet } from '@overlane/wire';
import type { RoutingTables } from './netlink.js';

/** Destinations remembered; packets to others go through the kernel. */
const DESTINATIONS_MAX = 4096;
/** Age at which an entry is looked up again. */
const MAX_AGE_MS = 1000;
/** Entries looked at in one step, so that a step stays below a millisecond. */
const STEP = 32;
/** Packets through the kernel before the next look-up: one at first, twice as many each time up to this. */
const PATIENCE_MAX = 1024;

/** The way to one destination. */
export class NextHop {
  /** The destination. */
  readonly destination: IpAddress;
  /** The Ethernet header for it; its content counts if `isDirect`. */
  readonly header = new Uint8Array(ethernet.HEADER_LENGTH);
  /** False: the next hop is unknown yet, or not on this interface; the kernel must send the packet. */
  isDirect = false;
  /** Asked for since the last look at it. */
  isUsed = true;
  /** Time of the last look-up. */
  checkedMs = 0;
  /** Packets that the kernel may still send before the next look-up. */
  patience = 1;
  /** The same, at the start of the next round. */
  nextPatience = 1;
  /** The next entry with the same hash. */
  next: NextHop | undefined;

  /** An entry whose look-up is still to come. */
  constructor(destination: IpAddress) {
    this.destination = destination;
  }
}

/** All destinations in use by one port, with bounded memory. */
export class NextHops {
  readonly #tables: RoutingTables;
  readonly #local: IpAddress;
  readonly #interfaceIndex: number;
  readonly #entries = new Map<number, NextHop>();
  /** The same entries in a row, for refreshing. */
  readonly #row: NextHop[] = [];
  readonly #nextHop = new IpAddress();
  readonly #overflow = new NextHop(new IpAddress());
  #hardwareAddress: Uint8Array;
  #cursor = 0;
  #nowMs = 0;

  /** Sends from `local` through the interface with that index and hardware address (six octets). */
  constructor(tables: RoutingTables, local: IpAddress, interfaceIndex: number, hardwareAddress: Uint8Array) {
    this.#tables = tables;
    this.#local = local;
    this.#interfaceIndex = interfaceIndex;
    this.#hardwareAddress = hardwareAddress;
  }

  /** Destinations remembered. */
  get size(): number {
    return this.#row.length;
  }

  /** The way to the address at `bytes[offset..]`, of the port's family. Allocates for a new destination only. */
  find(bytes: Uint8Array, offset: number): NextHop {
    const word0 = readInt32(bytes, offset);
    const long = this.#local.family === 6;
    const word1 = long ? readInt32(bytes, offset + 4) : 0;
    const word2 = long ? readInt32(bytes, offset + 8) : 0;
    const word3 = long ? readInt32(bytes, offset + 12) : 0;
    let entry = this.#entries.get(hash(word0, word1, word2, word3));
    for (; entry !== undefined; entry = entry.next) {
      const { destination } = entry;
      if (destination.word0 !== word0 || destination.word3 !== word3) continue;
      if (destination.word1 === word1 && destination.word2 === word2) break;
    }
    if (entry === undefined) {
      if (this.#row.length >= DESTINATIONS_MAX) return this.#overflow;
      entry = this.#add(bytes, offset);
    }
    entry.isUsed = true;
    if (!entry.isDirect && --entry.patience <= 0) this.#lookUp(entry);
    return entry;
  }

  /** Looks up again some of the entries in use that are due at `nowMs`, and forgets some that are not in use. */
  refresh(nowMs: number): void {
    this.#nowMs = nowMs;
    for (let i = Math.min(STEP, this.#row.length); i > 0; i--) {
      if (this.#cursor >= this.#row.length) this.#cursor = 0;
      const entry = this.#row[this.#cursor]!;
      if (nowMs - entry.checkedMs < MAX_AGE_MS) {
        this.#cursor++;
      } else if (entry.isUsed) {
        this.#lookUp(entry);
        entry.isUsed = false;
        this.#cursor++;
      } else {
        this.#remove(this.#cursor);
      }
      if (this.#row.length === 0) return;
    }
  }

  /** The interface has another hardware address: all entries take it as their source. */
  setHardwareAddress(address: Uint8Array): void {
    this.#hardwareAddress = address;
    for (const entry of this.#row) entry.header.set(address, 6);
  }

  #add(bytes: Uint8Array, offset: number): NextHop {
    const destination = new IpAddress();
    destination.read(bytes, offset, this.#local.family);
    const entry = new NextHop(destination);
    const { family, word0, word1, word2, word3 } = destination;
    const key = hash(word0, word1, word2, word3);
    entry.next = this.#entries.get(key);
    this.#entries.set(key, entry);
    this.#row.push(entry);
    entry.header.set(this.#hardwareAddress, 6);
    write16(entry.header, 12, family === 4 ? ethernet.ETHER_TYPE.IPV4 : ethernet.ETHER_TYPE.IPV6);
    this.#lookUp(entry);
    return entry;
  }

  /** Takes the entry at `index` out; the last one takes its place. */
  #remove(index: number): void {
    const entry = this.#row[index]!;
    const last = this.#row.pop()!;
    if (last !== entry) this.#row[index] = last;
    const { word0, word1, word2, word3 } = entry.destination;
    const key = hash(word0, word1, word2, word3);
    const first = this.#entries.get(key);
    if (first === entry) {
      if (entry.next === undefined) this.#entries.delete(key);
      else this.#entries.set(key, entry.next);
      return;
    }
    for (let before = first; before !== undefined; before = before.next) {
      if (before.next === entry) before.next = entry.next;
    }
  }

  #lookUp(entry: NextHop): void {
    entry.checkedMs = this.#nowMs;
    entry.isDirect = entry.destination.isMulticast ? writeMulticast(entry) : this.#resolve(entry);
    entry.patience = entry.nextPatience;
    entry.nextPatience = entry.isDirect ? 1 : Math.min(2 * entry.nextPatience, PATIENCE_MAX);
  }

  /** Asks the kernel for the way. A next hop that it does not know, or not for sure, it is asked to find. */
  #resolve(entry: NextHop): boolean {
    const tables = this.#tables;
    const nextHop = this.#nextHop;
    if (!tables.findRoute(this.#local, entry.destination, nextHop)) return false;
    if (tables.interfaceIndex !== this.#interfaceIndex) return false;
    const state = tables.findNeighbor(nextHop, this.#interfaceIndex);
    if (state !== 'unknown') entry.header.set(tables.hardwareAddress, 0);
    if (state !== 'known') tables.useNeighbor(nextHop, this.#interfaceIndex);
    return state !== 'unknown';
  }
}

/** The hardware address of a group follows from its address (RFC 1112 §6.4, RFC 2464 §7). */
function writeMulticast({ destination, header }: NextHop): boolean {
  const { family, word0, word3 } = destination;
  const word = family === 4 ? word0 & 0x7fffff : word3;
  const prefix = family === 4 ? [0x01, 0x00, 0x5e, word >>> 16] : [0x33, 0x33, word >>> 24, word >>> 16];
  if (word0 === -1 && family === 4) header.fill(0xff, 0, 6);
  else header.set([...prefix, word >>> 8, word]);
  return true;
}

function hash(word0: number, word1: number, word2: number, word3: number): number {
  return word0 ^ Math.imul(word1, 31) ^ Math.imul(word2, 0x9e3779b1) ^ Math.imul(word3, 0x85ebca6b);
}
