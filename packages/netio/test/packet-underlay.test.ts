import { describe, expect, it } from '@jest/globals';
import { checksum, ipv4, outerPseudoHeader, PacketBuffer, read16, write16 } from '@overlane/wire';
import fc from 'fast-check';
import { OUR_MAC } from './fake-kernel.js';
import type { Answer } from './fake-system.js';
import { datagram, EINVAL, gather, LINK, listen, open, PEER_MAC, unfinished } from './packet-fixture.js';

describe('PacketUnderlay sending', () => {
  it('puts vnet and Ethernet header in front, and leaves the packet where it is', () => {
    const fixture = open();
    const { arena, port } = fixture;
    const sent = listen(fixture);
    const packet = datagram(10);
    const at = arena.allocate(100);
    arena.bytes.set(packet.view(), at);
    port.send(new PacketBuffer(arena.bytes, at, at + packet.length));
    expect(port.flush()).toBe(0);
    const expected = '00'.repeat(10) + PEER_MAC + OUR_MAC + '0800' + Buffer.from(packet.view()).toString('hex');
    expect(sent.map((octets) => octets.toString('hex'))).toEqual([expected]);
    expect(port.statistics).toMatchObject({ sent: 1, sentOctets: 38, copied: 0, sentSuper: 0 });
  });

  it('sends a run of datagrams as one, what is between runs by itself', () => {
    const fixture = open({ batch: 16 });
    const { port } = fixture;
    const sent = listen(fixture);
    const lengths = [100, 100, 100, 60, 100, 100, 50];
    lengths.forEach((length, index) => port.send(datagram(length, { fill: index + 1 })));
    port.send(datagram(50, { last: 3 }));
    expect(port.flush()).toBe(0);
    expect(sent.map((octets) => octets.length - LINK)).toEqual([28 + 360, 28 + 250, 78]);
    const [first] = sent as [Buffer];
    expect(first.subarray(0, 10).toString('hex')).toBe('0105' + '2a00' + '6400' + '2200' + '0600');
    expect(ipv4.check(first, LINK)).toBeUndefined();
    expect([ipv4.readTotalLength(first, LINK), read16(first, LINK + 24)]).toEqual([388, 368]);
    expect(read16(first, LINK + 26)).toBe(outerPseudoHeader(first, LINK, 4, 17, 368));
    expect([...first.subarray(LINK + 28)]).toEqual([100, 100, 100, 60].flatMap((n, i) => Array(n).fill(i + 1)));
    expect(port.statistics).toMatchObject({ sent: 8, sentSuper: 2, coalesced: 7, coalescingRefused: 0 });
    expect(port.statistics.sentOctets).toBe(8 * 28 + 660);
  });

  it('finishes inner checksums itself where the vnet header has room for the outer one only', () => {
    const fixture = open();
    const { port } = fixture;
    const sent = listen(fixture);
    for (let i = 0; i < 3; i++) port.send(unfinished(datagram(100, { fill: i + 1 }), 60));
    port.send(unfinished(datagram(100, { last: 3 }), 60));
    port.flush();
    expect(sent).toHaveLength(2);
    for (let i = 0; i < 3; i++) {
      const inner = sent[0]!.subarray(LINK + 28 + 32 + 100 * i, LINK + 28 + 100 * (i + 1));
      expect(checksum.compute(inner, 0, inner.length)).toBe(0x0101 * (i + 1));
    }
    expect(sent[1]!.subarray(0, 10).toString('hex')).toBe('0100' + '0000' + '0000' + '4a00' + '0600');
    expect(sent[1]!.subarray(LINK + 28).every((octet) => octet === 7)).toBe(true);
  });

  it('leaves the octets of packets in the arena as they were, once they are sent', () => {
    const fixture = open();
    const { arena, port } = fixture;
    listen(fixture);
    const windows = [2, 2, 2, 8].map((last, i) => {
      const octets = datagram(100, { last, fill: i + 1 }).view();
      const at = arena.allocate(octets.length);
      arena.bytes.set(octets, at);
      return unfinished(new PacketBuffer(arena.bytes, at, at + octets.length), 60);
    });
    const before = windows.map((window) => window.copy());
    for (let round = 0; round < 3; round++) {
      for (const window of windows) port.send(window);
      expect(port.flush()).toBe(0);
      expect(windows.map((window) => window.copy())).toEqual(before);
    }
    for (let i = 0; i < 100; i++) port.send(windows[3]!);
    expect(port.flush()).toBe(0);
    expect(windows[3]!.copy()).toEqual(before[3]);
    expect(port.statistics).toMatchObject({ sent: 112, coalesced: 9, sentByKernel: 103, copied: 0 });
  });

  it('hands super-frames over as they are', () => {
    const fixture = open({ transport: { protocol: 'tcp-syntax', port: 7471 } });
    const { port } = fixture;
    const sent = listen(fixture);
    const packet = datagram(4000, { protocol: 6 });
    packet.bytes[packet.start + 32] = 0x50;
    const fields = { checksumField: packet.start + 36, segmentType: 'tcp4', segmentSize: 1460 } as const;
    port.send(unfinished(packet, 20, fields));
    port.flush();
    expect(sent[0]!.subarray(0, 10).toString('hex')).toBe('0101' + '3600' + 'b405' + '2200' + '1000');
    expect(port.statistics).toMatchObject({ sent: 1, sentSuper: 1 });
  });

  it('sends one by one, from then on, what a kernel would not cut', () => {
    const fixture = open();
    const { arena, system, port } = fixture;
    const sent: Buffer[] = [];
    system.always('sendmmsg', (_fd, address, count) => {
      const messages = gather(arena, address!, count!);
      const refused = messages.findIndex((octets) => octets[1] === 5);
      if (refused === 0) return EINVAL;
      const taken = messages.slice(0, refused < 0 ? count : refused);
      sent.push(...taken);
      return taken.length;
    });
    port.send(datagram(40, { last: 3 }));
    const partial = (): PacketBuffer => unfinished(datagram(40), 20);
    const packets = [partial(), partial(), partial()];
    packets.forEach((packet) => port.send(packet));
    port.send(datagram(40, { last: 3 }));
    expect(port.flush()).toBe(0);
    expect(sent).toHaveLength(5);
    for (const octets of sent.slice(1, 4)) {
      expect(octets.subarray(LINK)).toEqual(Buffer.from(packets[0]!.view()));
      expect(octets.subarray(0, LINK).toString('hex')).toBe('01000000000022000600' + PEER_MAC + OUR_MAC + '0800');
    }
    port.send(datagram(40));
    port.send(datagram(40));
    expect(port.flush()).toBe(0);
    expect(port.statistics).toMatchObject({ sent: 7, coalescingRefused: 1, refused: 0 });
  });

  it('leaves packets alone whose next hop is unknown, and drops what only the interface could cut', () => {
    const { arena, system, port, tables } = open();
    const sockets = new Map<number, Buffer[]>();
    system.always('sendmmsg', (fd, address, count) => {
      sockets.set(fd!, [...(sockets.get(fd!) ?? []), ...gather(arena, address!, count!)]);
      return count!;
    });
    port.send(unfinished(datagram(40, { last: 8 }), 20));
    port.send(unfinished(datagram(4000, { last: 8 }), 20, { segmentType: 'udp', segmentSize: 1000 }));
    expect(port.flush()).toBe(1);
    expect(port.statistics).toMatchObject({ sent: 1, sentByKernel: 1, unresolved: 1, refused: 1 });
    const [[raw]] = [...sockets.values()] as [[Buffer]];
    expect([raw.length, tables.used[0]]).toEqual([68, '192.0.2.8']);
    const sum = checksum.compute(raw, 20, raw.length);
    expect(sum).toBe(0);
  });

  it('sends a table by itself after eight batches of packets, or a mebioctet', () => {
    const { arena, system, port } = open({ batch: 2, offload: 'segmentation' });
    const at = arena.allocate(40_000);
    arena.bytes.set(datagram(30_000).view(), at);
    const large = new PacketBuffer(arena.bytes, at, at + 30_028);
    for (let i = 0; i < 16; i++) port.send(large);
    expect(system.count('sendmmsg')).toBe(0);
    port.send(large);
    expect(system.count('sendmmsg')).toBe(1);
    expect([port.flush(), port.statistics.sent]).toEqual([0, 17]);
    const wide = open({ batch: 8, offload: 'segmentation' });
    wide.arena.bytes.set(datagram(30_000).view(), at);
    const again = new PacketBuffer(wide.arena.bytes, at, at + 30_028);
    for (let i = 0; i < 35; i++) wide.port.send(again);
    expect(wide.system.count('sendmmsg')).toBe(0);
    wide.port.send(again);
    expect(wide.system.count('sendmmsg')).toBe(1);
  });

  it('refuses what is no packet of its family, or unfinished in a way it does not take', () => {
    const fixture = open({ offload: 'checksum' });
    const { port } = fixture;
    listen(fixture);
    port.send(new PacketBuffer(new Uint8Array(19).fill(0x45)));
    port.send(new PacketBuffer(new Uint8Array(60).fill(0x60)));
    const segments = unfinished(datagram(4000), 20, { segmentType: 'udp', segmentSize: 1000 });
    const summed = datagram(100);
    write16(summed.bytes, summed.start + 26, 0x1234);
    unfinished(summed, 60);
    for (const packet of [segments, summed]) {
      expect(port.canFinish(packet)).toBe(false);
      port.send(packet);
    }
    expect(port.canFinish(unfinished(datagram(100), 60))).toBe(true);
    expect(port.flush()).toBe(4);
    expect(port.statistics).toMatchObject({ malformed: 2, unfinished: 2, refused: 4, sent: 0 });
  });

  it('knows what the kernel cuts: what the outer headers say, of its own family', () => {
    const { port } = open();
    const tcp = datagram(4000, { protocol: 6 });
    tcp.bytes[tcp.start + 32] = 0x50;
    const at = { checksumField: tcp.start + 36, segmentSize: 1000 };
    expect(port.canFinish(unfinished(tcp, 20, { ...at, segmentType: 'tcp4' }))).toBe(true);
    expect(port.canFinish(unfinished(tcp, 20, { ...at, segmentType: 'tcp6' }))).toBe(false);
    expect(port.canFinish(unfinished(datagram(4000), 20, { segmentType: 'udp', segmentSize: 1000 }))).toBe(true);
    expect(port.canFinish(unfinished(datagram(4000), 60, { segmentType: 'udp', segmentSize: 1000 }))).toBe(false);
    const gre = unfinished(datagram(4000, { protocol: 47 }), 20, { segmentType: 'udp', segmentSize: 1000 });
    expect(port.canFinish(gre)).toBe(false);
  });

  it('takes super-datagrams as long as they leave by its interface, which cuts them', () => {
    const { system, port } = open();
    const datagrams = (segmentSize: number, last = 2): PacketBuffer =>
      unfinished(datagram(4000, { last }), 20, { segmentType: 'udp', segmentSize });
    const takes = (): boolean[] => [datagrams(1472), datagrams(1473)].map((packet) => port.canFinish(packet));
    expect(takes()).toEqual([true, false]);
    // The kernel does not know this one's address yet.
    expect(port.canFinish(datagrams(1000, 8))).toBe(false);
    system.always('sendmmsg', EINVAL);
    port.send(datagrams(1000));
    expect([port.flush(), ...takes()]).toEqual([1, false, false]);
  });

  it('accounts for each packet, in bounded calls, whatever the system answers', () => {
    const answer = fc.oneof(fc.integer({ min: 1, max: 8 }), fc.constantFrom(-4, -90, -11, -105, -100, EINVAL));
    const packets = fc.array(fc.constantFrom(10, 20, 30), { maxLength: 30 });
    const fixture = open();
    fc.assert(
      fc.property(fc.array(answer, { maxLength: 60 }), packets, (answers, lengths) => {
        const { system, port } = fixture;
        const before = { ...port.statistics };
        system.calls.length = 0;
        system.script.set(
          'sendmmsg',
          answers.map((value): Answer => (value > 0 ? (_fd, _table, count) => Math.min(value, count!) : value)),
        );
        for (const length of lengths) port.send(datagram(length));
        const lost = port.flush();
        const sent = port.statistics.sent - before.sent;
        const refused = port.statistics.refused - before.refused;
        const calls = system.count('sendmmsg');
        return sent + refused === lengths.length && lost === refused && calls <= 4 * lengths.length;
      }),
    );
  });
});
