import { IpAddress, type Locator, PacketBuffer, type ResolverEvent } from '@overlane/wire';
import { MESSAGE_LENGTH } from './constants.js';
import type { FaultCounts } from './fault-counts.js';

/** Where something goes: one locator (a signed integer), a list of them, or all switches of the instance. */
export type Target = number | Int32Array | 'members';

/** Limits of an outbox. */
export interface OutboxLimits {
  /** Most messages and frames waiting to be sent; a message to many counts once. */
  readonly capacity: number;
  /** Octets kept free in front of a control message. */
  readonly headroom: number;
}

interface Item {
  network: number;
  target: Target;
  // The next of several receivers.
  at: number;
  readonly message: Uint8Array;
  frame: PacketBuffer | undefined;
}

/**
 * What a state machine wants sent, in order. A message to many waits once and is handed out once per receiver, so a
 * flood costs no memory. Where there is no room the new message is dropped and counts E_VAN_OVERLOAD: each is one that
 * would be lost in an overloaded underlay too, and all of them are repeated or renewed by what follows.
 */
export class Outbox {
  readonly #limits: OutboxLimits;
  readonly #faults: FaultCounts;
  readonly #members: (network: number) => readonly Locator[];
  readonly #ring: Item[] = [];
  #first = 0;
  #length = 0;
  readonly #control: PacketBuffer;
  readonly #address = new IpAddress();
  readonly #event: { -readonly [K in keyof ResolverEvent]: ResolverEvent[K] };

  /** An empty outbox. `members` says who the switches of an instance are. */
  constructor(limits: OutboxLimits, faults: FaultCounts, members: (network: number) => readonly Locator[]) {
    this.#limits = limits;
    this.#faults = faults;
    this.#members = members;
    this.#control = PacketBuffer.from(new Uint8Array(MESSAGE_LENGTH), limits.headroom);
    const own = { address: this.#address };
    this.#event = { kind: 'control', network: 0, destination: own, payload: this.#control };
    this.#own = own;
  }

  readonly #own: Locator;

  /** Messages and frames waiting. */
  get size(): number {
    return this.#length;
  }

  /** A place for a control message, 24 octets for the caller to write at once, or `undefined` if there is no room. */
  addControl(network: number, target: Target): Uint8Array | undefined {
    const item = this.#add(network, target);
    if (item !== undefined) item.frame = undefined;
    return item?.message;
  }

  /** Sends `frame`, which is the outbox's from now on, to one locator. */
  addFrame(network: number, target: number, frame: PacketBuffer): void {
    const item = this.#add(network, target);
    if (item !== undefined) item.frame = frame;
  }

  /** What to send next, or `undefined`. One object is reused: it and its payload are valid until the next call. */
  next(): ResolverEvent | undefined {
    while (this.#length > 0) {
      const item = this.#ring[this.#first]!;
      const destination = this.#nextReceiver(item);
      if (destination === undefined) {
        this.#dropFirst();
        continue;
      }
      const event = this.#event;
      event.kind = item.frame === undefined ? 'control' : 'frame';
      event.network = item.network;
      event.destination = destination;
      event.payload = item.frame ?? this.#render(item.message);
      if (typeof item.target === 'number') this.#dropFirst();
      return event;
    }
    return undefined;
  }

  #nextReceiver(item: Item): Locator | undefined {
    const { target, at } = item;
    item.at++;
    if (target === 'members') return this.#members(item.network)[at];
    if (typeof target !== 'number' && at >= target.length) return undefined;
    this.#address.setIpv4(typeof target === 'number' ? target : target[at]!);
    return this.#own;
  }

  #render(message: Uint8Array): PacketBuffer {
    const packet = this.#control;
    const start = this.#limits.headroom;
    packet.bytes.set(message, start);
    return packet.reset(packet.bytes, start, start + MESSAGE_LENGTH);
  }

  #add(network: number, target: Target): Item | undefined {
    if (this.#length >= this.#limits.capacity) {
      this.#faults.add('E_VAN_OVERLOAD');
      return undefined;
    }
    if (this.#length === this.#ring.length) this.#enlarge();
    const item = this.#ring[(this.#first + this.#length) % this.#ring.length]!;
    this.#length++;
    item.network = network;
    item.target = target;
    item.at = 0;
    return item;
  }

  #dropFirst(): void {
    const item = this.#ring[this.#first]!;
    item.frame = undefined;
    item.target = 0;
    this.#first = (this.#first + 1) % this.#ring.length;
    this.#length--;
  }

  /** Doubles the ring, which is full, so that its first item comes to its start. */
  #enlarge(): void {
    const rest = this.#ring.splice(0, this.#first);
    this.#ring.push(...rest);
    this.#first = 0;
    for (let i = Math.max(16, this.#length); i > 0; i--) {
      this.#ring.push({
        network: 0,
        target: 0,
        at: 0,
        message: new Uint8Array(MESSAGE_LENGTH),
        frame: undefined,
      });
    }
  }
}
