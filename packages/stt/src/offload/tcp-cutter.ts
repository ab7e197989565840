/**
 * Cuts a TCP packet in an Ethernet frame into segments of a given size (`spec/stt.md` §5), as a NIC would. Segment i of a
 * packet with M octets per segment: all headers copied; sequence number + i * M; IP lengths of its own; IPv4
 * identification + i; FIN and PSH on the last only, CWR on the first only; both checksums computed in full.
 */
import { PacketBuffer, checksum, ipv4, ipv6, read16, read32, tcp, write16, write32 } from '@overlane/wire';
import { TCP_CHECKSUM_AT, ipPacketEnd, pseudoHeader } from './inner-checksum.js';

/** Where a {@link TcpCutter} puts segments. */
export interface TcpCutterOptions {
  /** Octets free in front of every segment, for the headers of another tunnel. Default 128. */
  readonly headroom?: number;
  /**
   * Memory for segments, a window whose octets the cutter then owns; at least 66,000 octets and the headroom. A segment
   * stays intact until this many octets have come after it, so that a port can keep it until its flush. In the array of
   * the frames themselves, cutting allocates nothing. Default: 2 MiB, allocated when the first packet is cut.
   */
  readonly scratch?: PacketBuffer;
}

const SCRATCH_LENGTH = 2 << 20;
const SCRATCH_LENGTH_MIN = 66_000;
const ONLY_FIRST = tcp.FLAG.CWR;
const ONLY_LAST = tcp.FLAG.FIN | tcp.FLAG.PSH;

/**
 * Cuts packets one after the other. Payload octets are copied once. Allocates nothing per packet, but one view per segment
 * if frame and scratch lie in different arrays.
 */
export class TcpCutter {
  readonly #headroom: number;
  readonly #scratch: PacketBuffer;
  readonly #segment: PacketBuffer;
  #next: number;

  /** A cutter with its own ring of memory. @throws RangeError if `scratch` is too short for one segment */
  constructor({ headroom = 128, scratch }: TcpCutterOptions = {}) {
    const needed = SCRATCH_LENGTH_MIN + headroom;
    if (scratch !== undefined && scratch.length < needed) {
      throw new RangeError(`scratch has ${scratch.length} octets, a segment may take ${needed}`);
    }
    const { bytes, start, end } = scratch ?? new PacketBuffer(new Uint8Array(0));
    this.#headroom = headroom;
    this.#scratch = new PacketBuffer(bytes, start, end);
    this.#segment = new PacketBuffer(bytes, start, start);
    this.#next = start;
  }

  /**
   * Emits the frame in `packet`, which stays as it is, in segments of at most `packet.segmentSize` octets of payload,
   * Ethernet padding left out. The window that `emit` gets is valid until it returns, the octets as the options say.
   *
   * Precondition: a whole TCP header at `packet.checksumStart`, behind a checked IP header at `network`, and a segment size
   * of at least 1. Costs the packet's octets, and its headers once per segment: up to 65,000 times if the size is 1.
   */
  cut(packet: PacketBuffer, network: number, emit: (packet: PacketBuffer) => void): void {
    const { bytes, start, checksumStart, segmentSize } = packet;
    const payload = checksumStart + tcp.readHeaderLength(bytes, checksumStart);
    const end = ipPacketEnd(bytes, network);
    for (let from = payload, index = 0; from < end || index === 0; from += segmentSize, index++) {
      const to = Math.min(from + segmentSize, end);
      const segment = this.#copy(bytes, start, payload, from, to);
      const at = segment.start - start;
      rewriteTcp(segment.bytes, checksumStart + at, from - payload, index === 0, to === end);
      rewriteIp(segment.bytes, network + at, segment.end, index);
      finish(segment.bytes, network + at, checksumStart + at, segment.end);
      emit(segment);
    }
  }

  /** A segment in the scratch: the headers `bytes[start..payload)` and behind them `bytes[from..to)`. */
  #copy(bytes: Uint8Array, start: number, payload: number, from: number, to: number): PacketBuffer {
    const headers = payload - start;
    const at = this.#reserve(this.#headroom + headers + to - from) + this.#headroom;
    const scratch = this.#scratch.bytes;
    for (let i = 0; i < headers; i++) scratch[at + i] = bytes[start + i]!;
    if (bytes === scratch) scratch.copyWithin(at + headers, from, to);
    else scratch.set(bytes.subarray(from, to), at + headers);
    return this.#segment.reset(scratch, at, at + headers + to - from);
  }

  /** The next `length` octets of the ring, in one piece, at a multiple of four. */
  #reserve(length: number): number {
    const scratch = this.#scratch;
    if (scratch.length === 0) scratch.reset(new Uint8Array(SCRATCH_LENGTH), 0, SCRATCH_LENGTH);
    if (this.#next + length > scratch.end) this.#next = scratch.start;
    const at = this.#next;
    this.#next = (at + length + 3) & ~3;
    return at;
  }
}

function rewriteTcp(bytes: Uint8Array, at: number, advance: number, isFirst: boolean, isLast: boolean): void {
  write32(bytes, at + 4, read32(bytes, at + 4) + advance);
  let flags = tcp.readFlags(bytes, at);
  if (!isFirst) flags &= ~ONLY_FIRST;
  if (!isLast) flags &= ~ONLY_LAST;
  bytes[at + 13] = flags;
}

function rewriteIp(bytes: Uint8Array, at: number, end: number, index: number): void {
  if (bytes[at]! >>> 4 === 6) {
    write16(bytes, at + 4, end - at - ipv6.HEADER_LENGTH);
    return;
  }
  write16(bytes, at + 2, end - at);
  write16(bytes, at + 4, read16(bytes, at + 4) + index);
  write16(bytes, at + 10, 0);
  write16(bytes, at + 10, checksum.compute(bytes, at, at + ipv4.readHeaderLength(bytes, at)));
}

function finish(bytes: Uint8Array, network: number, transport: number, end: number): void {
  const sum = pseudoHeader(bytes, network, tcp.IP_PROTOCOL, end - transport);
  write16(bytes, transport + TCP_CHECKSUM_AT, 0);
  write16(bytes, transport + TCP_CHECKSUM_AT, checksum.compute(bytes, transport, end, sum));
}
