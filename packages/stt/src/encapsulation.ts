/**
 * STT as an `Encapsulation`: outer IP, segment and frame headers around an Ethernet frame, cut into segments where it
 * is too long for the path, and put together again on the way in.
 */
import {
  type EcnMode,
  type Encapsulation,
  type Fault,
  type OffloadFault,
  PacketBuffer,
  SoftwareOffload,
  type TunnelMetadata,
  encapsulateEcn,
  ethernet,
  finishChecksum,
  ipHeaderLength,
  judgePartial,
  readFrameEcn,
} from '@overlane/wire';
import { FRAME_HEADER_LENGTH, SEGMENT_HEADER_LENGTH } from './constants.js';
import type { SttFault } from './faults.js';
import * as frame from './frame/index.js';
import { OffloadFields } from './offload/index.js';
import { OutgoingFrame } from './outgoing-frame.js';
import { type ReassemblyOptions, ReassemblyStore } from './reassembly/index.js';
import { SttReceiver } from './receiver.js';
import { SegmentCarrier, type SegmentCarrierOptions } from './segment-carrier.js';
import { FLAG as CONTROL } from './segment/segment-header.js';
import { Segmenter, type SegmenterOptions } from './segmenter.js';
import { NO_TAG, insertTag, planOffload } from './vlan-tag.js';
import { type SttWarnings, WARNING } from './warnings.js';

/** Longest IP packet: 65,535 octets with the header (IPv4) or without (IPv6). */
const IP_LENGTH_MAX = 0xffff;

/** Configuration of one tunnel port. Options of carrier, segmenter and reassembly store stand beside these. */
export interface SttOptions extends SegmentCarrierOptions, Omit<SegmenterOptions, 'carrier'>, ReassemblyOptions {
  /**
   * Context ids served here; others are refused (F7). Read on every frame, so it may change. Default: all up to 2^53-1,
   * what `TunnelMetadata.network` can hold.
   */
  readonly networks?: ReadonlySet<number>;
  /** ECN towards the outer header (RFC 6040 §4.3). Default `normal`: our egress combines the two. */
  readonly ecnMode?: EcnMode;
  /** Where the flag bits lie. Default `lsb`, as all deployed senders but illumos have them. */
  readonly flagBitOrder?: frame.FlagBitOrder;
  /**
   * Whether each frame is emitted as one oversized outer packet with offload fields, for an underlay that segments TCP
   * itself. Default false: an underlay without offload would drop it. `whereTheyFit`: frames too long for one IP packet
   * are cut here, instead of being refused.
   */
  readonly superFrames?: boolean | 'whereTheyFit';
  /**
   * What `decapsulate` does with a partial inner checksum: `finished`, it is completed; `kept`, the packet's offload fields
   * ask for it. Default `finished`, which any port can take. A frame with an MSS keeps its fields either way, because it
   * has yet to be cut: hand it to a port that can, or to `SoftwareOffload`.
   */
  readonly innerChecksum?: 'finished' | 'kept';
  /** MTU of the egress ports, for datagrams with an MSS, which are delivered only if they fit. Default 1500. */
  readonly egressMtu?: number;
}

/** STT over IPv4 and IPv6. One object per tunnel port: it holds the packet id counter and the frames in assembly. */
export class SttEncapsulation implements Encapsulation {
  readonly name = 'stt';
  readonly carriesOffload = true;
  readonly #carrier: SegmentCarrier;
  readonly #segmenter: Segmenter;
  readonly #receiver: SttReceiver;
  readonly #offload: SoftwareOffload;
  readonly #fields = new OffloadFields();
  readonly #outgoing = new OutgoingFrame();
  readonly #outer = new PacketBuffer(new Uint8Array(0));
  readonly #ecnMode: EcnMode;
  readonly #flagBitOrder: frame.FlagBitOrder;
  readonly #superFrames: boolean | 'whereTheyFit';
  readonly #innerChecksum: 'finished' | 'kept';
  readonly #egressMtu: number;

  /** An STT endpoint; every option has a default. Memory for reassembly is taken here. */
  constructor(options: SttOptions = {}) {
    const { networks, ecnMode = 'normal', flagBitOrder = 'lsb', superFrames = false } = options;
    const { innerChecksum = 'finished', egressMtu = 1500 } = options;
    this.#carrier = new SegmentCarrier(options);
    this.#segmenter = new Segmenter({ ...options, carrier: this.#carrier });
    this.#receiver = new SttReceiver(this.#carrier, new ReassemblyStore(options), networks, flagBitOrder);
    this.#offload = new SoftwareOffload({ headroom: this.overhead(6), beforeReuse: options.beforeReuse });
    this.#ecnMode = ecnMode;
    this.#flagBitOrder = flagBitOrder;
    this.#superFrames = superFrames;
    this.#innerChecksum = innerChecksum;
    this.#egressMtu = egressMtu;
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
   * As `Encapsulation.encapsulate`; emits one packet per segment. A frame that fits one segment is wrapped in place,
   * unless it has a VLAN tag to take out or too little headroom; all others are copied, once, to the segmenter's scratch,
   * and stay intact there as {@link Segmenter} says, because ports keep octets until their flush.
   *
   * What the packet's offload fields ask for is left to the far end, in the frame header, if STT can say it; otherwise it is
   * done here first: the checksum in place, cutting into memory of a `SoftwareOffload`.
   */
  encapsulate(
    packet: PacketBuffer,
    tunnel: TunnelMetadata,
    emit: (packet: PacketBuffer) => void,
  ): SttFault | undefined {
    const { family } = tunnel.destination;
    if (packet.end - packet.start < ethernet.HEADER_LENGTH) return 'E_STT_INNER_TRUNCATED';
    const malformed = ethernet.check(packet.bytes, packet.start, packet.end);
    if (malformed !== undefined) return malformed;
    if (!Number.isSafeInteger(tunnel.network) || tunnel.network < 0) return 'E_FIELD_RANGE';
    if (tunnel.source.family !== family) return 'E_ADDRESS_FAMILY_MISMATCH';
    if (this.#segmenter.payloadMax(family) <= 0) return 'E_STT_MTU_TOO_SMALL';
    if (planOffload(this.#fields, packet) === 'send') return this.#send(packet, tunnel, emit);
    let fault: SttFault | undefined;
    const refused = this.#offload.run(packet, (finished) => {
      this.#fields.plan(finished);
      fault ??= this.#send(finished, tunnel, emit);
    });
    return refused === undefined ? fault : sttFaultOf(refused);
  }

  /**
   * As `Encapsulation.decapsulate`; rules S1 to S13 and F1 to F7 in order. A frame that was put together lies in the
   * store's memory, to which `packet` then points: it is valid until the next call, so a port that keeps octets until its
   * flush must be flushed or must copy.
   */
  decapsulate(packet: PacketBuffer, tunnel: TunnelMetadata, nowMs: number): Fault | 'incomplete' | undefined {
    const outcome = this.#receiver.receive(packet, tunnel, nowMs);
    if (outcome !== undefined) return outcome;
    const { bytes, start } = packet;
    const fields = this.#fields;
    fields.flags = frame.readFlags(bytes, start, this.#flagBitOrder);
    fields.l4Offset = frame.readL4Offset(bytes, start);
    fields.mss = frame.readMss(bytes, start);
    const tci = frame.readVlanValid(bytes, start) ? frame.readTci(bytes, start) : NO_TAG;
    packet.trimFront(FRAME_HEADER_LENGTH);
    const refused = fields.apply(packet, this.#egressMtu);
    if (refused !== undefined) return refused;
    if (packet.checksum === 'partial') {
      if (judgePartial(packet) === 'deviating') this.warnings.count(WARNING.PARTIAL_CHECKSUM);
      if (packet.segmentType === 'none' && this.#innerChecksum === 'finished') finishChecksum(packet);
    }
    if (tci !== NO_TAG) insertTag(packet, tci);
    return undefined;
  }

  /** Lets time pass: gives up frames whose time is over. `decapsulate` does the same. */
  tick(nowMs: number): void {
    this.reassembly.tick(nowMs);
  }

  /** Sends a frame with the offload fields that are in `#fields`. */
  #send(packet: PacketBuffer, tunnel: TunnelMetadata, emit: (packet: PacketBuffer) => void): SttFault | undefined {
    const { family } = tunnel.destination;
    const outgoing = this.#outgoing;
    const fault = outgoing.load(packet.bytes, packet.start, packet.end);
    if (fault !== undefined) return fault;
    const fits = ipLengthOf(outgoing.length, family) <= IP_LENGTH_MAX;
    if (this.#superFrames === true && !fits) return 'E_STT_FRAME_TOO_LARGE';
    const isSuper = this.#superFrames !== false && fits;
    const { flags, l4Offset, mss } = this.#fields;
    const high = Math.floor(tunnel.network / 0x1_0000_0000);
    outgoing.writeFrameHeader(flags, l4Offset, mss, high, tunnel.network % 0x1_0000_0000, this.#flagBitOrder);
    const ecn = encapsulateEcn(readFrameEcn(packet.bytes, packet.start, packet.end), this.#ecnMode);
    const isOne = isSuper || outgoing.length <= this.#segmenter.payloadMax(family);
    if (isOne && outgoing.tagLength === 0 && packet.start >= this.overhead(family)) {
      this.#sendInPlace(packet, tunnel, ecn, emit);
      return undefined;
    }
    if (!isSuper) return this.#segmenter.emitPackets(outgoing, tunnel, ecn, emit);
    this.#segmenter.emitSuperFrame(outgoing, tunnel, ecn, emit);
    return undefined;
  }

  #sendInPlace(
    { bytes, start, end }: PacketBuffer,
    tunnel: TunnelMetadata,
    ecn: number,
    emit: (packet: PacketBuffer) => void,
  ): void {
    const { lead, length } = this.#outgoing;
    const { family } = tunnel.destination;
    const at = start - FRAME_HEADER_LENGTH;
    for (let i = 0; i < FRAME_HEADER_LENGTH; i++) bytes[at + i] = lead[i]!;
    const outer = this.#outer.reset(bytes, at, end);
    const id = this.#segmenter.takePacketId();
    this.#carrier.prepend(outer, tunnel, ecn, length, 0, id, CONTROL.ACK | CONTROL.PSH);
    if (this.#superFrames !== false) this.#carrier.defer(outer, family, this.#segmenter.payloadMax(family));
    else this.#carrier.finish(outer, family);
    emit(outer);
  }
}

/** The specification's name of what the inner frame's offload fields ask for in vain. */
function sttFaultOf(refused: OffloadFault): SttFault {
  return refused === 'E_OFFLOAD_MISMATCH' ? 'E_STT_OFFLOAD_MISMATCH' : refused;
}

/** What the length field of the outer IP header would say about an STT frame of `length` octets in one packet. */
function ipLengthOf(length: number, family: 4 | 6): number {
  return length + SEGMENT_HEADER_LENGTH + (family === 4 ? ipHeaderLength(4) : 0);
}
