/** Packet underlays on a fake kernel, and what goes in and out of them. */
import { IpAddress, ipv4, PacketBuffer, write16 } from '@overlane/wire';
import type { Arena } from '../src/arena.js';
import { PacketUnderlay, type PacketUnderlayOptions } from '../src/packet-underlay.js';
import { fakeKernel, INTERFACE_INDEX } from './fake-kernel.js';
import { type Answer, fakeArena } from './fake-system.js';

/** Hardware address of 192.0.2.2 and 192.0.2.3. */
export const PEER_MAC = '0200000000bb';
/** What a fake call answers to fail so. */
export const EINVAL = -22;
/** Octets of vnet and Ethernet header. */
export const LINK = 24;

/** A port on 192.0.2.1, whose kernel knows its neighbours. */
export function open(options: Partial<PacketUnderlayOptions> = {}) {
  const arena = fakeArena(1 << 22);
  const { system, tables } = fakeKernel(arena);
  for (let last = 2; last < 9; last++) tables.routes.set(`192.0.2.${last}`, { index: INTERFACE_INDEX });
  for (const last of [2, 3]) tables.neighbors.set(`192.0.2.${last}`, { state: 2, mac: PEER_MAC });
  const local = IpAddress.parse('192.0.2.1');
  const transport = { protocol: 'udp', port: 4789 } as const;
  const clock = { nowMs: 0 };
  const port = new PacketUnderlay({
    ...{ local, transport, device: 'eth0', batch: 8, arena, system, clock: () => clock.nowMs },
    ...options,
  });
  return { arena, system, tables, port, clock };
}

/** A UDP packet over IPv4, without UDP checksum. */
export function datagram(length: number, { last = 2, fill = 7, protocol = 17 } = {}): PacketBuffer {
  const bytes = new Uint8Array(28 + length).fill(fill, 28);
  bytes.set([0x45, 0, 0, 0, 0, 0, 0x40, 0, 64, protocol, 0, 0, 192, 0, 2, 1, 192, 0, 2, last]);
  write16(bytes, 2, bytes.length);
  bytes.set([0xc0, 1, 0x12, 0xb5], 20);
  write16(bytes, 24, 8 + length);
  ipv4.writeChecksum(bytes, 0);
  return PacketBuffer.from(bytes);
}

/** Says that a checksum `at` octets into the packet is unfinished, its field 6 behind. */
export function unfinished(packet: PacketBuffer, at: number, fields: Partial<PacketBuffer> = {}): PacketBuffer {
  const checksumStart = packet.start + at;
  return Object.assign(packet, { checksum: 'partial', checksumStart, checksumField: checksumStart + 6, ...fields });
}

/** The octets of each message that sendmmsg is given, gathered. */
export function gather(arena: Arena, address: number, count: number): Buffer[] {
  const view = new DataView(arena.bytes.buffer);
  const pointer = (at: number): number => Number(view.getBigUint64(at, true)) - arena.baseAddress;
  return Array.from({ length: count }, (_, index) => {
    const message = address - arena.baseAddress + index * 64;
    const vectors = pointer(message + 16);
    const pieces = Array.from({ length: view.getUint32(message + 24, true) }, (_piece, i) => {
      const at = pointer(vectors + 16 * i);
      return arena.bytes.subarray(at, at + view.getUint32(vectors + 16 * i + 8, true));
    });
    return Buffer.concat(pieces);
  });
}

/** Keeps what is sent. */
export function listen({ arena, system }: ReturnType<typeof open>): Buffer[] {
  const sent: Buffer[] = [];
  system.always('sendmmsg', (_fd, address, count) => {
    sent.push(...gather(arena, address!, count!));
    return count!;
  });
  return sent;
}

/** Answers a recvmmsg with messages: vnet header, Ethernet header, octets. */
export function arrive(arena: Arena, ...messages: { vnet?: number[]; octets: Uint8Array; flags?: number }[]): Answer {
  return (_fd, address, count) => {
    const view = new DataView(arena.bytes.buffer);
    const pointer = (at: number): number => Number(view.getBigUint64(at, true)) - arena.baseAddress;
    messages.slice(0, count).forEach(({ vnet = [], octets, flags = 0 }, index) => {
      const message = address! - arena.baseAddress + index * 64;
      const at = pointer(pointer(message + 16));
      arena.bytes.fill(0, at, at + LINK);
      arena.bytes.set(vnet, at);
      arena.bytes.set(octets, at + LINK);
      view.setUint32(message + 48, flags, true);
      view.setUint32(message + 56, LINK + octets.length, true);
    });
    return messages.length;
  };
}
