import { describe, expect, it } from '@jest/globals';
import { IpAddress, PacketBuffer } from '@overlane/wire';
import fc from 'fast-check';
import {
  type Fragment,
  type ReassemblyOptions,
  FragmentCutter,
  Identifications,
  ReassemblyStore,
} from '../src/index.js';

const PAGE = 4096;
/** Least scratch of a cutter. */
const SCRATCH = 131_072;
const DATA = Uint8Array.from({ length: 70_000 }, (_, i) => i * 31 + (i >>> 8));
const fragmentOf = (identification: number, offset: number, more = true): Fragment => ({
  ...{ source: IpAddress.parse('192.0.2.1'), destination: IpAddress.parse('192.0.2.2'), overlayId: 1, instanceId: 1 },
  ...{ control: false, identification, offset, more, tos: 0 },
});
const storeWith = (options: ReassemblyOptions) => {
  const store = new ReassemblyStore(options);
  const accept = (identification: number, offset: number, length: number, more = true, nowMs = 0): string =>
    store.accept(fragmentOf(identification, offset, more), DATA, offset, offset + length, nowMs);
  return { store, accept };
};

describe('ReassemblyStore', () => {
  it('takes memory when the first fragment comes, and then no more', () => {
    const { store, accept } = storeWith({});
    expect(store.byteLength).toBe(0);
    accept(1, 0, 8);
    const { byteLength } = store;
    expect(byteLength).toBeLessThan((16 << 20) + 32 * 65_664 + 600_000);
    for (let id = 0; id < 3000; id++) accept(id, 8 * (id % 8000), 8);
    expect([store.byteLength, store.size]).toEqual([byteLength, 1024]);
  });

  it('holds no more than its memory, and takes from the oldest', () => {
    const { store, accept } = storeWith({ memoryLimit: 16 * PAGE });
    for (let id = 0; id < 16; id++) accept(id, 0, 16);
    expect(store.held).toBe(16 * PAGE);
    accept(16, 0, 16);
    expect([store.held, store.evicted, store.size]).toEqual([16 * PAGE, 1, 16]);
    expect(accept(15, 16, 8, false)).toBe('complete');
    expect(accept(0, 16, 8, false)).toBe('incomplete');
  });

  it('never takes from the datagram that it makes room for, even if that is the oldest', () => {
    const { store, accept } = storeWith({ memoryLimit: 16 * PAGE });
    accept(1, 0, PAGE);
    for (let id = 2; id < 17; id++) accept(id, 0, 8);
    expect(accept(1, PAGE, PAGE)).toBe('incomplete');
    expect(store.evicted).toBe(1);
    expect(accept(1, 2 * PAGE, 1, false)).toBe('complete');
    expect(store.delivered.end - store.delivered.start).toBe(2 * PAGE + 1);
  });

  it('evicts bans of the oldest too, and does not count them as datagrams', () => {
    const { store, accept } = storeWith({ datagramLimit: 1 });
    accept(1, 0, 16);
    expect(accept(1, 8, 16)).toBe('E_DOVE_FRAG_OVERLAP');
    expect([store.size, store.held]).toEqual([1, 0]);
    accept(2, 0, 8);
    expect([store.size, store.evicted]).toEqual([1, 0]);
  });

  it('bans a key for the timeout from the overlap on', () => {
    const { store, accept } = storeWith({});
    accept(1, 0, 16, true, 0);
    expect(accept(1, 8, 16, true, 900)).toBe('E_DOVE_FRAG_OVERLAP');
    expect(accept(1, 0, 16, false, 1899)).toBe('E_DOVE_FRAG_OVERLAP');
    expect(accept(1, 0, 16, false, 1900)).toBe('complete');
    expect(store.timedOut).toBe(0);
  });

  it.each([
    ['another octet in a duplicate', [0, 16, true], [0, 16, true, 1]],
    ['the same place with another flag', [0, 16, true], [0, 16, false]],
    ['a second end', [16, 8, false], [0, 8, false]],
    ['data behind the end', [16, 8, false], [24, 8, true]],
    ['an end in front of data', [16, 8, true], [0, 8, false]],
    ['an end inside data', [0, 24, true], [8, 0, false]],
    ['data inside data', [0, 24, true], [8, 8, true]],
  ] as const)('bans %s', (_what, [at, length, more], [at2, length2, more2, flaw]) => {
    const { store, accept } = storeWith({});
    expect(accept(1, at, length, more)).toBe('incomplete');
    const data = DATA.slice(at2, at2 + length2);
    if (flaw !== undefined) data[length2 - 1]! ^= flaw;
    expect(store.accept(fragmentOf(1, at2, more2), data, 0, length2, 0)).toBe('E_DOVE_FRAG_OVERLAP');
    expect(store.held).toBe(0);
  });

  it('ignores duplicates, over page boundaries too', () => {
    const { store, accept } = storeWith({});
    for (let i = 0; i < 3; i++) expect(accept(1, PAGE - 8, 1000)).toBe('incomplete');
    expect(accept(1, 0, PAGE - 8)).toBe('incomplete');
    expect(accept(1, PAGE + 992, 4000, false)).toBe('complete');
    expect(store.duplicates).toBe(2);
    const { bytes, start, end } = store.delivered;
    expect(bytes.slice(start, end)).toEqual(DATA.slice(0, PAGE + 4992));
  });

  it('takes the longest datagram there is in 64 fragments, and gives up the one that needs more', () => {
    const { store, accept } = storeWith({});
    for (let i = 63; i > 0; i--) expect(accept(1, i * 1024, i === 63 ? 1023 : 1024, i !== 63)).toBe('incomplete');
    expect(accept(1, 0, 1024)).toBe('complete');
    expect(store.delivered.bytes.slice(store.delivered.start, store.delivered.end)).toEqual(DATA.slice(0, 65_535));
    for (let i = 0; i < 64; i++) accept(2, i * 8, 8);
    expect(accept(2, 512, 8)).toBe('E_DOVE_FRAG_LIMIT');
    expect([store.size, store.evicted]).toEqual([0, 0]);
  });

  it('tells keys apart by every part', () => {
    const { store } = storeWith({});
    const base = fragmentOf(1, 0);
    const keys: Fragment[] = [
      base,
      { ...base, source: IpAddress.parse('192.0.2.3') },
      { ...base, destination: IpAddress.parse('192.0.2.3') },
      { ...base, source: IpAddress.parse('c000:201::'), destination: IpAddress.parse('c000:202::') },
      { ...base, overlayId: 2 },
      { ...base, instanceId: 2 },
      { ...base, control: true },
      { ...base, identification: 2 },
    ];
    for (const key of keys) store.accept(key, DATA, 0, 8, 0);
    expect(store.size).toBe(keys.length);
    for (const key of keys) {
      expect(store.accept({ ...key, offset: 8, more: false }, DATA, 8, 9, 0)).toBe('complete');
    }
    expect(store.size).toBe(0);
  });
});

describe('Identifications', () => {
  it('never repeat for a peer and instance while others draw too', () => {
    const identifications = new Identifications(7);
    const seen = new Map<string, Set<number>>();
    for (let i = 0; i < 20_000; i++) {
      const peer = IpAddress.parse(`10.0.${i % 40}.${i % 7}`);
      const key = `${peer} ${i % 5}`;
      const drawn = seen.get(key) ?? new Set();
      const id = identifications.take(peer, i % 5);
      expect(drawn.has(id)).toBe(false);
      seen.set(key, drawn.add(id));
    }
    expect(seen.size).toBe(280);
  });
});

describe('FragmentCutter', () => {
  it('cuts at multiples of the chunk, and leaves the payload alone', () => {
    const cutter = new FragmentCutter();
    const packet = new PacketBuffer(DATA.slice(), 100, 400);
    cutter.start(packet, 128, 60);
    const pieces = [];
    while (cutter.next()) pieces.push([cutter.offset, cutter.more, cutter.piece.headroom >= 60, cutter.piece.copy()]);
    expect(pieces).toEqual([
      [0, 1, true, DATA.slice(100, 228)],
      [128, 1, true, DATA.slice(228, 356)],
      [256, 0, true, DATA.slice(356, 400)],
    ]);
    expect(packet.copy()).toEqual(DATA.slice(100, 400));
    expect(cutter.next()).toBe(false);
  });

  it('keeps pieces with their headers while others are cut, in a payload of any length', () => {
    const lengths = fc.array(fc.tuple(fc.integer({ min: 1, max: 2000 }), fc.integer({ min: 1, max: 40 })), {
      maxLength: 5,
    });
    fc.assert(
      fc.property(lengths, fc.nat({ max: 80 }), (payloads, headroom) => {
        const cutter = new FragmentCutter();
        const kept: [Uint8Array, Uint8Array][] = [];
        payloads.forEach(([length, units], number) => {
          cutter.start(new PacketBuffer(DATA, 0, length), 8 * units, headroom);
          while (cutter.next()) {
            const { piece, offset } = cutter;
            const data = DATA.subarray(offset, Math.min(offset + 8 * units, length));
            kept.push([piece.bytes.subarray(piece.start - headroom, piece.end), withHeader(data, headroom, number)]);
            piece.bytes.fill(number, piece.start - headroom, piece.start);
          }
        });
        return kept.every(([piece, expected]) => Buffer.compare(piece, expected) === 0);
      }),
    );
  });

  it('starts anew at the end of its memory, and refuses what never fits', () => {
    const cutter = new FragmentCutter();
    for (let i = 0; i < 100; i++) {
      const from = i * 8;
      cutter.start(new PacketBuffer(DATA, from, from + 60_000), 1456, 100);
      for (let at = from; cutter.next(); at += 1456) {
        if (Buffer.compare(cutter.piece.copy(), DATA.subarray(at, Math.min(at + 1456, from + 60_000))) !== 0) {
          throw new Error(`payload ${i} is wrong at ${at - from}`);
        }
      }
    }
    expect(() => cutter.start(new PacketBuffer(DATA), 8, 1000)).toThrow(RangeError);
  });

  it('takes the memory it is given, in the array of the payload too, and no octet around it', () => {
    const array = new Uint8Array(300_000).fill(0xee);
    array.set(DATA.subarray(0, 20_000), 1000);
    const cutter = new FragmentCutter(new PacketBuffer(array, 100_000, 100_000 + SCRATCH));
    const pieces: Uint8Array[] = [];
    for (let i = 0; i < 20; i++) {
      cutter.start(new PacketBuffer(array, 1000, 21_000), 1456, 100);
      pieces.length = 0;
      while (cutter.next()) pieces.push(cutter.piece.copy());
    }
    expect(Buffer.concat(pieces).equals(DATA.subarray(0, 20_000))).toBe(true);
    expect(array.subarray(1000, 21_000)).toEqual(DATA.subarray(0, 20_000));
    expect(
      [...array.subarray(21_000, 100_000), ...array.subarray(100_000 + SCRATCH)].every((octet) => octet === 0xee),
    ).toBe(true);
    expect(() => new FragmentCutter(new PacketBuffer(array, 0, SCRATCH - 1))).toThrow(RangeError);
  });
});

/** A piece as it must stand in memory: so many octets of `filler`, and its data. */
function withHeader(data: Uint8Array, headroom: number, filler: number): Uint8Array {
  const whole = new Uint8Array(headroom + data.length).fill(filler);
  whole.set(data, headroom);
  return whole;
}
