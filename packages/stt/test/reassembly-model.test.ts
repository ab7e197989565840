import { describe, it } from '@jest/globals';
import { IpAddress, PacketBuffer } from '@overlane/wire';
import fc from 'fast-check';
import { ReassemblyStore } from '../src/index.js';
import { type Limits, NaiveStore, type Outcome, type Segment } from './naive-reassembly.js';

/** Frames sent by the peers: what is cut, permuted, lost and doubled below. */
interface Sent {
  readonly source: string;
  readonly port: number;
  readonly id: number;
  readonly length: number;
}

const DESTINATION = '192.0.2.9';
const FRAME_MAX = 700;
const octets = Uint8Array.from({ length: FRAME_MAX + 256 }, (_, i) => (i * 7) ^ (i >>> 8));

const frame: fc.Arbitrary<Sent> = fc.record({
  source: fc.constantFrom('192.0.2.1', '192.0.2.2', '2001:db8::1'),
  port: fc.constantFrom(49152, 65535),
  id: fc.constantFrom(0, 1, 2, 0x8000_0000, 0xffff_ffff),
  length: fc.oneof(fc.integer({ min: 18, max: 60 }), fc.integer({ min: 18, max: FRAME_MAX })),
});

/** The octets of a frame follow from its key, so that mixing two of them shows. */
const base = ({ source, port, id }: Sent): number => (source.length * 31 + port + id) % 256;

/** A segment that was stored, and the name of its frame if the next one may be given to `extend`. */
interface Stored extends Segment {
  readonly run: number;
}

class World {
  nowMs = 0;
  #last: Stored | undefined;
  readonly naive: NaiveStore;
  readonly real: ReassemblyStore;
  readonly #kept: { readonly at: number; readonly end: number; readonly octets: number[] }[] = [];

  readonly options: Limits;

  constructor(options: Limits) {
    this.options = options;
    this.naive = new NaiveStore(options);
    const length = ReassemblyStore.memoryLength(options);
    const shift = options.hashSeed & 3;
    const given = new PacketBuffer(new Uint8Array(length + 3), shift, shift + length);
    this.real = new ReassemblyStore(options.hashSeed % 2 === 0 ? options : { ...options, frameMemory: given });
  }

  accept(segment: Segment): void {
    const expected = this.naive.accept(segment, this.nowMs);
    // Behind other octets, which are none of the store's business.
    const bytes = Uint8Array.of(1, 2, 3, ...segment.payload, 4);
    const verdict = this.#extend(segment, bytes) ?? this.#accept(segment, bytes);
    bytes.fill(0xee);
    const found = verdict === 'complete' ? this.#delivered() : verdict;
    if (JSON.stringify(found) !== JSON.stringify(expected)) {
      throw new Error(`got ${JSON.stringify(found)}, expected ${JSON.stringify(expected)}`);
    }
    // Not always, because looking at the charge makes the store account for what was extended.
    if (segment.payload.length % 4 > 0 || typeof found === 'object') this.compare();
  }

  /** Stores the segment behind the last one in order, even with others in between, as the store may allow. */
  #extend(segment: Segment, bytes: Uint8Array): 'incomplete' | undefined {
    const last = this.#last;
    if (last === undefined || segment.offset !== last.offset + last.payload.length) return undefined;
    const alike = (['source', 'port', 'id', 'frameLength', 'tos'] as const).every((key) => last[key] === segment[key]);
    if (!alike || last.payload.length !== segment.payload.length) return undefined;
    if (!this.real.extend(last.run, bytes, 3, bytes.length - 1, this.nowMs)) return undefined;
    this.#last = { ...segment, run: last.run };
    return 'incomplete';
  }

  #accept(segment: Segment, bytes: Uint8Array): string {
    const verdict = this.real.accept(
      IpAddress.parse(segment.source),
      IpAddress.parse(segment.destination),
      segment.port,
      segment.id,
      segment.frameLength,
      segment.offset,
      bytes,
      3,
      bytes.length - 1,
      segment.tos,
      this.nowMs,
    );
    const { run } = this.real;
    if (run !== 0) this.#last = { ...segment, run };
    return verdict;
  }

  /** Lets time pass, and tells the stores at once or lets them find out. */
  pass({ stepMs, isTold }: Pause): void {
    this.nowMs += stepMs;
    if (!isTold) return;
    this.naive.tick(this.nowMs);
    this.real.tick(this.nowMs);
    this.compare();
  }

  compare(): void {
    const { real, naive } = this;
    const events = real.takeEvents().map((e) => {
      const key = `${e.fault} ${e.source} ${e.destination} ${e.sourcePort} ${e.packetId}`;
      return `${key} ${e.frameLength} ${e.received} ${e.segments}`;
    });
    const expected = naive.events.splice(0);
    if (events.join() !== expected.join()) throw new Error(`events ${events.join()}, expected ${expected.join()}`);
    if (real.size !== naive.frames.size) throw new Error(`${real.size} frames, expected ${naive.frames.size}`);
    if (real.charged !== naive.charged) throw new Error(`${real.charged} charged, expected ${naive.charged}`);
    if (real.charged > this.options.highMark) throw new Error(`${real.charged} charged`);
    for (const { at, end, octets: sent } of this.#kept) {
      if (real.delivered.bytes.subarray(at, end).join() !== sent.join()) throw new Error('a delivered frame changed');
    }
  }

  /** The frame delivered; those before it must stay as they were as long as `deliveries` says. */
  #delivered(): Outcome {
    const { bytes, start, end, dscp, ecn } = this.real.delivered;
    const delivered = [...bytes.subarray(start, end)];
    this.#kept.push({ at: start, end, octets: delivered });
    if (this.#kept.length > this.options.deliveries) this.#kept.shift();
    return { octets: delivered, dscp, ecn };
  }
}

interface Pause {
  readonly stepMs: number;
  readonly isTold: boolean;
}

/** Segments that arrive one after the other, with a pause in front of one of them. */
class Arrive implements fc.Command<object, World> {
  readonly segments: readonly Segment[];
  readonly pauseAt: number;
  readonly pause: Pause;
  constructor(segments: readonly Segment[], pauseAt: number, pause: Pause) {
    this.segments = segments;
    this.pauseAt = pauseAt;
    this.pause = pause;
  }
  check = (): boolean => true;
  run = (_model: object, world: World): void =>
    this.segments.forEach((segment, i) => {
      if (i === this.pauseAt) world.pass(this.pause);
      world.accept(segment);
    });
  toString = (): string => {
    const segments = this.segments.map((s) => ({ ...s, payload: s.payload.length }));
    return JSON.stringify([segments, this.pauseAt, this.pause]);
  };
}

function segmentOf(sent: Sent, start: number, length: number, tos: number, flaw: number): Segment {
  const offset = start % sent.length;
  const payload = octets.slice(base(sent) + offset, base(sent) + offset + Math.min(1 + length, sent.length - offset));
  payload[0]! ^= flaw;
  const { source, port, id } = sent;
  return { source, destination: DESTINATION, port, id, frameLength: sent.length, offset, payload, tos };
}

const tos = fc.constantFrom(0, 1, 2, 3, 0xb8, 0xbb);

/** Any piece of any frame, sometimes with an octet changed. */
const piece = fc
  .tuple(frame, fc.nat(FRAME_MAX), fc.nat(200), tos, fc.constantFrom(0, 0, 0, 1))
  .map(([sent, start, length, outer, flaw]) => [segmentOf(sent, start, length, outer, flaw)]);

/** A frame in equal segments: in order, reversed or shuffled, and in part with losses and duplicates. */
const burst = fc.tuple(frame, fc.integer({ min: 1, max: 300 }), tos).chain(([sent, size, outer]) => {
  const cut = Math.max(size, Math.ceil(sent.length / 40));
  const all = Array.from({ length: Math.ceil(sent.length / cut) }, (_, i) =>
    segmentOf(sent, i * cut, cut - 1, outer, 0),
  );
  const lossy = fc.shuffledSubarray(all, { minLength: all.length - 1 });
  return fc.oneof(
    fc.constantFrom(all, all.slice().reverse()),
    fc.shuffledSubarray(all, { minLength: all.length }),
    lossy.map((some) => some.flatMap((segment, i) => (i % 3 === 1 ? [segment, segment] : [segment]))),
  );
});

/** Several frames whose segments come in turns. */
const mixture = fc.array(burst, { minLength: 2, maxLength: 5 }).map((frames) => {
  const longest = Math.max(...frames.map(({ length }) => length));
  return Array.from({ length: longest }, (_, i) => frames.flatMap((segments) => segments.slice(i, i + 1))).flat();
});

const options: fc.Arbitrary<Limits> = fc.record({
  keyIncludesSourcePort: fc.boolean(),
  timeoutMs: fc.constant(10),
  highMark: fc.constantFrom(300, 1000, 3000, 1 << 20),
  lowMark: fc.constantFrom(0, 250, 900, 2500),
  contextLimit: fc.constantFrom(1, 2, 3, 1024),
  segmentLimit: fc.constantFrom(1, 2, 5, 4096),
  hashSeed: fc.integer(),
  deliveries: fc.constantFrom(1, 2, 3),
});

const pause = fc.record({ stepMs: fc.constantFrom(0, 0, 1, 9, 10, 11), isTold: fc.boolean() });
const arrivals = (segments: fc.Arbitrary<Segment[]>): fc.Arbitrary<Arrive> =>
  fc.tuple(segments, fc.nat(6), pause).map(([all, at, pauseThere]) => new Arrive(all, at, pauseThere));

const acts = fc.commands([arrivals(fc.oneof(piece, burst, mixture)), arrivals(burst), arrivals(piece)], {
  size: 'small',
});

describe('ReassemblyStore', () => {
  it('does what the naive store does', () => {
    fc.assert(
      fc.property(options, acts, (limits, commands) => {
        const real = new World({ ...limits, lowMark: Math.min(limits.lowMark, limits.highMark) });
        fc.modelRun(() => ({ model: {}, real }), commands);
      }),
    );
  });
});
