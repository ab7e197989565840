import { describe, expect, it } from '@jest/globals';
import { read16, write16 } from '@overlane/wire';
import { arrive, datagram, EINVAL, listen, open, PEER_MAC } from './packet-fixture.js';

describe('PacketUnderlay receiving', () => {
  it('hands out packets from their IP header on, and drops those whose vnet headers lie', () => {
    const { arena, system, port } = open();
    const octets = datagram(30).view();
    system.answer(
      'recvmmsg',
      arrive(
        arena,
        { octets },
        { octets, vnet: [2] },
        { octets, vnet: [1, 0, 0, 0, 0, 0, 34, 0, 40, 0] },
        { octets, vnet: [1, 0, 0, 0, 0, 0, 6, 0, 6, 0] },
        { octets, vnet: [1, 3, 0, 0, 9, 0, 34, 0, 6, 0] },
        { octets, vnet: [1, 0, 0, 0, 0, 0, 34, 0, 16, 0] },
        { octets, flags: 0x20 },
        { octets: octets.subarray(0, 20) },
      ),
    );
    expect(port.receive()).toBe(3);
    expect([0, 1, 2].map((index) => port.packet(index).checksum)).toEqual(['unverified', 'verified', 'unverified']);
    expect(Buffer.from(port.packet(0).view())).toEqual(Buffer.from(octets));
    expect(port.packet(0).start % 4).toBe(2);
    const counters = { received: 3, badChecksumRange: 3, badSegments: 1, truncated: 1, receivedOctets: 58 + 58 + 20 };
    expect(port.statistics).toMatchObject(counters);
  });

  it('takes the unfinished checksum of a datagram out, and leaves one inside the tunnel', () => {
    const { arena, system, port } = open();
    const octets = datagram(60).copy();
    write16(octets, 26, 0xabcd);
    system.answer(
      'recvmmsg',
      arrive(
        arena,
        { octets, vnet: [1, 0, 0, 0, 0, 0, 34, 0, 6, 0] },
        { octets, vnet: [1, 0, 0, 0, 0, 0, 70, 0, 16, 0] },
      ),
    );
    expect(port.receive()).toBe(2);
    const [outer, inner] = [port.packet(0), port.packet(1)];
    expect([outer.checksum, read16(outer.bytes, outer.start + 26)]).toEqual(['verified', 0]);
    expect(inner).toMatchObject({ checksum: 'partial', checksumStart: inner.start + 56 });
    expect(port.statistics.receivedUnfinished).toBe(2);
  });

  it('leaves what a vnet header says of the inner packet, and drops segments that the outer one cannot have', () => {
    const { arena, system, port } = open();
    const octets = datagram(300).copy();
    octets.fill(0x50, 28);
    system.answer(
      'recvmmsg',
      arrive(
        arena,
        { octets, vnet: [1, 1, 0, 0, 100, 0, 92, 0, 16, 0] },
        { octets, vnet: [1, 1, 0, 0, 100, 0, 34, 0, 16, 0] },
        { octets: datagram(50).view(), vnet: [1, 5, 0, 0, 0xb8, 11, 34, 0, 6, 0] },
      ),
    );
    expect(port.receive()).toBe(1);
    const packet = port.packet(0);
    expect(packet).toMatchObject({ length: 328, segmentType: 'tcp4', segmentSize: 100 });
    expect(packet.checksumStart).toBe(packet.start + 78);
    expect(port.statistics).toMatchObject({ receivedSuper: 3, badSegments: 2, received: 1 });
  });

  it('hands super-datagrams out in batches, before it asks the kernel again', () => {
    const { arena, system, port } = open({ batch: 4 });
    const large = datagram(950).view();
    const small = datagram(5).view();
    const vnet = [1, 5, 0, 0, 100, 0, 34, 0, 6, 0];
    system.answer('recvmmsg', arrive(arena, { octets: small }, { octets: large, vnet }, { octets: small }), -11);
    const batches: number[][] = [];
    for (let n = port.receive(); n > 0; n = port.receive()) {
      batches.push(Array.from({ length: n }, (_, index) => port.packet(index).length - 28));
    }
    expect(batches).toEqual([
      [5, 100, 100, 100],
      [100, 100, 100, 100],
      [100, 100, 50, 5],
    ]);
    expect(system.count('recvmmsg')).toBe(2);
    expect(port.statistics).toMatchObject({ received: 12, receivedSuper: 1, receivedOctets: 12 * 28 + 960 });
  });

  it('counts what the socket says instead of packets, and tries a bounded number of times', () => {
    const { system, port } = open();
    system.answer('recvmmsg', EINVAL, -100, -5, -11);
    expect(port.receive()).toBe(0);
    expect(port.statistics).toMatchObject({ unsupportedOffload: 1, interfaceDown: 1, receiveErrors: 1 });
    system.always('recvmmsg', EINVAL);
    expect(port.receive()).toBe(0);
    expect(port.statistics.unsupportedOffload).toBe(5);
  });

  it('looks at its interface and the dropped frames once a second', () => {
    const { arena, system, tables, port, clock } = open();
    system.always('recvmmsg', -11);
    system.always('getsockopt', (_fd, _level, _option, address) => {
      arena.words[(address! + 4 - arena.baseAddress) >>> 2] = 3;
      return 1;
    });
    tables.mac = '0200000000ee';
    const turns = () => {
      for (let i = 0; i < 8; i++) port.receive();
    };
    turns();
    clock.nowMs = 1000;
    turns();
    clock.nowMs = 1500;
    turns();
    expect(port.statistics.queueOverflow).toBe(3);
    const sent = listen({ arena, system, tables, port, clock });
    port.send(datagram(10));
    port.flush();
    expect(sent[0]!.subarray(10, 22).toString('hex')).toBe(PEER_MAC + '0200000000ee');
    system.always('ioctl', -19);
    clock.nowMs = 3000;
    turns();
    expect(port.statistics.interfaceDown).toBe(1);
  });
});
