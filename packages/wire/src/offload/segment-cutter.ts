/**
 * Cuts a TCP or UDP packet into segments of a given size, as a network card would (TSO, USO). Segment i of a packet with
 * M octets per segment: all headers copied; IP lengths of its own; IPv4 identification + i; checksums computed in full;
 * TCP: sequence number + i * M, FIN and PSH on the last only, CWR on the first only (RFC 3168 §6.1.2); UDP: its length.
 */
import { PacketBuffer } from '../packet-buffer.js';
import * as tcp from '../tcp.js';
import * as udp from '../udp.js';
import { ipPacketEnd } from './inner-transport.js';
import type { ScratchRing } from './scratch-ring.js';
import { SegmentHeaders } from './segment-headers.js';

/**
 * Cuts packets one after the other. Payload octets are copied once and summed once; what the headers of all segments have
 * in common is summed once per packet. Allocates nothing per packet, but one view per segment if packet and scratch lie in
 * different arrays.
 */
export class SegmentCutter {
  readonly #ring: ScratchRing;
  readonly #headers = new SegmentHeaders();
  readonly #segment = new PacketBuffer(new Uint8Array(0));

  /** A cutter that puts segments in `ring`. */
  constructor(ring: ScratchRing) {
    this.#ring = ring;
  }

  /**
   * Emits the packet, which stays as it is, in segments of at most `packet.segmentSize` octets of payload, Ethernet padding
   * left out. The window that `emit` gets is valid until it returns, the octets as the options say.
   *
   * Precondition: a whole header of the kind that `packet.segmentType` says at `packet.checksumStart`, behind a checked IP
   * header at `network`, and a segment size of at least 1. Costs the packet's octets, and its headers once per segment.
   */
  cut(packet: PacketBuffer, network: number, emit: (packet: PacketBuffer) => void): void {
    const { bytes, start, checksumStart, segmentSize } = packet;
    const isTcp = packet.segmentType !== 'udp';
    const payload = checksumStart + (isTcp ? tcp.readHeaderLength(bytes, checksumStart) : udp.HEADER_LENGTH);
    const end = ipPacketEnd(bytes, network);
    this.#headers.begin(bytes, network, checksumStart, payload, isTcp ? 'tcp' : 'udp');
    for (let from = payload, index = 0; from < end || index === 0; from += segmentSize, index++) {
      const to = Math.min(from + segmentSize, end);
      const segment = this.#copy(bytes, start, payload, from, to);
      const data = segment.end - (to - from);
      this.#headers.rewrite(segment.bytes, data, segment.end, index, from - payload, to === end);
      emit(segment);
    }
  }

  /** A segment in the scratch: the headers `bytes[start..payload)` and behind them `bytes[from..to)`. */
  #copy(bytes: Uint8Array, start: number, payload: number, from: number, to: number): PacketBuffer {
    const headers = payload - start;
    const at = this.#ring.reserve(headers, to - from) - headers;
    const scratch = this.#ring.bytes;
    if (bytes === scratch) {
      scratch.copyWithin(at, start, payload);
      scratch.copyWithin(at + headers, from, to);
    } else {
      for (let i = 0; i < headers; i++) scratch[at + i] = bytes[start + i]!;
      scratch.set(bytes.subarray(from, to), at + headers);
    }
    return this.#segment.reset(scratch, at, at + headers + to - from);
  }
}
