import { networkInterfaces } from 'node:os';
import { ethernet, IpAddress, type PacketBuffer, writeOctets } from '@overlane/wire';
import { Arena } from './arena.js';
import { optionError, requireOption, systemError } from './errors.js';
import { allowForwarding, requireForwarding } from './forwarding.js';
import { interfaceIndex, setInterfaceFlags, setInterfaceMtu, writeInterfaceRequest } from './interface-control.js';
import { EIO, ENETDOWN, IFF_NOARP, IFF_UP, SIOCGIFHWADDR } from './linux.js';
import { RoutingTables } from './netlink.js';
import type { PollablePort } from './pollable-port.js';
import { MTU_MAX, Slots } from './slots.js';
import { loadSystemCalls, type SystemCalls } from './sys.js';
import { openTap } from './tap-device.js';
import { TunReceiver } from './tun-receiver.js';
import { TunUnderlayStatistics } from './tun-underlay-statistics.js';
import { TUNNEL_VNET_HEADER_LENGTH, writeTunnelVnetHeader } from './tunnel-vnet-header.js';
import { canKernelFinish, canKernelFinishInside } from './underlay-offload.js';
import { protocolNumber, requireEndpoint, underlayName, type UnderlayTransport } from './underlay-transport.js';
import { type OffloadLevel, VNET_HEADER_LENGTH, writeVnetHeader } from './vnet-header.js';

/** How a {@link TunUnderlay} is opened. */
export interface TunUnderlayOptions {
  /** The address that tunnels end on: ours alone, not one of the host's. Its family is the port's. */
  readonly local: IpAddress;
  /** UDP or TCP syntax with a port, 1..65,535, or an IP protocol number, 1..254. */
  readonly transport: UnderlayTransport;
  /** Name of the device that is made, 1 to 15 characters; by default `vtep%d`, which the kernel numbers. */
  readonly device?: string;
  /**
   * What is left to the kernel. `segmentation` (default): super-frames. `checksum`: unfinished checksums only. `none`: whole
   * packets.
   */
  readonly offload?: OffloadLevel;
  /**
   * With `segmentation`, who cuts super-frames inside of UDP tunnels: the `kernel` or the network card, where the kernel
   * knows how (default); or whoever wraps them, for cards that get it wrong.
   */
  readonly tunnelSegmentation?: 'kernel' | 'wrapper';
  /** Packets handed out at once, 1..1024; 64 by default. */
  readonly batch?: number;
  /** MTU of the device, 68..65,535, outer headers included; 1,500 by default. */
  readonly mtu?: number;
  /** Memory for packets; the thread's own arena by default. */
  readonly arena?: Arena;
  /** System calls; libc by default. */
  readonly system?: SystemCalls;
}

/**
 * A place on the underlay behind a virtual device of its own: the host is a router, `local` an address behind it, and the
 * kernel forwards between the network card and the device. So it does next hops, path MTU and filters as for any packet,
 * and answers nothing, since the address is not its own. From Linux 6.17 on the device's vnet header can also speak of what
 * is inside a UDP tunnel: then super-frames pass VXLAN and Geneve uncut (`finishesInside`).
 *
 * Choice: a TAP device without ARP instead of a TUN device. The kernel refuses tunnels from the latter, because it looks
 * for the UDP header behind an Ethernet header; the 14 octets all say the device's own address.
 */
export class TunUnderlay implements PollablePort {
  /** Such as `udp 192.0.2.1:4789 on vtep0`. */
  readonly name: string;
  /** Name of the device. */
  readonly device: string;
  /** Address family of all its packets. */
  readonly family: 4 | 6;
  /** Whether what is inside of UDP tunnels may be left unfinished. */
  readonly finishesInside: boolean;
  /** Counters, as plain fields; read them at any time. */
  readonly statistics = new TunUnderlayStatistics();
  readonly #system: SystemCalls;
  readonly #arena: Arena;
  readonly #offload: OffloadLevel;
  readonly #udpSegmentation: boolean;
  readonly #receiver: TunReceiver;
  /** Where foreign packets are copied to be sent. */
  readonly #foreign: Slots;
  readonly #vnetLength: number;
  /** The Ethernet header of every packet. */
  readonly #header: Uint8Array;
  #fds: readonly number[];
  #fd: number;
  #lost = 0;

  /**
   * Makes the device in the calling thread's network namespace, brings it up and routes `local` to it. Device and route go
   * when the port is closed or the process ends.
   * @throws NetioError E_NETIO_NO_PERMISSION (needs CAP_NET_ADMIN), E_NETIO_NO_SUCH_DEVICE (no TUN driver),
   * E_NETIO_DEVICE_BUSY, E_NETIO_NOT_FORWARDING, E_NETIO_BAD_OPTION (an address of the host, for one), E_NETIO_NO_MEMORY,
   * E_NETIO_TOO_MANY_FILES, E_NETIO_UNSUPPORTED_PLATFORM, E_NETIO_SYSTEM
   */
  constructor(options: TunUnderlayOptions) {
    const { transport, device = 'vtep%d', offload = 'segmentation', tunnelSegmentation = 'kernel' } = options;
    const { batch = 64, mtu = 1500, arena = Arena.forThread(), system = loadSystemCalls() } = options;
    const local = new IpAddress().copy(options.local);
    const endpoint = underlayName(local, transport);
    requireOption(endpoint, 'batch', batch, 1, 1024);
    requireOption(endpoint, 'mtu', mtu, 68, MTU_MAX);
    requireEndpoint(endpoint, local, transport);
    refuseHostAddress(endpoint, local);
    const { family } = local;
    const depth = tunnelSegmentation === 'kernel' ? 'tunnels' : 'frames';
    const tap = openTap(device, offload, 'only', arena, system, depth);
    let receiver: TunReceiver | undefined;
    try {
      const vnetLength = tap.tunnelSegmentation ? TUNNEL_VNET_HEADER_LENGTH : VNET_HEADER_LENGTH;
      const protocol = protocolNumber(transport);
      const port = 'port' in transport ? transport.port : 0;
      const tunnels = tap.tunnelSegmentation;
      const settings = { local, protocol, port, batch, mtu, offload, vnetLength, tunnels };
      setInterfaceMtu(tap.name, mtu, arena, system);
      receiver = new TunReceiver(system, arena, tap.fd, settings, this.statistics);
      this.#header = linkHeader(tap.name, tap.fd, family, arena, system);
      setInterfaceFlags(tap.name, IFF_UP | IFF_NOARP, arena, system);
      allowForwarding(tap.name, family, arena, system);
      requireForwarding(endpoint, family, arena, system);
      routeTo(local, tap.name, arena, system);
      this.#foreign = new Slots(arena, 1, offload === 'segmentation' ? MTU_MAX : mtu);
      this.#receiver = receiver;
      this.#vnetLength = vnetLength;
    } catch (error) {
      receiver?.release();
      system.close(tap.fd);
      throw error;
    }
    this.name = `${endpoint} on ${tap.name}`;
    this.device = tap.name;
    this.family = family;
    this.finishesInside = tap.tunnelSegmentation;
    this.#udpSegmentation = tap.udpSegmentation;
    this.#system = system;
    this.#arena = arena;
    this.#offload = offload;
    this.#fd = tap.fd;
    this.#fds = [tap.fd];
  }

  /** The descriptor to poll. */
  get fds(): readonly number[] {
    return this.#fds;
  }

  /** Reads up to `batch` packets, one system call each. */
  receive(): number {
    return this.#receiver.batch.receive();
  }

  /**
   * Packet `index` of the last batch, from its outer IP header on, with `HEADROOM` in front. Super-datagrams have become
   * single packets. A super-frame is one packet, with `segmentType` and a `partial` checksum, and `checksumStart` tells
   * whether both speak of the outer packet (STT) or the inner one.
   */
  packet(index: number): PacketBuffer {
    return this.#receiver.batch.packet(index);
  }

  /**
   * True for what `offload` allows: outer segments and datagrams, one unfinished checksum, and, if `finishesInside`, what
   * encapsulations leave to do inside of UDP tunnels.
   */
  canFinish(packet: PacketBuffer): boolean {
    if (packet.innerStart !== 0) {
      return this.finishesInside && canKernelFinishInside(packet, this.family, this.#offload);
    }
    if (packet.segmentType === 'udp' && !this.#udpSegmentation) return false;
    return canKernelFinish(packet, this.family, this.#offload);
  }

  /** Writes one packet, which starts at its outer IP header, at once. Always true: what is lost is counted by reason. */
  send(packet: PacketBuffer): boolean {
    const { statistics } = this;
    const length = packet.end - packet.start;
    const unfinished = packet.isUnfinished;
    if (unfinished && !this.canFinish(packet)) {
      this.#lost++;
      statistics.refused++;
      statistics.unfinished++;
      return true;
    }
    let start = packet.start;
    if (packet.bytes !== this.#arena.bytes) {
      start = this.#foreign.copy(0, packet);
      if (start >= 0) statistics.copied++;
    }
    const link = this.#vnetLength + ethernet.HEADER_LENGTH;
    if (start < link || length <= 0 || packet.bytes[packet.start]! >>> 4 !== this.family) {
      this.#lost++;
      statistics.refused++;
      statistics.malformed++;
    } else if (this.#write(start - link, length + link, packet) < 0) {
      const errno = this.#system.errno();
      this.#lost++;
      statistics.countRefusal(errno === EIO ? ENETDOWN : errno);
    } else {
      if (unfinished) {
        statistics.sentUnfinished++;
        if (packet.segmentType !== 'none') statistics.sentSuper++;
      }
      statistics.sent++;
      statistics.sentOctets += length;
    }
    return true;
  }

  /** Packets lost by `send` since the last call; nothing is ever held. */
  flush(): number {
    const lost = this.#lost;
    this.#lost = 0;
    return lost;
  }

  /** Closes the descriptor; the device and the route to it go. Harmless when repeated. */
  close(): void {
    if (this.#fd < 0) return;
    this.#system.close(this.#fd);
    this.#fd = -1;
    this.#fds = [];
    this.#receiver.release();
    this.#foreign.release();
  }

  /** Writes the packet behind its headers, from `offset` on; what was in their place is put back after. */
  #write(offset: number, length: number, packet: PacketBuffer): number {
    const { bytes, scratch } = this.#arena;
    const vnetLength = this.#vnetLength;
    const link = vnetLength + ethernet.HEADER_LENGTH;
    bytes.copyWithin(scratch, offset, offset + link);
    if (this.finishesInside) writeTunnelVnetHeader(bytes, offset, packet, ethernet.HEADER_LENGTH, this.family);
    else writeVnetHeader(bytes, offset, packet, ethernet.HEADER_LENGTH);
    writeOctets(bytes, offset + vnetLength, this.#header);
    const n = this.#system.write(this.#fd, this.#arena.address(offset), length);
    bytes.copyWithin(offset, scratch, scratch + link);
    return n;
  }
}

/** @throws NetioError E_NETIO_BAD_OPTION if the host has the address, and so would keep its packets. */
function refuseHostAddress(endpoint: string, local: IpAddress): void {
  for (const [name, addresses = []] of Object.entries(networkInterfaces())) {
    for (const { address } of addresses) {
      if (address.includes('%') || !IpAddress.parse(address).equals(local)) continue;
      throw optionError(
        endpoint,
        `local must not be an address of the host, but ${name} has it; choose one of its own`,
      );
    }
  }
}

/** The header of frames that the device takes for its own. @throws NetioError */
function linkHeader(name: string, fd: number, family: 4 | 6, arena: Arena, system: SystemCalls): Uint8Array {
  writeInterfaceRequest(arena.bytes, arena.scratch, name);
  if (system.ioctl(fd, SIOCGIFHWADDR, arena.address(arena.scratch)) < 0) {
    throw systemError(system.errno(), name, 'read its hardware address');
  }
  const address = arena.bytes.slice(arena.scratch + 18, arena.scratch + 24);
  const etherType = family === 4 ? ethernet.ETHER_TYPE.IPV4 : ethernet.ETHER_TYPE.IPV6;
  return ethernet.encode({ destination: address, source: address, tags: [], etherType });
}

function routeTo(local: IpAddress, device: string, arena: Arena, system: SystemCalls): void {
  const tables = new RoutingTables(arena, system);
  try {
    tables.addRoute(local, interfaceIndex(device, arena, system));
  } finally {
    tables.close();
  }
}
