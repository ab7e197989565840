/** The headers of segments: what differs from those of the packet that they are cut from. */
import * as checksum from '../checksum.js';
import * as ipv4 from '../ipv4.js';
import * as ipv6 from '../ipv6.js';
import { read16, read32, write16, write32 } from '../octets.js';
import * as tcp from '../tcp.js';
import * as udp from '../udp.js';
import { TCP_CHECKSUM_AT, UDP_CHECKSUM_AT, transportPseudoHeader } from './inner-transport.js';

const ONLY_FIRST = tcp.FLAG.CWR;
const ONLY_LAST = tcp.FLAG.FIN | tcp.FLAG.PSH;

/** Corrects copies of the headers of one packet; what all of them have in common is summed once. */
export class SegmentHeaders {
  #isIpv4 = false;
  #isTcp = false;
  // Octets from the IP header to the transport header, and from there to the data.
  #ipLength = 0;
  #transportLength = 0;
  #identification = 0;
  #sequenceNumber = 0;
  #flags = 0;
  #ipSum = 0;
  #transportSum = 0;

  /** Looks at the packet whose headers are `bytes[network..payload)`, TCP or UDP from `transport` on. */
  begin(bytes: Uint8Array, network: number, transport: number, payload: number, protocol: 'tcp' | 'udp'): void {
    this.#isIpv4 = bytes[network]! >>> 4 === 4;
    this.#isTcp = protocol === 'tcp';
    this.#ipLength = transport - network;
    this.#transportLength = payload - transport;
    if (this.#isIpv4) {
      this.#identification = read16(bytes, network + 4);
      this.#ipSum = sumOfIpv4(bytes, network);
    }
    if (this.#isTcp) {
      this.#sequenceNumber = read32(bytes, transport + 4);
      this.#flags = tcp.readFlags(bytes, transport);
    }
    this.#transportSum = this.#isTcp
      ? sumOfTcp(bytes, network, transport, payload)
      : sumOfUdp(bytes, network, transport);
  }

  /**
   * Makes the headers in front of the data `bytes[payload..end)` those of segment `index`, whose data starts `advance` octets
   * after that of the first. They are a copy of the packet's, or of another segment's. Costs a pass over the data.
   */
  rewrite(bytes: Uint8Array, payload: number, end: number, index: number, advance: number, isLast: boolean): void {
    const transport = payload - this.#transportLength;
    const network = transport - this.#ipLength;
    if (this.#isIpv4) this.#rewriteIpv4(bytes, network, end - network, index);
    else write16(bytes, network + 4, end - network - ipv6.HEADER_LENGTH);
    if (this.#isTcp) this.#rewriteTcp(bytes, transport, payload, end, advance, isLast);
    else this.#rewriteUdp(bytes, transport, end);
  }

  #rewriteIpv4(bytes: Uint8Array, at: number, length: number, index: number): void {
    const identification = (this.#identification + index) & 0xffff;
    write16(bytes, at + 2, length);
    write16(bytes, at + 4, identification);
    write16(bytes, at + 10, checksum.complement(checksum.add(checksum.add(this.#ipSum, length), identification)));
  }

  #rewriteTcp(bytes: Uint8Array, at: number, payload: number, end: number, advance: number, isLast: boolean): void {
    write32(bytes, at + 4, this.#sequenceNumber + advance);
    let flags = this.#flags;
    if (advance > 0) flags &= ~ONLY_FIRST;
    if (!isLast) flags &= ~ONLY_LAST;
    bytes[at + 13] = flags;
    let sum = checksum.sum(bytes, payload, end, this.#transportSum);
    sum = checksum.add(sum, read16(bytes, at + 4));
    sum = checksum.add(sum, read16(bytes, at + 6));
    sum = checksum.add(sum, read16(bytes, at + 12));
    write16(bytes, at + TCP_CHECKSUM_AT, checksum.complement(checksum.add(sum, end - at)));
  }

  #rewriteUdp(bytes: Uint8Array, at: number, end: number): void {
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
