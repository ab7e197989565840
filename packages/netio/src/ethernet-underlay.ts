import { ethernet, type PacketBuffer, write16 } from '@overlane/wire';
import { Arena } from './arena.js';
import { requireOption } from './errors.js';
import { EthernetUnderlayStatistics } from './ethernet-underlay-statistics.js';
import { interfaceIndex } from './interface-control.js';
import * as linux from './linux.js';
import { MessageTable } from './message-table.js';
import { frameFilter, type FrameTypes } from './packet-filter.js';
import { openPacketSocket } from './packet-socket.js';
import type { PollablePort } from './pollable-port.js';
import { MTU_MAX, Slots } from './slots.js';
import { loadSystemCalls, type SystemCalls } from './sys.js';

/** How an {@link EthernetUnderlay} is opened. */
export interface EthernetUnderlayOptions {
  /** Name of the Ethernet interface. */
  readonly device: string;
  /** Which frames to receive; the kernel drops others before they are copied. */
  readonly types: FrameTypes;
  /** Frames received or sent with one system call, 1..1024; 64 by default. */
  readonly batch?: number;
  /** MTU of the physical network, 68..65,535; 1,500 by default. Ethernet header and VLAN tag come on top. */
  readonly mtu?: number;
  /** Memory for slots and tables; the thread's own arena by default. */
  readonly arena?: Arena;
  /** System calls; libc by default. */
  readonly system?: SystemCalls;
}

const TAG = ethernet.TAG_LENGTH;
const ADDRESSES = 12;
/** `struct cmsghdr` (length 0, level 8, type 12), then `struct tpacket_auxdata`: status 0, VLAN tag 16, its EtherType 18. */
const CONTROL_LENGTH = 36;
const AUX_LEVEL = 8;
const AUX_TYPE = 12;
const AUX_STATUS = 16;
const AUX_TCI = 32;
const AUX_TPID = 34;

/**
 * One Ethernet interface, frame by frame as they are on the wire, VLAN tags included: for tunnels that write the outer
 * Ethernet header themselves. What is sent leaves as it was written, whatever its source address. The kernel sees the
 * frames received, too; it drops those that are nothing to it.
 */
export class EthernetUnderlay implements PollablePort {
  /** Such as `ethernet on eth0`. */
  readonly name: string;
  /** Name of the interface. */
  readonly device: string;
  /** Counters, as plain fields; read them at any time. */
  readonly statistics = new EthernetUnderlayStatistics();
  readonly #system: SystemCalls;
  readonly #arena: Arena;
  readonly #batch: number;
  readonly #slots: Slots;
  readonly #incoming: MessageTable;
  readonly #outgoing: MessageTable;
  /** Memory for frames from elsewhere, made when the first comes. */
  #staging: Slots | undefined;
  readonly #mtu: number;
  readonly #lengths: Int32Array;
  #fds: readonly number[];
  #queued = 0;
  #staged = 0;
  #lost = 0;

  /**
   * Opens a packet socket in the calling thread's network namespace.
   * @throws NetioError E_NETIO_NO_PERMISSION (needs CAP_NET_RAW), E_NETIO_NO_SUCH_DEVICE, E_NETIO_BAD_OPTION,
   * E_NETIO_NO_MEMORY, E_NETIO_TOO_MANY_FILES, E_NETIO_NOT_SUPPORTED, E_NETIO_UNSUPPORTED_PLATFORM, E_NETIO_SYSTEM
   */
  constructor(options: EthernetUnderlayOptions) {
    const { device, types, batch = 64, mtu = 1500, system = loadSystemCalls() } = options;
    this.device = device;
    this.name = `ethernet on ${device}`;
    requireOption(this.name, 'batch', batch, 1, 1024);
    requireOption(this.name, 'mtu', mtu, 68, MTU_MAX);
    const arena = (this.#arena = options.arena ?? Arena.forThread());
    this.#system = system;
    this.#batch = batch;
    this.#mtu = mtu;
    this.#lengths = new Int32Array(batch);
    const undo: (() => void)[] = [];
    const keep = <Kept extends { release(): void }>(kept: Kept): Kept => {
      undo.push(() => kept.release());
      return kept;
    };
    try {
      this.#slots = keep(new Slots(arena, batch, mtu));
      this.#incoming = keep(new MessageTable(arena, batch, 'control'));
      this.#outgoing = keep(new MessageTable(arena, batch, 'bare'));
      const index = interfaceIndex(device, arena, system);
      this.#fds = [openPacketSocket(system, arena, this.name, index, frameFilter(types), 'vlan-tag')];
    } catch (error) {
      for (const release of undo) release();
      throw error;
    }
    for (let i = 0; i < batch; i++) this.#incoming.setBuffer(i, this.#slots.start(i), this.#slots.capacity);
  }

  /** The descriptor to poll. */
  get fds(): readonly number[] {
    return this.#fds;
  }

  /** Hands out up to `batch` frames, with one system call. */
  receive(): number {
    const table = this.#incoming;
    for (let i = 0; i < this.#batch; i++) table.setLengths(i, 0, CONTROL_LENGTH);
    const n = this.#system.recvmmsg(this.#fds[0] ?? -1, table.address(0), this.#batch, linux.MSG_DONTWAIT, 0);
    if (n < 0) {
      this.#noteReceiveError(this.#system.errno());
      return 0;
    }
    let count = 0;
    for (let message = 0; message < n; message++) if (this.#open(message, count)) count++;
    this.statistics.received += count;
    return count;
  }

  /** Frame `index` of the last batch, from its Ethernet header on, with headroom in front. */
  packet(index: number): PacketBuffer {
    return this.#slots.windows[index]!;
  }

  /** Notes one frame for the next flush; a full table is sent first. Always true: losses are counted, and told by `flush`. */
  send(packet: PacketBuffer): boolean {
    if (this.#queued === this.#batch || this.#staged === this.#batch) this.#transmit();
    const length = packet.end - packet.start;
    const at = packet.isUnfinished || length < ethernet.HEADER_LENGTH ? -1 : this.#place(packet);
    if (at < 0) {
      if (packet.isUnfinished) this.statistics.unfinished++;
      else this.statistics.malformed++;
      this.statistics.refused++;
      this.#lost++;
      return true;
    }
    this.#lengths[this.#queued] = length;
    this.#outgoing.setBuffer(this.#queued++, at, length);
    return true;
  }

  /** Sends what was noted with one system call, and one more per refused frame. Returns the frames lost. */
  flush(): number {
    this.#transmit();
    const lost = this.#lost;
    this.#lost = 0;
    return lost;
  }

  /** Closes the socket; what was not flushed is lost. Harmless when repeated. */
  close(): void {
    const [fd] = this.#fds;
    if (fd === undefined) return;
    this.#fds = [];
    this.#system.close(fd);
    this.#slots.release();
    this.#incoming.release();
    this.#outgoing.release();
    this.#staging?.release();
  }

  /** Points window `index` at the frame in `message`, its VLAN tag put back; false: it was dropped. */
  #open(message: number, index: number): boolean {
    const table = this.#incoming;
    const { bytes, words } = this.#arena;
    const length = table.length(message);
    if ((table.flags(message) & linux.MSG_TRUNC) !== 0 || length < ethernet.HEADER_LENGTH) {
      this.statistics.truncated++;
      return false;
    }
    let start = this.#slots.start(message);
    const end = start + length;
    const control = table.controlOffset(message);
    const isAux =
      table.controlLength(message) >= CONTROL_LENGTH &&
      words[(control + AUX_LEVEL) >>> 2] === linux.SOL_PACKET &&
      words[(control + AUX_TYPE) >>> 2] === linux.PACKET_AUXDATA;
    const status = isAux ? words[(control + AUX_STATUS) >>> 2]! : 0;
    if ((status & linux.TP_STATUS_VLAN_VALID) !== 0) {
      bytes.copyWithin(start - TAG, start, start + ADDRESSES);
      start -= TAG;
      const isTold = (status & linux.TP_STATUS_VLAN_TPID_VALID) !== 0;
      const tpid = isTold ? this.#arena.halfWords[(control + AUX_TPID) >>> 1]! : ethernet.ETHER_TYPE.C_TAG;
      write16(bytes, start + ADDRESSES, tpid);
      write16(bytes, start + ADDRESSES + 2, this.#arena.halfWords[(control + AUX_TCI) >>> 1]!);
      this.statistics.retagged++;
    }
    this.statistics.receivedOctets += end - start;
    this.#slots.windows[index]!.reset(bytes, start, end);
    return true;
  }

  /** Offset of the frame in the arena, copied if it was elsewhere; -1 if it is too long for that. */
  #place(packet: PacketBuffer): number {
    if (packet.bytes === this.#arena.bytes) return packet.start;
    this.#staging ??= new Slots(this.#arena, this.#batch, this.#mtu);
    const at = this.#staging.copy(this.#staged, packet);
    if (at < 0) return at;
    this.#staged++;
    this.statistics.copied++;
    return at;
  }

  /** sendmmsg stops at a message that fails and reports it only when it comes first, so a failing one costs one more call. */
  #transmit(): void {
    const fd = this.#fds[0] ?? -1;
    let next = 0;
    for (let tries = 3 * this.#queued; next < this.#queued && tries > 0; tries--) {
      const left = this.#queued - next;
      const n = this.#system.sendmmsg(fd, this.#outgoing.address(next), left, linux.MSG_DONTWAIT);
      if (n > 0) {
        this.statistics.sent += n;
        for (const end = next + n; next < end; next++) this.statistics.sentOctets += this.#lengths[next]!;
        continue;
      }
      const errno = this.#system.errno();
      if (errno === linux.EINTR && tries > left) continue;
      this.statistics.countRefusal(errno);
      this.#lost++;
      next++;
    }
    this.#queued = 0;
    this.#staged = 0;
  }

  #noteReceiveError(errno: number): void {
    if (errno === linux.EAGAIN || errno === linux.EINTR) return;
    if (errno === linux.ENETDOWN) this.statistics.interfaceDown++;
    else this.statistics.receiveErrors++;
  }
}
