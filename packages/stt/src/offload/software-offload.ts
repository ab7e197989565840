import type { PacketBuffer } from '@overlane/wire';
import type { SttFault } from '../faults.js';
import {
  TCP_CHECKSUM_AT,
  finishChecksum,
  finishGenericChecksum,
  isTransport,
  judgePartial,
  networkOffset,
} from './inner-checksum.js';
import { type TcpCutterOptions, TcpCutter } from './tcp-cutter.js';

/** What {@link SoftwareOffload.run} refuses: a request that doesn't fit the frame. */
export type OffloadFault = Extract<SttFault, 'E_STT_OFFLOAD_MISMATCH' | 'E_STT_UDP_SEGMENTATION_UNSUPPORTED'>;

/**
 * Does what a frame's offload fields ask for, as a NIC would, for ports that can't (`spec/stt.md` §5): on egress, and on
 * ingress for frames whose offload may not be deferred. Believes nothing that the fields say: guests write them.
 */
export class SoftwareOffload {
  /** Frames whose partial checksum was not the sum of the pseudo-header. They are repaired, and delivered. */
  deviatingPartials = 0;
  readonly #cutter: TcpCutter;

  /** With options for the memory of segments. */
  constructor(options: TcpCutterOptions = {}) {
    this.#cutter = new TcpCutter(options);
  }

  /**
   * Calls `emit` with the frame, its checksum finished in place, or with the segments it was cut into, in order; the packets
   * emitted are ordinary ones. On a fault nothing was emitted. Segments lie in the scratch memory of the options, their
   * window is valid until `emit` returns; `packet` is then left as it was.
   *
   * A frame without TCP or UDP where the fields say gets the generic sum, from there to its end, as virtio defines it
   * (partial value left in); such a frame can't be cut.
   */
  run(packet: PacketBuffer, emit: (packet: PacketBuffer) => void): OffloadFault | undefined {
    if (packet.segmentType !== 'none') return this.#cut(packet, emit);
    if (packet.checksum === 'partial') {
      if (isTransport(packet)) {
        this.#judge(packet);
        finishChecksum(packet);
      } else if (!finishGenericChecksum(packet)) {
        return 'E_STT_OFFLOAD_MISMATCH';
      }
    }
    emit(packet);
    return undefined;
  }

  #cut(packet: PacketBuffer, emit: (packet: PacketBuffer) => void): OffloadFault | undefined {
    const { segmentType, segmentSize, checksumStart, checksumField } = packet;
    if (segmentType === 'udp') return 'E_STT_UDP_SEGMENTATION_UNSUPPORTED';
    const isTcp = checksumField - checksumStart === TCP_CHECKSUM_AT && segmentSize >= 1 && isTransport(packet);
    if (!isTcp) return 'E_STT_OFFLOAD_MISMATCH';
    const network = networkOffset(packet);
    const isIpv4 = packet.bytes[network]! >>> 4 === 4;
    if (segmentType !== (isIpv4 ? 'tcp4' : 'tcp6')) return 'E_STT_OFFLOAD_MISMATCH';
    this.#judge(packet);
    this.#cutter.cut(packet, network, emit);
    return undefined;
  }

  #judge(packet: PacketBuffer): void {
    if (judgePartial(packet) === 'deviating') this.deviatingPartials++;
  }
}
