/** Figures of the directory, as the report shows them. */
import type { Target } from '../figures.js';
import type { Machine } from '../machine.js';

/** What a row found out. Values that could not be taken are missing. */
export interface RowFigures {
  /** Questions or changes per second that were answered well. */
  readonly perSecond?: number;
  /** Median time to the reply, in ms. */
  readonly p50Ms?: number;
  /** 99th percentile, in ms. */
  readonly p99Ms?: number;
  /** 99.9th percentile, in ms. */
  readonly p999Ms?: number;
  /** Requests without a reply. */
  readonly lost?: number;
  /** Replies that say that nothing was done or found. */
  readonly failed?: number;
  /** CPU time of the server for a request, in microseconds. */
  readonly cpuUsPerRequest?: number;
  /** Memory of the process, in MB (10^6). */
  readonly megabytes?: number;
  /** How long it took, in seconds. */
  readonly seconds?: number;
  /** Share of a core that the generator took, 0..1. */
  readonly generatorCpu?: number;
  /** Share of the machine's time that went to other machines, 0..1. */
  readonly steal?: number;
}

/** One row of the report. */
export interface DirectoryRow {
  readonly name: string;
  readonly figures: RowFigures;
  /** Why the figures are void or missing. */
  readonly problems: readonly string[];
}

/** The whole report, as `--json` prints it. */
export interface DirectoryReport {
  readonly machine: Machine;
  readonly mappings: number;
  readonly rows: readonly DirectoryRow[];
  readonly targets: readonly Target[];
}

interface Promised {
  readonly row: string;
  readonly figure: keyof RowFigures;
  readonly least?: number;
  readonly most?: number;
  /** Holds only where the tables are as large as promised. */
  readonly mappings?: number;
}

/** Parts of a run, each with its rows. */
export const PART_NAMES = ['embedded', 'etcd'] as const;

/** Name of a part. */
export type PartName = (typeof PART_NAMES)[number];

/** Names of the rows. */
export const ROW = {
  LOOKUPS: 'lookups, no authentication',
  SEALED_LOOKUPS: 'lookups, authenticated',
  EMBEDDED_UPDATES: 'updates, embedded store',
  MEMORY: 'memory of a server',
  COLD_LOAD: 'cold load, embedded store',
  ETCD_UPDATES: 'updates, 3 servers on 3 etcd members',
  ETCD_SINGLES: 'the same, one change to a datagram',
  ETCD_LOAD: 'cold load, etcd',
  VISIBILITY: 'an update visible at all of 3 servers',
} as const;

const PROMISED: readonly Promised[] = [
  { row: ROW.LOOKUPS, figure: 'perSecond', least: 60_000 },
  { row: ROW.LOOKUPS, figure: 'p99Ms', most: 10 },
  { row: ROW.SEALED_LOOKUPS, figure: 'perSecond', least: 30_000 },
  { row: ROW.SEALED_LOOKUPS, figure: 'p99Ms', most: 10 },
  { row: ROW.EMBEDDED_UPDATES, figure: 'perSecond', least: 30_000 },
  { row: ROW.MEMORY, figure: 'megabytes', most: 256, mappings: 1e6 },
  { row: ROW.COLD_LOAD, figure: 'seconds', most: 15, mappings: 1e6 },
  { row: ROW.ETCD_LOAD, figure: 'seconds', most: 15, mappings: 1e6 },
  { row: ROW.ETCD_UPDATES, figure: 'perSecond', least: 12_000 },
  { row: ROW.ETCD_UPDATES, figure: 'p99Ms', most: 300 },
  { row: ROW.VISIBILITY, figure: 'p99Ms', most: 100 },
];

/** The promises, judged as far as the rows allow. Void rows are not judged. */
export function judgeDirectory(rows: readonly DirectoryRow[], mappings: number): Target[] {
  return PROMISED.map(({ row: name, figure, least, most, mappings: wanted = 0 }) => {
    const row = rows.find((each) => each.name === name);
    const value = row?.figures[figure] ?? null;
    const isJudged = value !== null && row!.problems.length === 0 && mappings >= wanted;
    const met = isJudged ? value >= (least ?? 0) && value <= (most ?? Infinity) : null;
    return { name: `${name}: ${figure}`, met, value, wanted: least === undefined ? `<= ${most}` : `>= ${least}` };
  });
}
