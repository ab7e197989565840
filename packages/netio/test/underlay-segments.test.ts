import { describe, expect, it } from '@jest/globals';
import { IpAddress, PacketBuffer, write16 } from '@overlane/wire';
import { UnderlaySocket } from '../src/underlay-socket.js';
import { fakeArena, FakeSystem } from './fake-system.js';
import { gather } from './packet-fixture.js';

const SEND_FD = 11;

function open() {
  const arena = fakeArena(1 << 22);
  const system = new FakeSystem();
  const transport = { protocol: 'udp', port: 4789 } as const;
  const local = IpAddress.parse('192.0.2.1');
  const port = new UnderlaySocket({ local, transport, batch: 16, arena, system, offload: 'segmentation' });
  return { arena, system, port };
}

function datagram(length: number, sourcePort = 50_000, change: (bytes: Uint8Array) => unknown = () => undefined) {
  const bytes = new Uint8Array(28 + length).fill(length, 28);
  bytes.set([0x45, 0x2e, 0, 0, 0, 0, 0x40, 0, 9, 17, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2]);
  write16(bytes, 2, bytes.length);
  write16(bytes, 20, sourcePort);
  bytes.set([0x12, 0xb5], 22);
  write16(bytes, 24, 8 + length);
  change(bytes);
  return new PacketBuffer(bytes);
}

describe('UnderlaySocket with segmentation', () => {
  it('sends runs by a socket of their source port, the rest as ever, in order', () => {
    const { arena, system, port } = open();
    const sent: { fd: number; lengths: number[]; control: string }[] = [];
    system.always('sendmmsg', (fd, address, count) => {
      const view = new DataView(arena.bytes.buffer);
      const message = address! - arena.baseAddress;
      const control = Number(view.getBigUint64(message + 32, true)) - arena.baseAddress;
      const octets = fd === SEND_FD ? [] : arena.bytes.subarray(control, control + 72);
      const lengths = gather(arena, address!, count!).map(({ length }) => length);
      sent.push({ fd: fd!, lengths, control: Buffer.from(octets).toString('hex') });
      return count!;
    });
    port.send(datagram(5, 49_999));
    for (const length of [100, 100, 40]) port.send(datagram(length));
    port.send(datagram(6, 49_999));
    port.send(datagram(7, 49_998));
    expect(port.flush()).toBe(0);
    const control =
      '1200000000000000' +
      '1100000067000000' +
      '6400000000000000' + // UDP_SEGMENT 100
      '1400000000000000' +
      '0000000001000000' +
      '2e00000000000000' + // IP_TOS
      '1400000000000000' +
      '0000000002000000' +
      '0900000000000000'; // IP_TTL
    expect(sent).toEqual([
      { fd: SEND_FD, lengths: [33], control: '' },
      { fd: SEND_FD + 1, lengths: [240], control },
      { fd: SEND_FD, lengths: [34, 35], control: '' },
    ]);
    expect(port.statistics).toMatchObject({ sent: 6, sentSuper: 1, coalesced: 3, coalescingRefused: 0 });
    port.close();
    expect(system.openFds.size).toBe(0);
  });

  const reasons: [string, (system: FakeSystem) => unknown, ((bytes: Uint8Array) => unknown) | undefined][] = [
    ['its port is taken', (system) => system.answer('bind', -98), undefined],
    ['the kernel is too old', (system) => system.answer('setsockopt', 0, 0, -92), undefined],
    ['the kernel refuses it', (system) => system.answer('sendmmsg', -22), undefined],
    ['it may be cut into fragments', () => undefined, (bytes) => bytes.fill(0, 6, 7)],
    ['it comes from elsewhere', () => undefined, (bytes) => bytes.fill(9, 15, 16)],
  ];

  it.each(reasons)('sends a run one by one where %s', (_why, prepare, change) => {
    const { system, port } = open();
    prepare(system);
    for (let i = 0; i < 3; i++) port.send(datagram(100, 50_000, change));
    expect(port.flush()).toBe(0);
    expect(port.statistics).toMatchObject({ sent: 3, sentSuper: 0, coalesced: 0, coalescingRefused: 1 });
  });

  it('keeps a bounded number of sockets', () => {
    const { system, port } = open();
    for (let source = 50_000; source < 50_200; source++) {
      for (let i = 0; i < 2; i++) port.send(datagram(100, source));
    }
    port.flush();
    expect(system.openFds.size).toBe(2 + 64);
    expect(port.statistics).toMatchObject({ sent: 400, sentSuper: 200 });
  });

  it('refuses unfinished packets', () => {
    const { port } = open();
    port.send(Object.assign(datagram(100), { checksum: 'partial', checksumStart: 20, checksumField: 26 }));
    expect([port.flush(), port.statistics.unfinished, port.statistics.refused]).toEqual([1, 1, 1]);
  });

  it('hands out what the kernel has joined as single packets', () => {
    const { arena, system, port } = open();
    system.answer('recvmmsg', (_fd, address) => {
      const view = new DataView(arena.bytes.buffer);
      const message = address! - arena.baseAddress;
      const pointer = (at: number): number => Number(view.getBigUint64(at, true)) - arena.baseAddress;
      arena.bytes.set([2, 0, 0xc0, 1, 192, 0, 2, 2], pointer(message));
      const control = pointer(message + 32);
      [20, 0, 17, 104, 100].forEach((word, index) => view.setUint32(control + 4 * index, word, true));
      arena.bytes.fill(7, pointer(pointer(message + 16)), pointer(pointer(message + 16)) + 250);
      view.setUint32(message + 40, 24, true);
      view.setUint32(message + 48, 0, true);
      view.setUint32(message + 56, 250, true);
      return 1;
    });
    expect(port.receive()).toBe(3);
    const packets = [0, 1, 2].map((index) => port.packet(index));
    expect(packets.map(({ length }) => length)).toEqual([128, 128, 78]);
    for (const packet of packets) expect(packet).toMatchObject({ checksum: 'verified', segmentType: 'none' });
    expect(Buffer.from(packets[2]!.view().subarray(20, 30)).toString('hex')).toBe('c00112b5003a00000707');
    expect(port.statistics).toMatchObject({ received: 3, receivedSuper: 1, receivedOctets: 334 });
  });
});
