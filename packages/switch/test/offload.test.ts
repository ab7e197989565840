import { describe, expect, it } from '@jest/globals';
import { VxlanEncapsulation } from '@overlane/vxlan';
import { type PacketBuffer, SoftwareOffload, TunnelMetadata } from '@overlane/wire';
import { type OffloadFrameFields, offloadFrame } from '@overlane/wire/arbitraries';
import fc from 'fast-check';
import {
  LEVELS,
  type OffloadWorld,
  TYPES,
  createOffloadWorld,
  finished,
  introduce,
  octets,
  receiveAll,
} from './offload-world.js';

/** Bulk data, small packets and datagrams in one flow's order; `inner` is the tenants' family. */
function traffic(inner: 4 | 6): OffloadFrameFields[] {
  const bulk = [60_000, 1, 1200, 1201, 30_000, 0, 5000];
  let sequenceNumber = 0xffff_0000;
  let identification = 0;
  const frames: OffloadFrameFields[] = [];
  for (const length of bulk) {
    frames.push({ family: inner, payload: octets(length), segmentSize: 1200, sequenceNumber, identification });
    sequenceNumber = (sequenceNumber + length) >>> 0;
    identification += Math.max(1, Math.ceil(length / 1200));
  }
  const datagrams = [7, 1300, 0].map((length) => ({
    family: inner,
    transport: 'udp' as const,
    payload: octets(length),
  }));
  return [...frames, ...datagrams, { family: inner, transport: 'udp', payload: octets(9000), segmentSize: 1000 }];
}

describe.each(TYPES.flatMap((type) => [[type, 4] as const, [type, 6] as const]))('%s over IPv%i', (type, family) => {
  it('carries the same segments whatever the ports at both ends and the underlay take over', () => {
    const underlays = [
      ['none', 'none'],
      ['segmentation', 'none'],
      ['segmentation', 'segmentation'],
    ] as const;
    LEVELS.forEach((near, i) =>
      LEVELS.forEach((far, j) => {
        const world = createOffloadWorld({ type, family, tenants: [[near], [far]], underlay: underlays[(i + j) % 3]! });
        introduce(world);
        const fields = traffic(i === 1 ? 6 : 4);
        for (const each of fields) world.stations[0]![0]!.send(offloadFrame(each));
        world.settle();
        const expected = finished(fields.map((each) => offloadFrame(each)));
        expect(finished(receiveAll(world.stations[1]![0]!)).sort()).toEqual(expected.sort());
        expect([world.faults(0), world.faults(1)]).toEqual([{}, {}]);
      }),
    );
  });

  it('hands super-frames to a station that takes them, in order', () => {
    const world = createOffloadWorld({ type, family, tenants: [['segmentation'], ['segmentation']] });
    introduce(world);
    const fields: OffloadFrameFields = { payload: octets(60_000), segmentSize: 1200 };
    const next = { ...fields, sequenceNumber: 60_001, identification: 50 };
    for (const each of [fields, next]) world.stations[0]![0]!.send(offloadFrame(each));
    world.settle();
    const received = receiveAll(world.stations[1]![0]!);
    const sizes = received.map(({ segmentType, segmentSize }) => `${segmentType} ${segmentSize}`);
    expect(new Set(sizes)).toEqual(new Set(['tcp4 1200']));
    expect(received.length).toBeLessThan(5);
    expect(finished(received)).toEqual(finished([fields, next].map((each) => offloadFrame(each))));
    const { joined, sent } = world.ledger(1);
    if (type === 'stt') expect([joined, received.length]).toEqual([0, 2]);
    else expect(joined).toBe(100 - received.length);
    expect(sent).toBe(received.length + 2);
  });
});

describe('stt', () => {
  it('carries a super-frame in one packet where the underlay cuts it, without a sum or a cut of ours', () => {
    const world = createOffloadWorld({
      type: 'stt',
      tenants: [['segmentation'], ['segmentation']],
      underlay: ['segmentation', 'segmentation'],
    });
    introduce(world);
    const before = world.ledger(0).sent;
    const frame = offloadFrame({ payload: octets(64_000), segmentSize: 1448 });
    world.stations[0]![0]!.send(frame);
    world.settle();
    expect([world.ledger(0).sent - before, world.ledger(0).cut, world.ledger(1).absorbed]).toEqual([1, 0, 0]);
    const [received] = receiveAll(world.stations[1]![0]!);
    expect([received!.checksum, received!.segmentType, received!.segmentSize]).toEqual(['partial', 'tcp4', 1448]);
    expect(Buffer.from(received!.view())).toEqual(Buffer.from(frame.view()));
  });

  it.each([60, 1500, 9000, 65_000])('carries frames of %i octets whether they are TCP or not', (length) => {
    const world = createOffloadWorld({ type: 'stt', tenants: [['none'], ['checksum']] });
    introduce(world);
    const frame = offloadFrame({ transport: 'udp', payload: octets(length - 42) });
    world.stations[0]![0]!.send(frame);
    world.settle();
    expect(finished(receiveAll(world.stations[1]![0]!))).toEqual(finished([frame]));
  });
});

describe('between local ports', () => {
  it('super-frames pass uncut to a port that takes them, and in segments to one that does not', () => {
    const world = createOffloadWorld({ type: 'vxlan', tenants: [['segmentation', 'segmentation', 'none'], []] });
    const [first, second, third] = world.stations[0]!;
    const from = { source: 2, destination: 1 };
    second!.send(offloadFrame({ stations: from }));
    third!.send(offloadFrame({ stations: { ...from, source: 3 } }));
    world.settle();
    for (const station of world.stations[0]!) receiveAll(station);
    const fields: OffloadFrameFields = { payload: octets(50_000), segmentSize: 1400 };
    const toThird = { ...fields, stations: { source: 1, destination: 3 } };
    first!.send(offloadFrame(fields));
    first!.send(offloadFrame(toThird));
    world.settle();
    expect(receiveAll(second!).map(({ segmentSize, length }) => [segmentSize, length])).toEqual([[1400, 50_054]]);
    const segments = receiveAll(third!);
    expect(segments.map(({ isUnfinished }) => isUnfinished)).toEqual(Array.from({ length: 36 }, () => false));
    expect(finished(segments)).toEqual(finished([offloadFrame(toThird)]));
    expect(receiveAll(first!)).toEqual([]);
  });

  it('a flooded frame is right for every kind of port, and for the far end', () => {
    for (const order of [LEVELS, [...LEVELS].reverse()]) {
      for (const payload of [octets(900), octets(5000)]) {
        const world = createOffloadWorld({
          type: 'geneve',
          tenants: [
            ['segmentation', ...order],
            ['none', 'segmentation'],
          ],
        });
        const broadcast = { stations: { source: 1, destination: 9 }, payload, segmentSize: 1000 };
        world.stations[0]![0]!.send(offloadFrame(broadcast));
        world.settle();
        const expected = finished([offloadFrame(broadcast)]);
        for (const station of [...world.stations[0]!.slice(1), ...world.stations[1]!]) {
          expect(finished(receiveAll(station))).toEqual(expected);
        }
      }
    }
  });
});

/** The tunnel packets that the first switch makes of a frame, taken from the second's port. */
function onTheWire(world: OffloadWorld, frame: PacketBuffer): PacketBuffer[] {
  world.stations[0]![0]!.send(frame);
  world.switches[0]!.turn(0);
  return Array.from({ length: world.wires[1]!.receive() }, (_, i) => world.wires[1]!.packet(i));
}

describe('faults', () => {
  it('segments too long for the tunnel are dropped by name, the rest goes on', () => {
    const world = createOffloadWorld({ type: 'vxlan', tenants: [['segmentation'], ['none']] });
    introduce(world);
    world.stations[0]![0]!.send(offloadFrame({ payload: octets(3500), segmentSize: 1500 }));
    world.settle();
    expect(world.faults(0)).toEqual({ E_MTU_EXCEEDED: 2 });
    expect(receiveAll(world.stations[1]![0]!)).toHaveLength(1);
  });

  it('requests that do not fit the frame are dropped by name', () => {
    const world = createOffloadWorld({ type: 'vxlan', tenants: [['segmentation', 'none'], ['none']] });
    const [station] = world.stations[0]!;
    station!.send(Object.assign(offloadFrame({}), { segmentType: 'udp', segmentSize: 3 }));
    station!.send(offloadFrame({ payload: octets(3000), segmentSize: 1 }));
    world.settle();
    // Each was to go to the local port without offload, and into the tunnel.
    expect(world.ledger(0).dropped).toEqual({ E_OFFLOAD_MISMATCH: 2, E_OFFLOAD_TOO_MANY_SEGMENTS: 2 });
  });

  it('several tunnel packets in one, which nobody has taken apart, are refused', () => {
    const world = createOffloadWorld({ type: 'vxlan', underlay: ['none', 'segmentation'] });
    const [packet] = onTheWire(world, offloadFrame({ payload: octets(1000) }));
    const outer = { checksum: 'partial', checksumStart: packet!.start + 20, checksumField: packet!.start + 26 };
    world.wires[1]!.push(Object.assign(packet!, outer, { segmentType: 'udp', segmentSize: 500 }));
    world.settle();
    expect(world.faults(1)).toEqual({ E_OFFLOAD_MISMATCH: 1 });
  });

  it('super-frames inside a tunnel, as a kernel leaves them to its device, come through', () => {
    const world = createOffloadWorld({
      type: 'vxlan',
      tenants: [[], ['segmentation', 'none']],
      underlay: ['none', 'segmentation'],
    });
    const frame = offloadFrame({ payload: octets(20_000), segmentSize: 1200 });
    const tunnel = new TunnelMetadata();
    tunnel.network = 5001;
    tunnel.source.setIpv4(0xc000_0201);
    tunnel.destination.setIpv4(0xc000_0202);
    new VxlanEncapsulation().encapsulate(frame, tunnel, (outer) => void world.wires[1]!.push(outer));
    world.settle();
    const [whole, cut] = world.stations[1]!.map((station) => receiveAll(station));
    expect(whole!.map(({ segmentType, length }) => [segmentType, length])).toEqual([['tcp4', 20_054]]);
    expect(cut).toHaveLength(17);
    expect(finished(whole!)).toEqual(finished(cut!));
    expect(world.faults(1)).toEqual({});
  });

  it('damage on the way is delivered as damage, never under a new checksum', () => {
    for (const type of ['vxlan', 'nvgre'] as const) {
      const world = createOffloadWorld({ type, tenants: [['segmentation'], ['segmentation']] });
      introduce(world);
      const frame = offloadFrame({ payload: octets(6000), segmentSize: 1200 });
      const packets = onTheWire(world, frame);
      // The third of five tunnel packets: an octet of the tenant's data.
      packets[2]!.bytes[packets[2]!.end - 100]! ^= 0x40;
      for (const packet of packets) world.wires[1]!.push(packet);
      world.settle();
      const received = receiveAll(world.stations[1]![0]!);
      const expected = finished([frame]);
      const damaged = expected[2]!;
      const at = damaged.length - 200;
      expected[2] = damaged.slice(0, at) + flip(damaged.slice(at, at + 2)) + damaged.slice(at + 2);
      expect(finished(received)).toEqual(expected);
      expect(received.map(({ segmentType }) => segmentType)).toEqual(['tcp4', 'none', 'tcp4']);
    }
  });
});

const flip = (octet: string): string => (parseInt(octet, 16) ^ 0x40).toString(16).padStart(2, '0');

describe('the books', () => {
  it('balance after any traffic', () => {
    const fields = fc.record({
      family: fc.constantFrom(4 as const, 6 as const),
      transport: fc.constantFrom('tcp' as const, 'udp' as const),
      payload: fc.oneof(fc.nat(100), fc.nat(9000)).map(octets),
      segmentSize: fc.constantFrom(0, 1, 700, 1200, 3000),
      tags: fc.nat(2),
      stations: fc.record({ source: fc.integer({ min: 1, max: 4 }), destination: fc.integer({ min: 1, max: 5 }) }),
    });
    const level = fc.constantFrom(...LEVELS);
    const settings = fc.record({
      type: fc.constantFrom(...TYPES),
      tenants: fc.tuple(
        fc.array(level, { minLength: 1, maxLength: 2 }),
        fc.array(level, { minLength: 1, maxLength: 2 }),
      ),
      underlay: fc.tuple(level, level),
      mtu: fc.constantFrom(600, 1500),
    });
    const spoil = fc.option(fc.record({ checksumStart: fc.nat(300), segmentType: fc.constantFrom('tcp4', 'udp') }), {
      freq: 5,
    });
    const sends = fc.array(fc.tuple(fields, fc.nat(3), spoil), { maxLength: 12 });
    fc.assert(
      fc.property(settings, sends, (world, list) => {
        const made = createOffloadWorld(world);
        const stations = made.stations.flat();
        const cutter = new SoftwareOffload();
        list.forEach(([each, at, spoiled], i) => {
          const frame: PacketBuffer = Object.assign(offloadFrame(each), spoiled ?? {});
          stations[at % stations.length]!.send(frame);
          // `settle` throws if the books do not balance.
          if (i % 5 === 4) made.settle();
        });
        made.settle();
        for (const station of stations) for (const packet of receiveAll(station)) cutter.run(packet, () => undefined);
        return true;
      }),
      // Each makes two switches with all their tables.
      { numRuns: 60 },
    );
  });
});
