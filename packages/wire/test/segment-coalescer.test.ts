import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { PacketBuffer, SegmentCoalescer, TunnelMetadata, ipv4, tcp, write16 } from '../src/index.js';
import { type OffloadFrameFields, offloadFrame } from '../src/arbitraries.js';
import { coalesce, cut, cutter, octets, segmentsOf, superFrames, toHex } from './coalescing.js';

describe('coalescing', () => {
  it('undoes cutting', () => {
    fc.assert(
      fc.property(superFrames, (fields) => {
        const before = offloadFrame(fields);
        const [after, ...more] = coalesce(segmentsOf(fields));
        if (more.length > 0) throw new Error(`${more.length} more`);
        if (Buffer.compare(after!.copy(), before.copy()) !== 0) throw new Error('other octets');
        const { checksumStart, checksumField, segmentType, segmentSize } = before;
        return (
          after!.checksum === 'partial' &&
          after!.checksumStart - after!.start === checksumStart - before.start &&
          after!.checksumField - after!.start === checksumField - before.start &&
          after!.segmentType === segmentType &&
          after!.segmentSize === segmentSize
        );
      }),
    );
  });

  it('joins up to 64 KiB', () => {
    for (const family of [4, 6] as const) {
      const payload = octets(65_535 - (family === 4 ? 40 : 60));
      const out = coalesce(segmentsOf({ family, payload, segmentSize: 1400 }));
      expect(out.map(({ length }) => length)).toEqual([65_549]);
    }
    const two = segmentsOf({ payload: octets(65_000), segmentSize: 1400 }).slice(0, 46);
    // Sequence numbers and identification go on where the first 46 segments end.
    const more = { sequenceNumber: 1 + 46 * 1400, identification: 46 };
    const next = segmentsOf({ ...more, payload: octets(5000), segmentSize: 1400 });
    const out = coalesce([...two, ...next]);
    expect(out.map(({ length, segmentSize }) => [length, segmentSize])).toEqual([
      [54 + 46 * 1400, 1400],
      [54 + 5000, 1400],
    ]);
  });

  it('joins several flows that take turns', () => {
    const flows = [1, 2, 3].map((sourcePort) =>
      segmentsOf({ sourcePort, payload: octets(6000), segmentSize: 1000, transport: sourcePort < 3 ? 'tcp' : 'udp' }),
    );
    const out = coalesce(flows[0]!.flatMap((_, i) => flows.map((flow) => flow[i]!)));
    expect(out.map(({ segmentType, length }) => [segmentType, length])).toEqual([
      ['tcp4', 6054],
      ['tcp4', 6054],
      ['udp', 6042],
    ]);
  });

  it('keeps apart what came out of different tunnels', () => {
    const seen: [number, number, number][] = [];
    const coalescer = new SegmentCoalescer((packet, { network, ttl }) => seen.push([network, ttl, packet.length]));
    const other = tunnelOf(2);
    other.ttl = 9;
    const tunnels = [tunnelOf(1), tunnelOf(2), other];
    for (const segment of segmentsOf({ payload: octets(3000), segmentSize: 1000 })) {
      for (const tunnel of tunnels) expect(coalescer.accept(segment, tunnel)).toBe(true);
    }
    coalescer.flush();
    expect(seen).toEqual([
      [1, 64, 3054],
      [2, 64, 3054],
      [2, 9, 3054],
    ]);
    expect(coalescer.joined).toBe(6);
  });

  it('takes segments whose checksum the sender left unfinished, and those that somebody has verified', () => {
    const partial = [0, 1].map((i) =>
      offloadFrame({ payload: octets(500), identification: i, sequenceNumber: 1 + 500 * i }),
    );
    const out = coalesce(partial);
    expect(out.map(({ segmentType, segmentSize, length }) => [segmentType, segmentSize, length])).toEqual([
      ['tcp4', 500, 1054],
    ]);
    const single = coalesce([partial[0]!]);
    expect(single.map(({ checksum, segmentType }) => [checksum, segmentType])).toEqual([['partial', 'none']]);
    expect(toHex(cut(single)[0]!)).toBe(toHex(cut([partial[0]!])[0]!));
    const verified = segmentsOf({ payload: octets(1000), segmentSize: 500 }).map((segment) =>
      Object.assign(segment, { checksum: 'verified' as const }),
    );
    expect(coalesce(verified)).toHaveLength(1);
  });

  it.each<[string, (segment: PacketBuffer) => void]>([
    ['another acknowledgment number', ({ bytes, start }) => bytes[start + 45]!++],
    ['another window', ({ bytes, start }) => bytes[start + 49]!++],
    ['another option', ({ bytes, start }) => (bytes[start + 56] = 0)],
    ['FIN', ({ bytes, start }) => (bytes[start + 47]! |= tcp.FLAG.FIN)],
    ['CWR', ({ bytes, start }) => (bytes[start + 47]! |= tcp.FLAG.CWR)],
    ['ECE', ({ bytes, start }) => (bytes[start + 47]! |= tcp.FLAG.ECE)],
    ['URG', ({ bytes, start }) => (bytes[start + 47]! |= tcp.FLAG.URG)],
    ['another TTL', ({ bytes, start }) => bytes[start + 22]!--],
    ['CE', ({ bytes, start }) => (bytes[start + 15]! |= 3)],
    ['no DF', ({ bytes, start }) => (bytes[start + 20] = 0)],
    ['a fragment', ({ bytes, start }) => (bytes[start + 20] = 0x20)],
    ['another identification', ({ bytes, start }) => (bytes[start + 18]! ^= 1)],
    ['another source MAC', ({ bytes, start }) => (bytes[start + 11] = 9)],
  ])('does not join: %s; order is kept', (_name, edit) => {
    const segments = segmentsOf({ payload: octets(5000), segmentSize: 1000, tcpOptions: 4 });
    const odd = segments[2]!;
    edit(odd);
    const network = odd.start + 14;
    ipv4.writeChecksum(odd.bytes, network);
    finish(odd);
    const out = coalesce(segments);
    expect(out.length).toBeGreaterThan(2);
    expect(cut(out).map(toHex)).toEqual(segments.map((segment) => toHex(segment.copy())));
  });

  it.each<[string, OffloadFrameFields]>([
    ['SYN', { flags: tcp.FLAG.SYN }],
    ['a pure ACK', { payload: new Uint8Array(0) }],
    ['IPv4 options', { ipOptions: 8 }],
    ['IPv6 extension headers', { family: 6, ipOptions: 8 }],
    ['Ethernet padding', { payload: octets(2), padding: 4 }],
  ])('passes on, and emits before it what it holds of the flow: %s', (_name, fields) => {
    const first = segmentsOf({ ...fields, payload: octets(2000), segmentSize: 1000, ipOptions: 0, flags: 16 })[0]!;
    const [odd] = cut([offloadFrame(fields)]);
    const out = coalesce([first, PacketBuffer.from(odd!), first]);
    expect(out.map((packet) => toHex(packet.copy()))).toEqual(
      [first, PacketBuffer.from(odd!), first].map((p) => toHex(p.copy())),
    );
  });

  it('passes on a datagram without checksum, for it would be given one', () => {
    const [first, second] = segmentsOf({ transport: 'udp', payload: octets(200), segmentSize: 100 });
    write16(first!.bytes, first!.start + 40, 0);
    write16(second!.bytes, second!.start + 40, 0);
    expect(coalesce([first!, second!]).map(({ segmentType }) => segmentType)).toEqual(['none', 'none']);
  });

  it('leaves datagrams apart if told so', () => {
    const coalescer = new SegmentCoalescer(() => undefined);
    for (const segment of segmentsOf({ transport: 'udp', payload: octets(200), segmentSize: 100 })) {
      expect(coalescer.accept(segment, tunnelOf(1), 'segments')).toBe(false);
    }
  });

  it('does not hold back a segment of another flow, nor other protocols', () => {
    const held: string[] = [];
    const coalescer = new SegmentCoalescer((packet) => held.push(toHex(packet.copy())));
    const target = tunnelOf(1);
    const [first] = segmentsOf({ payload: octets(2000), segmentSize: 1000 });
    coalescer.accept(first!, target);
    const icmp = PacketBuffer.from(first!.copy());
    icmp.bytes[icmp.start + 23] = 1;
    ipv4.writeChecksum(icmp.bytes, icmp.start + 14);
    const arp = PacketBuffer.from(Uint8Array.from({ length: 42 }, (_, i) => (i === 12 ? 8 : i === 13 ? 6 : 1)));
    expect([coalescer.accept(icmp, target), coalescer.accept(arp, target), held]).toEqual([false, false, []]);
  });

  it('works within one array', () => {
    const made = segmentsOf({ payload: octets(5000), segmentSize: 1000 });
    const arena = new Uint8Array(20_000 + SegmentCoalescer.scratchLength(2, 64));
    const packets = made.map((segment, i) => {
      arena.set(segment.copy(), i * 2000 + 100);
      return new PacketBuffer(arena, i * 2000 + 100, i * 2000 + 100 + segment.length);
    });
    const scratch = new PacketBuffer(arena, 20_000, arena.length);
    const out = coalesce(packets, (sink) => new SegmentCoalescer(sink, { flows: 2, headroom: 64, scratch }));
    expect(cut(out).map(toHex)).toEqual(made.map((segment) => toHex(segment.copy())));
    expect(out).toHaveLength(1);
  });

  it('refuses too little memory, and a number of flows out of range', () => {
    const none = (): void => undefined;
    const scratch = new PacketBuffer(new Uint8Array(SegmentCoalescer.scratchLength(2, 64) - 1));
    expect(() => new SegmentCoalescer(none, { flows: 2, headroom: 64, scratch })).toThrow(RangeError);
    for (const flows of [0, 65, 1.5]) expect(() => new SegmentCoalescer(none, { flows })).toThrow(RangeError);
  });
});

function tunnelOf(network: number): TunnelMetadata {
  return Object.assign(new TunnelMetadata(), { network });
}

/** Gives an IPv4 frame with TCP a right TCP checksum. */
function finish(frame: PacketBuffer): void {
  Object.assign(frame, { checksum: 'partial', checksumStart: frame.start + 34, checksumField: frame.start + 50 });
  write16(frame.bytes, frame.start + 50, 0);
  cutter.run(frame, () => undefined);
}
