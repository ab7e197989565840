import type { WireFault } from '../fault.js';
import { write16 } from '../octets.js';
import type { PacketBuffer } from '../packet-buffer.js';
import * as tcp from '../tcp.js';
import * as udp from '../udp.js';
import { finishChecksum, finishGenericChecksum, judgePartial } from './finish-checksum.js';
import {
  type PacketStart,
  TCP_CHECKSUM_AT,
  findNetwork,
  ipPacketEnd,
  isTransport,
  transportPseudoHeader,
} from './inner-transport.js';
import { RunCutter, type RunOutcome, type RunWays } from './run-cutter.js';
import { type ScratchOptions, ScratchRing } from './scratch-ring.js';
import { SegmentCutter } from './segment-cutter.js';

/** What {@link SoftwareOffload.run} refuses: a request that doesn't fit the packet, or one out of all proportion. */
export type OffloadFault = Extract<WireFault, 'E_OFFLOAD_MISMATCH' | 'E_OFFLOAD_TOO_MANY_SEGMENTS'>;

/**
 * Most segments that one packet is cut into. Choice: 2,048, so that a guest can't ask for 65,000 packets with one. The
 * least segment size of Linux, 48 octets, gives 1,366.
 */
export const SEGMENTS_MAX = 2048;

/** Settings of a {@link SoftwareOffload}. */
export interface SoftwareOffloadOptions extends ScratchOptions {
  /** What the packets start with. Default `ethernet`. */
  readonly startsWith?: PacketStart;
}

/**
 * Does what a packet's offload fields ask for, as a network card would, for ports that can't. Believes nothing that the
 * fields say: guests write them.
 */
export class SoftwareOffload {
  /** Packets whose partial checksum was not the sum of the pseudo-header. They are repaired, and delivered. */
  deviatingPartials = 0;
  readonly #startsWith: PacketStart;
  readonly #cutter: SegmentCutter;
  readonly #runs: RunCutter;

  /** With options for the memory of segments. */
  constructor(options: SoftwareOffloadOptions = {}) {
    this.#startsWith = options.startsWith ?? 'ethernet';
    const ring = new ScratchRing(options);
    this.#cutter = new SegmentCutter(ring);
    this.#runs = new RunCutter(ring);
  }

  /**
   * Calls `emit` with the packet, its checksum finished in place, or with the segments it was cut into, in order; what is
   * emitted is ordinary. On a fault nothing was emitted. Segments lie in the scratch memory of the options, their window is
   * valid until `emit` returns; `packet` is then left as it was.
   *
   * A packet without TCP or UDP where the fields say gets the generic sum, from there to its end, as virtio defines it
   * (partial value left in); such a packet can't be cut.
   */
  run(packet: PacketBuffer, emit: (packet: PacketBuffer) => void): OffloadFault | undefined {
    if (packet.segmentType !== 'none') return this.#cut(packet, emit);
    if (packet.checksum === 'partial') {
      const network = findNetwork(packet, this.#startsWith);
      if (isTransport(packet, network)) this.#finish(packet, network);
      else if (!finishGenericChecksum(packet)) return 'E_OFFLOAD_MISMATCH';
    }
    emit(packet);
    return undefined;
  }

  /**
   * True if what is left to do on `packet` may be left to any port: a whole TCP or UDP header is where its fields say, the IP
   * packet ends where it does, and the segments can be. A deviating partial checksum is repaired, since others go by it.
   * False: `run` does it, or says why not. Costs the headers.
   */
  prepare(packet: PacketBuffer): boolean {
    const { bytes, end, checksumStart, checksumField } = packet;
    const network = findNetwork(packet, this.#startsWith);
    if (!isTransport(packet, network) || ipPacketEnd(bytes, network) !== end) return false;
    if (packet.segmentType !== 'none' && checkSegments(packet, network) !== undefined) return false;
    if (judgePartial(packet, network) === 'deviating') {
      this.deviatingPartials++;
      const protocol = checksumField - checksumStart === TCP_CHECKSUM_AT ? tcp.IP_PROTOCOL : udp.IP_PROTOCOL;
      write16(bytes, checksumField, transportPseudoHeader(bytes, network, protocol, end - checksumStart));
    }
    return true;
  }

  /**
   * Does what {@link run} does to a TCP packet on its way into a tunnel over UDP, if `ways` can send it as super-datagrams: see `RunCutter`.
   * `unsuited`: nothing was done, and `run` is right.
   */
  runWrapped(packet: PacketBuffer, ways: RunWays): OffloadFault | RunOutcome {
    if (packet.segmentType !== 'tcp4' && packet.segmentType !== 'tcp6') return 'unsuited';
    const network = findNetwork(packet, this.#startsWith);
    const fault = isTransport(packet, network) ? checkSegments(packet, network) : 'E_OFFLOAD_MISMATCH';
    if (fault !== undefined) return fault;
    const outcome = this.#runs.cut(packet, network, ways);
    // Who is told so calls `run`, which looks again.
    if (outcome !== 'unsuited') this.#judge(packet, network);
    return outcome;
  }

  #cut(packet: PacketBuffer, emit: (packet: PacketBuffer) => void): OffloadFault | undefined {
    const network = findNetwork(packet, this.#startsWith);
    if (!isTransport(packet, network)) return 'E_OFFLOAD_MISMATCH';
    const fault = checkSegments(packet, network);
    if (fault !== undefined) return fault;
    this.#judge(packet, network);
    this.#cutter.cut(packet, network, emit);
    return undefined;
  }

  #finish(packet: PacketBuffer, network: number): void {
    this.#judge(packet, network);
    finishChecksum(packet, network);
  }

  #judge(packet: PacketBuffer, network: number): void {
    if (judgePartial(packet, network) === 'deviating') this.deviatingPartials++;
  }
}

/** Why `packet` can't be cut as its fields say. Precondition: `isTransport`. */
function checkSegments(packet: PacketBuffer, network: number): OffloadFault | undefined {
  const { bytes, segmentType, segmentSize, checksumStart, checksumField } = packet;
  const isTcp = checksumField - checksumStart === TCP_CHECKSUM_AT;
  const family = bytes[network]! >>> 4 === 4 ? 'tcp4' : 'tcp6';
  if (segmentSize < 1 || segmentType !== (isTcp ? family : 'udp')) return 'E_OFFLOAD_MISMATCH';
  const headerLength = isTcp ? tcp.readHeaderLength(bytes, checksumStart) : udp.HEADER_LENGTH;
  const payload = ipPacketEnd(bytes, network) - checksumStart - headerLength;
  return payload > SEGMENTS_MAX * segmentSize ? 'E_OFFLOAD_TOO_MANY_SEGMENTS' : undefined;
}
