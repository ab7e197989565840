import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { FrameRoom } from '../src/frame-room.js';
import { HEADROOM } from '../src/slots.js';
import { TapPort } from '../src/tap-port.js';
import { fakeArena, FakeSystem } from './fake-system.js';

const KIB = 1024;

describe('FrameRoom', () => {
  it('keeps frames apart, aligned, and inside of its memory', () => {
    const sizes = fc.record({
      frames: fc.integer({ min: 1, max: 40 }),
      mtu: fc.integer({ min: 68, max: 9000 }),
      octets: fc.option(fc.integer({ min: 1, max: 40_000 }), { nil: undefined }),
    });
    fc.assert(
      fc.property(sizes, fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 60 }), (size, shares) => {
        const arena = fakeArena();
        const { octets } = size;
        const room = new FrameRoom(arena, { ...size, octets: octets ?? Infinity });
        const guard = arena.allocate(64);
        for (let round = 0, end = 0; round < 2; round++, end = 0) {
          room.clear();
          let kept = 0;
          for (const share of shares.slice(0, size.frames)) {
            const at = room.next;
            // It is full by octets only, and never before the first.
            if (at < 0) {
              if (kept === 0 || octets === undefined) throw new Error(`full after ${kept}`);
              break;
            }
            if (at % 64 !== 2 || at - HEADROOM < end || at + room.capacity > guard) throw new Error(`frame at ${at}`);
            const length = Math.floor(share * room.capacity);
            room.keep(length);
            kept++;
            end = at + length;
          }
        }
      }),
    );
  });

  it('ends a batch of super-frames by their octets, and one of small frames by their number', () => {
    const arena = fakeArena(2 << 20);
    const system = new FakeSystem();
    const port = new TapPort({ name: 'tap1', offload: 'segmentation', arena, system });
    system.always('read', 65_000);
    expect(port.receive()).toBe(5);
    system.always('read', 100);
    expect(port.receive()).toBe(64);
    const starts = Array.from({ length: 64 }, (_, i) => port.packet(i).start);
    expect(starts.at(-1)! - starts[0]!).toBeLessThan(64 * 320);
  });

  it('tells its memory before', () => {
    for (const offload of ['none', 'segmentation'] as const) {
      const arena = fakeArena(2 << 20);
      const before = arena.allocate(64);
      new TapPort({ name: 'tap1', offload, mtu: 1500, arena, system: new FakeSystem() });
      expect(arena.allocate(64) - before - 64).toBeLessThanOrEqual(TapPort.memory({ offload, mtu: 1500 }));
    }
    expect(TapPort.memory({ offload: 'segmentation' })).toBeLessThan(400 * KIB);
  });
});
