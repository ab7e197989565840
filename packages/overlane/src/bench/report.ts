import Table from 'cli-table3';
import {
  BASELINES,
  type Baseline,
  type BenchReport,
  type CaseFigures,
  type SuiteFigures,
  type Target,
} from './figures.js';
import type { Machine } from './machine.js';
import type { PeerState } from './peers/index.js';

const HEAD = ['ns/op', 'mixed', 'M/s', 'GB/s', 'heap/op'];
const NO_BORDERS = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: ' ',
};

const LEGEND = `ns/op: median of rounds, alone in a process; mixed: in a process that runs all operations of the suite.
heap/op: octets of garbage per operation. x NAME: how many times as fast as NAME on the same octets in the same run.`;

/** The report for people, with a newline at the end. */
export function formatReport({ machine, suites, targets }: BenchReport): string {
  const parts = [formatMachine(machine), ...suites.map(formatSuite), LEGEND, formatTargets(targets)];
  return `${parts.join('\n\n')}\n`;
}

function formatMachine(machine: Machine): string {
  const peers = Object.entries(machine.peers).map(([name, state]) => `${name}: ${formatState(state)}`);
  return [describeProcessor(machine), ...peers].join('\n');
}

/** Where and when, in one line. */
export function describeProcessor({ cpu, cores, load, node, v8, date }: Machine): string {
  return `${cpu}, ${cores} cores (load ${load}), Node ${node}, V8 ${v8}, ${date}`;
}

function formatState(state: PeerState): string {
  switch (state.state) {
    case 'measured':
      return state.version;
    case 'not installed':
      return `not installed (${state.remedy})`;
    case 'failed':
      return `failed: ${state.reason.trim()}`;
  }
}

function formatSuite({ name, results, figures = [] }: SuiteFigures): string {
  const sides = BASELINES.filter((side) => results.some(({ does }) => does[side] !== undefined));
  const head = [...HEAD, ...sides.map((side) => `x ${side}`)];
  const table = createTable(name, head);
  for (const row of results) table.push(cells(row, sides));
  const wholePackets = results.filter(({ name: row, ratios }) => row.includes('capsulate') || ratios.set !== null);
  const others = figures.map(({ name: what, value, unit }) => `  ${what}: ${decimal(value)} ${unit}`.trimEnd());
  return [table.toString(), ...wholePackets.map(formatSides), ...others].join('\n');
}

/** A table without borders: names on the left under `corner`, figures on the right under `head`. */
export function createTable(corner: string, head: readonly string[]): Table.Table {
  return new Table({
    head: [corner, ...head],
    chars: NO_BORDERS,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 1 },
    colAligns: ['left', ...head.map(() => 'right' as const)],
  });
}

function cells(row: CaseFigures, sides: readonly Baseline[]): string[] {
  return [
    row.name,
    decimal(row.nsPerOp),
    decimal(row.mixedNsPerOp),
    decimal(1000 / row.nsPerOp),
    row.gigabytesPerSecond === null ? '' : decimal(row.gigabytesPerSecond),
    String(row.heapPerOp),
    ...sides.map((side) => (row.ratios[side] === null ? '-' : decimal(row.ratios[side]))),
  ];
}

/** Who does what in a row, because a ratio says little without it. */
function formatSides({ name, does }: CaseFigures): string {
  const sides = Object.entries(does).map(([side, what]) => `    ${side}: ${what}`);
  return [`  ${name}`, ...sides].join('\n');
}

/** A line per promise. */
export function formatTargets(targets: readonly Target[]): string {
  const lines = targets.map(({ name, met, value, wanted }) => {
    const verdict = met === null ? 'not judged' : met ? 'met' : 'missed';
    return `  ${verdict.padEnd(10)}  ${name}: ${value === null ? '-' : value} (wanted ${wanted})`;
  });
  return ['targets', ...lines].join('\n');
}

/** Three significant digits, without an exponent. */
export function decimal(value: number): string {
  return value >= 100 ? String(Math.round(value)) : value.toFixed(value >= 10 ? 1 : 2);
}
