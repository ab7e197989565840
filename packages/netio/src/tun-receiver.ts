import { ethernet, type IpAddress, ipv4, ipv6, type PacketBuffer, read16, udp } from '@overlane/wire';
import type { Arena } from './arena.js';
import { DatagramSplitter } from './datagram-splitter.js';
import { FrameRoom, type FrameRoomSize } from './frame-room.js';
import { EAGAIN, EINTR, IPPROTO_TCP, IPPROTO_UDP } from './linux.js';
import { type MessageSource, PacketBatch } from './packet-batch.js';
import { MTU_MAX } from './slots.js';
import type { SystemCalls } from './sys.js';
import type { TunUnderlayStatistics } from './tun-underlay-statistics.js';
import { readTunnelVnetHeader } from './tunnel-vnet-header.js';
import { transportOffset } from './underlay-offload.js';
import { openReceived, type UnderlayPackets } from './unfinished-datagram.js';
import { type OffloadLevel, readVnetHeader, type VnetFault } from './vnet-header.js';

/** Octets of super-frames read at once: with more, the first would leave the cache before they are sent on. */
const OCTETS_MAX = 256 * 1024;
/** All but DF, which is no fragment, of the half word of an IPv4 header that tells of fragments. */
const FRAGMENT = 0x3fff;

/** What a {@link TunReceiver} is made for. */
export interface TunReceiverSettings {
  /** The address whose packets it takes. */
  readonly local: IpAddress;
  /** IP protocol of the packets. */
  readonly protocol: number;
  /** Destination port, 0 if the protocol has none. */
  readonly port: number;
  /** Packets handed out at once. */
  readonly batch: number;
  /** Longest packet expected, unless it is a super-frame. */
  readonly mtu: number;
  /** With `segmentation`, there is room for super-frames. */
  readonly offload: OffloadLevel;
  /** Octets of the device's vnet header. */
  readonly vnetLength: number;
  /** Whether that may speak of tunnels. */
  readonly tunnels: boolean;
}

/**
 * The receiving half of a {@link TunUnderlay}: frames of a TAP device as outer IP packets. The host routes all packets to
 * the address there, so those that are none of ours are dropped here. Owns its memory, not the descriptor.
 */
export class TunReceiver implements MessageSource {
  /** What has been received, in batches. */
  readonly batch: PacketBatch;
  readonly #system: SystemCalls;
  readonly #arena: Arena;
  readonly #fd: number;
  readonly #settings: TunReceiverSettings;
  readonly #packets: UnderlayPackets;
  readonly #statistics: TunUnderlayStatistics;
  readonly #room: FrameRoom;
  readonly #splitter: DatagramSplitter | undefined;
  /** Octets in front of the IP packet in each frame. */
  readonly #link: number;
  readonly #etherType: number;
  readonly #address: Uint8Array;

  /** @throws NetioError E_NETIO_NO_MEMORY */
  constructor(
    system: SystemCalls,
    arena: Arena,
    fd: number,
    settings: TunReceiverSettings,
    statistics: TunUnderlayStatistics,
  ) {
    const { local, batch, mtu, offload, protocol, vnetLength } = settings;
    this.#system = system;
    this.#arena = arena;
    this.#fd = fd;
    this.#settings = settings;
    this.#packets = { family: local.family, protocol };
    this.#statistics = statistics;
    this.#link = vnetLength + ethernet.HEADER_LENGTH;
    this.#etherType = local.family === 4 ? ethernet.ETHER_TYPE.IPV4 : ethernet.ETHER_TYPE.IPV6;
    this.#address = new Uint8Array(local.length);
    local.write(this.#address, 0);
    this.#room = new FrameRoom(arena, TunReceiver.#size(settings));
    if (offload === 'segmentation' && protocol === IPPROTO_UDP) {
      try {
        this.#splitter = new DatagramSplitter(arena, batch, mtu);
      } catch (error) {
        this.#room.release();
        throw error;
      }
    }
    this.batch = new PacketBatch(this, batch, this.#splitter, statistics);
  }

  static #size({ offload, batch, mtu }: TunReceiverSettings): FrameRoomSize {
    return offload === 'segmentation' ? { frames: batch, mtu: MTU_MAX, octets: OCTETS_MAX } : { frames: batch, mtu };
  }

  /** Gives the memory back to the arena. */
  release(): void {
    this.#room.release();
    this.#splitter?.release();
  }

  /** Reads frames, one system call each, until there are none or no room is left. */
  fetch(): number {
    const room = this.#room;
    const link = this.#link;
    const length = room.capacity + link;
    let count = 0;
    room.clear();
    // Twice the batch bounds the time that refused frames, whose place is used again, can take.
    for (let tries = 2 * this.#settings.batch; count < this.#settings.batch && tries > 0; tries--) {
      const start = room.next;
      if (start < 0) break;
      const n = this.#system.read(this.#fd, this.#arena.address(start - link), length);
      if (n < 0) {
        const errno = this.#system.errno();
        if (errno === EINTR) continue;
        if (errno !== EAGAIN) this.#statistics.receiveErrors++;
        break;
      }
      if (n === length) {
        this.#statistics.truncated++;
        continue;
      }
      if (!this.#isOurs(start, start + n - link)) {
        this.#statistics.foreign++;
        continue;
      }
      room.windows[count]!.reset(this.#arena.bytes, start, start + n - link);
      room.keep(n - link);
      count++;
    }
    return count;
  }

  /** The packet in frame `index`; `undefined` if it is dropped, or handed out in parts from now on. */
  open(index: number): PacketBuffer | undefined {
    const window = this.#room.windows[index]!;
    const { start } = window;
    const { family } = this.#packets;
    // Its offsets count from the Ethernet header.
    window.start = start - ethernet.HEADER_LENGTH;
    const fault = this.#readVnetHeader(window, start - this.#link, transportOffset(window.bytes, start, family));
    window.start = start;
    return openReceived(window, fault, this.#packets, this.#splitter, this.#statistics);
  }

  #readVnetHeader(window: PacketBuffer, at: number, transport: number): ReturnType<typeof readTunnelVnetHeader> {
    const { tunnels, local } = this.#settings;
    const { bytes } = window;
    if (tunnels) return readTunnelVnetHeader(bytes, at, window, local.family, transport);
    const fault: VnetFault | undefined = readVnetHeader(bytes, at, window);
    return fault;
  }

  /** Whether the frame's IP packet `bytes[start..end)` is whole in its headers, to our address, protocol and port. */
  #isOurs(start: number, end: number): boolean {
    const { bytes } = this.#arena;
    const { protocol, port, local } = this.#settings;
    const isIpv4 = local.family === 4;
    const least = isIpv4 ? ipv4.HEADER_LENGTH : ipv6.HEADER_LENGTH;
    if (end - start < least + udp.HEADER_LENGTH || read16(bytes, start - 2) !== this.#etherType) return false;
    if (bytes[start]! >>> 4 !== local.family || bytes[start + (isIpv4 ? 9 : 6)] !== protocol) return false;
    if (isIpv4 && (read16(bytes, start + 6) & FRAGMENT) !== 0) return false;
    const destination = start + (isIpv4 ? 16 : 24);
    for (let i = 0; i < this.#address.length; i++) if (bytes[destination + i] !== this.#address[i]) return false;
    if (protocol !== IPPROTO_UDP && protocol !== IPPROTO_TCP) return true;
    const transport = transportOffset(bytes, start, local.family);
    return transport >= start + least && transport + udp.HEADER_LENGTH <= end && read16(bytes, transport + 2) === port;
  }
}
