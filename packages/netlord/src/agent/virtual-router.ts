import {
  type Fault,
  type Gateway,
  type GatewayOutcome,
  type PacketBuffer,
  arp,
  checksum,
  ethernet,
  icmpv4,
  ipv4,
  parseMac,
  read16,
  readInt32,
  write16,
} from '@overlane/wire';
import { readHigh, readLow } from '../nl-arp/octets.js';
import { RouterAnswers, writeMac } from './router-answers.js';
import { type RoutedNetwork, type RouterLeg, ROUTER_MAC, routerLeg } from './router-config.js';

/** What a virtual router needs to know. */
export interface VirtualRouterOptions {
  /** The networks of this agent. Those of one tenant with a router's address are routed between. */
  readonly networks: Iterable<RoutedNetwork>;
  /** MAC of all tenants' routers. Default ROUTER_MAC. All agents must have the same. */
  readonly routerMac?: string | undefined;
  /** Whether ARP is answered for provisioned stations, too; for the router's own addresses it always is. Default `router`. */
  readonly arpProxy?: 'router' | 'stations' | undefined;
}

const SOURCE_MAC = 6;
const TTL = 8;
const CHECKSUM = 10;
/** ICMP errors that may follow each other at once, and errors a second after that (RFC 1812 §4.3.2.8 asks for a limit). */
const ERRORS_BURST = 10;
const ERRORS_PER_SECOND = 10;

/**
 * Tenants' routers and the ARP proxy: what every agent plays for the VMs at its own server. A packet for the router's MAC goes on in
 * the network of the tenant that has its destination: its MACs become the router's and the station's, its TTL one less.
 * Choices: IPv4 only; next hops are the stations known from provisioning, because a router that all agents play has no
 * place that an ARP reply could be sent to; untagged frames only, as others belong to nobody's subnet.
 */
export class VirtualRouter implements Gateway {
  network = 0;
  readonly #legs = new Map<number, RouterLeg>();
  readonly #tenants = new Map<number, RouterLeg[]>();
  readonly #answers = new RouterAnswers();
  readonly #high: number;
  readonly #low: number;
  readonly #isProxy: boolean;
  #tokens = ERRORS_BURST;
  #filledMs = 0;

  /** @throws TypeError or CodecError for addresses that can't be */
  constructor({ networks, routerMac = ROUTER_MAC, arpProxy = 'router' }: VirtualRouterOptions) {
    const mac = parseMac(routerMac);
    this.#high = readHigh(mac, 0);
    this.#low = readLow(mac, 0);
    this.#isProxy = arpProxy === 'stations';
    for (const network of networks) {
      const leg = routerLeg(network);
      this.#legs.set(leg.network, leg);
      const others = this.#tenants.get(leg.tenant);
      if (others === undefined) this.#tenants.set(leg.tenant, [leg]);
      else others.push(leg);
    }
  }

  /** The last answer, valid until the next call. */
  get answer(): PacketBuffer {
    return this.#answers.frame;
  }

  /** Whether that is the routers' MAC. */
  isRouter(high: number, low: number): boolean {
    return low === this.#low && high === this.#high;
  }

  /** Answers ARP requests and routes packets for the router; other frames pass. */
  take(network: number, frame: PacketBuffer, nowMs: number): GatewayOutcome {
    const { bytes, start, end } = frame;
    const leg = this.#legs.get(network);
    if (leg === undefined) return 'passed';
    if (read16(bytes, start + 12) === ethernet.ETHER_TYPE.ARP) return this.#takeArp(leg, frame);
    if (leg.address === 0 || !this.isRouter(readHigh(bytes, start), readLow(bytes, start))) return 'passed';
    if (read16(bytes, start + 12) !== ethernet.ETHER_TYPE.IPV4) return 'E_NL_NO_ROUTE';
    const at = start + ethernet.HEADER_LENGTH;
    const fault = ipv4.check(bytes, at, end);
    if (fault !== undefined) return fault;
    return this.#route(leg, frame, at, nowMs);
  }

  #takeArp(leg: RouterLeg, frame: PacketBuffer): GatewayOutcome {
    const { bytes, start, end } = frame;
    const at = start + ethernet.HEADER_LENGTH;
    if (arp.check(bytes, at, end) !== undefined) return 'passed';
    if (arp.readOperation(bytes, at) !== arp.OPERATION.REQUEST) return 'passed';
    const target = arp.readTargetIp(bytes, at) | 0;
    // A station may ask for its own address, to see whether it is free (RFC 5227).
    if (target === (arp.readSenderIp(bytes, at) | 0)) return 'passed';
    if (target === leg.address && target !== 0) {
      this.#answers.arpReply(frame, this.#high, this.#low);
      return 'answered';
    }
    const station = this.#isProxy ? leg.stations.get(target) : undefined;
    const asker = start + SOURCE_MAC;
    if (station === undefined || isMac(bytes, asker, station.high, station.low)) return 'passed';
    this.#answers.arpReply(frame, station.high, station.low);
    return 'answered';
  }

  #route(leg: RouterLeg, frame: PacketBuffer, at: number, nowMs: number): GatewayOutcome {
    const { bytes, start } = frame;
    const { TYPE, UNREACHABLE_CODE } = icmpv4;
    const destination = readInt32(bytes, at + 16);
    const legs = this.#tenants.get(leg.tenant)!;
    for (let i = 0; i < legs.length; i++) {
      if (legs[i]!.address !== destination) continue;
      const isAnswered = this.#answers.echoReply(frame, this.#high, this.#low);
      return isAnswered ? 'answered' : 'E_NL_NO_ROUTE';
    }
    if (bytes[at + TTL]! <= 1) return this.#refuse(leg, frame, TYPE.TIME_EXCEEDED, 0, 'E_NL_TTL_EXCEEDED', nowMs);
    const next = longestMatch(legs, destination);
    const station = next?.stations.get(destination);
    if (next === undefined || station === undefined) {
      const code = next === undefined ? UNREACHABLE_CODE.NETWORK : UNREACHABLE_CODE.HOST;
      return this.#refuse(leg, frame, TYPE.UNREACHABLE, code, 'E_NL_NO_ROUTE', nowMs);
    }
    writeMac(bytes, start, station.high, station.low);
    writeMac(bytes, start + SOURCE_MAC, this.#high, this.#low);
    const before = read16(bytes, at + TTL);
    bytes[at + TTL]!--;
    write16(bytes, at + CHECKSUM, checksum.update(read16(bytes, at + CHECKSUM), before, before - 0x100));
    this.network = next.network;
    return 'routed';
  }

  /** Drops a packet, and tells its sender why unless that was told too often lately. */
  #refuse(
    leg: RouterLeg,
    frame: PacketBuffer,
    type: number,
    code: number,
    fault: Fault,
    nowMs: number,
  ): GatewayOutcome {
    const earned = (Math.max(0, nowMs - this.#filledMs) * ERRORS_PER_SECOND) / 1000;
    this.#tokens = Math.min(ERRORS_BURST, this.#tokens + earned);
    this.#filledMs = nowMs;
    if (this.#tokens < 1) return fault;
    if (!this.#answers.error(frame, type, code, leg.address, this.#high, this.#low)) return fault;
    this.#tokens--;
    return 'answered';
  }
}

/** The leg whose prefix has the address, the longest if there are several. A tenant has few. */
function longestMatch(legs: readonly RouterLeg[], address: number): RouterLeg | undefined {
  let longest: RouterLeg | undefined;
  for (let i = 0; i < legs.length; i++) {
    const leg = legs[i]!;
    if (leg.address === 0 || ((leg.address ^ address) & leg.mask) !== 0) continue;
    if (longest === undefined || leg.mask >>> 0 > longest.mask >>> 0) longest = leg;
  }
  return longest;
}

function isMac(bytes: Uint8Array, offset: number, high: number, low: number): boolean {
  return readLow(bytes, offset) === low && readHigh(bytes, offset) === high;
}
