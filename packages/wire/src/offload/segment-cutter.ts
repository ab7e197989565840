/**
 * Cuts a TCP or UDP packet into segments of a given size, as a network card would (TSO, USO). Segment i of a packet with
 * M octets per segment: all headers copied; IP lengths of its own; IPv4 identification + i; checksums computed in full;
 * TCP: sequence number + i * M, FIN and PSH on the last only, CWR on the first only (RFC 3168 §6.1.2); UDP: its length.
 */
import * as checksum from '../checksum.js';
import * as ipv4 from '../ipv4.js';
import * as ipv6 from '../ipv6.js';
import { read16, read32, write16, write32 } from '../octets.js';
import { PacketBuffer } from '../packet-buffer.js';
import * as tcp from '../tcp.js';
import * as udp from '../udp.js';
import { TCP_CHECKSUM_AT, UDP_CHECKSUM_AT, ipPacketEnd, transportPseudoHeader } from './inner-transport.js';

/** Where a {@link SegmentCutter} puts segments. */
export interface SegmentCutterOptions {
  /** Octets free in front of every segment, for the headers of another tunnel. Default 128. */
  readonly headroom?: number;
  /**
   * Memory for segments, a window whose octets the cutter then owns; at least 66,000 octets and the headroom. In the array
   * of the packets themselves, cutting allocates nothing. Default: 2 MiB, allocated when the first packet is cut.
   */
  readonly scratch?: PacketBuffer;
  /**
   * Called each time before the scratch is used from its start again: whatever still points at segments, such as a port
   * before its flush, must let go of them. Default: nothing is called, and segments stay intact until that many octets
   * have come after them.
   */
  readonly beforeReuse?: (() => void) | undefined;
}

const SCRATCH_LENGTH = 2 << 20;
const SCRATCH_LENGTH_MIN = 66_000;
const ONLY_FIRST = tcp.FLAG.CWR;
const ONLY_LAST = tcp.FLAG.FIN | tcp.FLAG.PSH;

/**
 * Cuts packets one after the other. Payload octets are copied once and summed once; what the headers of all segments have
 * in common is summed once per packet. Allocates nothing per packet, but one view per segment if packet and scratch lie in
 * different arrays.
 */
export class SegmentCutter {
  readonly #headroom: number;
  readonly #beforeReuse: (() => void) | undefined;
  readonly #scratch: PacketBuffer;
  readonly #segment: PacketBuffer;
  #next: number;
  // Sums of what all segments of the packet under way have in common.
  #ipSum = 0;
  #transportSum = 0;

  /** A cutter with its own ring of memory. @throws RangeError if `scratch` is too short for one segment */
  constructor({ headroom = 128, scratch, beforeReuse }: SegmentCutterOptions = {}) {
    const needed = SCRATCH_LENGTH_MIN + headroom;
    if (scratch !== undefined && scratch.length < needed) {
      throw new RangeError(`scratch has ${scratch.length} octets, a segment may take ${needed}`);
    }
    const { bytes, start, end } = scratch ?? new PacketBuffer(new Uint8Array(0));
    this.#headroom = headroom;
    this.#beforeReuse = beforeReuse;
    this.#scratch = new PacketBuffer(bytes, start, end);
    this.#segment = new PacketBuffer(bytes, start, start);
    this.#next = start;
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
    const isIpv4 = bytes[network]! >>> 4 === 4;
    if (isIpv4) this.#ipSum = sumOfIpv4(bytes, network);
    this.#transportSum = isTcp
      ? sumOfTcp(bytes, network, checksumStart, payload)
      : sumOfUdp(bytes, network, checksumStart);
    for (let from = payload, index = 0; from < end || index === 0; from += segmentSize, index++) {
      const to = Math.min(from + segmentSize, end);
      const segment = this.#copy(bytes, start, payload, from, to);
      const at = segment.start - start;
      if (isIpv4) this.#rewriteIpv4(segment.bytes, network + at, segment.end, index);
      else write16(segment.bytes, network + at + 4, segment.end - network - at - ipv6.HEADER_LENGTH);
      const transport = checksumStart + at;
      if (isTcp) this.#rewriteTcp(segment, transport, payload + at, from - payload, index === 0, to === end);
      else this.#rewriteUdp(segment, transport);
      emit(segment);
    }
  }

  /** A segment in the scratch: the headers `bytes[start..payload)` and behind them `bytes[from..to)`. */
  #copy(bytes: Uint8Array, start: number, payload: number, from: number, to: number): PacketBuffer {
    const headers = payload - start;
    const at = this.#reserve(this.#headroom + headers, to - from) - headers;
    const scratch = this.#scratch.bytes;
    if (bytes === scratch) {
      scratch.copyWithin(at, start, payload);
      scratch.copyWithin(at + headers, from, to);
    } else {
      for (let i = 0; i < headers; i++) scratch[at + i] = bytes[start + i]!;
      scratch.set(bytes.subarray(from, to), at + headers);
    }
    return this.#segment.reset(scratch, at, at + headers + to - from);
  }

  /** Offset in the ring with `front` octets free before it and `back` behind, at a multiple of four: sums are faster there. */
  #reserve(front: number, back: number): number {
    const scratch = this.#scratch;
    if (scratch.length === 0) scratch.reset(new Uint8Array(SCRATCH_LENGTH), 0, SCRATCH_LENGTH);
    let at = (this.#next + front + 3) & ~3;
    if (at + back > scratch.end) {
      this.#beforeReuse?.();
      at = (scratch.start + front + 3) & ~3;
    }
    this.#next = at + back;
    return at;
  }

  #rewriteIpv4(bytes: Uint8Array, at: number, end: number, index: number): void {
    const length = end - at;
    const identification = (read16(bytes, at + 4) + index) & 0xffff;
    write16(bytes, at + 2, length);
    write16(bytes, at + 4, identification);
    write16(bytes, at + 10, checksum.complement(checksum.add(checksum.add(this.#ipSum, length), identification)));
  }

  #rewriteTcp(
    { bytes, end }: PacketBuffer,
    at: number,
    payload: number,
    advance: number,
    isFirst: boolean,
    isLast: boolean,
  ): void {
    const sequenceNumber = read32(bytes, at + 4) + advance;
    write32(bytes, at + 4, sequenceNumber);
    let flags = tcp.readFlags(bytes, at);
    if (!isFirst) flags &= ~ONLY_FIRST;
    if (!isLast) flags &= ~ONLY_LAST;
    bytes[at + 13] = flags;
    let sum = checksum.sum(bytes, payload, end, this.#transportSum);
    sum = checksum.add(sum, read16(bytes, at + 4));
    sum = checksum.add(sum, read16(bytes, at + 6));
    sum = checksum.add(sum, read16(bytes, at + 12));
    write16(bytes, at + TCP_CHECKSUM_AT, checksum.complement(checksum.add(sum, end - at)));
  }

  #rewriteUdp({ bytes, end }: PacketBuffer, at: number): void {
    const length = end - at;
    write16(bytes, at + 4, length);
    // The length counts twice: in the header, and in the pseudo-header.
    const sum = checksum.add(checksum.add(this.#transportSum, length), length);
    const finished = checksum.compute(bytes, at + udp.HEADER_LENGTH, end, sum);
    write16(bytes, at + UDP_CHECKSUM_AT, finished || 0xffff);
  }
}

/** All but total length, identification and checksum. */
function sumOfIpv4(bytes: Uint8Array, at: number): number {
  const sum = checksum.sum(bytes, at + 6, at + 10, read16(bytes, at));
  return checksum.sum(bytes, at + 12, at + ipv4.readHeaderLength(bytes, at), sum);
}

/** All of pseudo-header and TCP header but length, sequence number, flags and checksum. */
function sumOfTcp(bytes: Uint8Array, network: number, at: number, payload: number): number {
  let sum = transportPseudoHeader(bytes, network, tcp.IP_PROTOCOL, 0);
  sum = checksum.sum(bytes, at, at + 4, sum);
  sum = checksum.sum(bytes, at + 8, at + 12, sum);
  sum = checksum.add(sum, read16(bytes, at + 14));
  return checksum.sum(bytes, at + TCP_CHECKSUM_AT + 2, payload, sum);
}

/** All of pseudo-header and UDP header but the lengths and the checksum. */
function sumOfUdp(bytes: Uint8Array, network: number, at: number): number {
  return checksum.sum(bytes, at, at + 4, transportPseudoHeader(bytes, network, udp.IP_PROTOCOL, 0));
}
