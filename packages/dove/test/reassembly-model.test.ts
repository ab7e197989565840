import { describe, it } from '@jest/globals';
import { IpAddress } from '@overlane/wire';
import fc from 'fast-check';
import { type ReassemblyOptions, ReassemblyStore } from '../src/index.js';
import { type Outcome, type Piece, NaiveStore } from './naive-reassembly.js';

const DATAGRAM_MAX = 9000;
/** Pieces anywhere cost pages without costing the oracle time. */
const OFFSET_MAX = 65_000;

/** A datagram that somebody sends. */
interface Sent {
  readonly source: string;
  readonly instanceId: number;
  readonly control: boolean;
  readonly identification: number;
  readonly length: number;
}

/** Both stores, and the clock. */
class World {
  nowMs = 1_000_000;
  readonly real: ReassemblyStore;
  readonly naive: NaiveStore;
  readonly options: Required<ReassemblyOptions>;
  readonly #kept: { readonly at: number; readonly end: number; readonly octets: readonly number[] }[] = [];

  constructor(options: Required<ReassemblyOptions>, seed: number) {
    this.options = options;
    this.real = new ReassemblyStore(options, seed);
    this.naive = new NaiveStore(options);
  }

  accept(piece: Piece): void {
    const expected = this.naive.accept(piece, this.nowMs);
    // Between other octets, which are none of the store's business, and gone afterwards.
    const bytes = Uint8Array.of(1, 2, 3, ...piece.data, 4);
    const key = { ...piece, source: IpAddress.parse(piece.source), destination: IpAddress.parse(piece.destination) };
    const verdict = this.real.accept(key, bytes, 3, bytes.length - 1, this.nowMs);
    key.source.word0 ^= -1;
    bytes.fill(0xee);
    const found: Outcome = verdict === 'complete' ? this.#delivered() : verdict;
    if (JSON.stringify(found) !== JSON.stringify(expected)) {
      throw new Error(`got ${JSON.stringify(found)}, expected ${JSON.stringify(expected)}`);
    }
    this.compare();
  }

  tick(stepMs: number): void {
    this.nowMs += stepMs;
    this.naive.tick(this.nowMs);
    this.real.tick(this.nowMs);
    this.compare();
  }

  compare(): void {
    const { real, naive } = this;
    const facts = (
      size: number,
      held: number,
      { completed, timedOut, evicted }: NaiveStore | ReassemblyStore,
    ): string => `size ${size}, held ${held}, completed ${completed}, timed out ${timedOut}, evicted ${evicted}`;
    const found = facts(real.size, real.held, real);
    const expected = facts(naive.datagrams.size, naive.pages * 4096, naive);
    if (found !== expected) throw new Error(`got ${found}, expected ${expected}`);
    if (real.held > this.options.memoryLimit) throw new Error(`${real.held} octets held`);
    for (const { at, end, octets } of this.#kept) {
      const now = real.delivered.bytes.subarray(at, end);
      if (now.length !== octets.length || now.some((octet, i) => octet !== octets[i])) {
        throw new Error('a delivered datagram changed');
      }
    }
  }

  /** The datagram delivered; those before it must stay as they were as long as `deliveries` says. */
  #delivered(): Outcome {
    const { bytes, start, end, dscp, ecn } = this.real.delivered;
    const octets = [...bytes.subarray(start, end)];
    this.#kept.push({ at: start, end, octets });
    if (this.#kept.length > this.options.deliveries) this.#kept.shift();
    return { octets, dscp, ecn };
  }
}

/** Fragments that arrive one after the other. */
class Arrive implements fc.Command<object, World> {
  readonly pieces: readonly Piece[];
  constructor(pieces: readonly Piece[]) {
    this.pieces = pieces;
  }
  check = (): boolean => true;
  run = (_model: object, world: World): void => this.pieces.forEach((piece) => world.accept(piece));
  toString = (): string => JSON.stringify(this.pieces.map((piece) => ({ ...piece, data: piece.data.length })));
}

class Pass implements fc.Command<object, World> {
  readonly stepMs: number;
  constructor(stepMs: number) {
    this.stepMs = stepMs;
  }
  check = (): boolean => true;
  run = (_model: object, world: World): void => world.tick(this.stepMs);
  toString = (): string => `${this.stepMs} ms pass`;
}

/** Few senders and few identifications, so that datagrams meet in the table. */
const sent: fc.Arbitrary<Sent> = fc.record({
  source: fc.constantFrom('192.0.2.1', '192.0.2.9', '2001:db8::1'),
  instanceId: fc.constantFrom(7, 8),
  control: fc.boolean(),
  identification: fc.constantFrom(0, 1, 0xffff_ffff),
  length: fc.oneof(fc.integer({ min: 0, max: 400 }), fc.integer({ min: 400, max: DATAGRAM_MAX })),
});

const octetAt = ({ identification, length }: Sent, i: number): number =>
  (i * 13 + (i >>> 8) + identification + length) & 255;

function pieceOf(whole: Sent, offset: number, end: number, more: boolean, tos: number, flaw = 0): Piece {
  const { source, instanceId, control, identification } = whole;
  const destination = source.includes(':') ? '2001:db8::2' : '198.51.100.2';
  const data = Array.from({ length: end - offset }, (_, i) => octetAt(whole, offset + i));
  if (flaw !== 0 && data.length > 0) data[data.length - 1]! ^= flaw;
  return { source, destination, overlayId: 3, instanceId, control, identification, offset, more, tos, data };
}

const tos = fc.constantFrom(0, 1, 2, 3, 0xb8, 0xbb);

/** All pieces of a datagram, cut at multiples of `size`. */
const cut = fc.tuple(sent, fc.integer({ min: 1, max: 190 }), tos).map(([whole, units, outer]) => {
  const size = 8 * Math.max(units, Math.ceil(whole.length / 8 / 12));
  const count = Math.max(1, Math.ceil(whole.length / size));
  return Array.from({ length: count }, (_, i) => {
    const isLast = i === count - 1;
    return pieceOf(whole, i * size, isLast ? whole.length : (i + 1) * size, !isLast, i % 3 === 1 ? outer | 3 : outer);
  });
});

/** A datagram in pieces: in order, reversed or shuffled, and some with losses and duplicates. */
const burst = cut.chain((all) =>
  fc.oneof(
    fc.constantFrom(all, all.slice().reverse()),
    fc.shuffledSubarray(all, { minLength: all.length }),
    fc
      .shuffledSubarray(all, { minLength: all.length - 1 })
      .map((some) => some.flatMap((piece, i) => (i % 2 === 0 ? [piece, piece] : [piece]))),
  ),
);

/** Several datagrams whose pieces come in turns. */
const mixture = fc.array(burst, { minLength: 2, maxLength: 5 }).map((datagrams) => {
  const longest = Math.max(...datagrams.map(({ length }) => length));
  return Array.from({ length: longest }, (_, i) => datagrams.flatMap((pieces) => pieces.slice(i, i + 1))).flat();
});

/** Any piece of any datagram, with any flag, sometimes with an octet changed: overlaps and contradictions. */
const stray = fc
  .tuple(sent, fc.nat({ max: OFFSET_MAX / 8 }), fc.nat({ max: 40 }), fc.boolean(), tos, fc.constantFrom(0, 0, 1))
  .map(([whole, at, units, more, outer, flaw]) => {
    // Half of them where the datagram is.
    const offset = at % 2 === 0 ? 8 * at : 8 * (at % (Math.floor(whole.length / 8) + 1));
    const end = offset + (more ? 8 + 8 * units : units * 3);
    return [pieceOf(whole, offset, end, more, outer, flaw)];
  });

/** Small enough that every limit is met. */
const options: fc.Arbitrary<Required<ReassemblyOptions>> = fc.record({
  timeoutMs: fc.constant(10),
  fragmentLimit: fc.constantFrom(1, 2, 5, 64),
  datagramLimit: fc.constantFrom(1, 2, 3, 1024),
  memoryLimit: fc.constantFrom(65_536, 70_000, 1 << 20),
  deliveries: fc.constantFrom(1, 2, 3),
});

const acts = fc.commands(
  [
    fc.oneof(stray, burst, mixture).map((pieces) => new Arrive(pieces)),
    stray.map((pieces) => new Arrive(pieces)),
    fc.constantFrom(0, 1, 9, 10, 11).map((ms) => new Pass(ms)),
  ],
  { size: 'small' },
);

describe('ReassemblyStore', () => {
  it('does what the naive store does', () => {
    fc.assert(
      fc.property(options, fc.integer(), acts, (limits, seed, commands) => {
        fc.modelRun(() => ({ model: {}, real: new World(limits, seed) }), commands);
      }),
    );
  });
});
