/**
 * Flow keys from packets. Total: whatever the octets are, the key says what is there and never more, and nothing outside
 * `bytes[start..end)` is read. A header that is cut or malformed leaves its fields zero, and `packet_kind`, `l3_present`,
 * `l4_present` and their like tell that from a header full of zeros. Nothing is allocated.
 */
import {
  ExtensionWalk,
  type IpAddress,
  type TunnelMetadata,
  arp,
  ethernet,
  ipv4,
  ipv6,
  neighbor,
  read16,
  readInt32,
  tcp,
  udp,
} from '@overlane/wire';
import { FLOW_WORD as W } from '../schema/flow-schema.js';
import type { FlowKey } from './flow-key.js';

const MPLS = 0x8847;
const MPLS_MULTICAST = 0x8848;
/** The EtherType that OpenFlow gives to 802.3 frames, which have a length in its place (OpenFlow 1.3 §7.2.3.7). */
const NOT_AN_ETHER_TYPE = 0x05ff;
const ETHER_TYPE_MIN = 0x0600;
const [ICMP, IGMP, ICMPV6, SCTP] = [1, 2, 58, 132];
const ICMP_LENGTH = 8;
const SCTP_LENGTH = 12;
const ETHERNET_KIND = 1;
const IP_KIND = 2;
const VLAN_PRESENT = 0x1000;
const ANY_FRAGMENT = 1;
const LATER_FRAGMENT = 3;
const L4_PRESENT = 1;
const ND_PRESENT = 2;
const ND_LINK_PRESENT = 4;

const walk = new ExtensionWalk();

/**
 * Fills `key`, which has the layout of `FLOW_SCHEMA`, from the Ethernet frame `bytes[start..end)` that came in by `inPort`,
 * out of `tunnel` if one brought it. Fields that no packet carries (`metadata`, `reg0`, `ct_state`...)
 * become zero. Checksums are not verified. Cost: the headers, and for IPv6 at most eight extension headers.
 */
export function parseFrame(
  key: FlowKey,
  bytes: Uint8Array,
  start: number,
  end: number,
  inPort = 0,
  tunnel: TunnelMetadata | undefined = undefined,
): void {
  const { words } = key;
  begin(key, inPort, tunnel);
  if (end - start >= ethernet.HEADER_LENGTH) {
    words[W.CT_KIND] = ETHERNET_KIND;
    // Twelve octets of addresses are three words of the key as they stand.
    words[W.ETH_DST] = readInt32(bytes, start);
    words[W.ETH_MIDDLE] = readInt32(bytes, start + 4);
    words[W.ETH_SRC] = readInt32(bytes, start + 8);
    parseTags(words, bytes, start, end);
  }
}

/** The same for an IP packet without an Ethernet header; `eth_type` says which version. */
export function parseIpPacket(
  key: FlowKey,
  bytes: Uint8Array,
  start: number,
  end: number,
  inPort = 0,
  tunnel: TunnelMetadata | undefined = undefined,
): void {
  const { words } = key;
  begin(key, inPort, tunnel);
  const version = end > start ? bytes[start]! >>> 4 : 0;
  const etherType = version === 4 ? ethernet.ETHER_TYPE.IPV4 : version === 6 ? ethernet.ETHER_TYPE.IPV6 : 0;
  if (etherType !== 0) {
    words[W.CT_KIND] = IP_KIND;
    words[W.ETH_TYPE_VLAN] = etherType << 16;
    parseNetwork(words, bytes, start, end, etherType);
  }
}

function begin(key: FlowKey, inPort: number, tunnel: TunnelMetadata | undefined): void {
  const { words } = key;
  key.clear();
  words[W.IN_PORT] = inPort;
  if (tunnel === undefined) return;
  words[W.TUN_ID] = tunnel.network / 0x1_0000_0000;
  words[W.TUN_ID + 1] = tunnel.network;
  writeAddress(words, W.TUN_SRC, tunnel.source);
  writeAddress(words, W.TUN_DST, tunnel.destination);
  const flags = tunnel.control ? 1 : 0;
  words[W.TUN] = (tunnel.source.family << 24) | (flags << 16) | (tunnel.dscp << 10) | (tunnel.ecn << 8) | tunnel.ttl;
}

/** IPv4 is the last of the four words. */
function writeAddress(words: Int32Array, at: number, address: IpAddress): void {
  if (address.family === 4) {
    words[at + 3] = address.word0;
    return;
  }
  words[at] = address.word0;
  words[at + 1] = address.word1;
  words[at + 2] = address.word2;
  words[at + 3] = address.word3;
}

/** Up to two tags; a third one, or one that is cut, stays the EtherType. */
function parseTags(words: Int32Array, bytes: Uint8Array, start: number, end: number): void {
  let at = start + ethernet.HEADER_LENGTH;
  let etherType = read16(bytes, at - 2);
  let outer = 0;
  if (ethernet.isTag(etherType) && end - at >= ethernet.TAG_LENGTH) {
    outer = read16(bytes, at) | VLAN_PRESENT;
    let inner = 0;
    const tpid = etherType;
    etherType = read16(bytes, at + 2);
    at += ethernet.TAG_LENGTH;
    if (ethernet.isTag(etherType) && end - at >= ethernet.TAG_LENGTH) {
      inner = read16(bytes, at) | VLAN_PRESENT;
      etherType = read16(bytes, at + 2);
      at += ethernet.TAG_LENGTH;
    }
    words[W.VLAN2_TPID] = (inner << 16) | tpid;
  }
  if (etherType < ETHER_TYPE_MIN) etherType = NOT_AN_ETHER_TYPE;
  words[W.ETH_TYPE_VLAN] = (etherType << 16) | outer;
  parseNetwork(words, bytes, at, end, etherType);
}

function parseNetwork(words: Int32Array, bytes: Uint8Array, at: number, end: number, etherType: number): void {
  switch (etherType) {
    case ethernet.ETHER_TYPE.IPV4:
      return parseIpv4(words, bytes, at, end);
    case ethernet.ETHER_TYPE.IPV6:
      return parseIpv6(words, bytes, at, end);
    case ethernet.ETHER_TYPE.ARP:
      return parseArp(words, bytes, at, end);
    case MPLS:
    case MPLS_MULTICAST:
      // Label, traffic class and bottom of stack as they stand (RFC 3032 §2.1); a bit in place of the TTL.
      if (end - at >= 4) words[W.MPLS] = (readInt32(bytes, at) & ~0xff) | 1;
      return;
    default:
      return;
  }
}

/** Looser than `ipv4.check`: a wrong checksum is for the receiver to find, as routers and other switches have it. */
function parseIpv4(words: Int32Array, bytes: Uint8Array, at: number, end: number): void {
  if (end - at < ipv4.HEADER_LENGTH || bytes[at]! >>> 4 !== 4) return;
  const headerLength = ipv4.readHeaderLength(bytes, at);
  const totalLength = ipv4.readTotalLength(bytes, at);
  if (headerLength < ipv4.HEADER_LENGTH || totalLength < headerLength || totalLength > end - at) return;
  const fragment = read16(bytes, at + 6) & 0x3fff;
  const kind = fragment === 0 ? 0 : (fragment & 0x1fff) === 0 ? ANY_FRAGMENT : LATER_FRAGMENT;
  const protocol = ipv4.readProtocol(bytes, at);
  words[W.IP_SRC + 3] = readInt32(bytes, at + 12);
  words[W.IP_DST + 3] = readInt32(bytes, at + 16);
  words[W.IP] = (protocol << 24) | (ipv4.readTos(bytes, at) << 16) | (ipv4.readTtl(bytes, at) << 8) | kind;
  words[W.IP_MORE] = 1;
  if (kind === LATER_FRAGMENT) return;
  const payload = at + headerLength;
  const payloadEnd = at + totalLength;
  if (protocol === ICMP) parseIcmp(words, bytes, payload, payloadEnd);
  else if (protocol === IGMP) parseIgmp(words, bytes, payload, payloadEnd);
  else parsePorts(words, bytes, payload, payloadEnd, protocol);
}

function parseIpv6(words: Int32Array, bytes: Uint8Array, at: number, end: number): void {
  if (ipv6.check(bytes, at, end) !== undefined || walk.walk(bytes, at) !== undefined) return;
  const { protocol, offset, isFragment } = walk;
  // The walk stops right behind the header of a fragment, whose offset is not 0 in all but the first.
  const isLater = isFragment && (read16(bytes, offset - 6) & 0xfff8) !== 0;
  const kind = isLater ? LATER_FRAGMENT : isFragment ? ANY_FRAGMENT : 0;
  for (let i = 0; i < 4; i++) {
    words[W.IP_SRC + i] = readInt32(bytes, at + 8 + 4 * i);
    words[W.IP_DST + i] = readInt32(bytes, at + 24 + 4 * i);
  }
  const trafficClass = ipv6.readTrafficClass(bytes, at);
  words[W.IP] = (protocol << 24) | (trafficClass << 16) | (ipv6.readHopLimit(bytes, at) << 8) | kind;
  words[W.IP_MORE] = (ipv6.readFlowLabel(bytes, at) << 12) | 1;
  if (isLater) return;
  const payloadEnd = at + ipv6.HEADER_LENGTH + ipv6.readPayloadLength(bytes, at);
  if (protocol !== ICMPV6) return parsePorts(words, bytes, offset, payloadEnd, protocol);
  parseIcmp(words, bytes, offset, payloadEnd);
  // Neighbour messages may not be fragmented (RFC 6980 §5).
  if (!isFragment && neighbor.check(bytes, offset, payloadEnd) === undefined) {
    parseNeighbor(words, bytes, offset, payloadEnd);
  }
}

function parsePorts(words: Int32Array, bytes: Uint8Array, at: number, end: number, protocol: number): void {
  switch (protocol) {
    case tcp.IP_PROTOCOL:
      if (tcp.check(bytes, at, end) !== undefined) return;
      words[W.L4] = ((read16(bytes, at + 12) & 0xfff) << 20) | L4_PRESENT;
      break;
    case udp.IP_PROTOCOL:
      // The length in the header is that of the whole datagram, of which this may be the first fragment.
      if (end - at < udp.HEADER_LENGTH) return;
      words[W.L4] = L4_PRESENT;
      break;
    case SCTP:
      if (end - at < SCTP_LENGTH) return;
      words[W.L4] = L4_PRESENT;
      break;
    default:
      return;
  }
  words[W.PORTS] = readInt32(bytes, at);
}

function parseIcmp(words: Int32Array, bytes: Uint8Array, at: number, end: number): void {
  if (end - at < ICMP_LENGTH) return;
  words[W.PORTS] = (bytes[at]! << 16) | bytes[at + 1]!;
  words[W.L4] = L4_PRESENT;
}

function parseIgmp(words: Int32Array, bytes: Uint8Array, at: number, end: number): void {
  if (end - at >= ICMP_LENGTH) words[W.L4] = (bytes[at]! << 12) | L4_PRESENT;
}

function parseNeighbor(words: Int32Array, bytes: Uint8Array, at: number, end: number): void {
  for (let i = 0; i < 4; i++) words[W.ND_TARGET + i] = readInt32(bytes, at + 8 + 4 * i);
  const link = neighbor.findLinkLayerAddress(bytes, at, end);
  words[W.L4]! |= ND_PRESENT | (link < 0 ? 0 : ND_LINK_PRESENT);
  if (link < 0) return;
  if (bytes[at] === 135) writeMacFirst(words, bytes, link);
  else writeMacLast(words, bytes, link);
}

/** ARP for Ethernet and IPv4. Operations above 255 do not fit `arp_op`, and nobody uses them (RFC 5494). */
function parseArp(words: Int32Array, bytes: Uint8Array, at: number, end: number): void {
  if (arp.check(bytes, at, end) !== undefined || arp.readOperation(bytes, at) > 255) return;
  words[W.IP_MORE] = (arp.readOperation(bytes, at) << 4) | 1;
  words[W.IP_SRC + 3] = readInt32(bytes, at + 14);
  words[W.IP_DST + 3] = readInt32(bytes, at + 24);
  writeMacFirst(words, bytes, at + 8);
  writeMacLast(words, bytes, at + 18);
}

/** A MAC into the first half of the three words of link-layer addresses. */
function writeMacFirst(words: Int32Array, bytes: Uint8Array, at: number): void {
  words[W.ND_LINK] = readInt32(bytes, at);
  words[W.ND_LINK + 1]! |= read16(bytes, at + 4) << 16;
}

/** A MAC into the second half. */
function writeMacLast(words: Int32Array, bytes: Uint8Array, at: number): void {
  words[W.ND_LINK + 1]! |= read16(bytes, at);
  words[W.ND_LINK + 2] = readInt32(bytes, at + 2);
}
