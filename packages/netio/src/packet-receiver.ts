import { ethernet, type PacketBuffer } from '@overlane/wire';
import type { Arena } from './arena.js';
import { DatagramSplitter } from './datagram-splitter.js';
import { EAGAIN, EINVAL, ENETDOWN, IPPROTO_UDP, MSG_DONTWAIT, MSG_TRUNC } from './linux.js';
import { MessageTable } from './message-table.js';
import { type MessageSource, PacketBatch } from './packet-batch.js';
import type { PacketUnderlayStatistics } from './packet-underlay-statistics.js';
import { MTU_MAX, Slots, SUPER_SLOTS } from './slots.js';
import type { SystemCalls } from './sys.js';
import { openReceived } from './unfinished-datagram.js';
import { type OffloadLevel, readVnetHeader, VNET_HEADER_LENGTH } from './vnet-header.js';

/** Octets in front of the IP packet in each message. */
const LINK = VNET_HEADER_LENGTH + ethernet.HEADER_LENGTH;

/** Errors on the socket that one `receive` clears before it gives up until the next turn. */
const ERROR_TRIES = 4;

/** What a {@link PacketReceiver} is made for. */
export interface PacketReceiverSettings {
  /** Address family of all packets. */
  readonly family: 4 | 6;
  /** IP protocol of all packets: their filter has seen to it. */
  readonly protocol: number;
  /** Packets handed out at once. */
  readonly batch: number;
  /** Longest packet expected, unless it is a super-frame. */
  readonly mtu: number;
  /** With `segmentation`, slots are large enough for super-frames. */
  readonly offload: OffloadLevel;
}

/**
 * The receiving half of a packet socket: recvmmsg(2) into slots, so that the IP packet starts where a slot's packet
 * starts; and super-datagrams handed out as single ones. Owns its memory, not the descriptor.
 */
export class PacketReceiver implements MessageSource {
  /** What has been received, in batches. */
  readonly batch: PacketBatch;
  readonly #system: SystemCalls;
  readonly #arena: Arena;
  readonly #fd: number;
  readonly #settings: PacketReceiverSettings;
  readonly #statistics: PacketUnderlayStatistics;
  readonly #messages: number;
  readonly #slots: Slots;
  readonly #table: MessageTable;
  readonly #splitter: DatagramSplitter | undefined;

  /** @throws NetioError E_NETIO_NO_MEMORY */
  constructor(
    system: SystemCalls,
    arena: Arena,
    fd: number,
    settings: PacketReceiverSettings,
    statistics: PacketUnderlayStatistics,
  ) {
    const { batch, mtu, offload, protocol } = settings;
    const isLarge = offload === 'segmentation';
    this.#system = system;
    this.#arena = arena;
    this.#fd = fd;
    this.#settings = settings;
    this.#statistics = statistics;
    this.#messages = isLarge ? Math.min(batch, SUPER_SLOTS) : batch;
    this.#slots = new Slots(arena, this.#messages, isLarge ? MTU_MAX : mtu);
    try {
      if (isLarge && protocol === IPPROTO_UDP) this.#splitter = new DatagramSplitter(arena, batch, mtu);
      this.#table = new MessageTable(arena, this.#messages, 'bare');
    } catch (error) {
      this.#slots.release();
      this.#splitter?.release();
      throw error;
    }
    for (let i = 0; i < this.#messages; i++) {
      this.#table.setBuffer(i, this.#slots.start(i) - LINK, this.#slots.capacity + LINK);
    }
    this.batch = new PacketBatch(this, batch, this.#splitter, statistics);
  }

  /** Gives the memory back to the arena. */
  release(): void {
    this.#table.release();
    this.#slots.release();
    this.#splitter?.release();
  }

  /** Messages received. An error on the socket is taken off it and must not hide packets. */
  fetch(): number {
    for (let tries = 0; tries < ERROR_TRIES; tries++) {
      const n = this.#system.recvmmsg(this.#fd, this.#table.address(0), this.#messages, MSG_DONTWAIT, 0);
      if (n >= 0) return n;
      const errno = this.#system.errno();
      if (errno === EAGAIN) return 0;
      if (errno === EINVAL) this.#statistics.unsupportedOffload++;
      else if (errno === ENETDOWN) this.#statistics.interfaceDown++;
      else this.#statistics.receiveErrors++;
    }
    return 0;
  }

  /** The packet in message `index`; `undefined` if it is dropped, or handed out in parts from now on. */
  open(index: number): PacketBuffer | undefined {
    const statistics = this.#statistics;
    const start = this.#slots.start(index);
    const length = this.#table.length(index) - LINK;
    if ((this.#table.flags(index) & MSG_TRUNC) !== 0 || length < 0) {
      statistics.truncated++;
      return undefined;
    }
    const bytes = this.#arena.bytes;
    const window = this.#slots.windows[index]!.reset(bytes, start, start + length);
    // Its offsets count from the Ethernet header.
    window.start = start - ethernet.HEADER_LENGTH;
    const fault = readVnetHeader(bytes, start - LINK, window);
    window.start = start;
    return openReceived(window, fault, this.#settings, this.#splitter, statistics);
  }
}
