import { describe, expect, it } from '@jest/globals';
import { IpAddress } from '@overlane/wire';
import fc from 'fast-check';
import { type ReassemblyOptions, ReassemblyStore } from '../src/index.js';

const source = IpAddress.parse('192.0.2.1');
const destination = IpAddress.parse('192.0.2.2');
const octets = Uint8Array.from({ length: 65_535 }, (_, i) => (i * 31) ^ (i >>> 8));

interface Arrival {
  readonly id?: number;
  readonly port?: number;
  readonly length?: number;
  readonly tos?: number;
  readonly nowMs?: number;
  readonly bytes?: Uint8Array;
}

/** Sends `[from, to)` of the frame `octets[0..length)`. */
function accept(store: ReassemblyStore, from: number, to: number, arrival: Arrival = {}): string {
  const { id = 1, port = 50_000, length = 1000, tos = 0, nowMs = 0, bytes = octets } = arrival;
  return store.accept(source, destination, port, id, length, from, bytes, from, to, tos, nowMs);
}

function delivered(store: ReassemblyStore): Uint8Array {
  return store.delivered.bytes.slice(store.delivered.start, store.delivered.end);
}

const build = (options: ReassemblyOptions = {}): ReassemblyStore => new ReassemblyStore(options);

describe('accept', () => {
  it('delivers a frame with headroom, and forgets it', () => {
    const store = build();
    expect(accept(store, 160, 1000)).toBe('incomplete');
    expect(accept(store, 0, 160)).toBe('complete');
    expect(delivered(store)).toEqual(octets.slice(0, 1000));
    expect(store.delivered.start).toBeGreaterThanOrEqual(128);
    expect([store.size, store.charged, store.completed]).toEqual([0, 0, 1]);
  });

  it('opens a new context for a late duplicate', () => {
    const store = build();
    accept(store, 0, 500);
    accept(store, 500, 1000);
    expect(accept(store, 500, 1000)).toBe('incomplete');
    store.tick(30_000);
    expect(store.takeEvents()).toMatchObject([{ fault: 'E_STT_REASM_TIMEOUT', received: 500, segments: 1 }]);
    expect([store.size, store.timedOut]).toEqual([0, 1]);
  });

  it('counts the timeout from the first arrival', () => {
    const store = build({ timeoutMs: 100 });
    accept(store, 0, 1);
    accept(store, 1, 2, { nowMs: 99 });
    expect(accept(store, 0, 1, { nowMs: 99 })).toBe('E_STT_REASM_DUPLICATE');
    expect(accept(store, 0, 1, { nowMs: 100 })).toBe('incomplete');
  });

  it.each([
    ['lane', 1],
    ['cells', 2],
  ])('tells duplicates from overlaps (%s)', (_name, id) => {
    const store = build();
    accept(store, 999, 1000, { id: 1 });
    accept(store, 200, 500, { id });
    expect(accept(store, 200, 500, { id })).toBe('E_STT_REASM_DUPLICATE');
    const changed = octets.slice();
    changed[499]! ^= 1;
    expect(accept(store, 200, 500, { id, bytes: changed })).toBe('E_STT_REASM_OVERLAP');
    for (const [from, to] of [
      [200, 499],
      [201, 500],
      [199, 201],
      [499, 501],
      [100, 600],
      [300, 301],
    ] as const) {
      expect(accept(store, from, to, { id })).toBe('E_STT_REASM_OVERLAP');
    }
    expect(accept(store, 100, 200, { id })).toBe('incomplete');
    expect(accept(store, 500, 501, { id })).toBe('incomplete');
  });

  it('keeps frames of one id apart by source port, unless told not to', () => {
    const apart = build();
    accept(apart, 0, 500, { port: 1 });
    expect(accept(apart, 500, 1000, { port: 2 })).toBe('incomplete');
    const together = build({ keyIncludesSourcePort: false });
    accept(together, 0, 500, { port: 1 });
    expect(accept(together, 500, 1000, { port: 2 })).toBe('complete');
  });

  it.each<[number, number, number, number]>([
    [0xb8, 0x00, 46, 0],
    [0xba, 0x01, 46, 2],
    [0xb8, 0x03, 46, 3],
    [0x03, 0xb8, 0, 3],
  ])('merges TOS %p of the first and %p of the last segment', (first, last, dscp, ecn) => {
    for (const reversed of [true, false]) {
      const store = build();
      if (reversed) accept(store, 500, 1000, { tos: last });
      accept(store, 0, 500, { tos: first });
      if (!reversed) accept(store, 500, 1000, { tos: last });
      expect(store.delivered).toMatchObject({ dscp, ecn });
    }
  });

  it('gives up a frame of too many segments', () => {
    const store = build();
    for (let i = 0; i < 4096; i++) {
      const outcome = accept(store, 2 * i, 2 * i + 1, { length: 65_535 });
      if (outcome !== 'incomplete') throw new Error(outcome);
    }
    expect(accept(store, 0, 1, { length: 65_535 })).toBe('E_STT_REASM_DUPLICATE');
    expect(accept(store, 65_534, 65_535, { length: 65_535 })).toBe('E_STT_REASM_TOO_MANY_SEGMENTS');
    expect([store.size, store.charged]).toEqual([0, 0]);
  });

  it('evicts nothing for a segment that will never fit', () => {
    const store = build({ highMark: 2000, lowMark: 0 });
    accept(store, 0, 10, { id: 1 });
    expect(accept(store, 0, 1900, { id: 2, length: 3000 })).toBe('E_STT_REASM_EVICTED');
    expect([store.size, store.evicted]).toEqual([1, 0]);
  });
});

describe('memory', () => {
  it('stays within the high mark and a tenth at the default limits', () => {
    expect(build().byteLength).toBeLessThanOrEqual(1.1 * (4 << 20));
  });

  // The cells must suffice for any mixture of sizes: those where rounding costs most, in lane and cells.
  it.each([1, 100, 101, 213, 1460, 32_767])('holds segments of %p octets up to the high mark', (size) => {
    const store = build({ highMark: 1 << 20, lowMark: 900_000, contextLimit: 1 << 14 });
    for (let id = 0; id < 10_000; id++) {
      const outcome = accept(store, id & 1, (id & 1) + size, { id, length: 65_535 });
      if (outcome !== 'incomplete') throw new Error(outcome);
      if (store.charged > 1 << 20) throw new Error(`${store.charged} charged`);
      if (store.evicted > 100) break;
    }
    expect(store.evicted).toBeGreaterThan(0);
  });

  it('keeps the first 64 events, and counts all', () => {
    const store = build({ contextLimit: 1 });
    for (let id = 0; id < 100; id++) accept(store, 0, 1, { id });
    const events = store.takeEvents();
    expect([events.length, events[0]!.packetId, events[63]!.packetId]).toEqual([64, 0, 63]);
    expect([store.evicted, store.takeEvents().length]).toEqual([99, 0]);
  });

  it('keeps as many delivered frames as asked for', () => {
    const store = build({ deliveries: 3 });
    const starts = [1, 2, 3].map((id) => {
      // Through the lane and through cells in turns.
      if (id === 2) accept(store, 0, 1, { id: 99 });
      accept(store, 0, 10 * id, { id, length: 10 * id + 1 });
      expect(accept(store, 10 * id, 10 * id + 1, { id, length: 10 * id + 1 })).toBe('complete');
      return store.delivered.start;
    });
    expect(new Set(starts).size).toBe(3);
    starts.forEach((start, i) => {
      const length = 10 * (i + 1) + 1;
      expect(store.delivered.bytes.slice(start, start + length)).toEqual(octets.slice(0, length));
    });
  });

  it.each([0, -1, 1.5, NaN])('refuses a context limit of %p', (contextLimit) => {
    expect(() => build({ contextLimit })).toThrow(RangeError);
  });
});

describe('large frames', () => {
  it('come out whole, however cut, mixed and ordered', () => {
    const store = build({ highMark: 8 << 20, lowMark: 8 << 20 });
    const cuts = fc.uniqueArray(fc.integer({ min: 1, max: 65_534 }), { maxLength: 60 });
    fc.assert(
      fc.property(fc.array(cuts, { minLength: 1, maxLength: 6 }), fc.infiniteStream(fc.nat()), (frames, random) => {
        const pieces = frames.flatMap((cut, id) => {
          const edges = [0, ...cut.sort((a, b) => a - b), 65_535];
          return edges.slice(1).map((to, i) => ({ id, from: edges[i]!, to, rank: random.next().value as number }));
        });
        let complete = 0;
        for (const { id, from, to } of pieces.sort((a, b) => a.rank - b.rank)) {
          const verdict = accept(store, from, to, { id, length: 65_535 });
          if (verdict !== 'complete') continue;
          complete++;
          if (Buffer.compare(delivered(store), octets) !== 0) return false;
        }
        return complete === frames.length && store.size === 0;
      }),
      { numRuns: 100 },
    );
  });
});
