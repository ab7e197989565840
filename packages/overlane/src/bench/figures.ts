import { median } from './measure.js';
import type { Machine } from './machine.js';
import { type BenchCase, type Figure, OWN_BASELINES, PEER_SIDES, type PeerSide, type Side } from './suite.js';

/** Those we compare with. */
export type Baseline = Exclude<Side, 'overlane'>;

/** How often the same work is done in the time that a baseline takes for it once: above 1 ours is faster. */
export type Ratios = Readonly<Record<Baseline, number | null>>;

/** One row of the report. Times are of one call, in nanoseconds. */
export interface CaseFigures {
  readonly name: string;
  /** What was called, by side. */
  readonly does: Readonly<Partial<Record<Side, string>>>;
  readonly tier: BenchCase['tier'];
  /** Median of the rounds, alone in a process. */
  readonly nsPerOp: number;
  /** Best round. */
  readonly minNsPerOp: number;
  /** Median in a process that has run all operations of the suite: closer to life in a large program. */
  readonly mixedNsPerOp: number;
  /** Octets per nanosecond, where the row is about octets. */
  readonly gigabytesPerSecond: number | null;
  /** Octets that a call leaves on the heap. */
  readonly heapPerOp: number;
  /** Medians of the others. */
  readonly baselines: Readonly<Partial<Record<Baseline, number>>>;
  /** Medians of the ratios within each round, so that a slow moment of the machine counts for both sides. */
  readonly ratios: Ratios;
}

/** Rows of a suite. */
export interface SuiteFigures {
  readonly name: string;
  readonly results: readonly CaseFigures[];
  /** Figures that are not times of one call. */
  readonly figures?: readonly Figure[];
}

/** A promise and whether it was kept. */
export interface Target {
  readonly name: string;
  /** `null` if it could not be judged, because a peer is missing. */
  readonly met: boolean | null;
  /** The figure found. */
  readonly value: number | null;
  /** The figure asked for, as text: `>= 1`. */
  readonly wanted: string;
}

/** The whole report, as `--json` prints it. */
export interface BenchReport {
  readonly machine: Machine;
  readonly suites: readonly SuiteFigures[];
  readonly targets: readonly Target[];
}

/** Times of one side, round by round. */
export type Rounds = Readonly<Partial<Record<Side, readonly number[]>>>;

/** Makes a row of the rounds' times. Precondition: all sides have as many rounds. */
export function figuresOf(
  row: BenchCase,
  rounds: Rounds & { readonly overlane: readonly number[] },
  heapPerOp: number,
  mixedNsPerOp: number,
): CaseFigures {
  const own = rounds.overlane;
  const perCall = row.perCall ?? 1;
  const nsPerOp = median(own) / perCall;
  const medianOf = (side: Baseline): number | undefined => rounds[side] && round(median(rounds[side]) / perCall);
  const ratioTo = (side: Baseline): number | null => {
    const times = rounds[side];
    return times === undefined ? null : round(median(times.map((time, i) => time / own[i]!)));
  };
  const byBaseline = <T>(of: (side: Baseline) => T) => BASELINES.map((side) => [side, of(side)] as const);
  return {
    name: row.name,
    does: {
      overlane: row.does,
      ...Object.fromEntries(BASELINES.flatMap((side) => (row[side] ? [[side, row[side].does]] : []))),
    },
    tier: row.tier,
    nsPerOp: round(nsPerOp),
    minNsPerOp: round(Math.min(...own) / perCall),
    mixedNsPerOp: round(mixedNsPerOp / perCall),
    gigabytesPerSecond: row.octets === undefined ? null : round(row.octets / nsPerOp),
    heapPerOp: heapPerOp / perCall,
    baselines: Object.fromEntries(byBaseline(medianOf).filter(([, time]) => time !== undefined)),
    ratios: Object.fromEntries(byBaseline(ratioTo)) as Ratios,
  };
}

/** Sides of outside programs, in the order of the report. */
export const PEER_SIDE_NAMES = Object.keys(PEER_SIDES) as PeerSide[];

/** All baselines, in the order of the report. */
export const BASELINES: readonly Baseline[] = [...OWN_BASELINES, ...PEER_SIDE_NAMES];

/** Three significant digits; more would be noise. */
function round(value: number): number {
  return Number(value.toPrecision(3));
}
