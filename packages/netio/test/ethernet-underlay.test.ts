import { describe, expect, it } from '@jest/globals';
import { PacketBuffer } from '@overlane/wire';
import type { Arena } from '../src/arena.js';
import { EthernetUnderlay, type EthernetUnderlayOptions } from '../src/ethernet-underlay.js';
import { fakeKernel, INTERFACE_INDEX } from './fake-kernel.js';
import { type Answer, fakeArena } from './fake-system.js';
import { gather } from './packet-fixture.js';

const TYPES = { etherTypes: [0x88b5], ipProtocols: [253, 254] };
const PLAIN = Buffer.from('ffffffffffff02e00000000188b5a1a2a3a4', 'hex');

function open(options: Partial<EthernetUnderlayOptions> = {}) {
  const arena = fakeArena(1 << 22);
  const { system } = fakeKernel(arena);
  const sent: Buffer[] = [];
  system.always('sendmmsg', (_fd, address, count) => {
    sent.push(...gather(arena, address!, count!));
    return count!;
  });
  const port = new EthernetUnderlay({ device: 'eth0', types: TYPES, batch: 4, arena, system, ...options });
  return { arena, system, port, sent };
}

interface Arrival {
  readonly octets: Buffer;
  readonly flags?: number;
  /** Status, tag and its EtherType, as `tpacket_auxdata` has them. */
  readonly aux?: readonly [number, number, number];
}

function arrive(arena: Arena, ...arrivals: Arrival[]): Answer {
  return (_fd, address, count) => {
    const view = new DataView(arena.bytes.buffer);
    const pointer = (at: number): number => Number(view.getBigUint64(at, true)) - arena.baseAddress;
    arrivals.slice(0, count).forEach(({ octets, flags = 0, aux }, index) => {
      const message = address! - arena.baseAddress + index * 64;
      arena.bytes.set(octets, pointer(pointer(message + 16)));
      view.setUint32(message + 48, flags, true);
      view.setUint32(message + 56, octets.length, true);
      view.setUint32(message + 40, aux === undefined ? 0 : 40, true);
      if (aux === undefined) return;
      const control = pointer(message + 32);
      view.setBigUint64(control, 36n, true);
      view.setUint32(control + 8, 263, true);
      view.setUint32(control + 12, 8, true);
      view.setUint32(control + 16, aux[0], true);
      view.setUint16(control + 32, aux[1], true);
      view.setUint16(control + 34, aux[2], true);
    });
    return Math.min(arrivals.length, count!);
  };
}

const frames = (port: EthernetUnderlay, count: number): string[] =>
  Array.from({ length: count }, (_, i) => Buffer.from(port.packet(i).copy()).toString('hex'));

describe('EthernetUnderlay', () => {
  it.each([
    ['socket', [0, -1], 'E_NETIO_NO_PERMISSION'],
    ['ioctl', [-19], 'E_NETIO_NO_SUCH_DEVICE'],
    ['bind', [-100], 'E_NETIO_DEVICE_DOWN'],
    ['setsockopt', [0, -92], 'E_NETIO_NOT_SUPPORTED'],
  ] as const)('%s answering %j: a typed error, and nothing is kept', (call, answers, code) => {
    const arena = fakeArena(1 << 22);
    const { system } = fakeKernel(arena);
    system.answer(call, ...answers);
    const attempt = () => open({ arena, system });
    expect(attempt).toThrow(expect.objectContaining({ code }));
    expect(system.openFds.size).toBe(0);
  });

  it('refuses options that cannot be', () => {
    for (const wrong of [{ batch: 0 }, { batch: 1.5 }, { mtu: 67 }, { mtu: 65_536 }]) {
      expect(() => open(wrong)).toThrow(expect.objectContaining({ code: 'E_NETIO_BAD_OPTION' }));
    }
  });

  it('binds to its interface, and gives socket and memory back once', () => {
    const { arena, system, port } = open();
    expect(INTERFACE_INDEX).toBe(arena.words[(arena.scratch + 4) >>> 2]);
    expect([port.name, port.fds.length, system.openFds.size]).toEqual(['ethernet on eth0', 1, 1]);
    port.close();
    port.close();
    expect([port.fds, system.openFds.size]).toEqual([[], 0]);
  });

  it('puts VLAN tags back that the kernel has taken off, and drops what is cut', () => {
    const { arena, system, port } = open();
    const arrivals: Arrival[] = [
      { octets: PLAIN },
      { octets: PLAIN, aux: [0x50, 0xa065, 0x88a8] },
      { octets: PLAIN, flags: 0x20 },
      { octets: PLAIN.subarray(0, 13) },
    ];
    system.answer('recvmmsg', arrive(arena, ...arrivals), arrive(arena, { octets: PLAIN, aux: [0x10, 7, 0] }));
    expect(frames(port, port.receive())).toEqual([
      PLAIN.toString('hex'),
      'ffffffffffff02e00000000188a8a06588b5a1a2a3a4',
    ]);
    expect(frames(port, port.receive())).toEqual(['ffffffffffff02e0000000018100000788b5a1a2a3a4']);
    expect(port.statistics).toMatchObject({ received: 3, receivedOctets: 62, retagged: 2, truncated: 2 });
  });

  it('takes no tag from a control message of another kind, or without one', () => {
    const { arena, system, port } = open();
    system.answer('recvmmsg', arrive(arena, { octets: PLAIN, aux: [0x01, 7, 0x8100] }));
    expect(frames(port, port.receive())).toEqual([PLAIN.toString('hex')]);
  });

  it('counts why nothing came', () => {
    const { system, port } = open();
    system.answer('recvmmsg', -11, -4, -100, -12);
    for (let i = 0; i < 4; i++) expect(port.receive()).toBe(0);
    expect(port.statistics).toMatchObject({ received: 0, interfaceDown: 1, receiveErrors: 1 });
  });

  it('sends frames from its own memory and from elsewhere, several with one call', () => {
    const { arena, system, port, sent } = open();
    system.answer('recvmmsg', arrive(arena, { octets: PLAIN }));
    port.receive();
    port.send(port.packet(0));
    for (let i = 0; i < 4; i++) port.send(PacketBuffer.from(Uint8Array.of(...PLAIN, i)));
    expect(port.flush()).toBe(0);
    expect(sent.map((frame) => frame.length)).toEqual([18, 19, 19, 19, 19]);
    expect(sent[4]!.at(-1)).toBe(3);
    expect(port.statistics).toMatchObject({ sent: 5, sentOctets: 94, copied: 4, refused: 0 });
    expect(system.count('sendmmsg')).toBe(2);
  });

  it('counts what the system or the port refuses, and goes on behind it', () => {
    const { system, port, sent } = open();
    system.answer('sendmmsg', -4, 1, -90);
    for (let i = 0; i < 3; i++) port.send(PacketBuffer.from(Uint8Array.of(...PLAIN, i)));
    port.send(PacketBuffer.from(new Uint8Array(13)));
    port.send(Object.assign(PacketBuffer.from(PLAIN), { checksum: 'partial' }));
    port.send(PacketBuffer.from(new Uint8Array(70_000)));
    expect(port.flush()).toBe(4);
    expect(port.flush()).toBe(0);
    expect(sent.map((frame) => frame.at(-1))).toEqual([2]);
    expect(port.statistics).toMatchObject({ sent: 2, EMSGSIZE: 1, malformed: 2, unfinished: 1, refused: 4 });
  });
});
