import { describe, it } from '@jest/globals';
import fc from 'fast-check';
import { PacketBuffer, SegmentCoalescer } from '../src/index.js';
import { frame as anyFrame, offloadFrame } from '../src/arbitraries.js';
import { coalesce, cut, same, superFrames, toHex } from './coalescing.js';

const arena = new Uint8Array(400_000);

describe('SegmentCoalescer, whatever comes,', () => {
  /** Segments of a few flows, shuffled, some damaged, with other frames between. */
  const traffic = fc
    .record({
      flows: fc.array(superFrames, { minLength: 1, maxLength: 3 }),
      others: fc.array(anyFrame(), { maxLength: 3 }),
      // Positions that change places, and octets that change.
      swaps: fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 4 }),
      damage: fc.array(fc.tuple(fc.nat(), fc.nat(), fc.integer({ min: 1, max: 255 })), { maxLength: 2 }),
      turns: fc.boolean(),
    })
    .map(({ flows, others, swaps, damage, turns }) => {
      const parts = flows.map((fields, i) => cut([offloadFrame({ ...fields, sourcePort: 1000 + i })]));
      const longest = Math.max(...parts.map(({ length }) => length));
      const frames = turns
        ? Array.from({ length: longest }, (_, i) => parts.flatMap((part) => part.slice(i, i + 1))).flat()
        : parts.flat();
      frames.push(...others);
      for (const [a, b] of swaps) {
        const [x, y] = [a % frames.length, b % frames.length];
        [frames[x], frames[y]] = [frames[y]!, frames[x]!];
      }
      for (const [which, at, value] of damage) {
        const frame = frames[which % frames.length]!;
        frame[at % frame.length]! ^= value;
      }
      return frames;
    });
  const through = (frames: readonly Uint8Array[], flows: number): PacketBuffer[] =>
    coalesce(
      frames.map((frame) => PacketBuffer.from(frame)),
      (sink) => new SegmentCoalescer(sink, { flows }),
    );
  /** The same, with frames and the coalescer's memory in one array, as in a switch. */
  const throughArena = (frames: readonly Uint8Array[], flows: number): PacketBuffer[] => {
    const held = SegmentCoalescer.scratchLength(flows);
    arena.fill(0, 0, held);
    let end = held;
    const packets = frames.map((frame) => {
      arena.set(frame, end);
      return new PacketBuffer(arena, end, (end += frame.length));
    });
    return coalesce(
      packets,
      (sink) => new SegmentCoalescer(sink, { flows, scratch: new PacketBuffer(arena, 0, held) }),
    );
  };

  it('cutting the outcome gives the same frames, damaged ones included, and every flow in the same order', () => {
    fc.assert(
      fc.property(traffic, fc.integer({ min: 1, max: 3 }), fc.boolean(), (frames, flows, isTogether) => {
        const out = cut((isTogether ? throughArena : through)(frames, flows));
        const sorted = (list: readonly Uint8Array[]): Uint8Array[] => [...list].sort((a, b) => Buffer.compare(a, b));
        if (!same(sorted(out), sorted(frames))) throw new Error('other frames');
        for (const flow of new Set(frames.map(naiveFlow))) {
          const of = (list: readonly Uint8Array[]): Uint8Array[] => list.filter((frame) => naiveFlow(frame) === flow);
          if (!same(of(out), of(frames))) throw new Error(`order of ${flow}`);
        }
      }),
    );
  });

  it('never asks for a checksum over damage', () => {
    fc.assert(
      fc.property(superFrames, fc.nat(), fc.nat(), fc.integer({ min: 1, max: 255 }), (fields, which, at, value) => {
        const frames = cut([offloadFrame(fields)]);
        const damaged = frames[which % frames.length]!;
        damaged[at % damaged.length]! ^= value;
        const outcome = through(frames, 8).filter(({ length }) => length === damaged.length);
        return outcome.some((packet) => packet.checksum !== 'partial' && same([packet.copy()], [damaged]));
      }),
    );
  });

  it('a receiver of TCP sees the same stream', () => {
    const order = fc.tuple(superFrames, fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 5 }));
    fc.assert(
      fc.property(order, ([fields, swaps]) => {
        const frames = cut([offloadFrame({ ...fields, transport: 'tcp', tags: 0 })]);
        for (const [a, b] of swaps) frames.splice(b % frames.length, 0, ...frames.splice(a % frames.length, 1));
        const before = naiveStreams(frames.map((frame) => PacketBuffer.from(frame)));
        return JSON.stringify(naiveStreams(throughArena(frames, 3))) === JSON.stringify(before);
      }),
    );
  });

  it('total: any octets are passed on or held, and come out unchanged', () => {
    const frames = fc.array(fc.oneof(fc.uint8Array({ maxLength: 100 }), anyFrame()), { maxLength: 8 });
    fc.assert(
      fc.property(frames, (list) => {
        const sorted = (all: readonly Uint8Array[]): Uint8Array[] => [...all].sort((a, b) => Buffer.compare(a, b));
        return same(sorted(cut(through(list, 2))), sorted(list));
      }),
    );
  });
});

/** Flow of an untagged or tagged frame: everything by which a receiver could tell it from others. */
function naiveFlow(frame: Uint8Array): string {
  let at = 12;
  while (['8100', '88a8'].includes(toHex(frame.subarray(at, at + 2)))) at += 4;
  const type = toHex(frame.subarray(at, at + 2));
  const ip = at + 2;
  if (type === '0800') return toHex(Uint8Array.of(frame[ip + 9]!, ...frame.subarray(ip + 12, ip + 24)));
  if (type === '86dd') return toHex(Uint8Array.of(frame[ip + 6]!, ...frame.subarray(ip + 8, ip + 44)));
  return 'none';
}

/** For every octet of data in order of arrival: its place in the stream, and its value. */
function naiveStreams(packets: readonly PacketBuffer[]): [number, number][] {
  return packets.flatMap((packet) => {
    const frame = packet.copy();
    const isIpv4 = frame[12] === 8;
    const transport = isIpv4 ? 34 : 54;
    const end = isIpv4 ? 14 + frame[16]! * 256 + frame[17]! : 54 + frame[18]! * 256 + frame[19]!;
    const sequence = new DataView(frame.buffer).getUint32(transport + 4);
    const payload = transport + (frame[transport + 12]! >> 4) * 4;
    return Array.from(
      { length: end - payload },
      (_, i) => [(sequence + i) % 2 ** 32, frame[payload + i]!] as [number, number],
    );
  });
}
