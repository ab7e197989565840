import type { IpAddress, PacketBuffer } from '@overlane/wire';
import type { Arena } from './arena.js';
import { OuterHeaderFields } from './control-message.js';
import { EAGAIN, MSG_DONTWAIT, MSG_TRUNC } from './linux.js';
import { CONTROL_SPACE, MessageTable } from './message-table.js';
import { IPV4_LENGTH, IPV6_LENGTH, UDP_LENGTH, writeIpv4Around, writeIpv6Around, writeUdp } from './outer-header.js';
import { Slots } from './slots.js';
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
export class UnderlayReceiver {
  readonly #system: SystemCalls;
  readonly #arena: Arena;
  readonly #fd: number;
  readonly #local: IpAddress;
  readonly #protocol: number;
  readonly #port: number;
  readonly #batch: number;
  readonly #delivery: Delivery;
  /** Octets of the headers to be written again. */
  readonly #prefix: number;
  readonly #slots: Slots;
  readonly #table: MessageTable;
  readonly #statistics: UnderlayStatistics;
  readonly #fields = new OuterHeaderFields();
  /** Slots of the packets of this batch; truncated ones leave gaps. */
  readonly #order: Int32Array;
  readonly #windows: readonly PacketBuffer[];

  /** `port` is the UDP port, 0 for other protocols. @throws NetioError E_NETIO_NO_MEMORY */
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
  ) {
    this.#system = system;
    this.#arena = arena;
    this.#fd = fd;
    this.#local = local;
    this.#protocol = protocol;
    this.#port = port;
    this.#batch = batch;
    this.#statistics = statistics;
    this.#order = new Int32Array(batch);
    const ipLength = local.family === 4 ? IPV4_LENGTH : IPV6_LENGTH;
    this.#delivery = port > 0 ? 'udp-payload' : local.family === 4 ? 'packet' : 'ip-payload';
    this.#prefix = port > 0 ? ipLength + UDP_LENGTH : local.family === 4 ? 0 : ipLength;
    this.#slots = new Slots(arena, batch, mtu);
    this.#windows = this.#slots.windows;
    this.#table = new MessageTable(arena, batch, 'control');
    for (let i = 0; i < batch; i++) {
      this.#table.setBuffer(i, this.#slots.start(i) + this.#prefix, this.#slots.capacity - this.#prefix);
      this.#table.setLengths(i, socketAddressLength(local.family), CONTROL_SPACE);
    }
  }

  /** Receives up to a batch. */
  receive(): number {
    const n = this.#receiveMessages();
    const statistics = this.#statistics;
    const nameLength = socketAddressLength(this.#local.family);
    let count = 0;
    for (let i = 0; i < n; i++) {
      if ((this.#table.flags(i) & MSG_TRUNC) !== 0) {
        statistics.truncated++;
      } else {
        const start = this.#slots.start(i);
        const length = this.#prefix + this.#table.length(i);
        if (this.#delivery !== 'packet') this.#restore(i, start, length);
        const window = this.#windows[i]!.reset(this.#arena.bytes, start, start + length);
        // The kernel drops datagrams with a wrong sum before a socket sees them.
        if (this.#delivery === 'udp-payload') window.checksum = 'verified';
        statistics.receivedOctets += length;
        this.#order[count++] = i;
      }
      this.#table.setLengths(i, nameLength, CONTROL_SPACE);
    }
    statistics.received += count;
    return count;
  }

  /** Packet `index` of the last batch. */
  packet(index: number): PacketBuffer {
    return this.#windows[this.#order[index]!]!;
  }

  /** Gives the memory back to the arena. */
  release(): void {
    this.#table.release();
    this.#slots.release();
  }

  /** Messages received. An error on the socket (ICMP, interruption) is taken off it and must not hide packets. */
  #receiveMessages(): number {
    for (let tries = 0; tries < ERROR_TRIES; tries++) {
      const n = this.#system.recvmmsg(this.#fd, this.#table.address(0), this.#batch, MSG_DONTWAIT, 0);
      if (n >= 0) return n;
      if (this.#system.errno() === EAGAIN) return 0;
      this.#statistics.receiveErrors++;
    }
    return 0;
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
