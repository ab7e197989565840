import {
  type PacketBuffer,
  SUPER_DATAGRAM_OCTETS_MAX,
  SUPER_DATAGRAM_SEGMENTS_MAX,
  read16,
  readInt32,
  udp,
  writeDatagramLengths,
} from '@overlane/wire';
import { IPPROTO_UDP } from './linux.js';
import { IPV4_LENGTH, IPV6_LENGTH } from './outer-header.js';

/**
 * Finds runs of UDP packets that differ in nothing but payload, identification and checksum, and are of one length, the
 * last perhaps shorter: such a run can leave as one super-datagram, which the kernel or the device cuts again. Looks at
 * packets in one array, whose octets must stay until the run is over.
 */
export class DatagramGroup {
  /** Packets in the run; 0 if there is none. */
  count = 0;
  /** Offset of its first packet. */
  start = 0;
  /** Octets of IP and UDP header. */
  headerLength = 0;
  /** Octets of UDP payload in each packet but the last. */
  segmentSize = 0;
  /** Octets of UDP payload in all. */
  payloadLength = 0;
  readonly #bytes: Uint8Array;
  readonly #family: 4 | 6;
  #open = false;

  /** For packets of one family in `bytes`. */
  constructor(bytes: Uint8Array, family: 4 | 6) {
    this.#bytes = bytes;
    this.#family = family;
  }

  /** Starts a run with the packet `bytes[at..at + length)`, or ends all runs if it cannot be in one. */
  begin(at: number, length: number): void {
    const headerLength = this.headersOf(at, length);
    this.count = headerLength > 0 ? 1 : 0;
    this.start = at;
    this.headerLength = headerLength;
    this.segmentSize = this.payloadLength = length - headerLength;
    this.#open = headerLength > 0;
  }

  /** Ends the run: nothing joins it any more. */
  end(): void {
    this.#open = false;
    this.count = 0;
  }

  /** Adds the packet `bytes[at..at + length)` to the run if it continues it. */
  join(at: number, length: number): boolean {
    const { headerLength, segmentSize } = this;
    const payload = length - headerLength;
    if (!this.#open || payload > segmentSize || this.count === SUPER_DATAGRAM_SEGMENTS_MAX) return false;
    if (headerLength + this.payloadLength + payload > SUPER_DATAGRAM_OCTETS_MAX) return false;
    if (this.headersOf(at, length) !== headerLength || !this.#sameHeaders(at)) return false;
    this.count++;
    this.payloadLength += payload;
    if (payload < segmentSize) this.#open = false;
    return true;
  }

  /** Octets of IP and UDP header if the packet is one UDP datagram, whole, without options and with a payload; else 0. */
  headersOf(at: number, length: number): number {
    const bytes = this.#bytes;
    const ipLength = this.#family === 4 ? IPV4_LENGTH : IPV6_LENGTH;
    if (length <= ipLength + udp.HEADER_LENGTH || read16(bytes, at + ipLength + 4) !== length - ipLength) return 0;
    if (this.#family === 4) {
      const isPlain = bytes[at] === 0x45 && (read16(bytes, at + 6) & 0x3fff) === 0;
      if (!isPlain || bytes[at + 9] !== IPPROTO_UDP || read16(bytes, at + 2) !== length) return 0;
    } else if (bytes[at + 6] !== IPPROTO_UDP || read16(bytes, at + 4) !== length - ipLength) {
      return 0;
    }
    return ipLength + udp.HEADER_LENGTH;
  }

  /** Writes IP and UDP header of the super-datagram at `bytes[at..]`: those of the first packet with the lengths of all. */
  writeHeaders(at: number): void {
    const { headerLength, payloadLength } = this;
    this.#bytes.copyWithin(at, this.start, this.start + headerLength);
    const transport = at + headerLength - udp.HEADER_LENGTH;
    writeDatagramLengths(this.#bytes, at, transport, udp.HEADER_LENGTH + payloadLength);
  }

  /** Sets the offload fields of `window`, which starts at the super-datagram's IP header. */
  describe(window: PacketBuffer): void {
    window.checksum = 'partial';
    window.checksumStart = window.start + this.headerLength - udp.HEADER_LENGTH;
    window.checksumField = window.checksumStart + 6;
    window.segmentType = 'udp';
    window.segmentSize = this.segmentSize;
  }

  /** Everything but lengths, identification and checksums: TOS, DF, TTL, addresses, ports; traffic class, flow label. */
  #sameHeaders(at: number): boolean {
    const bytes = this.#bytes;
    const { start } = this;
    if (this.#family === 4) {
      if (bytes[at + 1] !== bytes[start + 1] || bytes[at + 6] !== bytes[start + 6]) return false;
      if (bytes[at + 8] !== bytes[start + 8]) return false;
      for (let i = 12; i < 24; i += 4) if (readInt32(bytes, at + i) !== readInt32(bytes, start + i)) return false;
      return true;
    }
    if (bytes[at + 7] !== bytes[start + 7] || readInt32(bytes, at) !== readInt32(bytes, start)) return false;
    for (let i = 8; i < 44; i += 4) if (readInt32(bytes, at + i) !== readInt32(bytes, start + i)) return false;
    return true;
  }
}
