/**
 * The answer to a frame that is too long for the tunnel: ICMP "fragmentation needed" (RFC 1191 §4) or ICMPv6 "packet too
 * big" (RFC 4443 §3.2), as a frame to the frame's sender.
 */
import {
  type PacketBuffer,
  ExtensionWalk,
  checksum,
  copyOctets,
  ethernet,
  icmpv4,
  icmpv6,
  ipv4,
  ipv6,
  writeOctets,
} from '@overlane/wire';

/** Longest answer, in octets of IP (RFC 1812 §4.3.2.3, RFC 4443 §2.4(c)). */
const ANSWER_MAX = { 4: 576, 6: 1280 } as const;
const MAC_LENGTH = 6;
const HOPS = 64;
/** Class selector 6: internetwork control (RFC 1812 §4.3.2.5). */
const CONTROL_DSCP = 48;
const LOOPBACK = 127;
/** First octet of IPv4 groups and of what lies above them, the broadcast included. */
const IPV4_GROUPS = 224;
const IPV6_GROUPS = 0xff;

/** ICMP types that are questions or answers; all others tell of errors, which are never answered with another one. */
const IPV4_QUERIES: ReadonlySet<number> = new Set([0, 8, 13, 14, 15, 16, 17, 18]);
const ICMPV6_ERRORS_END = 128;
const ICMPV6_REDIRECT = 137;

/**
 * The frame to give to the sender of `frame`, which was refused as too long, or `undefined` if none is due. `mtu` is the
 * longest inner IP packet, `DoveEncapsulation.innerMtu`. Due for IPv4 with DF and for IPv6; not about broken packets, later
 * fragments, packets from or to groups, and ICMP errors (RFC 1122 §3.2.2, RFC 4443 §2.4(e)).
 *
 * Choice: the answer comes from the address that the packet was for, as Linux's tunnels do it: a switch has no address of
 * its own in a tenant's network. New memory: rare, and the caller limits the rate.
 */
export function answerTooBig({ bytes, start, end }: PacketBuffer, mtu: number): Uint8Array<ArrayBuffer> | undefined {
  if (ethernet.check(bytes, start, end) !== undefined) return undefined;
  if (isGroupMac(bytes, start) || isGroupMac(bytes, start + MAC_LENGTH)) return undefined;
  const linkLength = ethernet.readHeaderLength(bytes, start);
  const network = start + linkLength;
  switch (ethernet.readEtherType(bytes, start)) {
    case ethernet.ETHER_TYPE.IPV4:
      if (!isAnsweredV4(bytes, network, end)) return undefined;
      return join(answerLink(bytes, start, linkLength), answerV4(bytes, network, mtu));
    case ethernet.ETHER_TYPE.IPV6:
      if (!isAnsweredV6(bytes, network, end)) return undefined;
      return join(answerLink(bytes, start, linkLength), answerV6(bytes, network, mtu));
    default:
      return undefined;
  }
}

function isGroupMac(bytes: Uint8Array, offset: number): boolean {
  return (bytes[offset]! & 1) !== 0;
}

function isAnsweredV4(bytes: Uint8Array, at: number, end: number): boolean {
  if (ipv4.check(bytes, at, end) !== undefined) return false;
  const header = ipv4.decode(bytes, at, end);
  if (!header.dontFragment || header.fragmentOffset !== 0) return false;
  const source = bytes[at + 12]!;
  if (source === 0 || source === LOOPBACK || source >= IPV4_GROUPS || bytes[at + 16]! >= IPV4_GROUPS) return false;
  const data = at + ipv4.readHeaderLength(bytes, at);
  return header.protocol !== icmpv4.IP_PROTOCOL || (data < end && IPV4_QUERIES.has(bytes[data]!));
}

function isAnsweredV6(bytes: Uint8Array, at: number, end: number): boolean {
  if (ipv6.check(bytes, at, end) !== undefined) return false;
  const { source } = ipv6.decode(bytes, at, end);
  const isHost = source[0] !== IPV6_GROUPS && source.some((octet) => octet !== 0);
  if (!isHost || bytes[at + 24] === IPV6_GROUPS) return false;
  const walk = new ExtensionWalk();
  if (walk.walk(bytes, at) !== undefined || walk.isFragment) return false;
  const type = bytes[walk.offset]!;
  const isError = type < ICMPV6_ERRORS_END || type === ICMPV6_REDIRECT;
  return walk.protocol !== icmpv6.IP_PROTOCOL || (walk.offset < end && !isError);
}

/** The Ethernet header back to the sender, with the same tags. */
function answerLink(bytes: Uint8Array, start: number, length: number): Uint8Array {
  const link = copyOctets(bytes, start, length);
  writeOctets(link, 0, bytes.subarray(start + MAC_LENGTH, start + 2 * MAC_LENGTH));
  writeOctets(link, MAC_LENGTH, bytes.subarray(start, start + MAC_LENGTH));
  return link;
}

function answerV4(bytes: Uint8Array, at: number, mtu: number): Uint8Array {
  const headers = ipv4.HEADER_LENGTH + icmpv4.HEADER_LENGTH;
  const quoted = Math.min(ipv4.readTotalLength(bytes, at), ANSWER_MAX[4] - headers);
  const answer = new Uint8Array(headers + quoted);
  const { source, destination } = ipv4.decode(bytes, at, at + ipv4.readTotalLength(bytes, at));
  ipv4.encodeInto(
    {
      ...{ dscp: CONTROL_DSCP, ecn: 0, totalLength: answer.length, identification: 0, dontFragment: false },
      ...{ moreFragments: false, fragmentOffset: 0, ttl: HOPS, protocol: icmpv4.IP_PROTOCOL },
      ...{ source: destination, destination: source, options: new Uint8Array(0) },
    },
    answer,
  );
  const { TYPE, UNREACHABLE_CODE } = icmpv4;
  const message = { type: TYPE.UNREACHABLE, code: UNREACHABLE_CODE.FRAGMENTATION_NEEDED, checksum: 0, rest: mtu };
  icmpv4.encodeInto(message, answer, ipv4.HEADER_LENGTH);
  answer.set(bytes.subarray(at, at + quoted), headers);
  icmpv4.writeChecksum(answer, ipv4.HEADER_LENGTH, answer.length);
  return answer;
}

function answerV6(bytes: Uint8Array, at: number, mtu: number): Uint8Array {
  const headers = ipv6.HEADER_LENGTH + icmpv6.HEADER_LENGTH;
  const length = ipv6.HEADER_LENGTH + ipv6.readPayloadLength(bytes, at);
  const quoted = Math.min(length, ANSWER_MAX[6] - headers);
  const answer = new Uint8Array(headers + quoted);
  const { source, destination } = ipv6.decode(bytes, at, at + length);
  const payloadLength = answer.length - ipv6.HEADER_LENGTH;
  ipv6.encodeInto(
    {
      ...{ dscp: CONTROL_DSCP, ecn: 0, flowLabel: 0, payloadLength, nextHeader: icmpv6.IP_PROTOCOL, hopLimit: HOPS },
      ...{ source: destination, destination: source },
    },
    answer,
  );
  icmpv6.encodeInto({ type: icmpv6.TYPE.PACKET_TOO_BIG, code: 0, checksum: 0, rest: mtu }, answer, ipv6.HEADER_LENGTH);
  answer.set(bytes.subarray(at, at + quoted), headers);
  const pseudoHeader = checksum.pseudoHeaderV6(answer, 0, icmpv6.IP_PROTOCOL, payloadLength);
  icmpv6.writeChecksum(answer, ipv6.HEADER_LENGTH, answer.length, pseudoHeader);
  return answer;
}

function join(front: Uint8Array, back: Uint8Array): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(front.length + back.length);
  whole.set(front);
  whole.set(back, front.length);
  return whole;
}
