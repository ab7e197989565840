import { PacketBuffer } from '@overlane/wire';
import { BROADCAST_HEADER_LENGTH, BROADCAST_LENGTH, MESSAGE_LENGTH } from './message-constants.js';

/** Something to send. One object is reused: it and its payload are valid until the next call. */
export interface NlArpEvent {
  /** `control`: a message; `frame`: a frame that waited for an answer. */
  readonly kind: 'control' | 'frame';
  /** Tenant that it is about. */
  readonly tenant: number;
  /** Address space that it is about, signed. */
  readonly macAsId: number;
  /** Port to send it to; 0: broadcast it. */
  readonly port: number;
  /** Upper 16 bits of the MAC of the edge switch to send it to. */
  readonly edgeHigh: number;
  /** Lower 32 bits of it, signed. */
  readonly edgeLow: number;
  /** VLAN to broadcast it on; 0: whichever is chosen. */
  readonly vlan: number;
  /** The message or frame, with headroom, and behind messages room for the padding of a broadcast. */
  readonly payload: PacketBuffer;
}

type Item = { -readonly [Field in keyof NlArpEvent]: NlArpEvent[Field] };

/** Messages wait as octets, side by side. */
const WORDS = 6;
const TAIL = BROADCAST_LENGTH - BROADCAST_HEADER_LENGTH - MESSAGE_LENGTH;

/**
 * What the state machine wants sent, in order: a ring of fixed size. Where there is no room nothing is added; all messages are
 * repeated, or renewed by what follows.
 */
export class Outbox {
  readonly #capacity: number;
  readonly #headroom: number;
  readonly #messages: Uint8Array;
  readonly #words: Int32Array;
  readonly #frames: (PacketBuffer | undefined)[];
  readonly #control: PacketBuffer;
  readonly #event: Item;
  #first = 0;
  #length = 0;

  /** An empty outbox. */
  constructor(capacity: number, headroom: number) {
    this.#capacity = capacity;
    this.#headroom = headroom;
    this.#messages = new Uint8Array(capacity * MESSAGE_LENGTH);
    this.#words = new Int32Array(capacity * WORDS);
    this.#frames = new Array<PacketBuffer | undefined>(capacity).fill(undefined);
    this.#control = PacketBuffer.from(new Uint8Array(MESSAGE_LENGTH), headroom, TAIL);
    const nowhere = { tenant: 0, macAsId: 0, port: 0, edgeHigh: 0, edgeLow: 0, vlan: 0 };
    this.#event = { kind: 'control', ...nowhere, payload: this.#control };
  }

  /** Messages and frames waiting. */
  get size(): number {
    return this.#length;
  }

  /** The octets that {@link addMessage} returns offsets in. */
  get bytes(): Uint8Array {
    return this.#messages;
  }

  /** Adds a message for all, or one place; returns the offset of its 24 octets, to be written at once; -1: no room. */
  addMessage(tenant: number, macAsId: number, port: number, edgeHigh: number, edgeLow: number, vlan: number): number {
    const item = this.#add(tenant, macAsId, port, edgeHigh, edgeLow, vlan, undefined);
    return item < 0 ? item : item * MESSAGE_LENGTH;
  }

  /** Adds a frame, which is the outbox's from now on, for one place; false: no room. */
  addFrame(
    tenant: number,
    macAsId: number,
    port: number,
    edgeHigh: number,
    edgeLow: number,
    frame: PacketBuffer,
  ): boolean {
    return this.#add(tenant, macAsId, port, edgeHigh, edgeLow, 0, frame) >= 0;
  }

  /** What to send next, or `undefined`. */
  next(): NlArpEvent | undefined {
    if (this.#length === 0) return undefined;
    const item = this.#first;
    this.#first = (item + 1) % this.#capacity;
    this.#length--;
    const event = this.#event;
    const words = this.#words;
    const at = item * WORDS;
    const frame = this.#frames[item];
    this.#frames[item] = undefined;
    event.kind = frame === undefined ? 'control' : 'frame';
    event.tenant = words[at]!;
    event.macAsId = words[at + 1]!;
    event.port = words[at + 2]!;
    event.edgeHigh = words[at + 3]!;
    event.edgeLow = words[at + 4]!;
    event.vlan = words[at + 5]!;
    event.payload = frame ?? this.#render(item);
    return event;
  }

  #render(item: number): PacketBuffer {
    const packet = this.#control;
    const { bytes } = packet;
    const start = this.#headroom;
    const from = item * MESSAGE_LENGTH;
    for (let i = 0; i < MESSAGE_LENGTH; i++) bytes[start + i] = this.#messages[from + i]!;
    return packet.reset(bytes, start, start + MESSAGE_LENGTH);
  }

  #add(
    tenant: number,
    macAsId: number,
    port: number,
    edgeHigh: number,
    edgeLow: number,
    vlan: number,
    frame: PacketBuffer | undefined,
  ): number {
    if (this.#length >= this.#capacity) return -1;
    const item = (this.#first + this.#length) % this.#capacity;
    this.#length++;
    const words = this.#words;
    const at = item * WORDS;
    words[at] = tenant;
    words[at + 1] = macAsId;
    words[at + 2] = port;
    words[at + 3] = edgeHigh;
    words[at + 4] = edgeLow;
    words[at + 5] = vlan;
    this.#frames[item] = frame;
    return item;
  }
}
