import type { IpAddress, PacketBuffer } from '@overlane/wire';
import type { Arena } from './arena.js';
import { OuterHeaderFields } from './control-message.js';
import { DatagramSplitter } from './datagram-splitter.js';
import { EAGAIN, MSG_DONTWAIT, MSG_TRUNC } from './linux.js';
import { CONTROL_SPACE, MessageTable } from './message-table.js';
import { IPV4_LENGTH, IPV6_LENGTH, UDP_LENGTH, writeIpv4Around, writeIpv6Around, writeUdp } from './outer-header.js';
import { type MessageSource, PacketBatch } from './packet-batch.js';
import { MTU_MAX, Slots, SUPER_SLOTS } from './slots.js';
import { socketAddressLength, socketAddressOffset, SOCKADDR_PORT } from './socket-address.js';
import type { SystemCalls } from './sys.js';
import type { UnderlayStatistics } from './underlay-statistics.js';

/** Errors on the socket that one `receive` clears before it gives up until the next turn. */
const ERROR_TRIES = 4;

/** What the kernel hands over: the whole packet, what follows the IP header, or what follows the UDP header. */
type Delivery = 'packet' | 'ip-payload' | 'udp-payload';

/**
 * The receiving half of an underlay socket: recvmmsg(2) into slots, and the outer headers that the kernel has taken
 * off written again in front of what it delivered. Owns its memory, not the descriptor.
 */
export class UnderlayReceiver implements MessageSource {
  /** What has been received, in batches. */
  readonly batch: PacketBatch;
  readonly #system: SystemCalls;
  readonly #arena: Arena;
  readonly #fd: number;
  readonly #local: IpAddress;
  readonly #protocol: number;
  readonly #port: number;
  readonly #messages: number;
  readonly #splitter: DatagramSplitter | undefined;
  readonly #delivery: Delivery;
  /** Octets of the headers to be written again. */
  readonly #prefix: number;
  readonly #slots: Slots;
  readonly #table: MessageTable;
  readonly #statistics: UnderlayStatistics;
  readonly #fields = new OuterHeaderFields();

  /**
   * `port` is the UDP port, 0 for other protocols. With `joined`, the socket gives super-datagrams (UDP_GRO).
   * @throws NetioError E_NETIO_NO_MEMORY
   */
  constructor(
    system: SystemCalls,
    arena: Arena,
    fd: number,
    local: IpAddress,
    protocol: number,
    port: number,
    batch: number,
    mtu: number,
    statistics: UnderlayStatistics,
    delivery: 'joined' | 'single',
  ) {
    this.#system = system;
    this.#arena = arena;
    this.#fd = fd;
    this.#local = local;
    this.#protocol = protocol;
    this.#port = port;
    this.#statistics = statistics;
    const ipLength = local.family === 4 ? IPV4_LENGTH : IPV6_LENGTH;
    this.#delivery = port > 0 ? 'udp-payload' : local.family === 4 ? 'packet' : 'ip-payload';
    this.#prefix = port > 0 ? ipLength + UDP_LENGTH : local.family === 4 ? 0 : ipLength;
    const isJoined = delivery === 'joined';
    this.#messages = isJoined ? Math.min(batch, SUPER_SLOTS) : batch;
    this.#slots = new Slots(arena, this.#messages, isJoined ? MTU_MAX : mtu);
    try {
      if (isJoined) this.#splitter = new DatagramSplitter(arena, batch, mtu);
      this.#table = new MessageTable(arena, this.#messages, 'control');
    } catch (error) {
      this.#slots.release();
      this.#splitter?.release();
      throw error;
    }
    this.batch = new PacketBatch(this, batch, this.#splitter, statistics);
    for (let i = 0; i < this.#messages; i++) {
      this.#table.setBuffer(i, this.#slots.start(i) + this.#prefix, this.#slots.capacity - this.#prefix);
      this.#table.setLengths(i, socketAddressLength(local.family), CONTROL_SPACE);
    }
  }

  /** Gives the memory back to the arena. */
  release(): void {
    this.#table.release();
    this.#slots.release();
    this.#splitter?.release();
  }

  /** Messages received. An error on the socket (ICMP, interruption) is taken off it and must not hide packets. */
  fetch(): number {
    for (let tries = 0; tries < ERROR_TRIES; tries++) {
      const n = this.#system.recvmmsg(this.#fd, this.#table.address(0), this.#messages, MSG_DONTWAIT, 0);
      if (n >= 0) return n;
      if (this.#system.errno() === EAGAIN) return 0;
      this.#statistics.receiveErrors++;
    }
    return 0;
  }

  /** The packet in message `index`; `undefined` if it is dropped, or handed out in parts from now on. */
  open(index: number): PacketBuffer | undefined {
    const start = this.#slots.start(index);
    const length = this.#prefix + this.#table.length(index);
    const isWhole = (this.#table.flags(index) & MSG_TRUNC) === 0;
    this.#fields.segmentSize = 0;
    if (isWhole && this.#delivery !== 'packet') this.#restore(index, start, length);
    // The kernel has written the lengths that it used.
    this.#table.setLengths(index, socketAddressLength(this.#local.family), CONTROL_SPACE);
    if (!isWhole) {
      this.#statistics.truncated++;
      return undefined;
    }
    const window = this.#slots.windows[index]!.reset(this.#arena.bytes, start, start + length);
    // The kernel drops datagrams with a wrong sum before a socket sees them.
    if (this.#delivery === 'udp-payload') window.checksum = 'verified';
    const { segmentSize } = this.#fields;
    if (segmentSize === 0 || this.#prefix + segmentSize >= length) return window;
    window.segmentType = 'udp';
    window.segmentSize = segmentSize;
    window.checksumStart = start + this.#prefix - UDP_LENGTH;
    this.#statistics.receivedSuper++;
    if (this.#splitter?.begin(window) !== true) this.#statistics.badSegments++;
    return undefined;
  }

  /** Writes the headers of message `index` in front of what was delivered; the packet starts at `start`. */
  #restore(index: number, start: number, length: number): void {
    const bytes = this.#arena.bytes;
    const fields = this.#fields;
    fields.read(bytes, this.#arena.words, this.#table.controlOffset(index), this.#table.controlLength(index));
    const name = this.#table.nameOffset(index);
    const family = this.#local.family;
    const source = start + (family === 4 ? 12 : 8);
    const from = name + socketAddressOffset(family);
    const addressLength = family === 4 ? 4 : 16;
    for (let i = 0; i < addressLength; i++) bytes[source + i] = bytes[from + i]!;
    this.#local.write(bytes, source + addressLength);
    let ipLength = IPV4_LENGTH;
    if (family === 4) {
      writeIpv4Around(bytes, start, length, this.#protocol, fields.classAndLabel, fields.ttl);
    } else {
      ipLength = IPV6_LENGTH;
      writeIpv6Around(bytes, start, length - IPV6_LENGTH, this.#protocol, fields.classAndLabel, fields.ttl);
    }
    if (this.#delivery === 'udp-payload') {
      const port = (bytes[name + SOCKADDR_PORT]! << 8) | bytes[name + SOCKADDR_PORT + 1]!;
      writeUdp(bytes, start + ipLength, port, this.#port, length - ipLength);
    }
  }
}
