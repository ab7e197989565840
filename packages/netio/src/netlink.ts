/**
 * What the kernel's routing and neighbour tables say (rtnetlink(7)): one request, one answer, which the kernel gives
 * inside the call that asks, so nothing here waits. About 5 µs each.
 */
import type { IpAddress } from '@overlane/wire';
import type { Arena } from './arena.js';
import { systemError } from './errors.js';
import { AF_INET6 } from './linux.js';
import { NetlinkSocket } from './netlink-socket.js';
import type { SystemCalls } from './sys.js';

const RTM_NEWROUTE = 24;
const RTM_GETROUTE = 26;
const RTM_NEWNEIGH = 28;
const RTM_GETNEIGH = 30;
const NLM_F_REPLACE = 0x100;
const NLM_F_CREATE = 0x400;

const RTA_DST = 1;
const RTA_SRC = 2;
const RTA_OIF = 4;
const RTA_GATEWAY = 5;
const RTA_VIA = 18;
const RTN_UNICAST = 1;
const RT_TABLE_MAIN = 254;
/** As `ip route add` says of routes that a person makes. */
const RTPROT_STATIC = 4;
const RT_SCOPE_LINK = 253;
const RT_SCOPE_UNIVERSE = 0;
const NDA_DST = 1;
const NDA_LLADDR = 2;
const NTF_USE = 1;
/** REACHABLE, DELAY, PROBE, NOARP, PERMANENT. */
const STATES_IN_USE = 0x02 | 0x08 | 0x10 | 0x40 | 0x80;
const NUD_STALE = 0x04;

/** How far the kernel knows a neighbour's hardware address. */
export type NeighborState = 'known' | 'stale' | 'unknown';

/** A netlink socket for look-ups, and the last answers. */
export class RoutingTables {
  /** Interface of the route found last. */
  interfaceIndex = 0;
  /** The neighbour's hardware address found last, six octets. */
  readonly hardwareAddress = new Uint8Array(6);
  readonly #arena: Arena;
  readonly #socket: NetlinkSocket;

  /** @throws NetioError E_NETIO_NO_MEMORY, E_NETIO_TOO_MANY_FILES, E_NETIO_SYSTEM */
  constructor(arena: Arena, system: SystemCalls) {
    this.#arena = arena;
    this.#socket = new NetlinkSocket(arena, system);
  }

  /**
   * Looks for the route from `source` to `destination`. If it is an ordinary one, sets `interfaceIndex`, makes
   * `nextHop` the gateway or the destination itself, and returns true.
   */
  findRoute(source: IpAddress, destination: IpAddress, nextHop: IpAddress): boolean {
    const socket = this.#socket;
    const bits = 8 * destination.length;
    socket.start(RTM_GETROUTE, 0, destination.family);
    socket.octets(1, bits, bits);
    socket.addAddress(RTA_DST, destination);
    socket.addAddress(RTA_SRC, source);
    if (!socket.ask(RTM_NEWROUTE) || this.#arena.bytes[socket.reply + 7] !== RTN_UNICAST) return false;
    nextHop.copy(destination);
    const index = socket.attribute(RTA_OIF, 4);
    if (index < 0) return false;
    this.interfaceIndex = this.#arena.words[index >>> 2]!;
    const gateway = socket.attribute(RTA_GATEWAY, destination.length);
    if (gateway >= 0) nextHop.read(this.#arena.bytes, gateway, destination.family);
    // A gateway of the other family (RFC 8950) has its address behind its family.
    const via = socket.attribute(RTA_VIA, 2 + 16);
    if (via >= 0 && this.#arena.bytes[via] === AF_INET6) nextHop.read(this.#arena.bytes, via + 2, 6);
    return true;
  }

  /**
   * Makes the interface the way to `destination` alone, in place of another such route. It goes with the interface.
   * @throws NetioError E_NETIO_NO_PERMISSION, E_NETIO_DEVICE_DOWN, E_NETIO_SYSTEM
   */
  addRoute(destination: IpAddress, interfaceIndex: number): void {
    const socket = this.#socket;
    const scope = destination.family === 4 ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
    socket.start(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, destination.family);
    socket.octets(1, 8 * destination.length);
    socket.octets(4, RT_TABLE_MAIN, RTPROT_STATIC, scope, RTN_UNICAST);
    socket.addAddress(RTA_DST, destination);
    socket.addWord(RTA_OIF, interfaceIndex);
    const errno = socket.acknowledge();
    if (errno !== 0) throw systemError(errno, destination.toString(), 'add a route to it');
  }

  /** Looks for neighbour `address` on an interface, and sets `hardwareAddress` unless it is unknown. */
  findNeighbor(address: IpAddress, interfaceIndex: number): NeighborState {
    const socket = this.#socket;
    this.#startNeighbor(RTM_GETNEIGH, 0, 0, address, interfaceIndex);
    if (!socket.ask(RTM_NEWNEIGH)) return 'unknown';
    const state = this.#arena.halfWords[(socket.reply + 8) >>> 1]!;
    const hardware = socket.attribute(NDA_LLADDR, 6);
    if (hardware < 0 || (state & (STATES_IN_USE | NUD_STALE)) === 0) return 'unknown';
    for (let i = 0; i < 6; i++) this.hardwareAddress[i] = this.#arena.bytes[hardware + i]!;
    return state === NUD_STALE ? 'stale' : 'known';
  }

  /**
   * Has the kernel find neighbour `address`, or make sure of a stale one. Without CAP_NET_ADMIN it declines, and
   * packets through an ordinary socket have to do that.
   */
  useNeighbor(address: IpAddress, interfaceIndex: number): void {
    this.#startNeighbor(RTM_NEWNEIGH, NLM_F_CREATE, NTF_USE, address, interfaceIndex);
    this.#socket.acknowledge();
  }

  /** Closes the socket. */
  close(): void {
    this.#socket.close();
  }

  #startNeighbor(type: number, flags: number, use: number, address: IpAddress, interfaceIndex: number): void {
    this.#socket.start(type, flags, address.family);
    this.#socket.word(4, interfaceIndex);
    this.#socket.octets(10, use);
    this.#socket.addAddress(NDA_DST, address);
  }
}
