/**
 * The order of a run: each operation alone in a fresh process, its rounds alternating with those of the layouts and the
 * peers on the same octets; then all operations of a suite in one process.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { OutcomeError } from '../exit.js';
import { baselineOperation } from './answer.js';
import { Contestant } from './contestant.js';
import { type BenchReport, type CaseFigures, PEER_SIDE_NAMES, type SuiteFigures, figuresOf } from './figures.js';
import { describeMachine } from './machine.js';
import { iterationsFor, median } from './measure.js';
import { type Peer, startPeers } from './peers/index.js';
import {
  type BenchCase,
  type Figure,
  OWN_BASELINES,
  type OwnSide,
  PEER_SIDES,
  type PeerProgram,
  type Side,
  type Suite,
} from './suite.js';
import { judgeTargets } from './targets.js';

/** How an operation is timed. */
interface Timing {
  /** Rounds of each operation; the report shows medians. */
  readonly rounds: number;
  /** Length of a round. */
  readonly roundMs: number;
  /** Length of the warm-up. */
  readonly warmUpMs: number;
}

/** How much is measured. */
export interface Effort {
  /** `own`: a fresh process for each operation, whose compiler has seen nothing else. `one` is quicker to start. */
  readonly processes: 'own' | 'one';
  /** Short rounds, and long ones for suites that ask for them. */
  readonly timing: Readonly<Record<'short' | 'long', Timing>>;
  /** Share of the full time for figures that are no times of one call. */
  readonly figures: number;
}

/**
 * For figures to quote. Short rounds, because a process that has just waited gets its core at once and keeps it for some
 * milliseconds, even on a busy machine; about a minute in all. Long ones for what works on megabytes, which come from far
 * away at first, after other programs ran.
 */
export const FULL_EFFORT: Effort = {
  processes: 'own',
  timing: {
    short: { rounds: 31, roundMs: 4, warmUpMs: 150 },
    long: { rounds: 5, roundMs: 140, warmUpMs: 420 },
  },
  figures: 1,
};
const QUICK_TIMING: Timing = { rounds: 3, roundMs: 1, warmUpMs: 2 };
/** To see that everything runs; the figures mean little. */
export const QUICK_EFFORT: Effort = {
  processes: 'one',
  timing: { short: QUICK_TIMING, long: QUICK_TIMING },
  figures: 0.02,
};

/** Told of each operation that has been measured. */
export type Progress = (done: number, total: number, what: string) => void;

/** Side of a row on its way through the rounds. */
interface Entrant {
  readonly side: Side;
  readonly contestant: Contestant;
  readonly operation: string;
}

/** The process that measures our operation, or a baseline of our own. */
type ProgramOf = (side: 'overlane' | OwnSide) => Contestant;

/** Measures `suites` and returns the report. Needs the built package. @throws OutcomeError if a program fails */
export async function runBench(suites: readonly Suite[], effort: Effort, progress: Progress): Promise<BenchReport> {
  const total = suites.reduce((sum, { cases, figures = [] }) => sum + 2 * cases.length + figures.length, 0);
  let done = 0;
  progress(done, total, 'starting the peers');
  const step = (what: string): void => progress(++done, total, what);
  const folder = mkdtempSync(join(tmpdir(), 'overlane-bench-'));
  const peers: Peer[] = [];
  try {
    peers.push(...(await startPeers(suites, folder)));
    const machine = describeMachine(peers, new Date());
    const figures: SuiteFigures[] = [];
    for (const suite of suites) figures.push(await measureSuite(suite, peers, effort, step));
    return { machine, suites: figures, targets: judgeTargets(figures) };
  } finally {
    for (const peer of peers) await peer.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measureSuite(
  suite: Suite,
  peers: readonly Peer[],
  effort: Effort,
  step: (what: string) => void,
): Promise<SuiteFigures> {
  const all = startOwn(suite);
  try {
    const timing = effort.timing[suite.rounds ?? 'short'];
    const mixed = await measureMixed(suite, all, timing, step);
    // Left idle, it would tidy its heap beside the first rows.
    if (effort.processes === 'own') await all.close();
    const results: CaseFigures[] = [];
    for (const row of suite.cases) {
      const rounds = (programOf: ProgramOf) => measureCase(row, programOf, peers, timing);
      const { times, heapPerOp } = await (effort.processes === 'one'
        ? rounds(() => all)
        : inOwnProcesses(suite, rounds));
      results.push(figuresOf(row, times, heapPerOp, mixed.get(row.name)!));
      step(`${suite.name}: ${row.name}`);
    }
    const figures = await takeFigures(suite, effort, step);
    return { name: suite.name, results, ...(figures.length > 0 && { figures }) };
  } finally {
    await all.close();
  }
}

/** The figures of a suite, each kind in a fresh process. */
async function takeFigures(suite: Suite, effort: Effort, step: (what: string) => void): Promise<Figure[]> {
  const taken: Figure[] = [];
  for (const { name } of suite.figures ?? []) {
    const program = startOwn(suite);
    try {
      taken.push(...(await program.figures(name, effort.figures)));
    } finally {
      await program.close();
    }
    step(`${suite.name}: ${name}`);
  }
  return taken;
}

/** Runs `measure` with a fresh process for the operation, and one for each baseline that it asks for. */
async function inOwnProcesses<T>(suite: Suite, measure: (programOf: ProgramOf) => Promise<T>): Promise<T> {
  const started = new Map<Side, Contestant>();
  const programOf: ProgramOf = (side) => {
    const program = started.get(side) ?? startOwn(suite);
    started.set(side, program);
    return program;
  };
  try {
    return await measure(programOf);
  } finally {
    for (const program of started.values()) await program.close();
  }
}

/** All operations warm in one process, whose call sites have thus seen everything; median times by name. */
async function measureMixed(
  suite: Suite,
  all: Contestant,
  timing: Timing,
  step: (what: string) => void,
): Promise<ReadonlyMap<string, number>> {
  const iterations = new Map<string, number>();
  for (const { name } of suite.cases) {
    const { nsPerOp } = await all.warm(name, timing.warmUpMs / 2);
    iterations.set(name, iterationsFor(nsPerOp, timing.roundMs * 1e6));
    step(`${suite.name}: mixed, ${name}`);
  }
  const times = new Map<string, number[]>(suite.cases.map(({ name }) => [name, []]));
  for (let round = 0; round < timing.rounds; round++) {
    for (const [name, count] of iterations) times.get(name)!.push(await all.round(name, count));
  }
  return new Map([...times].map(([name, values]) => [name, median(values)]));
}

/** Times by side and round. */
type Times = { overlane: number[] } & Partial<Record<Side, number[]>>;

async function measureCase(
  row: BenchCase,
  programOf: ProgramOf,
  peers: readonly Peer[],
  timing: Timing,
): Promise<{ readonly times: Times; readonly heapPerOp: number }> {
  const own = programOf('overlane');
  const entrants: Entrant[] = [{ side: 'overlane', contestant: own, operation: row.name }];
  for (const side of OWN_BASELINES) {
    if (row[side] === undefined) continue;
    entrants.push({ side, contestant: programOf(side), operation: baselineOperation(side, row.name) });
  }
  const started = new Map<PeerProgram, Contestant>();
  try {
    for (const side of PEER_SIDE_NAMES) {
      const baseline = row[side];
      const peer = peers.find(({ name }) => name === PEER_SIDES[side]);
      if (baseline === undefined || peer?.state.state !== 'measured') continue;
      const { program, operation } = baseline;
      const contestant = program === undefined ? peer.shared! : (started.get(program) ?? (await peer.start(program)));
      if (program !== undefined) started.set(program, contestant);
      entrants.push({ side, contestant, operation });
    }
    const times = await alternate(row, entrants, timing);
    return { times, heapPerOp: await own.heap(row.name) };
  } finally {
    for (const contestant of started.values()) await contestant.close();
  }
}

async function alternate(row: BenchCase, entrants: readonly Entrant[], timing: Timing): Promise<Times> {
  const iterations: number[] = [];
  let sum: number | undefined;
  for (const { side, contestant, operation } of entrants) {
    const warm = await contestant.warm(operation, timing.warmUpMs);
    // Programs that read different values out of the same octets can't be compared.
    sum ??= warm.sum;
    if (warm.sum !== sum) throw new OutcomeError(`bench: ${row.name}: ${side} gets ${warm.sum}, overlane gets ${sum}`);
    iterations.push(iterationsFor(warm.nsPerOp, timing.roundMs * 1e6));
  }
  const times: Times = { overlane: [] };
  for (let round = 0; round < timing.rounds; round++) {
    for (const [i, { side, contestant, operation }] of entrants.entries()) {
      (times[side] ??= []).push(await contestant.round(operation, iterations[i]!));
    }
  }
  return times;
}

function startOwn(suite: Suite): Contestant {
  const program = fileURLToPath(new URL('./child.js', import.meta.url));
  return new Contestant(`measuring ${suite.name}`, process.execPath, [program, suite.name]);
}
