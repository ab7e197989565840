/** Figures of the rows, from those of the rounds. */
import type { Target } from '../figures.js';
import type { Machine } from '../machine.js';
import { median } from '../measure.js';
import type { System } from './systems.js';

/** What one round found out about a system. Values that could not be taken are missing. */
export interface RoundFigures {
  /** See `TcpFigures`. */
  readonly gigabits?: number;
  /** See `TcpFigures`. */
  readonly cpuNsPerOctet?: number;
  /** See `TcpFigures`. */
  readonly forwardersNsPerOctet?: number;
  /** Datagrams of 64 octets of data delivered under overload, thousands per second. */
  readonly udp64?: number;
  /** The same with 1,400 octets. */
  readonly udp1400?: number;
  /** 99th percentile of the round trip under load, in milliseconds. */
  readonly pingP99Ms?: number;
  /** Packets that our switches received while datagrams were measured. */
  readonly packets?: number;
  /** Garbage collections in our switches' processes meanwhile. */
  readonly collections?: number;
}

/** Name of a figure. */
export type FigureName = keyof RoundFigures;

/** One row of the report. */
export interface IoRow {
  /** Name of the system. */
  readonly name: string;
  /** Who forwards. */
  readonly kind: System['kind'];
  /** What is between the stations. */
  readonly does: string;
  /** Medians of the rounds; `packets` and `collections` are sums. */
  readonly figures: RoundFigures;
  /** Round by round, to see how much they vary. */
  readonly rounds: readonly RoundFigures[];
  /** Why something is missing. */
  readonly problems: readonly string[];
}

/** The whole report, as `--json` prints it. */
export interface IoReport {
  /** Where and when. */
  readonly machine: Machine;
  /** The kernel, and the programs that took part. */
  readonly programs: Readonly<Record<string, string>>;
  /** Rows that were measured or tried. */
  readonly rows: readonly IoRow[];
  /** Promises about them. */
  readonly targets: readonly Target[];
}

const SUMS: readonly FigureName[] = ['packets', 'collections'];
const NAMES: readonly FigureName[] = [
  ...(['gigabits', 'cpuNsPerOctet', 'forwardersNsPerOctet', 'udp64', 'udp1400', 'pingP99Ms'] as const),
  ...SUMS,
];

/** Makes a row of its rounds. */
export function rowOf(
  { name, kind, does }: System,
  rounds: readonly RoundFigures[],
  problems: readonly string[],
): IoRow {
  const figures = NAMES.flatMap((figure) => {
    const values = rounds.flatMap((each) => each[figure] ?? []);
    if (values.length === 0) return [];
    const sum = values.reduce((a, b) => a + b, 0);
    return [[figure, SUMS.includes(figure) ? sum : threeDigits(median(values))]];
  });
  return { name, kind, does, figures: Object.fromEntries(figures) as RoundFigures, rounds, problems };
}

/**
 * How many times as large a figure is in one row as in another: the median of the ratios within each round, so that a slow
 * moment of the machine counts for both. `null` if no round has both.
 */
export function ratio(rows: readonly IoRow[], figure: FigureName, above: string, below: string): number | null {
  const [over, under] = [above, below].map((wanted) => rows.find(({ name }) => name === wanted)?.rounds ?? []);
  const ratios = over!.flatMap((round, i) => {
    const [a, b] = [round[figure], under![i]?.[figure]];
    return a === undefined || b === undefined || b === 0 ? [] : [a / b];
  });
  return ratios.length === 0 ? null : threeDigits(median(ratios));
}

function threeDigits(value: number): number {
  return Number(value.toPrecision(3));
}
