/** Tun underlays on a fake kernel, and what goes in and out of them. */
import { IpAddress, type PacketBuffer } from '@overlane/wire';
import type { Arena } from '../src/arena.js';
import { TunUnderlay, type TunUnderlayOptions } from '../src/tun-underlay.js';
import { fakeArena, FakeSystem } from './fake-system.js';

const TUNSETOFFLOAD = 0x400454d0;
const TUNSETVNETHDRSZ = 0x400454d8;
const SIOCGIFHWADDR = 0x8927;
const SIOCSIFFLAGS = 0x8914;
const SIOCGIFINDEX = 0x8933;
const EINVAL = -22;
const EAGAIN = -11;
const TAP_FD = 10;
/** The device's hardware address. */
export const DEVICE_MAC = '02000000000c';

/** What the fake kernel knows, and what it was asked. */
export interface FakeTunKernel {
  /** Flags of TUNSETOFFLOAD beyond which it refuses. Default: it knows all. */
  offloads: number;
  /** What it forwards: `'0'` or `'1'`. */
  forwarding: string;
  /** Error number that a route is refused with, 0 to take it. */
  routeErrno: number;
  readonly asked: number[];
  vnetLength: number;
  interfaceFlags: number;
  /** The last request for a route. */
  route: string;
  /** Frames to be read from the device, vnet header and all. */
  readonly waiting: Uint8Array[];
  /** Frames written to it. */
  readonly written: Uint8Array[];
}

/** System calls of a kernel with one TAP device. */
export function fakeTunKernel(arena: Arena, settings: Partial<FakeTunKernel> = {}) {
  const kernel: FakeTunKernel = {
    ...{ offloads: 0x1ff, forwarding: '1', routeErrno: 0, vnetLength: 0, interfaceFlags: 0, route: '' },
    ...{ asked: [], waiting: [], written: [], ...settings },
  };
  const system = new FakeSystem();
  const view = new DataView(arena.bytes.buffer);
  const netlink = new Set<number>();
  const plainSocket = system.socket;
  system.socket = (...p: number[]): number => {
    const fd = plainSocket(...p);
    if (p[0] === 16 && fd >= 0) netlink.add(fd);
    return fd;
  };
  system.always('ioctl', (_fd, request, argument) => {
    const union = argument! - arena.baseAddress + 16;
    if (request === TUNSETOFFLOAD) {
      kernel.asked.push(argument!);
      return argument! > kernel.offloads ? EINVAL : 0;
    }
    if (request === TUNSETVNETHDRSZ) kernel.vnetLength = view.getUint32(union - 16, true);
    if (request === SIOCGIFINDEX) view.setUint32(union, 7, true);
    if (request === SIOCGIFHWADDR) arena.bytes.set(Buffer.from(DEVICE_MAC, 'hex'), union + 2);
    if (request === SIOCSIFFLAGS) kernel.interfaceFlags = view.getUint16(union, true);
    return 1;
  });
  let sequence = 0;
  system.always('write', (fd, address, length) => {
    const octets = arena.bytes.slice(address! - arena.baseAddress, address! - arena.baseAddress + length!);
    if (fd === TAP_FD) kernel.written.push(octets);
    if (netlink.has(fd!)) {
      kernel.route = Buffer.from(octets).toString('hex');
      sequence = new DataView(octets.buffer).getUint32(8, true);
    }
    return length!;
  });
  system.always('read', (fd, address) => {
    const at = address! - arena.baseAddress;
    if (netlink.has(fd!)) {
      arena.bytes.fill(0, at, at + 36);
      view.setUint32(at, 36, true);
      view.setUint16(at + 4, 2, true);
      view.setUint32(at + 8, sequence, true);
      view.setInt32(at + 16, -kernel.routeErrno, true);
      return 36;
    }
    if (fd !== TAP_FD) {
      arena.bytes[at] = kernel.forwarding.charCodeAt(0);
      return 1;
    }
    const frame = kernel.waiting.shift();
    if (frame === undefined) return EAGAIN;
    arena.bytes.set(frame, at);
    return frame.length;
  });
  return { system, kernel };
}

/** A port on 203.0.113.2:4789, or 2001:db8:77::2. */
export function openTun(options: Partial<TunUnderlayOptions> = {}, settings: Partial<FakeTunKernel> = {}) {
  const arena = fakeArena(1 << 23);
  const { system, kernel } = fakeTunKernel(arena, settings);
  const local = IpAddress.parse('203.0.113.2');
  const transport = { protocol: 'udp', port: 4789 } as const;
  const port = new TunUnderlay({ ...{ local, transport, device: 'vtep0', batch: 8, arena, system }, ...options });
  return { arena, system, kernel, port };
}

/** A frame as the device gives it: vnet header, Ethernet header, packet. */
export function frameOf(packet: PacketBuffer | Uint8Array, vnet: Uint8Array, family: 4 | 6 = 4): Uint8Array {
  const octets = packet instanceof Uint8Array ? packet : packet.view();
  return Uint8Array.of(...vnet, ...new Uint8Array(12), ...(family === 4 ? [8, 0] : [0x86, 0xdd]), ...octets);
}
