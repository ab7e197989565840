import { describe, expect, it } from '@jest/globals';
import { checksum, IpAddress, ipv4, ipv6, outerPseudoHeader, PacketBuffer, read16, udp, write16 } from '@overlane/wire';
import fc from 'fast-check';
import { DatagramGroup } from '../src/datagram-group.js';
import { DatagramSplitter } from '../src/datagram-splitter.js';
import { FinishedChecksums } from '../src/finished-checksums.js';
import { fakeArena } from './fake-system.js';

type Family = 4 | 6;

/** An IP packet with a UDP datagram; `change` may alter it. */
function packet(
  family: Family,
  payload: Uint8Array,
  change: (bytes: Uint8Array) => void = () => undefined,
): Uint8Array {
  const length = udp.HEADER_LENGTH + payload.length;
  const bytes = new Uint8Array((family === 4 ? 20 : 40) + length);
  const [source, destination] = family === 4 ? ['192.0.2.1', '192.0.2.2'] : ['2001:db8::1', '2001:db8::2'];
  if (family === 4) {
    bytes.set([0x45, 0x2e, 0, 0, 0x12, 0x34, 0x40, 0, 9, 17]);
    write16(bytes, 2, bytes.length);
  } else {
    bytes.set([0x62, 0xea, 0xbc, 0xde, 0, 0, 17, 9]);
    write16(bytes, 4, length);
  }
  const addresses = family === 4 ? 12 : 8;
  IpAddress.parse(source).write(bytes, addresses);
  IpAddress.parse(destination).write(bytes, addresses + (family === 4 ? 4 : 16));
  const at = bytes.length - length;
  udp.encodeInto({ sourcePort: 50_000, destinationPort: 4789, length, checksum: 0 }, bytes, at);
  bytes.set(payload, at + udp.HEADER_LENGTH);
  change(bytes);
  if (family === 4) ipv4.writeChecksum(bytes, 0);
  return bytes;
}

/** Puts packets one after another into an arena, 2 octets apart, and returns their offsets. */
function place(bytes: Uint8Array, packets: readonly Uint8Array[]): number[] {
  let next = 4096;
  return packets.map((octets) => {
    const at = next;
    bytes.set(octets, at);
    next += octets.length + 2;
    return at;
  });
}

/** All but identification and checksums. */
function essence(octets: Uint8Array): string {
  const copy = Buffer.from(octets);
  const four = copy[0]! >>> 4 === 4;
  if (four) copy.fill(0, 4, 6).fill(0, 10, 12);
  copy.fill(0, (four ? 20 : 40) + 6, (four ? 20 : 40) + 8);
  return copy.toString('hex');
}

const families: Family[] = [4, 6];

describe('DatagramGroup and DatagramSplitter', () => {
  it('are each other’s inverse', () => {
    const run = fc.record({
      family: fc.constantFrom(...families),
      size: fc.integer({ min: 1, max: 200 }),
      count: fc.integer({ min: 2, max: 20 }),
      last: fc.integer({ min: 1, max: 200 }),
      slots: fc.integer({ min: 1, max: 7 }),
    });
    fc.assert(
      fc.property(run, ({ family, size, count, last, slots }) => {
        const arena = fakeArena();
        const group = new DatagramGroup(arena.bytes, family);
        const lengths = Array.from({ length: count }, (_, i) => (i === count - 1 ? Math.min(last, size) : size));
        const packets = lengths.map((length, i) => packet(family, new Uint8Array(length).fill(i + 1)));
        const starts = place(arena.bytes, packets);
        group.begin(starts[0]!, packets[0]!.length);
        for (let i = 1; i < count; i++) if (!group.join(starts[i]!, packets[i]!.length)) return false;
        // The super-datagram, as the kernel would see it.
        const at = 65_536;
        group.writeHeaders(at);
        let end = at + group.headerLength;
        packets.forEach((octets) => {
          arena.bytes.set(octets.subarray(group.headerLength), end);
          end += octets.length - group.headerLength;
        });
        const whole = new PacketBuffer(arena.bytes, at, end);
        const check = family === 4 ? ipv4.check(arena.bytes, at, end) : ipv6.check(arena.bytes, at, end);
        if (check !== undefined || end - at !== group.headerLength + group.payloadLength) return false;
        const transport = at + group.headerLength - udp.HEADER_LENGTH;
        const sum = outerPseudoHeader(arena.bytes, at, family, 17, end - transport);
        if (read16(arena.bytes, transport + 6) !== sum) return false;
        Object.assign(whole, { checksumStart: transport, segmentType: 'udp', segmentSize: group.segmentSize });
        const splitter = new DatagramSplitter(arena, slots, 1500);
        if (!splitter.begin(whole)) return false;
        const out: Uint8Array[] = [];
        while (splitter.isBusy) {
          const window = splitter.take(out.length % slots);
          if (window.checksum !== 'verified' || window.segmentType !== 'none' || window.start % 4 !== 2) return false;
          out.push(window.copy());
        }
        const fine = out.every((octets) => read16(octets, (family === 4 ? 20 : 40) + 6) === 0);
        return fine && out.map(essence).join() === packets.map(essence).join();
      }),
    );
  });

  it.each(families)('a packet that differs in any octet of its headers ends a run, IPv%d', (family) => {
    const { bytes } = fakeArena();
    const ipLength = family === 4 ? 20 : 40;
    const ignored = family === 4 ? new Set([4, 5, 10, 11, 26, 27]) : new Set([46, 47]);
    const joining: number[] = [];
    for (let i = 0; i < ipLength + udp.HEADER_LENGTH; i++) {
      const other = packet(family, new Uint8Array(10));
      other[i]! ^= 1;
      const group = new DatagramGroup(bytes, family);
      const [first, second] = place(bytes, [packet(family, new Uint8Array(10)), other]);
      group.begin(first!, other.length);
      if (group.join(second!, other.length)) joining.push(i);
    }
    expect(new Set(joining)).toEqual(ignored);
  });

  it('ends a run behind a shorter packet, after 64 packets, and before 65,400 octets', () => {
    const arena = fakeArena(1 << 21);
    const joined = (lengths: readonly number[]): number => {
      const group = new DatagramGroup(arena.bytes, 4);
      const packets = lengths.map((length) => packet(4, new Uint8Array(length)));
      const starts = place(arena.bytes, packets);
      group.begin(starts[0]!, packets[0]!.length);
      starts.slice(1).every((start, i) => group.join(start, packets[i + 1]!.length));
      return group.count;
    };
    expect(joined([100, 100, 99, 99])).toBe(3);
    expect(joined([100, 101])).toBe(1);
    expect(joined(Array.from({ length: 80 }, () => 100))).toBe(64);
    expect(joined(Array.from({ length: 60 }, () => 1452))).toBe(45);
  });

  it('begins no run with what is no plain datagram', () => {
    const { bytes } = fakeArena();
    const begins = (family: Family, change: (octets: Uint8Array) => void): number => {
      const group = new DatagramGroup(bytes, family);
      const octets = packet(family, new Uint8Array(10), change);
      group.begin(place(bytes, [octets])[0]!, octets.length);
      return group.count;
    };
    expect(begins(4, () => undefined)).toBe(1);
    expect(begins(4, (octets) => (octets[6] = 0x20))).toBe(0);
    expect(begins(4, (octets) => (octets[9] = 6))).toBe(0);
    expect(begins(4, (octets) => (octets[25] = 9))).toBe(0);
    expect(begins(6, (octets) => (octets[6] = 0))).toBe(0);
    const group = new DatagramGroup(bytes, 4);
    const empty = packet(4, new Uint8Array(0));
    group.begin(place(bytes, [empty])[0]!, empty.length);
    expect(group.count).toBe(0);
    group.end();
    expect(group.join(4096, empty.length)).toBe(false);
  });

  it('refuses super-datagrams that are none', () => {
    const arena = fakeArena();
    const splitter = new DatagramSplitter(arena, 1, 1500);
    const begin = (family: Family, fields: Partial<PacketBuffer>, change?: (octets: Uint8Array) => void): boolean => {
      const octets = packet(family, new Uint8Array(100), change);
      const [at] = place(arena.bytes, [octets]);
      const window = new PacketBuffer(arena.bytes, at, at! + octets.length);
      const checksumStart = at! + (family === 4 ? 20 : 40);
      Object.assign(window, { checksumStart, segmentType: 'udp', segmentSize: 40, ...fields });
      return splitter.begin(window);
    };
    expect([begin(4, {}), begin(6, {})]).toEqual([true, true]);
    expect(begin(4, { checksumStart: 4096 + 24 })).toBe(false);
    expect(begin(4, { segmentSize: 3000 })).toBe(false);
    expect(begin(4, {}, (octets) => (octets[0] = 0x42))).toBe(false);
    expect(begin(4, {}, (octets) => (octets[0] = 0x25))).toBe(false);
    expect(begin(4, {}, (octets) => (octets[9] = 6))).toBe(false);
    expect(begin(4, {}, (octets) => write16(octets, 2, 129))).toBe(false);
    expect(begin(4, {}, (octets) => write16(octets, 2, 28))).toBe(false);
    expect(begin(6, {}, (octets) => write16(octets, 4, 109))).toBe(false);
    expect(splitter.isBusy).toBe(false);
  });

  it('total: no octets make the splitter run past the packet', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1, maxLength: 120 }),
        fc.constantFrom(0x45, 0x46, 0x60, 0x00),
        fc.integer({ min: 1, max: 100 }),
        (octets, first, segmentSize) => {
          const arena = fakeArena();
          octets[0] = first;
          if (octets.length > 9) octets[first === 0x60 ? 6 : 9] = 17;
          const [at] = place(arena.bytes, [octets]);
          const window = new PacketBuffer(arena.bytes, at, at! + octets.length);
          const checksumStart = at! + (first === 0x60 ? 40 : (first & 15) * 4);
          Object.assign(window, { checksumStart, segmentType: 'udp', segmentSize });
          const splitter = new DatagramSplitter(arena, 1, 1500);
          let taken = 0;
          if (splitter.begin(window)) while (splitter.isBusy) taken += splitter.take(0).length;
          return taken <= octets.length + 68 * octets.length;
        },
      ),
    );
  });
});

describe('FinishedChecksums', () => {
  it('makes an unfinished checksum right where the packet lies now, and puts back what was there', () => {
    const octets = packet(4, new Uint8Array(101).fill(0xa7));
    write16(octets, 26, outerPseudoHeader(octets, 0, 4, 17, octets.length - 20));
    const window = PacketBuffer.from(octets);
    Object.assign(window, { checksum: 'partial', checksumStart: window.start + 20, checksumField: window.start + 26 });
    const elsewhere = new Uint8Array(400);
    const at = 300 - octets.length;
    elsewhere.set(octets, at);
    const checksums = new FinishedChecksums(elsewhere, 2);
    checksums.finish(window, at - window.start);
    const pseudo = outerPseudoHeader(elsewhere, at, 4, 17, octets.length - 20);
    expect(checksum.compute(elsewhere, at + 20, 300, pseudo)).toBe(0);
    expect([checksums.lacks(1), checksums.lacks(2)]).toEqual([false, true]);
    checksums.restore();
    expect(elsewhere.subarray(at, 300)).toEqual(octets);
    expect(checksums.lacks(2)).toBe(false);
  });

  it('writes 0 as 0xffff', () => {
    const bytes = Uint8Array.of(0xff, 0xff, 0, 0);
    const window = new PacketBuffer(bytes);
    Object.assign(window, { checksum: 'partial', checksumStart: 0, checksumField: 2 });
    new FinishedChecksums(bytes, 1).finish(window, 0);
    expect([...bytes]).toEqual([0xff, 0xff, 0xff, 0xff]);
  });
});
