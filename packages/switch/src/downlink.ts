import { type Fault, type PacketBuffer, SegmentCoalescer, TunnelMetadata, dropOuterOffload } from '@overlane/wire';
import type { PortCounters } from './counters.js';
import type { Egress } from './egress.js';
import type { Ledger } from './ledger.js';
import { type Allocate, PORT_HEADROOM } from './offload.js';
import type { Segment } from './segment.js';
import type { SwitchRoles } from './switch-options.js';

/** Flows joined at the same time. */
const FLOWS = 8;

/** What a downlink hands frames to. */
export interface DownlinkWays {
  /** The local part of a network, if there is one. */
  segmentOf(network: number): Segment | undefined;
  /** Forwards a frame that came out of `tunnel`; a fault: it was dropped. */
  forward(frame: PacketBuffer, tunnel: TunnelMetadata, counters: PortCounters, nowMs: number): Fault | undefined;
  /** Hands over all packets that were sent. */
  flush(): void;
}

/** The way in: unwraps what comes from the underlay, and joins segments for networks whose ports take super-frames. */
export class Downlink {
  readonly #roles: SwitchRoles;
  readonly #ways: DownlinkWays;
  readonly #ledger: Ledger;
  readonly #coalescer: SegmentCoalescer;
  readonly #tunnel = new TunnelMetadata();
  /** Whether a packet may be joined to the one before without being unwrapped. */
  readonly #joinsWrapped: boolean;
  /** Whether the coalescer has the packet that was received last. */
  #isHeld = false;
  // Of the batch under way.
  #counters: PortCounters | undefined;
  #nowMs = 0;

  /** A downlink; `allocate` as in `SwitchOptions`. */
  constructor(roles: SwitchRoles, ways: DownlinkWays, ledger: Ledger, allocate: Allocate | undefined) {
    this.#roles = roles;
    this.#ways = ways;
    this.#ledger = ledger;
    this.#joinsWrapped = roles.encapsulation.keepsOffload === true;
    const scratch = allocate?.(SegmentCoalescer.scratchLength(FLOWS, PORT_HEADROOM));
    this.#coalescer = new SegmentCoalescer(
      (frame, tunnel) => {
        const counters = this.#counters!;
        const fault = ways.forward(frame, tunnel, counters, this.#nowMs);
        if (fault !== undefined) counters.countDropped(fault);
        // The memory of the frame is the coalescer's again when this returns.
        ways.flush();
      },
      { flows: FLOWS, headroom: PORT_HEADROOM, ...(scratch && { scratch }) },
    );
  }

  /** Segments that were appended to others. */
  get joined(): number {
    return this.#coalescer.joined;
  }

  /** Receives a batch and forwards it; the rest of the turn, flushing, is the caller's. Returns how many packets there were. */
  turn({ port, counters }: Egress, nowMs: number): number {
    const count = port.receive();
    this.#counters = counters;
    this.#nowMs = nowMs;
    // Where the packet before starts, if what was in it is held for being joined.
    let before = -1;
    for (let i = 0; i < count; i++) {
      const packet = port.packet(i);
      counters.countReceived(packet.length);
      const { start } = packet;
      if (before < 0 || !this.#coalescer.acceptNext(packet, before)) {
        this.#isHeld = false;
        const fault = this.#receive(packet, counters, nowMs);
        if (fault !== undefined) counters.countDropped(fault);
      }
      before = this.#joinsWrapped && this.#isHeld ? start : -1;
    }
    this.#coalescer.flush();
    return count;
  }

  #receive(packet: PacketBuffer, counters: PortCounters, nowMs: number): Fault | undefined {
    const { encapsulation } = this.#roles;
    const { bytes, start, end } = packet;
    const tunnel = this.#tunnel;
    const outcome = encapsulation.decapsulate(packet, tunnel, nowMs);
    if (outcome === 'incomplete') {
      this.#ledger.absorbed++;
      return undefined;
    }
    if (outcome !== undefined) return outcome;
    const unfit = encapsulation.carriesOffload === true ? undefined : dropOuterOffload(packet);
    if (unfit !== undefined) return unfit;
    const anomaly = tunnel.ecnAnomaly;
    if (anomaly !== 'none') counters.countFault(anomaly === 'note' ? 'E_SWITCH_ECN_NOTE' : 'E_SWITCH_ECN_ALARM');
    if (tunnel.control) return this.#takeControl(packet, tunnel, nowMs);
    // Joined before they are forwarded, segments pay for the decision once per super-frame.
    const joins = this.#ways.segmentOf(tunnel.network)?.joins ?? 'nothing';
    this.#isHeld = joins !== 'nothing' && this.#coalescer.accept(packet, tunnel, joins);
    if (this.#isHeld) return undefined;
    const fault = this.#ways.forward(packet, tunnel, counters, nowMs);
    // A frame put together in memory of the encapsulation is valid until its next call only.
    if (packet.bytes !== bytes || packet.start < start || packet.end > end) this.#ways.flush();
    return fault;
  }

  #takeControl(message: PacketBuffer, tunnel: TunnelMetadata, nowMs: number): Fault | undefined {
    const { resolver } = this.#roles;
    if (resolver.onControl === undefined) return 'E_SWITCH_CONTROL';
    const refused = resolver.onControl(message, tunnel, nowMs);
    if (refused === undefined) this.#ledger.absorbed++;
    return refused;
  }
}
