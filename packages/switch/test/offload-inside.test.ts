/** Super-frames through UDP tunnels whose underlay finishes what is inside. */
import { describe, expect, it } from '@jest/globals';
import type { PacketBuffer } from '@overlane/wire';
import { offloadFrame } from '@overlane/wire/arbitraries';
import { type OffloadWorld, createOffloadWorld, finished, introduce, octets, receiveAll } from './offload-world.js';

describe.each([
  ['vxlan', 4],
  ['vxlan', 6],
  ['geneve', 4],
  ['geneve', 6],
] as const)('%s over IPv%i, where the underlay finishes what is inside', (type, family) => {
  const open = (): OffloadWorld =>
    createOffloadWorld({
      ...{ type, family, tenants: [['segmentation'], ['segmentation']], finishesInside: true },
      underlay: ['segmentation', 'segmentation'],
    });

  it('super-frames pass from station to station without a cut or a join', () => {
    const world = open();
    introduce(world);
    const before = world.ledger(0).sent;
    const frames = [
      offloadFrame({ family: 4, payload: octets(64_000), segmentSize: 1380 }),
      offloadFrame({ family: 6, payload: octets(9000), segmentSize: 1360 }),
      offloadFrame({ family: 4, transport: 'udp', payload: octets(5000), segmentSize: 1000 }),
      offloadFrame({ family: 4, payload: octets(700) }),
    ];
    for (const frame of frames) world.stations[0]![0]!.send(frame);
    world.settle();
    expect([world.ledger(0).sent - before, world.ledger(0).cut, world.ledger(1).joined]).toEqual([4, 0, 0]);
    const received = receiveAll(world.stations[1]![0]!);
    const work = (packet: PacketBuffer): unknown[] => [
      ...[packet.checksum, packet.segmentType, packet.segmentSize],
      ...[packet.checksumStart - packet.start, packet.checksumField - packet.start, packet.innerStart],
    ];
    expect(received.map(work)).toEqual(frames.map(work));
    expect(finished(received)).toEqual(finished(frames));
    expect([world.faults(0), world.faults(1)]).toEqual([{}, {}]);
  });

  it('what no port can be trusted with is done, or refused, before it is wrapped', () => {
    const world = open();
    introduce(world);
    const long = offloadFrame({ payload: octets(65_490), segmentSize: 1380 });
    const padded = offloadFrame({ payload: octets(1), padding: 5 });
    const wide = offloadFrame({ payload: octets(9000), segmentSize: 1460 });
    const wrong = offloadFrame({ payload: octets(9000), segmentSize: 1000 });
    wrong.segmentType = 'tcp6';
    for (const frame of [long, padded, wide, wrong]) world.stations[0]![0]!.send(frame);
    world.settle();
    expect(Object.keys(world.faults(0)).sort()).toEqual(['E_MTU_EXCEEDED', 'E_OFFLOAD_MISMATCH'].sort());
    const received = receiveAll(world.stations[1]![0]!);
    expect(finished(received)).toEqual(finished([long, padded]));
  });

  it('a partial checksum that others would go wrong by is repaired', () => {
    const world = open();
    introduce(world);
    const frame = offloadFrame({ payload: octets(5000), segmentSize: 1000 });
    const expected = finished([offloadFrame({ payload: octets(5000), segmentSize: 1000 })]);
    frame.bytes[frame.checksumField]! ^= 0x55;
    world.stations[0]![0]!.send(frame);
    world.settle();
    const [received] = receiveAll(world.stations[1]![0]!);
    const sum = offloadFrame({ payload: octets(5000), segmentSize: 1000 });
    expect(received!.bytes.subarray(received!.checksumField, received!.checksumField + 2)).toEqual(
      sum.bytes.subarray(sum.checksumField, sum.checksumField + 2),
    );
    expect(finished([received!])).toEqual(expected);
  });
});
