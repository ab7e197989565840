import { Deadlines } from '../deadlines.js';
import { SeededRandom } from './random.js';

/** What an underlay does to packets. */
export interface UnderlayConditions {
  /** Shortest way from host to host, in milliseconds. Default 1. */
  readonly delayMs: number;
  /** Up to this much longer, so packets overtake each other. Default 0. */
  readonly jitterMs: number;
  /** Share of packets lost. Default 0. */
  readonly loss: number;
  /** Share of packets that come twice. Default 0. */
  readonly duplication: number;
}

/** A packet on its way: what a control message or frame would be inside its tunnel headers. */
export interface UnderlayPacket {
  readonly network: number;
  readonly source: number;
  readonly destination: number;
  readonly control: boolean;
  readonly octets: Uint8Array;
}

/** One that can be sent to. */
export interface UnderlayNode {
  /** Takes a packet; what it sends in return goes on its way at once. */
  receive(packet: UnderlayPacket, nowMs: number): void;
  /** Lets time pass. */
  tick(nowMs: number): void;
  /** When `tick` has something to do, or Infinity. */
  readonly nextTickMs: number;
}

const GOOD: UnderlayConditions = { delayMs: 1, jitterMs: 0, loss: 0, duplication: 0 };

/**
 * An IP underlay in memory with a clock of its own: delays, loses, repeats, reorders and partitions, all by its seed, so
 * the same run can be had again. Packets of one time may arrive in any order.
 */
export class SimulatedUnderlay {
  /** What happens to packets that are sent from now on. */
  conditions: UnderlayConditions = GOOD;
  /** Packets for which this is true are lost; nobody is cut off by default. */
  isCut: (packet: UnderlayPacket) => boolean = () => false;
  /** Sees every packet when it is sent, lost ones included. */
  onSent: (packet: UnderlayPacket, nowMs: number) => void = () => undefined;
  readonly #random: SeededRandom;
  readonly #nodes = new Map<number, UnderlayNode>();
  readonly #timers = new Deadlines();
  readonly #timed: UnderlayNode[] = [];
  readonly #indices = new Map<UnderlayNode, number>();
  readonly #arrivals = new Deadlines();
  readonly #packets: (UnderlayPacket | undefined)[] = [];
  readonly #free: number[] = [];
  #nowMs = 0;

  /** An underlay without hosts, at time 0. */
  constructor(random: SeededRandom) {
    this.#random = random;
  }

  /** The clock. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** Attaches a host by its address. */
  attach(address: number, node: UnderlayNode): void {
    this.#nodes.set(address, node);
    this.#indices.set(node, this.#timed.length);
    this.#timed.push(node);
  }

  /** Sends a packet, which must not change any more. */
  send(packet: UnderlayPacket): void {
    this.onSent(packet, this.#nowMs);
    const { loss, duplication } = this.conditions;
    if (this.isCut(packet) || this.#random.chance(loss)) return;
    this.#launch(packet);
    if (this.#random.chance(duplication)) this.#launch(packet);
  }

  /** Tells that a host may have got another time for its next tick. */
  reschedule(node: UnderlayNode): void {
    const index = this.#indices.get(node)!;
    const { nextTickMs } = node;
    if (nextTickMs === Infinity) this.#timers.clear(index);
    else this.#timers.set(index, nextTickMs);
  }

  /** Runs until `untilMs`; whatever happens up to then has happened. */
  run(untilMs: number): void {
    for (;;) {
      const nextMs = Math.min(this.#timers.nextMs, this.#arrivals.nextMs);
      if (nextMs > untilMs) break;
      this.#nowMs = Math.max(this.#nowMs, nextMs);
      const arrival = this.#arrivals.take(this.#nowMs);
      if (arrival >= 0) this.#deliver(arrival);
      else this.#tick(this.#timers.take(this.#nowMs));
    }
    this.#nowMs = untilMs;
  }

  #launch(packet: UnderlayPacket): void {
    const { delayMs, jitterMs } = this.conditions;
    const index = this.#free.pop() ?? this.#packets.length;
    this.#packets[index] = packet;
    const extraMs = jitterMs === 0 ? 0 : (jitterMs * this.#random.below(1000)) / 1000;
    this.#arrivals.set(index, this.#nowMs + delayMs + extraMs);
  }

  #deliver(index: number): void {
    const packet = this.#packets[index]!;
    this.#packets[index] = undefined;
    this.#free.push(index);
    const node = this.#nodes.get(packet.destination);
    if (node === undefined) return;
    node.receive(packet, this.#nowMs);
    this.reschedule(node);
  }

  #tick(index: number): void {
    const node = this.#timed[index]!;
    node.tick(this.#nowMs);
    this.reschedule(node);
  }
}
