/**
 * A switch of the fabric as a pure state machine: what `switch-config.ts` asks of hardware, for simulations and for machines
 * without a kernel to play it. Between ports it forwards by (VLAN, MAC) and learns; what is addressed to an edge switch itself
 * is routed: the tag goes, the TTL falls, the checksum follows, and both MACs are new (NetLord §3).
 */
import {
  type PacketBuffer,
  type WireFault,
  checksum,
  ethernet,
  ipv4,
  isGroupMac,
  parseIpv4,
  parseMac,
  read16,
  write16,
  writeOctets,
} from '@overlane/wire';
import { Fib, type FibEntry } from './fib.js';
import type { SwitchConfig } from './switch-config.js';

/** Entries that a FIB has unless told otherwise: the paper's 64K. */
export const FIB_CAPACITY = 65_536;

const VID_MASK = 0xfff;

/** Why a switch dropped a packet: a header of it, its VLAN, its source, or that there is no way on. */
export type EdgeSwitchFault = WireFault | 'E_EDGE_VLAN' | 'E_EDGE_SOURCE' | 'E_EDGE_NO_ROUTE' | 'E_NL_TTL';

/** What a switch did so far, in packets. */
export interface EdgeSwitchCounters {
  /** Packets that left by one port because its FIB said so. */
  switched: number;
  /** Packets that were routed to a server. */
  routed: number;
  /** Unicast packets that left by all ports of their VLAN because the FIB did not know where to. */
  flooded: number;
  /** Broadcasts and multicasts, which always do. */
  broadcast: number;
}

interface Route {
  readonly prefix: number;
  readonly shift: number;
  readonly mac: Uint8Array;
  readonly port: number;
}

/** One switch, by its configuration. Ports are numbers: positions in `config.ports`. */
export class EdgeSwitch {
  /** Its configuration. */
  readonly config: SwitchConfig;
  /** What it did. */
  readonly counters: EdgeSwitchCounters = { switched: 0, routed: 0, flooded: 0, broadcast: 0 };
  readonly #fib: Fib;
  readonly #mac: Uint8Array | undefined;
  readonly #vlans: readonly ReadonlySet<number>[];
  readonly #isHostPort: readonly boolean[];
  readonly #routes: readonly Route[];

  /** A switch that has learned nothing; its FIB holds `fibCapacity` entries at most. */
  constructor(config: SwitchConfig, fibCapacity = FIB_CAPACITY) {
    this.config = config;
    this.#fib = new Fib(fibCapacity, config.ageingS * 1000);
    this.#mac = config.kind === 'edge' && config.mac !== undefined ? parseMac(config.mac) : undefined;
    this.#vlans = config.ports.map(({ vlans }) => new Set(vlans));
    this.#isHostPort = config.ports.map(({ peer }) => peer === undefined);
    this.#routes = config.routes.map(({ prefix, mac, device }) => {
      const [address, length] = prefix.split('/') as [string, string];
      const shift = 32 - Number(length);
      const port = config.ports.findIndex((one) => one.device === device);
      return { prefix: parseIpv4(address) >>> shift, shift, mac: parseMac(mac), port };
    });
  }

  /**
   * Takes `packet`, an Ethernet frame that came in at `port`, and calls `emit` for every port it leaves by. The packet is the
   * switch's to change; what `emit` gets is valid, and the same memory, during the call. A fault means it was dropped:
   * E_ETH_*, E_EDGE_VLAN (untagged, or not a VLAN of the port), E_EDGE_SOURCE (a group as source), E_EDGE_NO_ROUTE, E_NL_TTL, E_IPV4_*.
   */
  receive(
    port: number,
    packet: PacketBuffer,
    nowMs: number,
    emit: (port: number, packet: PacketBuffer) => void,
  ): EdgeSwitchFault | undefined {
    const { bytes, start, end } = packet;
    const fault = ethernet.check(bytes, start, end);
    if (fault !== undefined) return fault;
    if (read16(bytes, start + 12) !== ethernet.ETHER_TYPE.C_TAG) return 'E_EDGE_VLAN';
    const vlan = read16(bytes, start + 14) & VID_MASK;
    if (this.#vlans[port]?.has(vlan) !== true) return 'E_EDGE_VLAN';
    if (isGroupMac(bytes, start + 6)) return 'E_EDGE_SOURCE';
    // A server sends with its edge switch's MAC: there is nothing to learn at its port.
    if (!this.#isHostPort[port]!) this.#fib.learn(vlan, bytes, start + 6, port, nowMs);
    if (isGroupMac(bytes, start)) {
      this.counters.broadcast++;
      this.#flood(port, vlan, packet, emit);
      return undefined;
    }
    if (this.#isOwn(bytes, start)) return this.#route(packet, emit);
    const to = this.#fib.find(vlan, bytes, start, nowMs);
    if (to < 0) {
      this.counters.flooded++;
      this.#flood(port, vlan, packet, emit);
    } else if (to !== port) {
      this.counters.switched++;
      emit(to, packet);
    }
    return undefined;
  }

  /** What it has learned and not forgotten, in new memory. */
  fib(nowMs: number): readonly FibEntry[] {
    return this.#fib.entries(nowMs);
  }

  #flood(port: number, vlan: number, packet: PacketBuffer, emit: (port: number, packet: PacketBuffer) => void): void {
    this.#vlans.forEach((vlans, to) => {
      if (to !== port && vlans.has(vlan)) emit(to, packet);
    });
  }

  #route(packet: PacketBuffer, emit: (port: number, packet: PacketBuffer) => void): EdgeSwitchFault | undefined {
    const { bytes, start, end } = packet;
    const at = start + ethernet.readHeaderLength(bytes, start);
    if (read16(bytes, at - 2) !== ethernet.ETHER_TYPE.IPV4) return 'E_EDGE_NO_ROUTE';
    const fault = ipv4.check(bytes, at, end);
    if (fault !== undefined) return fault;
    const destination = ipv4.readDestination(bytes, at);
    const route = this.#routes.find(({ prefix, shift }) => destination >>> shift === prefix);
    if (route === undefined) return 'E_EDGE_NO_ROUTE';
    // TTL and protocol share the 16-bit word that the checksum counts.
    const word = read16(bytes, at + 8);
    if (word >>> 8 <= 1) return 'E_NL_TTL';
    write16(bytes, at + 8, word - 0x100);
    write16(bytes, at + 10, checksum.update(read16(bytes, at + 10), word, word - 0x100));
    packet.start = at - ethernet.HEADER_LENGTH;
    writeOctets(bytes, packet.start, route.mac);
    writeOctets(bytes, packet.start + 6, this.#mac!);
    write16(bytes, packet.start + 12, ethernet.ETHER_TYPE.IPV4);
    this.counters.routed++;
    emit(route.port, packet);
    return undefined;
  }

  #isOwn(bytes: Uint8Array, offset: number): boolean {
    return this.#mac?.every((octet, i) => bytes[offset + i] === octet) === true;
  }
}
