/**
 * The receiving half of an endpoint: segments in, inner Ethernet frames out (`spec/stt.md` §7). Rules S1 to S8 and F1 to F7
 * are here and in the codecs, S10 to S13 in the reassembly store.
 */
import { type Fault, type PacketBuffer, type TunnelMetadata, combineFrameEcn } from '@overlane/wire';
import type { SttFault } from './faults.js';
import * as frame from './frame/index.js';
import { ReassemblyStore } from './reassembly/index.js';
import type { SegmentCarrier } from './segment-carrier.js';
import { SegmentPrediction } from './segment-prediction.js';
import * as segment from './segment/index.js';
import { SttWarnings } from './warnings.js';

/** Context ids from 2^53 on have an upper half from here on; `TunnelMetadata.network` can't hold them. */
const CONTEXT_HIGH_LIMIT = 0x20_0000;

/** Receives for one tunnel port. Allocates nothing per packet, the store's view of a segment apart. */
export class SttReceiver {
  /** The frames in assembly: its counters, and the events of those given up. */
  readonly store: ReassemblyStore;
  /** What was accepted and odd. */
  readonly warnings = new SttWarnings();
  readonly #prediction = new SegmentPrediction();
  readonly #carrier: SegmentCarrier;
  readonly #networks: ReadonlySet<number> | undefined;
  readonly #flagBitOrder: frame.FlagBitOrder;

  /** A receiver on `store`, which must serve no other port. */
  constructor(
    carrier: SegmentCarrier,
    store: ReassemblyStore,
    networks: ReadonlySet<number> | undefined,
    flagBitOrder: frame.FlagBitOrder,
  ) {
    this.#carrier = carrier;
    this.store = store;
    this.#networks = networks;
    this.#flagBitOrder = flagBitOrder;
  }

  /**
   * Takes the outer packet in `packet`. `'incomplete'`: its octets were stored. `undefined`: `packet` is a whole STT frame
   * that has passed rules F1 to F7, from its frame header on, ECN combined; `tunnel` is filled in.
   */
  receive(packet: PacketBuffer, tunnel: TunnelMetadata, nowMs: number): Fault | 'incomplete' | undefined {
    this.warnings.last = 0;
    if (this.#prediction.matches(packet) && this.#extend(packet, nowMs)) return 'incomplete';
    const outerStart = packet.start;
    const fault = this.#carrier.open(packet, tunnel);
    if (fault !== undefined) return fault;
    const { bytes, start, end } = packet;
    const warnings = segment.readWarnings(bytes, start);
    this.warnings.count(warnings);
    const payload = start + segment.readHeaderLength(bytes, start);
    const frameLength = segment.readFrameLength(bytes, start);
    if (end - payload === frameLength) packet.start = payload;
    else {
      const { store } = this;
      const outcome = store.accept(
        tunnel.source,
        tunnel.destination,
        tunnel.entropy,
        segment.readPacketId(bytes, start) | 0,
        frameLength,
        segment.readSegmentOffset(bytes, start),
        bytes,
        payload,
        end,
        (tunnel.dscp << 2) | tunnel.ecn,
        nowMs,
      );
      if (store.run !== 0) this.#prediction.learn(store.run, bytes, outerStart, end, start, warnings);
      if (outcome !== 'complete') return outcome;
      const { delivered } = store;
      packet.reset(delivered.bytes, delivered.start, delivered.end);
      tunnel.dscp = delivered.dscp;
      tunnel.ecn = delivered.ecn;
    }
    return this.#judge(packet, tunnel);
  }

  /** Stores the predicted segment, which is in `packet`; false if the store must look at it more closely. */
  #extend(packet: PacketBuffer, nowMs: number): boolean {
    const prediction = this.#prediction;
    const { bytes, start } = packet;
    const end = start + prediction.length;
    if (!this.store.extend(prediction.run, bytes, start + prediction.payloadAt, end, nowMs)) return false;
    packet.start = start + prediction.segmentAt;
    packet.end = end;
    this.warnings.count(prediction.warnings);
    prediction.advance();
    return true;
  }

  /** Rules F1 to F7 for the whole frame in `packet`. */
  #judge(packet: PacketBuffer, tunnel: TunnelMetadata): SttFault | undefined {
    const { bytes, start, end } = packet;
    const fault =
      frame.checkFrame(bytes, start, end, this.#flagBitOrder) ??
      combineFrameEcn(bytes, start + frame.HEADER_LENGTH, end, tunnel);
    if (fault !== undefined) return fault;
    this.warnings.count(frame.readWarnings(bytes, start, this.#flagBitOrder));
    const high = frame.readContextIdHigh(bytes, start);
    const network = high * 0x1_0000_0000 + frame.readContextIdLow(bytes, start);
    if (high >= CONTEXT_HIGH_LIMIT || this.#networks?.has(network) === false) return 'E_STT_UNKNOWN_CONTEXT';
    tunnel.network = network;
    return undefined;
  }
}
