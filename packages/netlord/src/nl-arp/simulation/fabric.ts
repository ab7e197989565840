/** What a fabric does to what is sent through it. */
export interface FabricConditions {
  /** Shortest way between two servers, in milliseconds: an integer from 1 on. */
  readonly delayMs: number;
  /** Up to this many milliseconds more, so that packets overtake each other. */
  readonly jitterMs: number;
  /** Share of copies lost: of a broadcast, for each receiver by itself. */
  readonly loss: number;
  /** Share of packets that come twice. */
  readonly duplication: number;
}

/** A packet on its way. */
export interface FabricPacket {
  /** Number of the sender. */
  readonly from: number;
  /** Number of the receiver; TO_ALL for a broadcast. */
  readonly to: number;
  /** Whether it is an NL-ARP message or a frame. */
  readonly kind: 'control' | 'frame';
  /** The message, or the frame. */
  readonly octets: Uint8Array;
}

/** A server, as the fabric sees it. */
export interface FabricNode {
  /** Takes a packet. */
  receive(packet: FabricPacket, nowMs: number): void;
  /** Lets time pass. */
  tick(nowMs: number): void;
  /** When `tick` has something to do, or Infinity. */
  readonly nextTickMs: number;
}

/** Everybody but the sender. */
export const TO_ALL = -1;

const GOOD: FabricConditions = { delayMs: 1, jitterMs: 0, loss: 0, duplication: 0 };
/** How often servers look at their timers. */
const TICK_MS = 10;

/**
 * A fabric of Ethernet in memory with a clock of its own, in whole milliseconds: delays, loses, repeats, reorders and
 * partitions, all by its random numbers, so the same run can be had again. A broadcast is one event, whoever gets it.
 */
export class SimulatedFabric {
  /** What happens to packets that are sent from now on. */
  conditions: FabricConditions = GOOD;
  /** Pairs of servers for which this is true get nothing from each other; by default nobody is cut off. */
  isCut: (from: number, to: number) => boolean = () => false;
  /** Broadcasts sent, by second. */
  readonly broadcasts: number[] = [];
  /** Messages to one server. */
  unicasts = 0;
  readonly #random32: () => number;
  readonly #nodes: FabricNode[] = [];
  readonly #arrivals = new Map<number, FabricPacket[]>();
  #nowMs = 0;

  /** A fabric without servers, at time 0. */
  constructor(random32: () => number) {
    this.#random32 = random32;
  }

  /** The clock. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** Attaches a server; its number is how many there were before. */
  attach(node: FabricNode): void {
    this.#nodes.push(node);
  }

  /** Sends a packet, which must not change any more. */
  send(packet: FabricPacket): void {
    if (packet.to === TO_ALL) {
      const second = Math.floor(this.#nowMs / 1000);
      this.broadcasts[second] = (this.broadcasts[second] ?? 0) + 1;
    } else if (packet.kind === 'control') {
      this.unicasts++;
    }
    this.#launch(packet);
    if (this.#chance(this.conditions.duplication)) this.#launch(packet);
  }

  /** Runs until `untilMs`; whatever happens up to then has happened. */
  run(untilMs: number): void {
    for (; this.#nowMs <= untilMs; this.#nowMs++) {
      const arrived = this.#arrivals.get(this.#nowMs);
      this.#arrivals.delete(this.#nowMs);
      if (arrived !== undefined) for (const packet of arrived) this.#deliver(packet);
      if (this.#nowMs % TICK_MS === 0) {
        for (const node of this.#nodes) if (node.nextTickMs <= this.#nowMs) node.tick(this.#nowMs);
      }
    }
    this.#nowMs = untilMs;
  }

  #launch(packet: FabricPacket): void {
    const { delayMs, jitterMs } = this.conditions;
    const atMs = this.#nowMs + delayMs + (jitterMs === 0 ? 0 : (this.#random32() >>> 0) % (jitterMs + 1));
    const others = this.#arrivals.get(atMs);
    if (others === undefined) this.#arrivals.set(atMs, [packet]);
    else others.push(packet);
  }

  #deliver(packet: FabricPacket): void {
    const { from, to } = packet;
    if (to !== TO_ALL) return this.#hand(packet, to);
    for (let node = 0; node < this.#nodes.length; node++) if (node !== from) this.#hand(packet, node);
  }

  #hand(packet: FabricPacket, to: number): void {
    if (this.isCut(packet.from, to) || this.#chance(this.conditions.loss)) return;
    this.#nodes[to]!.receive(packet, this.#nowMs);
  }

  #chance(chance: number): boolean {
    return chance > 0 && (this.#random32() >>> 0) / 2 ** 32 < chance;
  }
}
