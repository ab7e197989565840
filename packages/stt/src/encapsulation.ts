/**
 * STT as an {@link Encapsulation}: outer IP, segment and frame headers around an Ethernet frame, cut into segments where it
 * is too long for the path, and put together again on the way in.
 */
import {
  type EcnMode,
  type Encapsulation,
  type Fault,
  type PacketBuffer,
  type TunnelMetadata,
  encapsulateEcn,
  readFrameEcn,
} from '@overlane/wire';
import { FRAME_HEADER_LENGTH } from './constants.js';
import type { SttFault } from './faults.js';
import * as frame from './frame/index.js';
import { OutgoingFrame } from './outgoing-frame.js';
import { type ReassemblyOptions, ReassemblyStore } from './reassembly/index.js';
import { SttReceiver, takeInnerFrame } from './receiver.js';
import { SegmentCarrier, type SegmentCarrierOptions } from './segment-carrier.js';
import { FLAG as CONTROL } from './segment/segment-header.js';
import { Segmenter, type SegmenterOptions } from './segmenter.js';
import type { SttWarnings } from './warnings.js';

/** Configuration of one tunnel port. Options of carrier, segmenter and reassembly store stand beside these. */
export interface SttOptions extends SegmentCarrierOptions, Omit<SegmenterOptions, 'carrier'>, ReassemblyOptions {
  /**
   * Context ids served here; others are refused (F7). Read on every frame, so it may change. Default: all up to 2^53-1,
   * what {@link TunnelMetadata.network} can hold.
   */
  readonly networks?: ReadonlySet<number>;
  /** ECN towards the outer header (RFC 6040 §4.3). Default `normal`: our egress combines the two. */
  readonly ecnMode?: EcnMode;
  /** Where the flag bits lie. Default `lsb`, as all deployed senders but illumos have them. */
  readonly flagBitOrder?: frame.FlagBitOrder;
}

/** STT over IPv4 and IPv6. One object per tunnel port: it holds the packet id counter and the frames in assembly. */
export class SttEncapsulation implements Encapsulation {
  readonly name = 'stt';
  readonly #carrier: SegmentCarrier;
  readonly #segmenter: Segmenter;
  readonly #receiver: SttReceiver;
  readonly #outgoing = new OutgoingFrame();
  readonly #ecnMode: EcnMode;
  readonly #flagBitOrder: frame.FlagBitOrder;

  /** An STT endpoint; every option has a default. Memory for reassembly is taken here. */
  constructor(options: SttOptions = {}) {
    const { networks, ecnMode = 'normal', flagBitOrder = 'lsb' } = options;
    this.#carrier = new SegmentCarrier(options);
    this.#segmenter = new Segmenter({ ...options, carrier: this.#carrier });
    this.#receiver = new SttReceiver(this.#carrier, new ReassemblyStore(options), networks, flagBitOrder);
    this.#ecnMode = ecnMode;
    this.#flagBitOrder = flagBitOrder;
  }

  /** The frames in assembly: counters, memory, and `takeEvents` for those given up. */
  get reassembly(): ReassemblyStore {
    return this.#receiver.store;
  }

  /** What was received and accepted, and odd. */
  get warnings(): SttWarnings {
    return this.#receiver.warnings;
  }

  /** 58 octets over IPv4, 78 over IPv6. Longer frames are cut: {@link Segmenter.payloadMax}. */
  overhead(family: 4 | 6): number {
    return this.#carrier.overhead(family) + FRAME_HEADER_LENGTH;
  }

  /**
   * As {@link Encapsulation.encapsulate}; emits one packet per segment. A frame that fits one segment is wrapped in place,
   * unless it has a VLAN tag to take out or too little headroom; all others are copied, once, to the segmenter's scratch,
   * and stay intact there as {@link Segmenter} says, because ports keep octets until their flush.
   */
  encapsulate(
    packet: PacketBuffer,
    tunnel: TunnelMetadata,
    emit: (packet: PacketBuffer) => void,
  ): SttFault | undefined {
    const { network } = tunnel;
    const family = tunnel.destination.family;
    const outgoing = this.#outgoing;
    const fault = outgoing.load(packet.bytes, packet.start, packet.end);
    if (fault !== undefined) return fault;
    if (!Number.isSafeInteger(network) || network < 0) return 'E_FIELD_RANGE';
    if (tunnel.source.family !== family) return 'E_ADDRESS_FAMILY_MISMATCH';
    if (this.#segmenter.payloadMax(family) <= 0) return 'E_STT_MTU_TOO_SMALL';
    const high = Math.floor(network / 0x1_0000_0000);
    const claims = packet.checksum === 'verified' ? frame.FLAG.CHECKSUM_VERIFIED : 0;
    outgoing.writeFrameHeader(claims, 0, 0, high, network % 0x1_0000_0000, this.#flagBitOrder);
    const ecn = encapsulateEcn(readFrameEcn(packet.bytes, packet.start, packet.end), this.#ecnMode);
    const inPlace =
      outgoing.tagLength === 0 &&
      outgoing.length <= this.#segmenter.payloadMax(family) &&
      packet.start >= this.overhead(family);
    if (!inPlace) return this.#segmenter.emitPackets(outgoing, tunnel, ecn, emit);
    this.#emitInPlace(packet, tunnel, ecn, emit);
    return undefined;
  }

  /**
   * As {@link Encapsulation.decapsulate}; rules S1 to S13 and F1 to F7 in order. A frame that was put together lies in the
   * store's memory, to which `packet` then points: it is valid until the next call, so a port that keeps octets until its
   * flush must be flushed or must copy.
   */
  decapsulate(packet: PacketBuffer, tunnel: TunnelMetadata, nowMs: number): Fault | 'incomplete' | undefined {
    const outcome = this.#receiver.receive(packet, tunnel, nowMs);
    if (outcome !== undefined) return outcome;
    takeInnerFrame(packet);
    return undefined;
  }

  /** Lets time pass: gives up frames whose time is over. `decapsulate` does the same. */
  tick(nowMs: number): void {
    this.reassembly.tick(nowMs);
  }

  #emitInPlace(packet: PacketBuffer, tunnel: TunnelMetadata, ecn: number, emit: (packet: PacketBuffer) => void): void {
    const { lead, length } = this.#outgoing;
    const at = packet.prepend(FRAME_HEADER_LENGTH);
    for (let i = 0; i < FRAME_HEADER_LENGTH; i++) packet.bytes[at + i] = lead[i]!;
    const flags = CONTROL.ACK | CONTROL.PSH;
    this.#carrier.prepend(packet, tunnel, ecn, length, 0, this.#segmenter.takePacketId(), flags);
    this.#carrier.finish(packet, tunnel.destination.family);
    emit(packet);
    packet.trimFront(this.overhead(tunnel.destination.family));
  }
}
