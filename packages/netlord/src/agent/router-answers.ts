/** The frames that a virtual router answers with, written into memory that is used again. */
import { PacketBuffer, arp, ethernet, icmpv4, ipv4, read16, write16, write32 } from '@overlane/wire';

const HEADROOM = 64;
/** Octets of the refused packet that an error quotes: its header and eight more (RFC 792). */
const QUOTED_BEHIND_HEADER = 8;
const ERROR_MAX = ethernet.HEADER_LENGTH + ipv4.HEADER_LENGTH + icmpv4.HEADER_LENGTH + 60 + QUOTED_BEHIND_HEADER;
const ECHO_MAX = 9216;
const HOPS = 64;
/** Class selector 6: internetwork control (RFC 1812 §4.3.2.5). */
const CONTROL_TOS = 48 << 2;
const SOURCE_MAC = 6;
const SENDER_MAC = 8;
const SENDER_IP = 14;
const TARGET_MAC = 18;
const TARGET_IP = 24;
/** ICMP types that are questions or answers; all others tell of errors, which are never answered with another one. */
const QUERIES: ReadonlySet<number> = new Set([0, 8, 13, 14, 15, 16, 17, 18]);

/** Writes answers. */
export class RouterAnswers {
  /** The last answer. */
  readonly frame = new PacketBuffer(new Uint8Array(HEADROOM + ECHO_MAX), HEADROOM, HEADROOM);

  /** Turns the ARP request in `asked`, an untagged frame, into the reply that its target has that MAC. */
  arpReply({ bytes, start }: PacketBuffer, high: number, low: number): void {
    const length = ethernet.HEADER_LENGTH + arp.HEADER_LENGTH;
    const out = this.#begin(length);
    const at = HEADROOM + ethernet.HEADER_LENGTH;
    const from = start + ethernet.HEADER_LENGTH;
    for (let i = 0; i < length; i++) out[HEADROOM + i] = bytes[start + i]!;
    this.#link(bytes, start, high, low);
    write16(out, at + 6, arp.OPERATION.REPLY);
    writeMac(out, at + SENDER_MAC, high, low);
    for (let i = 0; i < 4; i++) out[at + SENDER_IP + i] = bytes[from + TARGET_IP + i]!;
    // The asker's MAC and address lie side by side, as the target's do.
    for (let i = 0; i < 10; i++) out[at + TARGET_MAC + i] = bytes[from + SENDER_MAC + i]!;
  }

  /** Turns the ICMP echo request in `asked`, for the router, into the reply; false if it is none that can be answered. */
  echoReply({ bytes, start, end }: PacketBuffer, high: number, low: number): boolean {
    const at = start + ethernet.HEADER_LENGTH;
    const message = at + ipv4.readHeaderLength(bytes, at);
    const packetEnd = at + ipv4.readTotalLength(bytes, at);
    const isEcho =
      ipv4.readProtocol(bytes, at) === icmpv4.IP_PROTOCOL &&
      !ipv4.readIsFragment(bytes, at) &&
      packetEnd <= end &&
      packetEnd - start <= ECHO_MAX &&
      icmpv4.check(bytes, message, packetEnd) === undefined &&
      icmpv4.readType(bytes, message) === icmpv4.TYPE.ECHO_REQUEST;
    if (!isEcho || icmpv4.checkChecksum(bytes, message, packetEnd) !== undefined) return false;
    const out = this.#begin(packetEnd - start);
    for (let i = start; i < packetEnd; i++) out[HEADROOM + i - start] = bytes[i]!;
    this.#link(bytes, start, high, low);
    const ip = HEADROOM + ethernet.HEADER_LENGTH;
    for (let i = 0; i < 4; i++) {
      out[ip + 12 + i] = bytes[at + 16 + i]!;
      out[ip + 16 + i] = bytes[at + 12 + i]!;
    }
    out[ip + 8] = HOPS;
    ipv4.writeChecksum(out, ip);
    out[HEADROOM + message - start] = icmpv4.TYPE.ECHO_REPLY;
    icmpv4.writeChecksum(out, HEADROOM + message - start, this.frame.end);
    return true;
  }

  /**
   * Writes the ICMP error about the packet in `refused`, which has passed `ipv4.check`, from the router's address `own`; false if none
   * is due: about later fragments, packets from no one station, and errors (RFC 1122 §3.2.2).
   */
  error({ bytes, start }: PacketBuffer, type: number, code: number, own: number, high: number, low: number): boolean {
    const at = start + ethernet.HEADER_LENGTH;
    const headerLength = ipv4.readHeaderLength(bytes, at);
    const source = bytes[at + 12]!;
    if (source === 0 || source === 127 || source >= 224 || (read16(bytes, at + 6) & 0x1fff) !== 0) return false;
    const isIcmp = ipv4.readProtocol(bytes, at) === icmpv4.IP_PROTOCOL;
    if (isIcmp && !QUERIES.has(bytes[at + headerLength]!)) return false;
    const quoted = Math.min(headerLength + QUOTED_BEHIND_HEADER, ipv4.readTotalLength(bytes, at));
    const ipLength = ipv4.HEADER_LENGTH + icmpv4.HEADER_LENGTH + quoted;
    const out = this.#begin(Math.min(ERROR_MAX, ethernet.HEADER_LENGTH + ipLength));
    this.#link(bytes, start, high, low);
    const ip = HEADROOM + ethernet.HEADER_LENGTH;
    const message = ip + ipv4.HEADER_LENGTH;
    write16(out, ip - 2, ethernet.ETHER_TYPE.IPV4);
    write32(out, ip, (0x45 << 24) | (CONTROL_TOS << 16) | ipLength);
    write32(out, ip + 4, 0);
    write32(out, ip + 8, (HOPS << 24) | (icmpv4.IP_PROTOCOL << 16));
    write32(out, ip + 12, own);
    for (let i = 0; i < 4; i++) out[ip + 16 + i] = bytes[at + 12 + i]!;
    ipv4.writeChecksum(out, ip);
    out[message] = type;
    out[message + 1] = code;
    write32(out, message + 4, 0);
    for (let i = 0; i < quoted; i++) out[message + icmpv4.HEADER_LENGTH + i] = bytes[at + i]!;
    icmpv4.writeChecksum(out, message, this.frame.end);
    return true;
  }

  #begin(length: number): Uint8Array {
    this.frame.reset(this.frame.bytes, HEADROOM, HEADROOM + length);
    return this.frame.bytes;
  }

  /** To the sender of the frame at `bytes[start..]`, from that MAC. */
  #link(bytes: Uint8Array, start: number, high: number, low: number): void {
    const out = this.frame.bytes;
    for (let i = 0; i < 6; i++) out[HEADROOM + i] = bytes[start + SOURCE_MAC + i]!;
    writeMac(out, HEADROOM + SOURCE_MAC, high, low);
    for (let i = 12; i < 14; i++) out[HEADROOM + i] = bytes[start + i]!;
  }
}

/** Writes a MAC from its upper 16 and lower 32 bits. */
export function writeMac(bytes: Uint8Array, offset: number, high: number, low: number): void {
  write16(bytes, offset, high);
  write32(bytes, offset + 2, low);
}
