/**
 * Runs of datagrams through UDP sockets with UDP_SEGMENT (udp(7)): one system call and one pass through the kernel for up
 * to 64 of them. A UDP socket has one source port, and tunnels use many, so there is a socket for each one in use.
 */
import { IpAddress, read16, readInt32, udp, write16 } from '@overlane/wire';
import type { Arena } from './arena.js';
import * as linux from './linux.js';
import { networkNamespace } from './network-namespace.js';
import { IPV4_LENGTH, IPV6_LENGTH } from './outer-header.js';
import { writeSocketAddress, socketAddressLength, socketAddressOffset } from './socket-address.js';
import { openSegmentedSocket } from './socket.js';
import type { SystemCalls } from './sys.js';

/** Source ports with a socket; the one opened first makes room for another. */
const SOCKETS_MAX = 64;
/** Datagrams in a run. */
const PIECES_MAX = 64;

const MESSAGE_LENGTH = 64;
const NAME_SPACE = 32;
/** Three control messages of an int or less. */
const CONTROL_LENGTH = 3 * 24;
const IOVEC_LENGTH = 16;
const SIZE = MESSAGE_LENGTH + NAME_SPACE + CONTROL_LENGTH + PIECES_MAX * IOVEC_LENGTH;
const DONT_FRAGMENT = 0x40;

/** UDP sockets of one local address. Owns them and the memory for one message. */
export class SegmentSockets {
  readonly #system: SystemCalls;
  readonly #arena: Arena;
  readonly #name: string;
  readonly #local: IpAddress;
  readonly #source = new IpAddress();
  readonly #message: number;
  /** Where sockets are to be: the thread may be elsewhere when one is opened. */
  readonly #namespace = networkNamespace();
  /** By source port; -1 where there can be none, because something else has the port, say. */
  readonly #fds = new Map<number, number>();

  /** @throws NetioError E_NETIO_NO_MEMORY */
  constructor(system: SystemCalls, arena: Arena, name: string, local: IpAddress) {
    this.#system = system;
    this.#arena = arena;
    this.#name = name;
    this.#local = local;
    this.#message = arena.allocate(SIZE);
    const { words } = arena;
    const message = this.#message;
    const name0 = message + MESSAGE_LENGTH;
    arena.writePointer(message, name0);
    words[(message + 8) >>> 2] = socketAddressLength(local.family);
    arena.writePointer(message + 16, name0 + NAME_SPACE + CONTROL_LENGTH);
    arena.writePointer(message + 32, name0 + NAME_SPACE);
    words[(message + 40) >>> 2] = CONTROL_LENGTH;
    writeSocketAddress(arena.bytes, name0, new IpAddress().copy(local), 0);
    const four = local.family === 4;
    const level = four ? linux.SOL_IP : linux.SOL_IPV6;
    this.#control(0, 18, linux.SOL_UDP, linux.UDP_SEGMENT);
    this.#control(1, 20, level, four ? linux.IP_TOS : linux.IPV6_TCLASS);
    this.#control(2, 20, level, four ? linux.IP_TTL : linux.IPV6_HOPLIMIT);
  }

  /**
   * Sends the run of `count` packets from index `first` of the tables of offsets and lengths: alike but for their
   * payload, as `DatagramGroup` finds them. False if nothing was sent: then they are to go one by one. Over IPv6 the
   * kernel chooses the flow label.
   */
  send(starts: Int32Array, lengths: Int32Array, first: number, count: number): boolean {
    const { bytes, words } = this.#arena;
    const { family } = this.#local;
    const start = starts[first]!;
    const addressLength = family === 4 ? 4 : 16;
    const source = start + (family === 4 ? 12 : 8);
    this.#source.read(bytes, source, family);
    if (family === 4 && (bytes[start + 6]! & DONT_FRAGMENT) === 0) return false;
    if (!this.#source.equals(this.#local)) return false;
    const ipLength = family === 4 ? IPV4_LENGTH : IPV6_LENGTH;
    const fd = this.#socket(read16(bytes, start + ipLength));
    if (fd < 0) return false;
    const name = this.#message + MESSAGE_LENGTH;
    write16(bytes, name + 2, read16(bytes, start + ipLength + 2));
    const destination = name + socketAddressOffset(family);
    for (let i = 0; i < addressLength; i++) bytes[destination + i] = bytes[source + addressLength + i]!;
    const headers = ipLength + udp.HEADER_LENGTH;
    this.#value(0, lengths[first]! - headers);
    this.#value(1, family === 4 ? bytes[start + 1]! : (readInt32(bytes, start) >>> 20) & 0xff);
    this.#value(2, bytes[start + (family === 4 ? 8 : 7)]!);
    const vectors = name + NAME_SPACE + CONTROL_LENGTH;
    for (let i = 0; i < count; i++) {
      this.#arena.writePointer(vectors + i * IOVEC_LENGTH, starts[first + i]! + headers);
      words[(vectors + i * IOVEC_LENGTH + 8) >>> 2] = lengths[first + i]! - headers;
    }
    words[(this.#message + 24) >>> 2] = count;
    return this.#system.sendmmsg(fd, this.#arena.address(this.#message), 1, linux.MSG_DONTWAIT) === 1;
  }

  /** Closes all sockets and gives the memory back. */
  close(): void {
    for (const fd of this.#fds.values()) if (fd >= 0) this.#system.close(fd);
    this.#fds.clear();
    this.#arena.release(this.#message, SIZE);
  }

  /** The socket of a source port, -1 if there is none. Opening one costs about 20 µs. */
  #socket(port: number): number {
    const known = this.#fds.get(port);
    if (known !== undefined) return known;
    if (this.#fds.size === SOCKETS_MAX) {
      for (const [oldest, fd] of this.#fds) {
        if (fd >= 0) this.#system.close(fd);
        this.#fds.delete(oldest);
        break;
      }
    }
    const isHere = networkNamespace() === this.#namespace;
    const fd = isHere ? openSegmentedSocket(this.#system, this.#arena, this.#name, this.#local, port) : -1;
    this.#fds.set(port, fd);
    return fd;
  }

  /** Writes the header of control message `index`, which has `length` octets with its value. */
  #control(index: number, length: number, level: number, type: number): void {
    const at = (this.#message + MESSAGE_LENGTH + NAME_SPACE + 24 * index) >>> 2;
    this.#arena.words[at] = length;
    this.#arena.words[at + 2] = level;
    this.#arena.words[at + 3] = type;
  }

  #value(index: number, value: number): void {
    this.#arena.words[(this.#message + MESSAGE_LENGTH + NAME_SPACE + 24 * index + 16) >>> 2] = value;
  }
}
