/**
 * Software coalescing (what Linux calls GRO): TCP segments and UDP datagrams that continue each other become one packet
 * that is yet to be cut, so that everything behind is paid once for many segments.
 *
 * The invariant: cutting the joined packet, as `SegmentCutter` and Linux do it, gives back the same segments, octet by
 * octet. So all headers must be equal but for those fields that cutting counts on: lengths, IPv4 identification, TCP
 * sequence number, PSH on the last, checksums. The checksum of every segment is verified before it is declared partial,
 * because a partial checksum is made anew by whoever finishes it: damage would be signed. A segment that is not
 * right is never joined, and goes on as it is.
 *
 * A packet that does not continue its flow makes the coalescer emit what it holds of that flow first, so the order within a
 * flow never changes. Order between flows may.
 */
import { PacketBuffer } from '../packet-buffer.js';
import * as tcp from '../tcp.js';
import * as udp from '../udp.js';
import { FlowPacket } from './flow-packet.js';
import { HeldFlow, heldFlowSize } from './held-flow.js';

/** Settings of a {@link SegmentCoalescer}. */
export interface SegmentCoalescerOptions<Target> {
  /** Flows held at the same time, 1..64. Default 8. When one more comes, one of them is released. */
  readonly flows?: number;
  /** Octets free in front of emitted packets. Default 128. */
  readonly headroom?: number;
  /** Whether a target gets UDP datagrams joined too, or TCP segments only. Default: all do. Asked for every datagram. */
  readonly joinsDatagrams?: (target: Target) => boolean;
  /**
   * Memory, a window whose octets the coalescer then owns: {@link SegmentCoalescer.scratchLength}. In the array of the
   * packets themselves, copying allocates nothing. Default: allocated when the first packet is held.
   */
  readonly scratch?: PacketBuffer;
}

/** Gets what a coalescer has held. Window and octets are valid until it returns: send and flush, or copy. */
export type CoalescedSink<Target> = (packet: PacketBuffer, target: Target) => void;

/**
 * Joins the segments of frames that go to a `Target`, any object that says where: segments to different ones are never
 * joined. Holds at most one packet of 64 KiB per flow; allocates nothing per packet. Call {@link flush} at the end of each
 * batch, for nothing is ever released by time.
 */
export class SegmentCoalescer<Target extends object> {
  /** Segments that were joined to others, the first of each packet not counted. */
  joined = 0;
  readonly #emit: CoalescedSink<Target>;
  readonly #flows: number;
  readonly #headroom: number;
  readonly #joinsDatagrams: ((target: Target) => boolean) | undefined;
  readonly #scratch: PacketBuffer | undefined;
  readonly #packet = new FlowPacket();
  #table: HeldFlow<Target>[] = [];
  #held = 0;
  // Where the search starts: bulk flows come in runs.
  #recent = 0;
  #nextVictim = 0;

  /** A coalescer that emits to `emit`. @throws RangeError if `flows` is out of range or `scratch` too short */
  constructor(emit: CoalescedSink<Target>, options: SegmentCoalescerOptions<Target> = {}) {
    const { flows = 8, headroom = 128, joinsDatagrams, scratch } = options;
    if (!(Number.isInteger(flows) && flows >= 1 && flows <= 64))
      throw new RangeError(`flows must be 1..64, got ${flows}`);
    const needed = SegmentCoalescer.scratchLength(flows, headroom);
    if (scratch !== undefined && scratch.length < needed) {
      throw new RangeError(`scratch has ${scratch.length} octets, ${flows} flows take ${needed}`);
    }
    this.#emit = emit;
    this.#flows = flows;
    this.#headroom = headroom;
    this.#joinsDatagrams = joinsDatagrams;
    this.#scratch = scratch === undefined ? undefined : new PacketBuffer(scratch.bytes, scratch.start, scratch.end);
  }

  /** Octets of memory for `flows` flows. */
  static scratchLength(flows = 8, headroom = 128): number {
    return flows * heldFlowSize(headroom);
  }

  /**
   * Takes the frame `packet`, which goes to `target`. True: it is held, or was joined to what is held, and its octets are
   * the caller's again. False: the caller must send it now; what was held of its flow has been emitted before.
   */
  accept(packet: PacketBuffer, target: Target): boolean {
    const flow = this.#packet;
    const kind = flow.read(packet);
    if (kind === 'other') return false;
    if (kind === 'unclear') {
      this.#flushTarget(target);
      return false;
    }
    if (flow.protocol === udp.IP_PROTOCOL && this.#joinsDatagrams?.(target) === false) return false;
    const held = this.#find(flow, target);
    if (!flow.isJoinable(packet)) {
      if (held !== undefined) this.#release(held);
      return false;
    }
    if (held !== undefined) {
      const outcome = held.join(flow);
      if (outcome !== 'does not continue') {
        this.joined++;
        if (outcome === 'joined and complete') this.#release(held);
        return true;
      }
      this.#release(held);
    }
    // A pushed segment ends a packet, so nothing can follow it.
    if (flow.protocol === tcp.IP_PROTOCOL && tcp.readFlags(flow.bytes, flow.transport) !== tcp.FLAG.ACK) return false;
    this.#takeEntry().hold(packet, flow, target);
    this.#held++;
    return true;
  }

  /** Emits everything that is held. */
  flush(): void {
    if (this.#held === 0) return;
    for (const entry of this.#table) if (entry.target !== undefined) this.#release(entry);
  }

  #flushTarget(target: Target): void {
    if (this.#held === 0) return;
    for (const entry of this.#table) if (entry.target === target) this.#release(entry);
  }

  #find(flow: FlowPacket, target: Target): HeldFlow<Target> | undefined {
    if (this.#held === 0) return undefined;
    const table = this.#table;
    for (let i = 0, at = this.#recent; i < table.length; i++) {
      const entry = table[at]!;
      if (entry.target === target && entry.isOf(flow)) {
        this.#recent = at;
        return entry;
      }
      at = at + 1 === table.length ? 0 : at + 1;
    }
    return undefined;
  }

  /** A free entry; if there is none, those held are released in turn. */
  #takeEntry(): HeldFlow<Target> {
    if (this.#table.length === 0) this.#table = this.#makeTable();
    const table = this.#table;
    let at = 0;
    if (this.#held < table.length) {
      while (table[at]!.target !== undefined) at++;
    } else {
      at = this.#nextVictim;
      this.#nextVictim = at + 1 === table.length ? 0 : at + 1;
      this.#release(table[at]!);
    }
    this.#recent = at;
    return table[at]!;
  }

  #makeTable(): HeldFlow<Target>[] {
    const size = heldFlowSize(this.#headroom);
    const scratch = this.#scratch ?? new PacketBuffer(new Uint8Array(this.#flows * size));
    return Array.from(
      { length: this.#flows },
      (_, i) => new HeldFlow<Target>(scratch.bytes, scratch.start + i * size, this.#headroom),
    );
  }

  #release(entry: HeldFlow<Target>): void {
    const target = entry.target!;
    this.#held--;
    this.#emit(entry.release(), target);
  }
}
