import type { PacketBuffer } from '@overlane/wire';
import type { Arena } from './arena.js';
import { AF_INET, AF_INET6, EINTR, MSG_DONTWAIT } from './linux.js';
import { MessageTable } from './message-table.js';
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
  /** Lengths of the packets in the table, for the octet counter. */
  readonly #lengths: Int32Array;
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
  ) {
    this.#system = system;
    this.#arena = arena;
    this.#fd = fd;
    this.#family = family;
    this.#batch = batch;
    this.#mtu = mtu;
    this.#statistics = statistics;
    this.#lengths = new Int32Array(batch);
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
    const start =
      this.#family === 4 ? this.#place(index, packet, length, 4, 20) : this.#place(index, packet, length, 6, 40);
    if (start < 0) {
      this.#statistics.malformed++;
      this.#statistics.refused++;
      this.#lost++;
      return;
    }
    const bytes = this.#arena.bytes;
    const name = this.#table.nameOffset(index) + socketAddressOffset(this.#family);
    const destination = start + (this.#family === 4 ? 16 : 24);
    const addressLength = this.#family === 4 ? 4 : 16;
    for (let i = 0; i < addressLength; i++) bytes[name + i] = bytes[destination + i]!;
    this.#table.setBuffer(index, start, length);
    this.#lengths[index] = length;
    this.#queued = index + 1;
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

  /** Offset in the arena of a packet of that version and least length, copied if it was elsewhere; -1 if it is none. */
  #place(index: number, packet: PacketBuffer, length: number, version: number, minimum: number): number {
    if (length < minimum || packet.bytes[packet.start]! >>> 4 !== version) return -1;
    if (packet.bytes === this.#arena.bytes) return packet.start;
    this.#staging ??= new Slots(this.#arena, this.#batch, this.#mtu);
    const start = this.#staging.copy(index, packet);
    if (start >= 0) this.#statistics.copied++;
    return start;
  }

  /**
   * Sends everything in the table. sendmmsg stops at a packet that fails and reports it only when it comes first, so a
   * failing packet costs one more call; each call but an interrupted one gets past at least one packet.
   */
  #transmit(): void {
    const queued = this.#queued;
    const statistics = this.#statistics;
    let next = 0;
    for (let tries = 3 * queued; next < queued && tries > 0; tries--) {
      const n = this.#system.sendmmsg(this.#fd, this.#table.address(next), queued - next, MSG_DONTWAIT);
      if (n > 0) {
        for (const end = next + n; next < end; next++) statistics.sentOctets += this.#lengths[next]!;
        statistics.sent += n;
        continue;
      }
      const errno = this.#system.errno();
      if (errno === EINTR && tries > queued - next) continue;
      statistics.countRefusal(errno);
      this.#lost++;
      next++;
    }
    this.#queued = 0;
  }
}
