/**
 * The flow hash of an inner frame and what tunnels derive from it (`spec/outer-headers.md` §8). All packets of a flow
 * give the same hash, so they take one path through the underlay; all fragments of a packet too.
 */
import { ETHER_TYPE, check as checkEthernet, readHeaderLength } from './ethernet.js';
import { check as checkIpv6 } from './ipv6.js';
import { ExtensionWalk } from './ipv6-extensions.js';
import { read16 } from './octets.js';

const FNV_OFFSET_BASIS = 0x811c9dc5;
const FNV_PRIME = 0x01000193;
const SCTP = 132;
const TCP = 6;
const UDP = 17;

const walk = new ExtensionWalk();

/** A range of source ports, both ends included. */
export interface PortRange {
  /** Lowest port, 0..65535. */
  readonly low: number;
  /** Highest port, at least `low`. */
  readonly high: number;
}

/** The dynamic ports, which RFC 7348 §5 recommends. */
export const DYNAMIC_PORTS: PortRange = { low: 49152, high: 65535 };

/**
 * Hash of the flow of the Ethernet frame `bytes[offset..end)`: 32 bits, as a signed integer, because V8 passes those
 * around without allocating (`>>> 0` gives the unsigned one). It is taken over addresses, protocol and ports of IP
 * packets, else over MACs and EtherType. VLAN tags don't count. A frame too short for a header gives the hash of
 * nothing. `seed` guards against inner hosts that choose addresses to collide. Never throws or allocates.
 */
export function flowHash(bytes: Uint8Array, offset: number, end: number, seed = 0): number {
  const start = FNV_OFFSET_BASIS ^ seed;
  if (checkEthernet(bytes, offset, end) !== undefined) return mix(start);
  const network = offset + readHeaderLength(bytes, offset);
  const etherType = read16(bytes, network - 2);
  if (etherType === ETHER_TYPE.IPV4 && isIpv4(bytes, network, end)) return mix(hashIpv4(start, bytes, network, end));
  if (etherType === ETHER_TYPE.IPV6 && checkIpv6(bytes, network, end) === undefined) {
    if (walk.walk(bytes, network) === undefined) return mix(hashIpv6(start, bytes, network, end));
  }
  return mix(hashOctets(hashOctets(start, bytes, offset, 12), bytes, network - 2, 2));
}

/** Source port in `range` for a hash, signed or not: `low + floor(hash * size / 2^32)`. */
export function sourcePort(hash: number, range: PortRange): number {
  return range.low + Math.floor(((hash >>> 0) * (range.high - range.low + 1)) / 0x1_0000_0000);
}

/** FlowID of NVGRE (RFC 7637 §3.2): the top eight bits. */
export function flowId(hash: number): number {
  return hash >>> 24;
}

/** IPv6 flow label (RFC 6438): the low 20 bits, but 1 for 0, which would mean "no label". */
export function flowLabel(hash: number): number {
  return hash & 0xfffff || 1;
}

// Looser than ipv4.check: a wrong checksum is no reason to move a packet to another path.
function isIpv4(bytes: Uint8Array, offset: number, end: number): boolean {
  const headerLength = (bytes[offset]! & 15) << 2;
  return end - offset >= 20 && bytes[offset]! >>> 4 === 4 && headerLength >= 20 && end - offset >= headerLength;
}

function hashIpv4(start: number, bytes: Uint8Array, network: number, end: number): number {
  const protocol = bytes[network + 9]!;
  const isFragment = (read16(bytes, network + 6) & 0x3fff) !== 0;
  const transport = network + ((bytes[network]! & 15) << 2);
  const hash = hashOctet(hashOctets(start, bytes, network + 12, 8), protocol);
  return hashPorts(hash, bytes, transport, end, isFragment ? 0 : protocol);
}

function hashIpv6(start: number, bytes: Uint8Array, network: number, end: number): number {
  const hash = hashOctet(hashOctets(start, bytes, network + 8, 32), walk.protocol);
  return hashPorts(hash, bytes, walk.offset, end, walk.isFragment ? 0 : walk.protocol);
}

function hashPorts(hash: number, bytes: Uint8Array, transport: number, end: number, protocol: number): number {
  const hasPorts = protocol === TCP || protocol === UDP || protocol === SCTP;
  if (hasPorts && end - transport >= 4) return hashOctets(hash, bytes, transport, 4);
  return hashOctet(hashOctet(hashOctet(hashOctet(hash, 0), 0), 0), 0);
}

function hashOctets(hash: number, bytes: Uint8Array, offset: number, length: number): number {
  let h = hash;
  for (let i = offset; i < offset + length; i++) h = hashOctet(h, bytes[i]!);
  return h;
}

function hashOctet(hash: number, octet: number): number {
  return Math.imul(hash ^ octet, FNV_PRIME);
}

/** The finalizer of MurmurHash3: spreads FNV's weak high bits. */
function mix(hash: number): number {
  let h = hash ^ (hash >>> 16);
  h = Math.imul(h, 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
