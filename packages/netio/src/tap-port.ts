import type { PacketBuffer } from '@overlane/wire';
import { Arena } from './arena.js';
import { requireOption } from './errors.js';
import { FrameRoom, type FrameRoomSize } from './frame-room.js';
import { bringInterfaceUp, setInterfaceMtu } from './interface-control.js';
import { EAGAIN, EINTR, EIO, ENOBUFS } from './linux.js';
import type { PollablePort } from './pollable-port.js';
import { MTU_MAX, Slots, slotSize } from './slots.js';
import { loadSystemCalls, type SystemCalls } from './sys.js';
import { openTap, type TapQueue } from './tap-device.js';
import { TapStatistics } from './tap-statistics.js';
import { isFinishable, type OffloadLevel, readVnetHeader, VNET_HEADER_LENGTH, writeVnetHeader } from './vnet-header.js';

/** Frames read per `receive` by default. */
const BATCH = 64;
/** Octets of super-frames read per `receive`: with more, the first would leave the cache before they are sent. */
const OCTETS_MAX = 256 * 1024;

/** How a {@link TapPort} is opened. */
export interface TapOptions {
  /** Name of the device, 1 to 15 characters; `tap%d` lets the kernel number it. */
  readonly name: string;
  /**
   * What the device and we leave to each other. `none` (default): frames come and go whole. `checksum`: transport
   * checksums may be unfinished, `packet.checksum` being `partial`. `segmentation`: frames may besides have up to 64 KiB,
   * yet to be cut (`packet.segmentType`); `udp` among them from Linux 6.2 on.
   */
  readonly offload?: OffloadLevel;
  /** Which of the device's queues this is, `only` by default. All queues of a device should ask for the same offload. */
  readonly queue?: TapQueue;
  /**
   * Frames read per `receive`, 1..1024. 64 by default, past which the gain is lost in latency. With segmentation no more
   * are read once there are 256 KiB of them, so that they are still in the cache when they leave.
   */
  readonly batch?: number;
  /** MTU of the device, 68..65,535; 1,500 by default. Memory is as large as it and `offload` ask for. */
  readonly mtu?: number;
  /** Memory for frames; the thread's own arena by default. */
  readonly arena?: Arena;
  /** System calls; libc by default. */
  readonly system?: SystemCalls;
}

/**
 * A TAP device: the tenant's end is a network interface, ours reads and writes Ethernet frames without a file system
 * or event loop between. The device goes when the port is closed or the process ends. It may be moved to another
 * network namespace; the port keeps working.
 *
 * Frames are read to behind a vnet header that stays in the headroom. One is also put in front of every frame sent: it
 * borrows the ten octets there and puts them back, so a pending send of the same slot elsewhere is not hurt.
 */
export class TapPort implements PollablePort {
  /** Name of the device. */
  readonly name: string;
  /** Counters, as plain fields; read them at any time. */
  readonly statistics = new TapStatistics();
  readonly #system: SystemCalls;
  readonly #arena: Arena;
  readonly #bytes: Uint8Array;
  readonly #room: FrameRoom;
  /** Where foreign frames are copied to be sent. */
  readonly #foreign: Slots;
  readonly #batch: number;
  readonly #offload: OffloadLevel;
  readonly #udpSegmentation: boolean;
  #fds: readonly number[];
  #fd: number;
  #lost = 0;

  /**
   * Creates the device, or takes over a persistent one, sets its MTU and leaves it down. A further queue leaves MTU and
   * state as they are.
   * @throws NetioError E_NETIO_NO_PERMISSION, E_NETIO_NO_SUCH_DEVICE (no TUN driver, or none to join),
   * E_NETIO_DEVICE_BUSY (the name is taken, or all queues), E_NETIO_BAD_OPTION, E_NETIO_NO_MEMORY,
   * E_NETIO_TOO_MANY_FILES, E_NETIO_UNSUPPORTED_PLATFORM, E_NETIO_SYSTEM
   */
  constructor(options: TapOptions) {
    const { name, offload = 'none', queue = 'only', mtu = 1500, batch = BATCH, system = loadSystemCalls() } = options;
    requireOption(name, 'batch', batch, 1, 1024);
    requireOption(name, 'mtu', mtu, 68, MTU_MAX);
    const arena = options.arena ?? Arena.forThread();
    const room = new FrameRoom(arena, roomSize(offload, batch, mtu));
    let foreign: Slots | undefined;
    try {
      foreign = new Slots(arena, 1, offload === 'segmentation' ? MTU_MAX : mtu);
      const device = openTap(name, offload, queue, arena, system);
      this.#fd = device.fd;
      this.name = device.name;
      this.#udpSegmentation = device.udpSegmentation;
      try {
        if (queue !== 'further') setInterfaceMtu(this.name, mtu, arena, system);
      } catch (error) {
        system.close(this.#fd);
        throw error;
      }
    } catch (error) {
      room.release();
      foreign?.release();
      throw error;
    }
    this.#room = room;
    this.#foreign = foreign;
    this.#fds = [this.#fd];
    this.#system = system;
    this.#arena = arena;
    this.#bytes = arena.bytes;
    this.#batch = batch;
    this.#offload = offload;
  }

  /** Octets of the arena that a port takes. */
  static memory({
    offload = 'none',
    batch = BATCH,
    mtu = 1500,
  }: Pick<TapOptions, 'offload' | 'batch' | 'mtu'>): number {
    return FrameRoom.memory(roomSize(offload, batch, mtu)) + slotSize(offload === 'segmentation' ? MTU_MAX : mtu);
  }

  /** The descriptor to poll. */
  get fds(): readonly number[] {
    return this.#fds;
  }

  /** Brings the device up, as long as it has not been moved out of this network namespace. @throws NetioError */
  bringUp(): void {
    bringInterfaceUp(this.name, this.#arena, this.#system);
  }

  /** Reads up to `batch` frames, one system call each. */
  receive(): number {
    const room = this.#room;
    const length = room.capacity + VNET_HEADER_LENGTH;
    let count = 0;
    room.clear();
    // Twice the batch bounds the time that refused frames, whose place is used again, can take.
    for (let tries = 2 * this.#batch; count < this.#batch && tries > 0; tries--) {
      const start = room.next;
      if (start < 0) break;
      const n = this.#system.read(this.#fd, this.#arena.address(start - VNET_HEADER_LENGTH), length);
      if (n < 0) {
        const errno = this.#system.errno();
        if (errno === EINTR) continue;
        if (errno !== EAGAIN) this.#noteReceiveError(errno);
        break;
      }
      if (n === length) {
        this.statistics.oversized++;
        continue;
      }
      const window = room.windows[count]!.reset(this.#bytes, start, start + n - VNET_HEADER_LENGTH);
      const fault = readVnetHeader(this.#bytes, start - VNET_HEADER_LENGTH, window);
      if (fault !== undefined) {
        this.statistics.countFault(fault);
        continue;
      }
      if (window.checksum === 'partial') this.statistics.receivedUnfinished++;
      this.statistics.receivedOctets += n - VNET_HEADER_LENGTH;
      room.keep(n - VNET_HEADER_LENGTH);
      count++;
    }
    this.statistics.received += count;
    return count;
  }

  /** Frame `index` of the last batch, at 2 mod 64, with {@link HEADROOM} in front. */
  packet(index: number): PacketBuffer {
    return this.#room.windows[index]!;
  }

  /** True for what `offload` allows, if a vnet header can say it; for super-datagrams the kernel must know them, too. */
  canFinish(packet: PacketBuffer): boolean {
    return isFinishable(packet, this.#offload) && (packet.segmentType !== 'udp' || this.#udpSegmentation);
  }

  /**
   * Writes one frame at once: there is no system call for several. False if the device's queue is full. A frame that
   * can never be sent is taken, counted, and reported by the next `flush`.
   */
  send(packet: PacketBuffer): boolean {
    const length = packet.end - packet.start;
    const unfinished = packet.isUnfinished;
    if (unfinished && !this.canFinish(packet)) {
      this.statistics.unfinished++;
      this.#lost++;
      return true;
    }
    let start = packet.start;
    if (packet.bytes !== this.#bytes) {
      start = this.#foreign.copy(0, packet);
      if (start >= 0) this.statistics.copied++;
    }
    if (start < VNET_HEADER_LENGTH || length <= 0) {
      this.statistics.refused++;
      this.#lost++;
      return true;
    }
    const n = this.#write(start - VNET_HEADER_LENGTH, length + VNET_HEADER_LENGTH, packet);
    if (n >= 0) {
      if (unfinished) this.statistics.sentUnfinished++;
      this.statistics.sent++;
      this.statistics.sentOctets += length;
      return true;
    }
    const errno = this.#system.errno();
    if (errno === EAGAIN || errno === ENOBUFS) {
      this.statistics.full++;
      return false;
    }
    if (errno === EIO) {
      this.statistics.deviceDown++;
    } else {
      this.statistics.sendErrors++;
      this.statistics.lastErrno = errno;
    }
    this.#lost++;
    return true;
  }

  /** Frames dropped by `send` since the last call; nothing is ever held. */
  flush(): number {
    const lost = this.#lost;
    this.#lost = 0;
    return lost;
  }

  /** Closes the descriptor, and the device goes. Harmless when repeated. */
  close(): void {
    if (this.#fd < 0) return;
    this.#system.close(this.#fd);
    this.#fd = -1;
    this.#fds = [];
    this.#room.release();
    this.#foreign.release();
  }

  #noteReceiveError(errno: number): void {
    this.statistics.receiveErrors++;
    this.statistics.lastErrno = errno;
  }

  /** Writes the frame `packet` behind its vnet header at `offset`, whose own octets are put back after. */
  #write(offset: number, length: number, packet: PacketBuffer): number {
    // writev with the header apart would need no headroom, but costs about 5 % more per frame.
    const bytes = this.#bytes;
    const saved = this.#arena.scratch;
    for (let i = 0; i < VNET_HEADER_LENGTH; i++) bytes[saved + i] = bytes[offset + i]!;
    writeVnetHeader(bytes, offset, packet, 0);
    const n = this.#system.write(this.#fd, this.#arena.address(offset), length);
    for (let i = 0; i < VNET_HEADER_LENGTH; i++) bytes[offset + i] = bytes[saved + i]!;
    return n;
  }
}

function roomSize(offload: OffloadLevel, frames: number, mtu: number): FrameRoomSize {
  return offload === 'segmentation' ? { frames, mtu: MTU_MAX, octets: OCTETS_MAX } : { frames, mtu };
}
