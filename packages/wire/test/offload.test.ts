import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  PacketBuffer,
  ScratchRing,
  SoftwareOffload,
  dropOuterOffload,
  ethernet,
  finishChecksum,
  findNetwork,
  isTransport,
  judgePartial,
  read16,
  tcp,
  write16,
} from '../src/index.js';
import { type OffloadFrameFields, judgeFrame, offloadFrame } from '../src/arbitraries.js';

const { FIN, PSH, CWR } = tcp.FLAG;
const octets = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => (i * 13) ^ (i >>> 8));
const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** What `SoftwareOffload` makes of a packet, in copies. */
function run(packet: PacketBuffer, offload = new SoftwareOffload()): PacketBuffer[] {
  const emitted: PacketBuffer[] = [];
  const fault = offload.run(packet, (p) => emitted.push(new PacketBuffer(p.copy())));
  if (fault !== undefined) throw new Error(fault);
  return emitted;
}

const joinedPayload = (packets: readonly PacketBuffer[]): Buffer =>
  Buffer.concat(packets.map((packet) => judgeFrame(packet).payload));

describe('cutting', () => {
  const fields = fc.record({
    family: fc.constantFrom(4 as const, 6 as const),
    transport: fc.constantFrom('tcp' as const, 'udp' as const),
    payload: fc.nat(3000).map(octets),
    tcpOptions: fc.constantFrom(0, 12, 40),
    ipOptions: fc.constantFrom(0, 8, 24),
    flags: fc.nat(255),
    identification: fc.constantFrom(0, 0xfffe),
    sequenceNumber: fc.constantFrom(7, 0xffff_fff0),
    tags: fc.nat(2),
    padding: fc.nat(3),
  });

  it('keeps every octet, counts on, and finishes all checksums', () => {
    const offload = new SoftwareOffload();
    fc.assert(
      fc.property(fields, fc.integer({ min: 40, max: 4000 }), (frame, segmentSize) => {
        const before = offloadFrame({ ...frame, segmentSize });
        const copy = before.copy();
        const isCut = before.segmentType !== 'none';
        const segments = run(before, offload).map(judgeFrame);
        const joined = Buffer.concat(segments.map(({ payload }) => payload));
        if (Buffer.compare(joined, frame.payload) !== 0) throw new Error('payload changed');
        if (isCut && Buffer.compare(before.copy(), copy) !== 0) throw new Error('input changed');
        segments.forEach(({ identification, sequenceNumber, flags, payload }, i) => {
          const isLast = i === segments.length - 1;
          if (payload.length > segmentSize || (!isLast && payload.length < segmentSize)) throw new Error('size');
          if (frame.family === 4 && identification !== (frame.identification + i) % 2 ** 16) throw new Error('id');
          if (frame.transport === 'udp') return;
          if (sequenceNumber !== (frame.sequenceNumber + i * segmentSize) % 2 ** 32) throw new Error('sequence number');
          const kept = ~((i === 0 ? 0 : CWR) | (isLast ? 0 : FIN | PSH));
          if (flags !== (frame.flags & kept)) throw new Error(`flags ${flags} of ${i}`);
        });
        return offload.deviatingPartials === 0;
      }),
    );
  });

  it('keeps the headers in front of the IP header, and the IP options', () => {
    const packet = offloadFrame({ tags: 2, ipOptions: 8, payload: octets(100), segmentSize: 60 });
    const front = toHex(packet.copy().subarray(0, 24));
    for (const segment of run(packet)) expect(toHex(segment.copy().subarray(0, 24))).toBe(front);
  });

  it('leaves headroom, and segments intact until it says that the scratch goes round', () => {
    const headroom = 50;
    const kept: PacketBuffer[] = [];
    let rounds = 0;
    const offload = new SoftwareOffload({
      headroom,
      scratch: PacketBuffer.from(new Uint8Array(150_000), 10),
      beforeReuse: () => {
        rounds++;
        for (const packet of kept.splice(0)) judgeFrame(packet);
      },
    });
    for (let i = 0; i < 10; i++) {
      const packet = offloadFrame({ payload: octets(50_000), segmentSize: 1400 });
      let sum = 0;
      offload.run(packet, (segment) => {
        kept.push(new PacketBuffer(segment.bytes, segment.start, segment.end));
        sum += segment.length - 54;
        // Somebody writes an outer header.
        segment.bytes.fill(0xaa, segment.start - headroom, segment.start);
      });
      expect(sum).toBe(50_000);
    }
    expect(rounds).toBeGreaterThan(2);
  });

  it('cuts within one array', () => {
    const packet = offloadFrame({ payload: octets(5000), segmentSize: 1000 });
    const arena = new Uint8Array(packet.bytes.length + 80_000);
    arena.set(packet.bytes);
    packet.bytes = arena;
    const scratch = new PacketBuffer(arena, arena.length - 80_000, arena.length);
    expect(joinedPayload(run(packet, new SoftwareOffload({ scratch })))).toEqual(Buffer.from(octets(5000)));
  });

  it('cuts what starts with an IP header, as an underlay does', () => {
    const packet = offloadFrame({ payload: octets(5000), segmentSize: 1000 });
    const whole = run(packet).map((segment) => toHex(segment.copy().subarray(ethernet.HEADER_LENGTH)));
    packet.trimFront(ethernet.HEADER_LENGTH);
    expect(run(packet, new SoftwareOffload({ startsWith: 'ip' })).map((segment) => toHex(segment.copy()))).toEqual(
      whole,
    );
  });

  it('refuses a scratch that one segment may not fit', () => {
    expect(() => new ScratchRing({ scratch: PacketBuffer.from(new Uint8Array(66_000), 0) })).toThrow(RangeError);
  });
});

describe('finishing', () => {
  it.each<[string, OffloadFrameFields]>([
    ['TCP over IPv4', {}],
    ['TCP over IPv6', { family: 6 }],
    ['UDP over IPv4', { transport: 'udp' }],
    ['UDP over IPv6', { transport: 'udp', family: 6 }],
    ['options in the IP header', { ipOptions: 8 }],
    ['destination options', { family: 6, ipOptions: 16 }],
    ['no payload', { payload: new Uint8Array(0) }],
    ['tags, an odd length and padding', { payload: octets(1001), padding: 5, tags: 2 }],
  ])('%s', (_name, fields) => {
    const packet = offloadFrame(fields);
    const [finished] = run(packet);
    expect(toHex(judgeFrame(finished!).payload)).toBe(toHex(fields.payload ?? new Uint8Array(16)));
    expect(finished!.length).toBe(packet.length);
  });

  it('repairs a sum without the length, and counts it', () => {
    const packet = offloadFrame({ payload: octets(100) });
    write16(packet.bytes, packet.checksumField, read16(packet.bytes, packet.checksumField) - 120);
    expect(judgePartial(packet)).toBe('deviating');
    const offload = new SoftwareOffload();
    judgeFrame(run(packet, offload)[0]!);
    expect(offload.deviatingPartials).toBe(1);
  });

  it('never leaves a UDP checksum of zero', () => {
    const packet = offloadFrame({ transport: 'udp', payload: new Uint8Array(2) });
    const first = run(offloadFrame({ transport: 'udp', payload: new Uint8Array(2) }))[0]!;
    const field = packet.checksumField;
    write16(packet.bytes, packet.end - 2, read16(first.bytes, field - packet.start));
    expect(read16(run(packet)[0]!.bytes, field - packet.start)).toBe(0xffff);
  });

  it('never gives a cut datagram a checksum of zero', () => {
    // Two equal datagrams; the last two octets of each make up for the sum of the rest.
    const payload = new Uint8Array(4);
    const cut = (): PacketBuffer[] => run(offloadFrame({ family: 6, transport: 'udp', payload, segmentSize: 2 }));
    const sum = read16(cut()[0]!.bytes, 14 + 40 + 6);
    write16(payload, 0, sum);
    write16(payload, 2, sum);
    for (const datagram of cut()) expect(read16(datagram.bytes, 14 + 40 + 6)).toBe(0xffff);
  });

  it('sums what is neither TCP nor UDP to its end, the value in the field included', () => {
    const packet = PacketBuffer.from(octets(61));
    Object.assign(packet, { checksum: 'partial', checksumStart: packet.start + 20, checksumField: packet.start + 30 });
    const { bytes, start } = packet;
    write16(bytes, start + 30, 0x1234);
    const [finished] = run(packet);
    let sum = 0x1234;
    for (let i = 20; i < 61; i += 2) if (i !== 30) sum += (octets(61)[i]! << 8) | (octets(62)[i + 1]! * Number(i < 60));
    expect(read16(finished!.bytes, 30)).toBe(~((sum & 0xffff) + (sum >>> 16)) & 0xffff);
  });

  it('takes the sum that the sender left where a routing header hides the last destination', () => {
    const frame = offloadFrame({ family: 6, ipOptions: 24 });
    const network = frame.start + ethernet.HEADER_LENGTH;
    // A routing header of type 4 with one segment left: the pseudo-header has the address in it (RFC 8200 §8.1).
    frame.bytes[network + 6] = 43;
    frame.bytes.set([4, 1], network + 42);
    expect(isTransport(frame, network)).toBe(false);
    const partial = read16(frame.bytes, frame.checksumField);
    run(frame);
    const finished = read16(frame.bytes, network + 80);
    frame.bytes[network + 43] = 0;
    Object.assign(frame, { checksum: 'partial', checksumStart: network + 64, checksumField: network + 80 });
    write16(frame.bytes, frame.checksumField, partial);
    expect(isTransport(frame, network)).toBe(true);
    finishChecksum(frame);
    expect(read16(frame.bytes, network + 80)).toBe(finished);
  });

  it('of the inner frame is kept when the outer packet is gone, and nothing else', () => {
    const after = (edit: object): unknown[] => {
      const packet = Object.assign(offloadFrame({ payload: octets(100) }), edit);
      const fault = dropOuterOffload(packet);
      return [fault, packet.checksum, packet.segmentType, packet.isUnfinished];
    };
    const outer = { checksumStart: 100, checksumField: 106 };
    expect(after({})).toEqual([undefined, 'partial', 'none', true]);
    expect(after({ segmentType: 'tcp4', segmentSize: 9 })).toEqual([undefined, 'partial', 'tcp4', true]);
    expect(after(outer)).toEqual([undefined, 'unverified', 'none', false]);
    expect(after({ ...outer, segmentType: 'udp', segmentSize: 9 })[0]).toBe('E_OFFLOAD_MISMATCH');
    expect(after({ checksum: 'verified' })).toEqual([undefined, 'unverified', 'none', false]);
    expect(after({ checksum: 'unverified' })).toEqual([undefined, 'unverified', 'none', false]);
  });

  it('passes an ordinary frame on as it is', () => {
    const packet = PacketBuffer.from(octets(60));
    expect(toHex(run(packet)[0]!.copy())).toBe(toHex(octets(60)));
  });
});

describe('refusals', () => {
  const offload = new SoftwareOffload();
  const none = (): void => {
    throw new Error('emitted');
  };
  it.each<[string, PacketBuffer, object]>([
    ['UDP to be cut as TCP', offloadFrame({ transport: 'udp' }), { segmentType: 'tcp4', segmentSize: 10 }],
    ['TCP to be cut as UDP', offloadFrame({}), { segmentType: 'udp', segmentSize: 10 }],
    ['the other family', offloadFrame({}), { segmentType: 'tcp6', segmentSize: 10 }],
    ['a size of 0', offloadFrame({}), { segmentType: 'tcp4' }],
    ['no partial checksum', PacketBuffer.from(octets(60)), { segmentType: 'tcp4', segmentSize: 10 }],
    ['a fragment', offloadFrame({ moreFragments: true }), { segmentType: 'tcp4', segmentSize: 10 }],
    ['a field behind the end', offloadFrame({}), { checksumStart: 200, checksumField: 1 << 20 }],
    [
      'a start before the frame',
      PacketBuffer.from(octets(60)),
      { checksum: 'partial', checksumStart: 3, checksumField: 200 },
    ],
  ])('E_OFFLOAD_MISMATCH: %s', (_name, packet, fields) => {
    const before = packet.bytes.slice();
    expect(offload.run(Object.assign(packet, fields), none)).toBe('E_OFFLOAD_MISMATCH');
    expect(packet.bytes).toEqual(before);
  });

  it('E_OFFLOAD_TOO_MANY_SEGMENTS: more than 2,048', () => {
    const packet = offloadFrame({ payload: octets(2049), segmentSize: 1 });
    expect(offload.run(packet, none)).toBe('E_OFFLOAD_TOO_MANY_SEGMENTS');
    expect(run(offloadFrame({ payload: octets(2048), segmentSize: 1 }))).toHaveLength(2048);
  });

  it('a TCP header that does not end in the packet', () => {
    const packet = offloadFrame({ segmentSize: 10 });
    packet.bytes[packet.checksumStart + 12] = 0xf0;
    expect(offload.run(packet, none)).toBe('E_OFFLOAD_MISMATCH');
  });

  it('total: survives any fields on any octets, and changes none outside the packet', () => {
    const offloads = { ethernet: new SoftwareOffload(), ip: new SoftwareOffload({ startsWith: 'ip' }) };
    const flipped = fc.tuple(fc.nat(160), fc.nat(255));
    const frames = fc.record({
      family: fc.constantFrom(4 as const, 6 as const),
      transport: fc.constantFrom('tcp' as const, 'udp' as const),
      ipOptions: fc.constantFrom(0, 8),
      tags: fc.nat(2),
    });
    const requests = fc.record({
      checksumStart: fc.nat(400),
      checksumField: fc.nat(400),
      segmentType: fc.constantFrom('none', 'tcp4', 'tcp6', 'udp'),
      segmentSize: fc.nat(100),
    });
    fc.assert(
      fc.property(
        frames,
        fc.array(flipped, { maxLength: 3 }),
        fc.option(requests),
        fc.constantFrom('ethernet' as const, 'ip' as const),
        (fields, flips, request, startsWith) => {
          const made = offloadFrame({ ...fields, payload: octets(80), segmentSize: 30 });
          const packet = PacketBuffer.from(made.copy(), 128, 64);
          packet.copyOffload(made);
          for (const [at, value] of flips) packet.bytes[packet.start + (at % packet.length)] = value;
          if (request !== null) Object.assign(packet, { checksum: 'partial', ...request });
          if (startsWith === 'ip') packet.trimFront(14);
          offloads[startsWith].run(packet, () => undefined);
          findNetwork(packet, startsWith);
          const { bytes, end } = packet;
          return (
            bytes.subarray(0, 128).every((octet) => octet === 0) && bytes.subarray(end).every((octet) => octet === 0)
          );
        },
      ),
    );
  });
});
