import { ethernet, PacketBuffer, udp, writeOctets } from '@overlane/wire';
import type { Arena } from './arena.js';
import { DatagramGroup } from './datagram-group.js';
import { FinishedChecksums } from './finished-checksums.js';
import { EINTR, EINVAL, EIO, EOPNOTSUPP, MSG_DONTWAIT } from './linux.js';
import type { NextHop, NextHops } from './next-hops.js';
import { IPV4_LENGTH, IPV6_LENGTH } from './outer-header.js';
import type { PacketSenderSettings } from './packet-sender-settings.js';
import type { PacketUnderlayStatistics } from './packet-underlay-statistics.js';
import { SendTable } from './send-table.js';
import { Slots } from './slots.js';
import type { SystemCalls } from './sys.js';
import { canKernelFinish, transportOffset } from './underlay-offload.js';
import type { UnderlaySender } from './underlay-sender.js';
import { VNET_HEADER_LENGTH, writeVnetHeader } from './vnet-header.js';

/** Octets in front of the IP packet in each message. */
const LINK = VNET_HEADER_LENGTH + ethernet.HEADER_LENGTH;

/** Octets in the table after which it is sent: far fewer than the socket's buffer holds. */
const OCTETS_MAX = 1024 * 1024;

/**
 * The sending half of a packet socket: Ethernet and vnet headers of its own in front of packets that stay where they
 * are, and runs of datagrams as one message. Owns its memory, not the descriptor.
 */
export class PacketSender {
  /** Longest packet that leaves the interface whole; longer ones are in no run, so that the kernel can refuse them. */
  linkMtu = 0;
  readonly #system: SystemCalls;
  readonly #arena: Arena;
  readonly #fd: number;
  readonly #settings: PacketSenderSettings;
  readonly #hops: NextHops;
  readonly #byKernel: UnderlaySender;
  readonly #statistics: PacketUnderlayStatistics;
  readonly #table: SendTable;
  /** For the packets of a run that the kernel would not cut. */
  readonly #single: SendTable;
  readonly #group: DatagramGroup;
  readonly #window: PacketBuffer;
  readonly #first: PacketBuffer;
  /** Per packet: offset, length, and offset of its own outer `partial` checksum or 0. */
  readonly #starts: Int32Array;
  readonly #lengths: Int32Array;
  readonly #partial: Int32Array;
  /** Per message: packets in it. */
  readonly #packetsIn: Int32Array;
  readonly #checksums: FinishedChecksums;
  #staging: Slots | undefined;
  #staged = 0;
  #queued = 0;
  #octets = 0;
  #lost = 0;
  #groupHop: NextHop | undefined;
  #coalescing: boolean;

  /** Packets that cannot leave by `fd` itself go through `byKernel`. @throws NetioError E_NETIO_NO_MEMORY */
  constructor(
    system: SystemCalls,
    arena: Arena,
    fd: number,
    settings: PacketSenderSettings,
    hops: NextHops,
    byKernel: UnderlaySender,
    statistics: PacketUnderlayStatistics,
  ) {
    const { packets, family, offload } = settings;
    this.#system = system;
    this.#arena = arena;
    this.#fd = fd;
    this.#settings = settings;
    this.#hops = hops;
    this.#byKernel = byKernel;
    this.#statistics = statistics;
    this.#coalescing = offload === 'segmentation';
    this.#starts = new Int32Array(packets);
    this.#lengths = new Int32Array(packets);
    this.#partial = new Int32Array(packets);
    this.#packetsIn = new Int32Array(packets);
    this.#checksums = new FinishedChecksums(arena.bytes, 2 * packets);
    this.#group = new DatagramGroup(arena.bytes, family);
    this.#window = new PacketBuffer(arena.bytes);
    this.#first = new PacketBuffer(arena.bytes);
    this.#table = new SendTable(arena, packets);
    try {
      this.#single = new SendTable(arena, 1);
    } catch (error) {
      this.#table.release();
      throw error;
    }
  }

  /**
   * Whether the super-datagram `packet` can leave as it is: the kernel cuts such, its datagrams fit the interface, and the
   * next hop is known.
   */
  cuts({ bytes, start, checksumStart, segmentSize }: PacketBuffer): boolean {
    if (!this.#coalescing || checksumStart + udp.HEADER_LENGTH - start + segmentSize > this.linkMtu) return false;
    return this.#hops.find(bytes, start + (this.#settings.family === 4 ? 16 : 24)).isDirect;
  }

  /** Puts a packet into the table; sends the table first if it is full. */
  send(packet: PacketBuffer): void {
    const { family, packets, copies, offload } = this.#settings;
    const isFull = this.#queued === packets || this.#staged === copies || this.#octets >= OCTETS_MAX;
    if (isFull || this.#checksums.lacks(2)) this.#transmit();
    const length = packet.end - packet.start;
    if (length < (family === 4 ? IPV4_LENGTH : IPV6_LENGTH) || packet.bytes[packet.start]! >>> 4 !== family) {
      return this.#refuse('malformed');
    }
    if (packet.isUnfinished && !canKernelFinish(packet, family, offload)) return this.#refuse('unfinished');
    const hop = this.#hops.find(packet.bytes, packet.start + (family === 4 ? 16 : 24));
    if (!hop.isDirect && packet.segmentType !== 'none') return this.#refuse('unresolved');
    const at = this.#place(packet);
    if (at < 0) return this.#refuse('malformed');
    if (hop.isDirect) this.#queue(packet, at, length, hop);
    else this.#sendByKernel(packet, at, length);
  }

  /** Sends the table and returns the packets lost since the last flush. */
  flush(): number {
    this.#transmit();
    const lost = this.#lost;
    this.#lost = 0;
    return lost;
  }

  /** Gives the memory back to the arena. */
  release(): void {
    this.#table.release();
    this.#single.release();
    this.#staging?.release();
  }

  #refuse(reason: 'malformed' | 'unfinished' | 'unresolved'): void {
    this.#statistics[reason]++;
    this.#statistics.refused++;
    this.#lost++;
  }

  /** Offset of the packet in the arena, copied if it was elsewhere; -1 if it is too long for that. */
  #place(packet: PacketBuffer): number {
    if (packet.bytes === this.#arena.bytes) return packet.start;
    this.#staging ??= new Slots(this.#arena, this.#settings.copies, this.#settings.mtu);
    const at = this.#staging.copy(this.#staged, packet);
    if (at < 0) return at;
    this.#staged++;
    this.#statistics.copied++;
    return at;
  }

  #sendByKernel(packet: PacketBuffer, at: number, length: number): void {
    const { bytes } = this.#arena;
    if (packet.checksum === 'partial') this.#checksums.finish(packet, at - packet.start);
    this.#statistics.sentByKernel++;
    this.#byKernel.send(this.#window.reset(bytes, at, at + length));
  }

  #queue(packet: PacketBuffer, at: number, length: number, hop: NextHop): void {
    const index = this.#queued++;
    const delta = at - packet.start;
    const isInner =
      packet.checksum === 'partial' &&
      packet.checksumStart + delta !== transportOffset(this.#arena.bytes, at, this.#settings.family);
    this.#starts[index] = at;
    this.#lengths[index] = length;
    this.#octets += length;
    this.#partial[index] = packet.checksum === 'partial' && !isInner ? packet.checksumField + delta : 0;
    const group = this.#group;
    const canGroup = this.#coalescing && packet.segmentType === 'none' && length <= this.linkMtu;
    if (canGroup && hop === this.#groupHop && group.join(at, length)) {
      // The one checksum that a vnet header has room for is the outer one now.
      if (group.count === 2) this.#makeSuper();
      if (isInner) this.#checksums.finish(packet, delta);
      this.#table.addPiece(at + group.headerLength, length - group.headerLength);
      this.#packetsIn[this.#table.count - 1]!++;
      return;
    }
    this.#endGroup();
    const message = this.#table.add(LINK);
    const header = this.#table.header(message);
    this.#table.addPiece(at, length);
    this.#packetsIn[message] = 1;
    writeVnetHeader(this.#arena.bytes, header, packet, ethernet.HEADER_LENGTH);
    writeOctets(this.#arena.bytes, header + VNET_HEADER_LENGTH, hop.header);
    if (packet.segmentType !== 'none') this.#statistics.sentSuper++;
    if (!canGroup) return;
    group.begin(at, length);
    this.#groupHop = hop;
    this.#first.reset(this.#arena.bytes, at, at + length);
    if (!isInner) return;
    this.#first.checksum = 'partial';
    this.#first.checksumStart = packet.checksumStart + delta;
    this.#first.checksumField = packet.checksumField + delta;
  }

  /** The last message becomes a super-datagram: its headers move in front, so that the payloads lie side by side. */
  #makeSuper(): void {
    const { start, headerLength, segmentSize } = this.#group;
    if (this.#first.checksum === 'partial') this.#checksums.finish(this.#first, 0);
    this.#table.reshape(LINK + headerLength, start + headerLength, segmentSize);
  }

  /** The last message is complete; if it is a super-datagram, its headers and vnet header are written now. */
  #endGroup(): void {
    const group = this.#group;
    if (group.count > 1) {
      const bytes = this.#arena.bytes;
      const header = this.#table.header(this.#table.count - 1);
      const start = header + LINK;
      group.writeHeaders(start);
      const window = this.#window.reset(bytes, start, start + group.headerLength);
      group.describe(window);
      writeVnetHeader(bytes, header, window, ethernet.HEADER_LENGTH);
      this.#statistics.sentSuper++;
      this.#statistics.coalesced += group.count;
    }
    group.end();
  }

  /**
   * Sends everything in the table. sendmmsg stops at a message that fails and reports it only when it comes first, so a
   * failing one costs one more call; each call but an interrupted one gets past at least one message.
   */
  #transmit(): void {
    this.#endGroup();
    const { count } = this.#table;
    let packet = 0;
    let next = 0;
    for (let tries = 3 * count; next < count && tries > 0; tries--) {
      const n = this.#system.sendmmsg(this.#fd, this.#table.address(next), count - next, MSG_DONTWAIT);
      if (n > 0) {
        for (const end = next + n; next < end; next++) packet = this.#countSent(packet, this.#packetsIn[next]!);
        continue;
      }
      const errno = this.#system.errno();
      if (errno === EINTR && tries > count - next) continue;
      const packets = this.#packetsIn[next]!;
      const isUncut = errno === EINVAL || errno === EIO || errno === EOPNOTSUPP;
      // A run, or what came as a super-datagram.
      if (isUncut && (packets > 1 || this.#lengths[packet]! > this.linkMtu)) this.#coalescing = false;
      if (isUncut && packets > 1) {
        this.#statistics.coalescingRefused++;
        this.#sendSingly(next, packet, packets);
      } else {
        for (let i = 0; i < packets; i++) this.#countLost(errno);
      }
      packet += packets;
      next++;
    }
    this.#table.clear();
    this.#queued = 0;
    this.#octets = 0;
    // What was copied for the kernel's socket leaves before its slot is used again.
    this.#lost += this.#byKernel.flush();
    this.#staged = 0;
    this.#checksums.restore();
  }

  #countSent(packet: number, packets: number): number {
    const statistics = this.#statistics;
    statistics.sent += packets;
    for (const end = packet + packets; packet < end; packet++) statistics.sentOctets += this.#lengths[packet]!;
    return packet;
  }

  #countLost(errno: number): void {
    this.#statistics.countRefusal(errno);
    this.#lost++;
  }

  /** Sends the packets of message `message` one by one; they still lie where they were. */
  #sendSingly(message: number, packet: number, packets: number): void {
    const bytes = this.#arena.bytes;
    const link = this.#table.header(message) + VNET_HEADER_LENGTH;
    const header = this.#single.header(0);
    for (const end = packet + packets; packet < end; packet++) {
      const at = this.#starts[packet]!;
      const window = this.#window.reset(bytes, at, at + this.#lengths[packet]!);
      if (this.#partial[packet] !== 0) {
        window.checksum = 'partial';
        window.checksumStart = transportOffset(this.#arena.bytes, at, this.#settings.family);
        window.checksumField = this.#partial[packet]!;
      }
      this.#single.clear();
      this.#single.add(LINK);
      this.#single.addPiece(at, window.length);
      writeVnetHeader(bytes, header, window, ethernet.HEADER_LENGTH);
      bytes.copyWithin(header + VNET_HEADER_LENGTH, link, link + ethernet.HEADER_LENGTH);
      if (this.#system.sendmmsg(this.#fd, this.#single.address(0), 1, MSG_DONTWAIT) > 0) this.#countSent(packet, 1);
      else this.#countLost(this.#system.errno());
    }
  }
}
