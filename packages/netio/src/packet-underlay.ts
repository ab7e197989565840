import { networkInterfaces } from 'node:os';
import { IpAddress, type PacketBuffer } from '@overlane/wire';
import { Arena } from './arena.js';
import { NetioError, optionError, requireOption } from './errors.js';
import { interfaceIndex, type LinkSettings, readLinkSettings } from './interface-control.js';
import { ARPHRD_ETHER } from './linux.js';
import { RoutingTables } from './netlink.js';
import { NextHops } from './next-hops.js';
import { PacketReceiver } from './packet-receiver.js';
import { PacketSender } from './packet-sender.js';
import { underlayFilter } from './packet-filter.js';
import { openPacketSocket, readQueueOverflow } from './packet-socket.js';
import { PacketUnderlayStatistics } from './packet-underlay-statistics.js';
import type { PollablePort } from './pollable-port.js';
import { MTU_MAX, RUNS_PER_BATCH } from './slots.js';
import { openGuard, openSendSocket } from './socket.js';
import { loadSystemCalls, type SystemCalls } from './sys.js';
import { canKernelFinish } from './underlay-offload.js';
import { UnderlaySender } from './underlay-sender.js';
import { protocolNumber, requireEndpoint, underlayName, type UnderlayTransport } from './underlay-transport.js';
import type { OffloadLevel } from './vnet-header.js';

/**
 * Turns before the clock is looked at, whose number is garbage; a turn without packets counts for several, because the
 * worker may sleep after it.
 */
const TURNS_PER_LOOK = 64;
const EMPTY_TURN = 8;
/** Between two looks at the interface and its counters. */
const LINK_LOOK_MS = 1000;
/** Longest wait for an interface that was just brought up, and how often it is looked for. */
const LINK_WAIT_MS = 2000;
const LINK_POLL_MS = 20;

/** How a {@link PacketUnderlay} is opened. */
export interface PacketUnderlayOptions {
  /** The address that tunnels end on: one of an interface here, not a wildcard. Its family is the port's. */
  readonly local: IpAddress;
  /** UDP or TCP syntax with a port, 1..65,535, or an IP protocol number, 1..254. */
  readonly transport: UnderlayTransport;
  /** The Ethernet interface that packets come and go by. By default the one that has `local`, if it is up. */
  readonly device?: string;
  /**
   * What is left to the kernel and the device. `segmentation` (default): super-frames, and runs of datagrams leave as one
   * super-datagram. `checksum`: unfinished checksums only. `none`: whole packets.
   */
  readonly offload?: OffloadLevel;
  /** Packets handed out or sent at once, 1..1024; 64 by default. With `segmentation` eight times as many are sent. */
  readonly batch?: number;
  /** Longest packet expected, outer headers included and super-frames apart, 68..65,535; 1,500 by default. */
  readonly mtu?: number;
  /** Memory for slots and tables; the thread's own arena by default. */
  readonly arena?: Arena;
  /** System calls; libc by default. */
  readonly system?: SystemCalls;
  /** Milliseconds that never go back; `performance.now` by default. */
  readonly clock?: () => number;
}

/**
 * A place on the underlay as `UnderlaySocket` is, on a packet socket: packets are Ethernet frames with a vnet header
 * between us and the kernel, so that super-frames pass uncut and checksums unfinished. What goes out is what was
 * written, identification and all.
 *
 * The kernel keeps routing and neighbour tables, answers ARP and neighbour discovery, and is asked for next hops. Packets
 * whose next hop it does not know yet, or has on another interface, go through a raw socket of the same address, which
 * also makes it find out. A guard socket owns the port, so that the kernel answers nothing to what arrives.
 */
export class PacketUnderlay implements PollablePort {
  /** Such as `udp 192.0.2.1:4789 on eth0`. */
  readonly name: string;
  /** Name of the interface. */
  readonly device: string;
  /** Address family of all its packets. */
  readonly family: 4 | 6;
  /** Counters, as plain fields; read them at any time. */
  readonly statistics = new PacketUnderlayStatistics();
  readonly #system: SystemCalls;
  readonly #arena: Arena;
  readonly #offload: OffloadLevel;
  readonly #receiver: PacketReceiver;
  readonly #sender: PacketSender;
  readonly #hops: NextHops;
  readonly #clock: () => number;
  /** What `close` undoes, newest last. */
  readonly #undo: (() => void)[] = [];
  #fds: readonly number[];
  #turns = 0;
  #linkLookMs: number;

  /**
   * Opens its sockets in the calling thread's network namespace.
   * @throws NetioError E_NETIO_NO_PERMISSION (needs CAP_NET_RAW), E_NETIO_NO_SUCH_DEVICE, E_NETIO_DEVICE_DOWN,
   * E_NETIO_ADDRESS_NOT_AVAILABLE, E_NETIO_ADDRESS_IN_USE, E_NETIO_BAD_OPTION (no Ethernet, for one),
   * E_NETIO_NO_MEMORY, E_NETIO_TOO_MANY_FILES, E_NETIO_NOT_SUPPORTED, E_NETIO_UNSUPPORTED_PLATFORM, E_NETIO_SYSTEM
   */
  constructor(options: PacketUnderlayOptions) {
    const { transport, offload = 'segmentation', batch = 64, mtu = 1500, clock = () => performance.now() } = options;
    const local = new IpAddress().copy(options.local);
    const { family } = local;
    const protocol = protocolNumber(transport);
    const port = 'port' in transport ? transport.port : 0;
    const endpoint = underlayName(local, transport);
    requireOption(endpoint, 'batch', batch, 1, 1024);
    requireOption(endpoint, 'mtu', mtu, 68, MTU_MAX);
    requireEndpoint(endpoint, local, transport);
    this.family = family;
    this.device = options.device ?? deviceOf(local, endpoint);
    this.name = `${endpoint} on ${this.device}`;
    const system = (this.#system = options.system ?? loadSystemCalls());
    const arena = (this.#arena = options.arena ?? Arena.forThread());
    this.#offload = offload;
    this.#clock = clock;
    try {
      const index = interfaceIndex(this.device, arena, system);
      const { name, statistics } = this;
      const guardFd = this.#keep(openGuard(system, arena, name, local, protocol, port));
      const link = requireEthernet(this.device, readLinkSettings(this.device, guardFd, arena, system));
      const filter = underlayFilter(local, protocol, port);
      const fd = this.#keep(openPacketSocket(system, arena, name, index, filter, 'vnet-header'));
      const rawFd = this.#keep(openSendSocket(system, arena, name, local));
      const receiving = { family, protocol, batch, mtu, offload };
      const receiver = new PacketReceiver(system, arena, fd, receiving, statistics);
      this.#undo.push(() => receiver.release());
      const raw = new UnderlaySender(system, arena, rawFd, family, batch, mtu, statistics);
      this.#undo.push(() => raw.release());
      const tables = new RoutingTables(arena, system);
      this.#undo.push(() => tables.close());
      this.#hops = new NextHops(tables, local, index, link.address);
      const isLarge = offload === 'segmentation';
      const packets = isLarge ? batch * RUNS_PER_BATCH : batch;
      const sending = { family, packets, copies: batch, mtu: isLarge ? MTU_MAX : mtu, offload };
      const sender = new PacketSender(system, arena, fd, sending, this.#hops, raw, statistics);
      this.#undo.push(() => sender.release());
      sender.linkMtu = link.mtu;
      this.#receiver = receiver;
      this.#sender = sender;
      this.#fds = [fd];
    } catch (error) {
      this.#undoAll();
      throw error;
    }
    this.#linkLookMs = clock();
    this.#hops.refresh(this.#linkLookMs);
  }

  /** The descriptor to poll. */
  get fds(): readonly number[] {
    return this.#fds;
  }

  /** Hands out up to `batch` packets, with one system call for several. Looks after next hops now and then. */
  receive(): number {
    const count = this.#receiver.batch.receive();
    this.#turns += count === 0 ? EMPTY_TURN : 1;
    if (this.#turns < TURNS_PER_LOOK) return count;
    this.#turns = 0;
    this.#maintain();
    return count;
  }

  /**
   * Packet `index` of the last batch, from its outer IP header on, with `HEADROOM` in front. Super-datagrams have become
   * single packets. A super-frame in TCP syntax is one packet, with `segmentType` and a `partial` checksum; so is one of a
   * kernel's tunnel device on this machine, but there both speak of the inner packet: `checksumStart` tells.
   */
  packet(index: number): PacketBuffer {
    return this.#receiver.batch.packet(index);
  }

  /**
   * True for what `offload` allows: with `segmentation` outer segments (`tcp4` or `tcp6`, after the family) and outer
   * `udp`, if the next hop is known and the datagrams fit the interface; and one unfinished checksum, outer or, if there is no outer UDP checksum, inside the tunnel. The kernel of a
   * veth's far end takes that as it is; for a program there that does not, `ethtool -K DEV tx off` here has it finished.
   */
  canFinish(packet: PacketBuffer): boolean {
    if (!canKernelFinish(packet, this.family, this.#offload)) return false;
    return packet.segmentType !== 'udp' || this.#sender.cuts(packet);
  }

  /**
   * Notes one packet, which starts at its outer IP header, for the next flush; a full table is sent first. Always
   * true: what cannot be sent is counted by reason and reported by `flush`. A `partial` checksum inside a tunnel may be
   * finished in place, and is put back by then.
   */
  send(packet: PacketBuffer): boolean {
    this.#sender.send(packet);
    return true;
  }

  /** Sends what was noted with one system call, and one more per refused message. Returns the packets refused. */
  flush(): number {
    return this.#sender.flush();
  }

  /** Closes all sockets; what was not flushed is lost. Harmless when repeated. */
  close(): void {
    this.#fds = [];
    this.#undoAll();
  }

  /** Remembers to close `fd`, and returns it. */
  #keep(fd: number): number {
    this.#undo.push(() => this.#system.close(fd));
    return fd;
  }

  #undoAll(): void {
    for (let undo = this.#undo.pop(); undo !== undefined; undo = this.#undo.pop()) undo();
  }

  /** Looks some next hops up again, and once a second the interface. */
  #maintain(): void {
    const nowMs = this.#clock();
    this.#hops.refresh(nowMs);
    if (nowMs - this.#linkLookMs < LINK_LOOK_MS) return;
    this.#linkLookMs = nowMs;
    this.statistics.queueOverflow += readQueueOverflow(this.#system, this.#arena, this.#fds[0]!);
    try {
      const link = readLinkSettings(this.device, this.#fds[0]!, this.#arena, this.#system);
      this.#sender.linkMtu = link.mtu;
      this.#hops.setHardwareAddress(link.address);
    } catch (error) {
      // Gone, renamed or moved to another namespace: packets still come and go by its index, if at all.
      if (!NetioError.is(error)) throw error;
      this.statistics.interfaceDown++;
    }
  }
}

/**
 * Name of the interface that has `local`. Waits for it a little: the system tells of an interface once its link runs, which
 * it finds out up to a second after the interface was brought up.
 */
function deviceOf(local: IpAddress, endpoint: string): string {
  const asleep = new Int32Array(new SharedArrayBuffer(4));
  for (let waitedMs = 0; waitedMs <= LINK_WAIT_MS; waitedMs += LINK_POLL_MS) {
    const name = runningDeviceOf(local);
    if (name !== undefined) return name;
    Atomics.wait(asleep, 0, 0, LINK_POLL_MS);
  }
  const fact = 'no interface that is up has this address; give it to one (ip address add), or name the device';
  throw new NetioError('E_NETIO_ADDRESS_NOT_AVAILABLE', endpoint, fact);
}

function runningDeviceOf(local: IpAddress): string | undefined {
  for (const [name, addresses = []] of Object.entries(networkInterfaces())) {
    for (const { address } of addresses) {
      if (!address.includes('%') && IpAddress.parse(address).equals(local)) return name;
    }
  }
  return undefined;
}

function requireEthernet(device: string, link: LinkSettings): LinkSettings {
  if (link.hardwareType === ARPHRD_ETHER) return link;
  throw optionError(device, 'a packet underlay needs an Ethernet interface; use an UnderlaySocket on this one');
}
