/**
 * What the kernel's routing and neighbour tables say (rtnetlink(7)): one request, one answer, which the kernel gives
 * inside the call that asks, so nothing here waits. About 5 µs each.
 */
import type { IpAddress } from '@overlane/wire';
import type { Arena } from './arena.js';
import { systemError } from './errors.js';
import { AF_INET, AF_INET6, AF_NETLINK, NETLINK_ROUTE, SOCK_CLOEXEC, SOCK_NONBLOCK, SOCK_RAW } from './linux.js';
import type { SystemCalls } from './sys.js';

const RTM_NEWROUTE = 24;
const RTM_GETROUTE = 26;
const RTM_NEWNEIGH = 28;
const RTM_GETNEIGH = 30;
const NLM_F_REQUEST = 1;
const NLM_F_CREATE = 0x400;
/** `struct nlmsghdr`: length 0, type 4, flags 6, sequence 8, port 12. */
const MESSAGE_HEADER = 16;
/** `struct rtmsg` and `struct ndmsg` both have 12 octets. */
const BODY_HEADER = 12;
/** `struct rtattr`: length 0, type 2. */
const ATTRIBUTE_HEADER = 4;

const RTA_DST = 1;
const RTA_SRC = 2;
const RTA_OIF = 4;
const RTA_GATEWAY = 5;
const RTA_VIA = 18;
const RTN_UNICAST = 1;
const NDA_DST = 1;
const NDA_LLADDR = 2;
const NTF_USE = 1;
/** REACHABLE, DELAY, PROBE, NOARP, PERMANENT. */
const STATES_IN_USE = 0x02 | 0x08 | 0x10 | 0x40 | 0x80;
const NUD_STALE = 0x04;

const REQUEST_SPACE = 128;
const REPLY_SPACE = 2048;

/** How far the kernel knows a neighbour's hardware address. */
export type NeighborState = 'known' | 'stale' | 'unknown';

/** A netlink socket for look-ups, and the last answers. */
export class RoutingTables {
  /** Interface of the route found last. */
  interfaceIndex = 0;
  /** The neighbour's hardware address found last, six octets. */
  readonly hardwareAddress = new Uint8Array(6);
  readonly #system: SystemCalls;
  readonly #arena: Arena;
  readonly #fd: number;
  readonly #request: number;
  #end = 0;
  #sequence = 0;

  /** @throws NetioError E_NETIO_NO_MEMORY, E_NETIO_TOO_MANY_FILES, E_NETIO_SYSTEM */
  constructor(arena: Arena, system: SystemCalls) {
    this.#system = system;
    this.#arena = arena;
    this.#request = arena.allocate(REQUEST_SPACE + REPLY_SPACE);
    this.#fd = system.socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_ROUTE);
    if (this.#fd >= 0) return;
    const error = systemError(system.errno(), 'routing table', 'open a netlink socket');
    arena.release(this.#request, REQUEST_SPACE + REPLY_SPACE);
    throw error;
  }

  /**
   * Looks for the route from `source` to `destination`. If it is an ordinary one, sets `interfaceIndex`, makes
   * `nextHop` the gateway or the destination itself, and returns true.
   */
  findRoute(source: IpAddress, destination: IpAddress, nextHop: IpAddress): boolean {
    const bits = 8 * destination.length;
    this.#start(RTM_GETROUTE, NLM_F_REQUEST, destination.family);
    this.#octets(MESSAGE_HEADER + 1, bits, bits);
    this.#address(RTA_DST, destination);
    this.#address(RTA_SRC, source);
    const length = this.#ask(RTM_NEWROUTE);
    const reply = this.#reply;
    if (length === 0 || this.#arena.bytes[reply + MESSAGE_HEADER + 7] !== RTN_UNICAST) return false;
    nextHop.copy(destination);
    const index = this.#attribute(RTA_OIF, length, 4);
    if (index < 0) return false;
    this.interfaceIndex = this.#arena.words[index >>> 2]!;
    const gateway = this.#attribute(RTA_GATEWAY, length, destination.length);
    if (gateway >= 0) nextHop.read(this.#arena.bytes, gateway, destination.family);
    // A gateway of the other family (RFC 8950) has its address behind its family.
    const via = this.#attribute(RTA_VIA, length, 2 + 16);
    if (via >= 0 && this.#arena.bytes[via] === AF_INET6) nextHop.read(this.#arena.bytes, via + 2, 6);
    return true;
  }

  /** Looks for neighbour `address` on an interface, and sets `hardwareAddress` unless it is unknown. */
  findNeighbor(address: IpAddress, interfaceIndex: number): NeighborState {
    this.#startNeighbor(RTM_GETNEIGH, NLM_F_REQUEST, 0, address, interfaceIndex);
    const length = this.#ask(RTM_NEWNEIGH);
    if (length === 0) return 'unknown';
    const state = this.#arena.halfWords[(this.#reply + MESSAGE_HEADER + 8) >>> 1]!;
    const hardware = this.#attribute(NDA_LLADDR, length, 6);
    if (hardware < 0 || (state & (STATES_IN_USE | NUD_STALE)) === 0) return 'unknown';
    for (let i = 0; i < 6; i++) this.hardwareAddress[i] = this.#arena.bytes[hardware + i]!;
    return state === NUD_STALE ? 'stale' : 'known';
  }

  /**
   * Has the kernel find neighbour `address`, or make sure of a stale one. Without CAP_NET_ADMIN it declines, and
   * packets through an ordinary socket have to do that.
   */
  useNeighbor(address: IpAddress, interfaceIndex: number): void {
    this.#startNeighbor(RTM_NEWNEIGH, NLM_F_REQUEST | NLM_F_CREATE, NTF_USE, address, interfaceIndex);
    this.#ask(0);
  }

  /** Closes the socket. */
  close(): void {
    this.#system.close(this.#fd);
    this.#arena.release(this.#request, REQUEST_SPACE + REPLY_SPACE);
  }

  get #reply(): number {
    return this.#request + REQUEST_SPACE;
  }

  #start(type: number, flags: number, family: 4 | 6): void {
    const { bytes, halfWords } = this.#arena;
    bytes.fill(0, this.#request, this.#request + REQUEST_SPACE);
    halfWords[(this.#request + 4) >>> 1] = type;
    halfWords[(this.#request + 6) >>> 1] = flags;
    bytes[this.#request + MESSAGE_HEADER] = family === 4 ? AF_INET : AF_INET6;
    this.#end = this.#request + MESSAGE_HEADER + BODY_HEADER;
  }

  #startNeighbor(type: number, flags: number, use: number, address: IpAddress, interfaceIndex: number): void {
    this.#start(type, flags, address.family);
    this.#arena.words[(this.#request + MESSAGE_HEADER + 4) >>> 2] = interfaceIndex;
    this.#octets(MESSAGE_HEADER + 10, use);
    this.#address(NDA_DST, address);
  }

  #octets(at: number, ...values: readonly number[]): void {
    values.forEach((value, index) => (this.#arena.bytes[this.#request + at + index] = value));
  }

  #address(type: number, address: IpAddress): void {
    const { bytes, halfWords } = this.#arena;
    halfWords[this.#end >>> 1] = ATTRIBUTE_HEADER + address.length;
    halfWords[(this.#end + 2) >>> 1] = type;
    address.write(bytes, this.#end + ATTRIBUTE_HEADER);
    this.#end += ATTRIBUTE_HEADER + address.length;
  }

  /** Sends the request; returns the octets of its answer, 0 unless that is one message of `type`. */
  #ask(type: number): number {
    const { words, halfWords } = this.#arena;
    const length = this.#end - this.#request;
    words[this.#request >>> 2] = length;
    const sequence = (this.#sequence = (this.#sequence + 1) & 0x3fffffff);
    words[(this.#request + 8) >>> 2] = sequence;
    if (type === 0) halfWords[(this.#request + 6) >>> 1]! |= 4; // NLM_F_ACK: every request has one answer.
    if (this.#system.write(this.#fd, this.#arena.address(this.#request), length) < length) return 0;
    const reply = this.#reply;
    // An answer to an earlier request, which came late, is passed over.
    for (let tries = 0; tries < 4; tries++) {
      const n = this.#system.read(this.#fd, this.#arena.address(reply), REPLY_SPACE);
      if (n < MESSAGE_HEADER + BODY_HEADER) return 0;
      if (words[(reply + 8) >>> 2] !== sequence) continue;
      return halfWords[(reply + 4) >>> 1] === type ? Math.min(n, words[reply >>> 2]!) : 0;
    }
    return 0;
  }

  /** Offset of the data of an attribute of the answer, which must have `least` octets; -1 if it has none. */
  #attribute(type: number, length: number, least: number): number {
    const { halfWords } = this.#arena;
    const end = this.#reply + length;
    for (let at = this.#reply + MESSAGE_HEADER + BODY_HEADER; at + ATTRIBUTE_HEADER <= end;) {
      const size = halfWords[at >>> 1]!;
      if (size < ATTRIBUTE_HEADER || at + size > end) return -1;
      if (halfWords[(at + 2) >>> 1] === type && size >= ATTRIBUTE_HEADER + least) return at + ATTRIBUTE_HEADER;
      at += (size + 3) & ~3;
    }
    return -1;
  }
}
