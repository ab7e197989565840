import type { PacketBuffer } from '@overlane/wire';
import { Arena } from './arena.js';
import { requireOption } from './errors.js';
import { bringInterfaceUp, setInterfaceMtu } from './interface-control.js';
import { EAGAIN, EINTR, EIO, ENOBUFS } from './linux.js';
import type { PollablePort } from './pollable-port.js';
import { MTU_MAX, Slots } from './slots.js';
import { loadSystemCalls, type SystemCalls } from './sys.js';
import { openTap, VNET_HEADER_LENGTH } from './tap-device.js';

/** How a {@link TapPort} is opened. */
export interface TapOptions {
  /** Name of the device, 1 to 15 characters; `tap%d` lets the kernel number it. */
  readonly name: string;
  /** Frames read per `receive`, 1..1024. 64 by default: past that the gain is lost in latency and cache misses. */
  readonly batch?: number;
  /** MTU of the device, 68..65,535; 1,500 by default. Slots are as large as it asks for. */
  readonly mtu?: number;
  /** Memory for the slots; the thread's own arena by default. */
  readonly arena?: Arena;
  /** System calls; libc by default. */
  readonly system?: SystemCalls;
}

/** Counters of a {@link TapPort}, since it was opened. */
export class TapStatistics {
  /** Frames received. */
  received = 0;
  /** Octets in them. */
  receivedOctets = 0;
  /** Frames the device took. */
  sent = 0;
  /** Octets in them. */
  sentOctets = 0;
  /** Frames dropped on receipt because they filled their slot: somebody raised the device's MTU. */
  oversized = 0;
  /** Frames refused because the window had no room in front for the vnet header, was empty or too long. */
  refused = 0;
  /** Times `send` returned false (EAGAIN, ENOBUFS). */
  full = 0;
  /** Frames dropped because the device was down or gone (EIO). */
  deviceDown = 0;
  /** Frames dropped for any other reason that the system gave. */
  sendErrors = 0;
  /** Reads that failed with anything but 'nothing there'. */
  receiveErrors = 0;
  /** Frames copied on sending because they were not in this port's arena. */
  copied = 0;
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
  /** The last slot is not read into: foreign frames are copied there to be sent. */
  readonly #slots: Slots;
  readonly #batch: number;
  #fds: readonly number[];
  #fd: number;
  #lost = 0;

  /**
   * Creates the device, or takes over a persistent one, sets its MTU and leaves it down.
   * @throws NetioError E_NETIO_NO_PERMISSION, E_NETIO_NO_SUCH_DEVICE (no TUN driver), E_NETIO_DEVICE_BUSY (the name
   * is taken), E_NETIO_BAD_OPTION, E_NETIO_NO_MEMORY, E_NETIO_UNSUPPORTED_PLATFORM, E_NETIO_SYSTEM
   */
  constructor(options: TapOptions) {
    const { name, batch = 64, mtu = 1500, system = loadSystemCalls() } = options;
    requireOption(name, 'batch', batch, 1, 1024);
    requireOption(name, 'mtu', mtu, 68, MTU_MAX);
    const arena = options.arena ?? Arena.forThread();
    this.#slots = new Slots(arena, batch + 1, mtu);
    try {
      const device = openTap(name, arena, system);
      this.#fd = device.fd;
      this.name = device.name;
      try {
        setInterfaceMtu(this.name, mtu, arena, system);
      } catch (error) {
        system.close(this.#fd);
        throw error;
      }
    } catch (error) {
      this.#slots.release();
      throw error;
    }
    this.#fds = [this.#fd];
    this.#system = system;
    this.#arena = arena;
    this.#bytes = arena.bytes;
    this.#batch = batch;
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
    const { capacity, windows } = this.#slots;
    const length = capacity + VNET_HEADER_LENGTH;
    let count = 0;
    // Twice the batch bounds the time that oversized frames, whose slot is used again, can take.
    for (let tries = 2 * this.#batch; count < this.#batch && tries > 0; tries--) {
      const start = this.#slots.start(count);
      const n = this.#system.read(this.#fd, this.#arena.address(start - VNET_HEADER_LENGTH), length);
      if (n < 0) {
        const errno = this.#system.errno();
        if (errno === EINTR) continue;
        if (errno !== EAGAIN) this.statistics.receiveErrors++;
        break;
      }
      if (n === length) {
        this.statistics.oversized++;
        continue;
      }
      windows[count++]!.reset(this.#bytes, start, start + n - VNET_HEADER_LENGTH);
      this.statistics.receivedOctets += n - VNET_HEADER_LENGTH;
    }
    this.statistics.received += count;
    return count;
  }

  /** Frame `index` of the last batch, at 2 mod 4, with {@link HEADROOM} in front. */
  packet(index: number): PacketBuffer {
    return this.#slots.windows[index]!;
  }

  /**
   * Writes one frame at once: there is no system call for several. False if the device's queue is full. A frame that
   * can never be sent is taken, counted, and reported by the next `flush`.
   */
  send(packet: PacketBuffer): boolean {
    const length = packet.end - packet.start;
    let start = packet.start;
    if (packet.bytes !== this.#bytes) {
      start = this.#slots.copy(this.#batch, packet);
      if (start >= 0) this.statistics.copied++;
    }
    if (start < VNET_HEADER_LENGTH || length <= 0) {
      this.statistics.refused++;
      this.#lost++;
      return true;
    }
    const n = this.#write(start - VNET_HEADER_LENGTH, length + VNET_HEADER_LENGTH);
    if (n >= 0) {
      this.statistics.sent++;
      this.statistics.sentOctets += length;
      return true;
    }
    const errno = this.#system.errno();
    if (errno === EAGAIN || errno === ENOBUFS) {
      this.statistics.full++;
      return false;
    }
    if (errno === EIO) this.statistics.deviceDown++;
    else this.statistics.sendErrors++;
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
    this.#slots.release();
  }

  /** Writes the frame behind an all-zero vnet header at `offset`, whose own octets are put back after. */
  #write(offset: number, length: number): number {
    // writev with the header apart would need no headroom, but costs about 5 % more per frame.
    const bytes = this.#bytes;
    const saved = this.#arena.scratch;
    for (let i = 0; i < VNET_HEADER_LENGTH; i++) {
      bytes[saved + i] = bytes[offset + i]!;
      bytes[offset + i] = 0;
    }
    const n = this.#system.write(this.#fd, this.#arena.address(offset), length);
    for (let i = 0; i < VNET_HEADER_LENGTH; i++) bytes[offset + i] = bytes[saved + i]!;
    return n;
  }
}
