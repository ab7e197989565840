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
import { hasRecentView } from '../recent-view.js';
import type { TunnelMetadata } from '../roles.js';
import * as tcp from '../tcp.js';
import { FlowPacket } from './flow-packet.js';
import { HeldFlow, heldFlowSize } from './held-flow.js';
import { repeatsHeaders } from './repeated-headers.js';

/** What is to be joined: TCP segments only, or UDP datagrams too. */
export type JoinedKinds = 'segments' | 'segments and datagrams';

/** Settings of a {@link SegmentCoalescer}. */
export interface SegmentCoalescerOptions {
  /** Flows held at the same time, 1..64. Default 8. When one more comes, one of them is released. */
  readonly flows?: number;
  /** Octets free in front of emitted packets. Default 128. */
  readonly headroom?: number;
  /**
   * Memory, a window whose octets the coalescer then owns: {@link SegmentCoalescer.scratchLength}. In the array of the
   * packets themselves, copying allocates nothing. Default: allocated when the first packet is held.
   */
  readonly scratch?: PacketBuffer;
}

/**
 * Gets what a coalescer has held, and the tunnel that it came out of. Windows and octets are valid until it returns: send
 * and flush, or copy.
 */
export type CoalescedSink = (packet: PacketBuffer, tunnel: TunnelMetadata) => void;

/**
 * Joins the segments of frames that came out of tunnels; those of different tunnels or networks are never joined. Holds at
 * most one packet of 64 KiB per flow; allocates nothing per packet. Call {@link flush} at the end of each batch, for nothing
 * is ever released by time.
 */
export class SegmentCoalescer {
  /** Segments that were joined to others, the first of each packet not counted. */
  joined = 0;
  readonly #emit: CoalescedSink;
  readonly #flows: number;
  readonly #headroom: number;
  readonly #scratch: PacketBuffer | undefined;
  readonly #packet = new FlowPacket();
  #table: HeldFlow[] = [];
  #held = 0;
  /** What the packet accepted last, which `#packet` tells of, was added to and may go on; nothing else came since. */
  #last: HeldFlow | undefined;
  // Where the search starts: bulk flows come in runs.
  #recent = 0;
  #nextVictim = 0;

  /** A coalescer that emits to `emit`. @throws RangeError if `flows` is out of range or `scratch` too short */
  constructor(emit: CoalescedSink, options: SegmentCoalescerOptions = {}) {
    const { flows = 8, headroom = 128, scratch } = options;
    if (!(Number.isInteger(flows) && flows >= 1 && flows <= 64))
      throw new RangeError(`flows must be 1..64, got ${flows}`);
    const needed = SegmentCoalescer.scratchLength(flows, headroom);
    if (scratch !== undefined && scratch.length < needed) {
      throw new RangeError(`scratch has ${scratch.length} octets, ${flows} flows take ${needed}`);
    }
    this.#emit = emit;
    this.#flows = flows;
    this.#headroom = headroom;
    this.#scratch = scratch === undefined ? undefined : new PacketBuffer(scratch.bytes, scratch.start, scratch.end);
  }

  /** Octets of memory for `flows` flows. */
  static scratchLength(flows = 8, headroom = 128): number {
    return flows * heldFlowSize(headroom);
  }

  /**
   * Takes the frame `packet`, which came out of `tunnel`. True: it is held, or was joined to what is held, and its octets are
   * the caller's again. False: the caller must send it on now; what was held of its flow has been emitted before.
   */
  accept(packet: PacketBuffer, tunnel: TunnelMetadata, kinds: JoinedKinds = 'segments and datagrams'): boolean {
    const flow = this.#packet;
    const kind = flow.read(packet);
    this.#last = undefined;
    if (kind === 'other') return false;
    if (kind === 'unclear') {
      this.#flushTunnel(tunnel);
      return false;
    }
    const isTcp = flow.protocol === tcp.IP_PROTOCOL;
    if (!isTcp && kinds === 'segments') return false;
    const held = this.#find(flow, tunnel);
    const isPlain = flow.isPlain(packet);
    if (held !== undefined) {
      if (isPlain && held.isContinuedBy(flow) && flow.isGood(packet)) {
        this.joined++;
        if (held.join(flow) === 'complete') this.#release(held);
        else this.#last = held;
        return true;
      }
      this.#release(held);
    }
    // A pushed segment ends a packet, so nothing can follow it.
    if (!isPlain || (isTcp && tcp.readFlags(flow.bytes, flow.transport) !== tcp.FLAG.ACK)) return false;
    if (!flow.isGood(packet)) return false;
    const entry = this.#takeEntry();
    entry.hold(packet, flow, tunnel);
    this.#held++;
    this.#last = entry;
    return true;
  }

  /**
   * Takes the packet if it is plain to see that it continues what the one before it was added to: a TCP segment whose headers,
   * those of the tunnel included, are the same again but for what counts on. `packet` is still wrapped, in a tunnel over UDP
   * that is all in its headers (`Encapsulation.keepsOffload`); so was the one before, the last that {@link accept} or this has
   * taken, at `before` in the same array. False, and nothing has changed: unwrap it and ask `accept`.
   */
  acceptNext(packet: PacketBuffer, before: number): boolean {
    const flow = this.#packet;
    const held = this.#last;
    const { bytes, start } = packet;
    if (held === undefined || bytes !== flow.bytes || !hasRecentView(bytes)) return false;
    const distance = start - before;
    const isWhole =
      packet.end === flow.end + distance && packet.checksum !== 'partial' && packet.segmentType === 'none';
    if (!isWhole || flow.protocol !== tcp.IP_PROTOCOL) return false;
    if (!repeatsHeaders(before, start, flow, packet.checksum)) return false;
    flow.shift(distance);
    if (!flow.hasPlainFlags || !held.isContinuedBy(flow) || !flow.isSummedRight()) {
      flow.shift(-distance);
      return false;
    }
    this.joined++;
    if (held.join(flow) === 'complete') this.#release(held);
    return true;
  }

  /** Emits everything that is held. */
  flush(): void {
    if (this.#held === 0) return;
    for (const entry of this.#table) if (entry.isHolding) this.#release(entry);
  }

  #flushTunnel(tunnel: TunnelMetadata): void {
    if (this.#held === 0) return;
    for (const entry of this.#table) if (entry.isHolding && entry.tunnel.isSameTunnel(tunnel)) this.#release(entry);
  }

  #find(flow: FlowPacket, tunnel: TunnelMetadata): HeldFlow | undefined {
    if (this.#held === 0) return undefined;
    const table = this.#table;
    for (let i = 0, at = this.#recent; i < table.length; i++) {
      const entry = table[at]!;
      if (entry.isHolding && entry.isOf(flow) && entry.tunnel.isSameTunnel(tunnel)) {
        this.#recent = at;
        return entry;
      }
      at = at + 1 === table.length ? 0 : at + 1;
    }
    return undefined;
  }

  /** A free entry; if there is none, those held are released in turn. */
  #takeEntry(): HeldFlow {
    if (this.#table.length === 0) this.#table = this.#makeTable();
    const table = this.#table;
    let at = 0;
    if (this.#held < table.length) {
      while (table[at]!.isHolding) at++;
    } else {
      at = this.#nextVictim;
      this.#nextVictim = at + 1 === table.length ? 0 : at + 1;
      this.#release(table[at]!);
    }
    this.#recent = at;
    return table[at]!;
  }

  #makeTable(): HeldFlow[] {
    const size = heldFlowSize(this.#headroom);
    const scratch = this.#scratch ?? new PacketBuffer(new Uint8Array(this.#flows * size));
    return Array.from(
      { length: this.#flows },
      (_, i) => new HeldFlow(scratch.bytes, scratch.start + i * size, this.#headroom),
    );
  }

  #release(entry: HeldFlow): void {
    this.#held--;
    if (entry === this.#last) this.#last = undefined;
    this.#emit(entry.release(), entry.tunnel);
  }
}
