import { IpAddress, type PacketBuffer, type udp } from '@overlane/wire';
import { Arena } from './arena.js';
import { requireOption } from './errors.js';
import type { PollablePort } from './pollable-port.js';
import { MTU_MAX, RUNS_PER_BATCH } from './slots.js';
import { SegmentSockets } from './segment-sockets.js';
import { openGuard, openReceiveSocket, openSegmentSocket, openSendSocket } from './socket.js';
import { loadSystemCalls, type SystemCalls } from './sys.js';
import { UnderlayReceiver } from './underlay-receiver.js';
import { UnderlaySender } from './underlay-sender.js';
import { UnderlayStatistics } from './underlay-statistics.js';
import type { OffloadLevel } from './vnet-header.js';
import { protocolNumber, requireEndpoint, underlayName, type UnderlayTransport } from './underlay-transport.js';

/** How an {@link UnderlaySocket} is opened. */
export interface UnderlayOptions {
  /** The address that tunnels end on: one of an interface here, not a wildcard. Its family is the socket's. */
  readonly local: IpAddress;
  /** UDP or TCP syntax with a port, 1..65,535, or an IP protocol number, 1..254. */
  readonly transport: UnderlayTransport;
  /**
   * `segmentation`: runs of datagrams leave as one super-datagram, and arrive as the kernel has joined them; for UDP
   * only. Packets must be finished all the same. `none` by default.
   */
  readonly offload?: Exclude<OffloadLevel, 'checksum'>;
  /** Packets handed out or sent at once, 1..1024; 64 by default. With `segmentation` eight times as many are sent. */
  readonly batch?: number;
  /** Longest packet expected, outer headers included, 68..65,535; 1,500 by default. Slots are as large as it asks for. */
  readonly mtu?: number;
  /**
   * What to do with UDP over IPv6 without a checksum: `refused` (default, RFC 8200 §8.1) or `accepted`, which RFC 6935
   * allows to tunnels that agreed on it.
   */
  readonly zeroChecksumIpv6?: udp.ZeroChecksum;
  /** Memory for slots and tables; the thread's own arena by default. */
  readonly arena?: Arena;
  /** System calls; libc by default. */
  readonly system?: SystemCalls;
}

/**
 * A place on the underlay that packets leave from and arrive at, from their outer IP header on. The kernel does the
 * routing, neighbour discovery and path MTU.
 *
 * Sending uses a raw socket with the header included, so source port, DF, TTL, DSCP and ECN go out as written. (Of an
 * IPv4 header the kernel writes total length, checksum and, where they are 0, identification and source: raw(7).) It
 * takes packets of any transport protocol. Receiving uses a bound socket of the transport; headers that the kernel
 * takes off are written again from what it tells: addresses, ports, DSCP, ECN, TTL, and the IPv6 flow label are those
 * of the packet, IPv4 identification is 0, DF is set, options and extension headers are gone, and a UDP checksum is 0
 * with `packet.checksum` being `verified`, because the kernel drops wrong ones.
 */
export class UnderlaySocket implements PollablePort {
  /** Such as `udp 192.0.2.1:4789` or `protocol 47 on 192.0.2.1`. */
  readonly name: string;
  /** Address family of all its packets. */
  readonly family: 4 | 6;
  /** Counters, as plain fields; read them at any time. */
  readonly statistics = new UnderlayStatistics();
  readonly #system: SystemCalls;
  readonly #receiver: UnderlayReceiver;
  readonly #sender: UnderlaySender;
  readonly #segments: SegmentSockets | undefined;
  /** The sending socket and, for TCP syntax, the one that guards the port. */
  readonly #otherFds: readonly number[];
  #fds: readonly number[];

  /**
   * Opens its sockets in the calling thread's network namespace.
   * @throws NetioError E_NETIO_NO_PERMISSION (raw sockets need CAP_NET_RAW), E_NETIO_ADDRESS_NOT_AVAILABLE,
   * E_NETIO_ADDRESS_IN_USE, E_NETIO_BAD_OPTION, E_NETIO_NO_MEMORY, E_NETIO_UNSUPPORTED_PLATFORM, E_NETIO_SYSTEM
   */
  constructor(options: UnderlayOptions) {
    const { transport, batch = 64, mtu = 1500, zeroChecksumIpv6 = 'refused', offload = 'none' } = options;
    // A copy: the receiver writes it into every header, and addresses can change.
    const local = new IpAddress().copy(options.local);
    const protocol = protocolNumber(transport);
    const port = 'port' in transport ? transport.port : 0;
    const udpPort = transport.protocol === 'udp' ? port : 0;
    this.family = local.family;
    this.name = underlayName(local, transport);
    requireOption(this.name, 'batch', batch, 1, 1024);
    requireOption(this.name, 'mtu', mtu, 68, MTU_MAX);
    requireEndpoint(this.name, local, transport);
    const system = options.system ?? loadSystemCalls();
    const arena = options.arena ?? Arena.forThread();
    const delivery = offload === 'segmentation' && transport.protocol === 'udp' ? 'joined' : 'single';
    const receiveFd =
      transport.protocol === 'tcp-syntax'
        ? openSegmentSocket(system, arena, this.name, local, port)
        : openReceiveSocket(system, arena, this.name, local, protocol, udpPort, zeroChecksumIpv6, delivery);
    let sendFd = -1;
    let guardFd = -1;
    let receiver: UnderlayReceiver | undefined;
    let segments: SegmentSockets | undefined;
    try {
      if (transport.protocol === 'tcp-syntax') guardFd = openGuard(system, arena, this.name, local, protocol, port);
      sendFd = openSendSocket(system, arena, this.name, local);
      const { statistics } = this;
      receiver = new UnderlayReceiver(
        ...([system, arena, receiveFd, local, protocol, udpPort, batch, mtu, statistics, delivery] as const),
      );
      if (delivery === 'joined') segments = new SegmentSockets(system, arena, this.name, local);
      const packets = delivery === 'joined' ? batch * RUNS_PER_BATCH : batch;
      this.#sender = new UnderlaySender(system, arena, sendFd, local.family, packets, mtu, statistics, segments);
    } catch (error) {
      segments?.close();
      receiver?.release();
      system.close(receiveFd);
      for (const fd of [sendFd, guardFd]) if (fd >= 0) system.close(fd);
      throw error;
    }
    this.#receiver = receiver;
    this.#segments = segments;
    this.#system = system;
    this.#otherFds = guardFd < 0 ? [sendFd] : [sendFd, guardFd];
    this.#fds = [receiveFd];
  }

  /** The descriptor to poll. */
  get fds(): readonly number[] {
    return this.#fds;
  }

  /** Receives up to `batch` packets with one system call. */
  receive(): number {
    return this.#receiver.batch.receive();
  }

  /** Packet `index` of the last batch, from its outer IP header on, with {@link HEADROOM} in front. */
  packet(index: number): PacketBuffer {
    return this.#receiver.batch.packet(index);
  }

  /**
   * Notes one packet, which starts at its outer IP header, for the next flush; a full table is sent first. Always
   * true: what the system refuses is counted by reason and reported by `flush`.
   */
  send(packet: PacketBuffer): boolean {
    this.#sender.send(packet);
    return true;
  }

  /** Sends what was noted with one system call, and one more per refused packet. Returns those refused. */
  flush(): number {
    return this.#sender.flush();
  }

  /** Closes all sockets; what was not flushed is lost. Harmless when repeated. */
  close(): void {
    if (this.#fds.length === 0) return;
    for (const fd of [...this.#fds, ...this.#otherFds]) this.#system.close(fd);
    this.#fds = [];
    this.#receiver.release();
    this.#sender.release();
    this.#segments?.close();
  }
}
