import type { PacketBuffer } from '@overlane/wire';
import type { Arena } from './arena.js';
import { AF_INET, AF_INET6, EINTR, MSG_DONTWAIT } from './linux.js';
import { DatagramGroup } from './datagram-group.js';
import { MessageTable } from './message-table.js';
import type { SegmentSockets } from './segment-sockets.js';
import { Slots } from './slots.js';
import { socketAddressLength, socketAddressOffset } from './socket-address.js';
import type { SystemCalls } from './sys.js';
import type { UnderlayStatistics } from './underlay-statistics.js';

/**
 * The sending half of an underlay socket: a table of packets for sendmmsg(2) on a raw socket that takes the IP header
 * with the packet. Owns its memory, not the descriptor.
 */
export class UnderlaySender {
  readonly #system: SystemCalls;
  readonly #arena: Arena;
  readonly #fd: number;
  readonly #family: 4 | 6;
  readonly #batch: number;
  readonly #mtu: number;
  readonly #table: MessageTable;
  readonly #statistics: UnderlayStatistics;
  /** What sends runs of datagrams as one, if anything does. */
  readonly #segments: SegmentSockets | undefined;
  readonly #group: DatagramGroup;
  /** Per packet in the table: where it lies, its octets, and how many packets the run has that starts with it. */
  readonly #starts: Int32Array;
  readonly #lengths: Int32Array;
  readonly #runs: Int32Array;
  #runStart = 0;
  /** Copies of packets from foreign memory; made when the first one comes. */
  #staging: Slots | undefined;
  #queued = 0;
  #lost = 0;

  /** @throws NetioError E_NETIO_NO_MEMORY */
  constructor(
    system: SystemCalls,
    arena: Arena,
    fd: number,
    family: 4 | 6,
    batch: number,
    mtu: number,
    statistics: UnderlayStatistics,
    segments?: SegmentSockets,
  ) {
    this.#system = system;
    this.#arena = arena;
    this.#fd = fd;
    this.#family = family;
    this.#batch = batch;
    this.#mtu = mtu;
    this.#statistics = statistics;
    this.#segments = segments;
    this.#group = new DatagramGroup(arena.bytes, family);
    this.#starts = new Int32Array(batch);
    this.#lengths = new Int32Array(batch);
    this.#runs = new Int32Array(batch);
    this.#table = new MessageTable(arena, batch, 'plain');
    for (let i = 0; i < batch; i++) {
      // Port and scope stay 0: on a raw socket the port would name the protocol.
      arena.bytes[this.#table.nameOffset(i)] = family === 4 ? AF_INET : AF_INET6;
      this.#table.setLengths(i, socketAddressLength(family), 0);
    }
  }

  /** Puts a packet into the table; sends the table first if it is full. */
  send(packet: PacketBuffer): void {
    if (this.#queued === this.#batch) this.#transmit();
    const index = this.#queued;
    const length = packet.end - packet.start;
    if (packet.isUnfinished) return this.#refuse('unfinished');
    const start =
      this.#family === 4 ? this.#place(index, packet, length, 4, 20) : this.#place(index, packet, length, 6, 40);
    if (start < 0) return this.#refuse('malformed');
    const bytes = this.#arena.bytes;
    const name = this.#table.nameOffset(index) + socketAddressOffset(this.#family);
    const destination = start + (this.#family === 4 ? 16 : 24);
    const addressLength = this.#family === 4 ? 4 : 16;
    for (let i = 0; i < addressLength; i++) bytes[name + i] = bytes[destination + i]!;
    this.#table.setBuffer(index, start, length);
    this.#starts[index] = start;
    this.#lengths[index] = length;
    this.#runs[index] = 1;
    this.#queued = index + 1;
    if (this.#segments === undefined) return;
    if (this.#group.join(start, length)) {
      this.#runs[this.#runStart]!++;
    } else {
      this.#group.begin(start, length);
      this.#runStart = index;
    }
  }

  /** Sends the table and returns the packets lost since the last flush. */
  flush(): number {
    if (this.#queued > 0) this.#transmit();
    const lost = this.#lost;
    this.#lost = 0;
    return lost;
  }

  /** Gives the memory back to the arena. */
  release(): void {
    this.#table.release();
    this.#staging?.release();
  }

  #refuse(reason: 'malformed' | 'unfinished'): void {
    this.#statistics[reason]++;
    this.#statistics.refused++;
    this.#lost++;
  }

  /** Offset in the arena of a packet of that version and least length, copied if it was elsewhere; -1 if it is none. */
  #place(index: number, packet: PacketBuffer, length: number, version: number, minimum: number): number {
    if (length < minimum || packet.bytes[packet.start]! >>> 4 !== version) return -1;
    if (packet.bytes === this.#arena.bytes) return packet.start;
    this.#staging ??= new Slots(this.#arena, this.#batch, this.#mtu);
    const start = this.#staging.copy(index, packet);
    if (start >= 0) this.#statistics.copied++;
    return start;
  }

  /** Sends everything in the table: runs of datagrams as one each, what is between them together. */
  #transmit(): void {
    const queued = this.#queued;
    this.#queued = 0;
    this.#group.end();
    for (let next = 0; next < queued;) {
      let end = next;
      while (end < queued && this.#runs[end] === 1) end++;
      this.#transmitSingly(next, end);
      if (end === queued) return;
      next = end + this.#runs[end]!;
      if (!this.#transmitRun(end, next)) this.#transmitSingly(end, next);
    }
  }

  /** Sends packets `from..to - 1`, a run, as one super-datagram; false if none was sent. */
  #transmitRun(from: number, to: number): boolean {
    const statistics = this.#statistics;
    if (this.#segments?.send(this.#starts, this.#lengths, from, to - from) !== true) {
      statistics.coalescingRefused++;
      return false;
    }
    statistics.sentSuper++;
    statistics.coalesced += to - from;
    statistics.sent += to - from;
    for (let i = from; i < to; i++) statistics.sentOctets += this.#lengths[i]!;
    return true;
  }

  /**
   * Sends packets `from..to - 1`. sendmmsg stops at a packet that fails and reports it only when it comes first, so a
   * failing packet costs one more call; each call but an interrupted one gets past at least one packet.
   */
  #transmitSingly(from: number, to: number): void {
    const statistics = this.#statistics;
    let next = from;
    for (let tries = 3 * (to - from); next < to && tries > 0; tries--) {
      const n = this.#system.sendmmsg(this.#fd, this.#table.address(next), to - next, MSG_DONTWAIT);
      if (n > 0) {
        for (const end = next + n; next < end; next++) statistics.sentOctets += this.#lengths[next]!;
        statistics.sent += n;
        continue;
      }
      const errno = this.#system.errno();
      if (errno === EINTR && tries > to - next) continue;
      statistics.countRefusal(errno);
      this.#lost++;
      next++;
    }
  }
}
