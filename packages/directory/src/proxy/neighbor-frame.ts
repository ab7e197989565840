/** Frames of ARP (RFC 826, RFC 5227) and IPv6 neighbour discovery (RFC 4861): read into one shape, and answered from it. */
import {
  arp,
  checksum,
  copyOctets,
  ethernet,
  icmpv6,
  ipv6,
  isGroupMac,
  MAC_LENGTH,
  neighbor,
  write32,
} from '@overlane/wire';
import type { KindedAddress } from '../key.js';
import { KIND } from '../old1/constants.js';
import { ADDRESS_LENGTH, isZero } from '../old1/octets.js';

/** What a frame is to the proxy. */
export type NeighborFrame =
  /** Neither ARP nor a neighbour message: somebody else's. */
  | { readonly type: 'other' }
  /** ARP or ND, but broken, or not what a host sends. */
  | { readonly type: 'malformed' }
  | NeighborRequest
  | NeighborAnnouncement
  /** An answer that nobody asked for through us. */
  | { readonly type: 'stray' };

/** Who has this address? */
export interface NeighborRequest {
  readonly type: 'request';
  readonly protocol: 'arp' | 'nd';
  readonly header: ethernet.EthernetHeader;
  readonly target: KindedAddress;
  /** Who asks; `undefined` in a probe, whose sender has no address yet. */
  readonly sender: KindedAddress | undefined;
  /** MAC of who asks, 6 octets. */
  readonly senderMac: Uint8Array;
}

/** This address is mine, says somebody unasked. */
export interface NeighborAnnouncement {
  readonly type: 'announcement';
  readonly address: KindedAddress;
  readonly mac: Uint8Array;
}

const OTHER: NeighborFrame = { type: 'other' };
const MALFORMED: NeighborFrame = { type: 'malformed' };
const STRAY: NeighborFrame = { type: 'stray' };
const ALL_NODES = Uint8Array.of(0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1);
const ALL_NODES_MAC = Uint8Array.of(0x33, 0x33, 0, 0, 0, 1);
const ND_HOP_LIMIT = 255;

/** Reads a frame. Never throws. Allocates for ARP and ND: hosts cache what they learn, so these are few. */
export function readNeighborFrame(bytes: Uint8Array, start: number, end: number): NeighborFrame {
  if (ethernet.check(bytes, start, end) !== undefined) return MALFORMED;
  const body = start + ethernet.readHeaderLength(bytes, start);
  switch (ethernet.readEtherType(bytes, start)) {
    case ethernet.ETHER_TYPE.ARP:
      return readArp(bytes, start, body, end);
    case ethernet.ETHER_TYPE.IPV6:
      return readNd(bytes, start, body, end);
    default:
      return OTHER;
  }
}

function readArp(bytes: Uint8Array, start: number, body: number, end: number): NeighborFrame {
  if (arp.check(bytes, body, end) !== undefined) return MALFORMED;
  const header = ethernet.decode(bytes, start, end);
  const { operation, senderMac, senderIp, targetIp } = arp.decode(bytes, body, end);
  const isKnown = operation === arp.OPERATION.REQUEST || operation === arp.OPERATION.REPLY;
  if (!isKnown || !areSame(senderMac, header.source) || isGroupMac(senderMac, 0) || targetIp === 0) return MALFORMED;
  // RFC 5227 §1.1: an announcement has its own address in both places, whichever the operation.
  if (senderIp === targetIp) return { type: 'announcement', address: ipv4Address(senderIp), mac: senderMac };
  if (operation === arp.OPERATION.REPLY) return STRAY;
  const sender = senderIp === 0 ? undefined : ipv4Address(senderIp);
  return { type: 'request', protocol: 'arp', header, target: ipv4Address(targetIp), sender, senderMac };
}

function readNd(bytes: Uint8Array, start: number, body: number, end: number): NeighborFrame {
  if (ipv6.check(bytes, body, end) !== undefined) return MALFORMED;
  if (ipv6.readNextHeader(bytes, body) !== icmpv6.IP_PROTOCOL) return OTHER;
  const at = body + ipv6.HEADER_LENGTH;
  const length = ipv6.readPayloadLength(bytes, body);
  const type = bytes[at];
  const isNeighbor = type === icmpv6.TYPE.NEIGHBOR_SOLICITATION || type === icmpv6.TYPE.NEIGHBOR_ADVERTISEMENT;
  if (length === 0 || !isNeighbor) return OTHER;
  if (neighbor.check(bytes, at, at + length) !== undefined) return MALFORMED;
  const pseudoHeader = checksum.pseudoHeaderV6(bytes, body, icmpv6.IP_PROTOCOL, length);
  const isWhole = icmpv6.checkChecksum(bytes, at, at + length, pseudoHeader) === undefined;
  // RFC 4861 §7.1: whoever forwards a packet lowers the hop limit, so 255 proves that a neighbour sent it.
  if (!isWhole || ipv6.readHopLimit(bytes, body) !== ND_HOP_LIMIT) return MALFORMED;
  const header = ethernet.decode(bytes, start, end);
  const packet = ipv6.decode(bytes, body, end);
  const message = neighbor.decode(bytes, at, at + length);
  if (message.target[0] === 0xff) return MALFORMED;
  const target = { kind: KIND.IPV6, addr: message.target };
  if (message.type === icmpv6.TYPE.NEIGHBOR_ADVERTISEMENT) {
    if (message.solicited) return STRAY;
    return { type: 'announcement', address: target, mac: message.linkLayerAddress ?? header.source };
  }
  const isProbe = isZero(packet.source, 0, ADDRESS_LENGTH);
  // RFC 4861 §7.1.1: a probe must not say a link-layer address, since it has none to defend yet.
  if (isProbe && message.linkLayerAddress !== undefined) return MALFORMED;
  if (message.linkLayerAddress !== undefined && !areSame(message.linkLayerAddress, header.source)) return MALFORMED;
  const sender = isProbe ? undefined : { kind: KIND.IPV6, addr: packet.source };
  return { type: 'request', protocol: 'nd', header, target, sender, senderMac: header.source };
}

/**
 * The answer to a request, as a frame in new memory: `mac` has the address. Choice: an advertisement has the override flag,
 * because the directory speaks for the owner itself, not for a proxy of it (RFC 4861 §7.2.8 means those).
 */
export function encodeAnswer(request: NeighborRequest, mac: Uint8Array, isRouter: 'router' | 'host'): Uint8Array {
  return request.protocol === 'arp' ? encodeArpReply(request, mac) : encodeAdvertisement(request, mac, isRouter);
}

function encodeArpReply({ header, target, sender, senderMac }: NeighborRequest, mac: Uint8Array): Uint8Array {
  const link = ethernet.encode({ ...header, destination: senderMac, source: mac });
  const reply = arp.encode({
    operation: arp.OPERATION.REPLY,
    senderMac: mac,
    senderIp: ipv4Of(target),
    targetMac: senderMac,
    targetIp: sender === undefined ? 0 : ipv4Of(sender),
  });
  return join(link, reply);
}

function encodeAdvertisement(request: NeighborRequest, mac: Uint8Array, isRouter: 'router' | 'host'): Uint8Array {
  const { header, target, sender, senderMac } = request;
  // A probe has no address to answer to (RFC 4861 §7.2.4).
  const destination = sender === undefined ? ALL_NODES : sender.addr;
  const linkDestination = sender === undefined ? ALL_NODES_MAC : senderMac;
  const message = neighbor.encode({
    type: icmpv6.TYPE.NEIGHBOR_ADVERTISEMENT,
    checksum: 0,
    router: isRouter === 'router',
    solicited: sender !== undefined,
    override: true,
    target: target.addr,
    linkLayerAddress: mac,
  });
  const packet = ipv6.encode({
    dscp: 0,
    ecn: 0,
    flowLabel: 0,
    payloadLength: message.length,
    nextHeader: icmpv6.IP_PROTOCOL,
    hopLimit: ND_HOP_LIMIT,
    source: target.addr,
    destination,
  });
  const pseudoHeader = checksum.pseudoHeaderV6(packet, 0, icmpv6.IP_PROTOCOL, message.length);
  icmpv6.writeChecksum(message, 0, message.length, pseudoHeader);
  return join(ethernet.encode({ ...header, destination: linkDestination, source: mac }), packet, message);
}

function ipv4Address(address: number): KindedAddress {
  const addr = new Uint8Array(ADDRESS_LENGTH);
  write32(addr, ADDRESS_LENGTH - 4, address);
  return { kind: KIND.IPV4, addr };
}

function ipv4Of({ addr }: KindedAddress): number {
  return ((addr[12]! << 24) | (addr[13]! << 16) | (addr[14]! << 8) | addr[15]!) >>> 0;
}

function areSame(a: Uint8Array, b: Uint8Array): boolean {
  for (let i = 0; i < MAC_LENGTH; i++) if (a[i] !== b[i]) return false;
  return true;
}

function join(...parts: Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** A copy of a MAC, for who keeps it. */
export function copyMac(mac: Uint8Array): Uint8Array {
  return copyOctets(mac, 0, MAC_LENGTH);
}
