/**
 * The order of a run: in every round each system is built afresh, measured, and taken down again, so that a busy moment of
 * the machine hits neighbours in the table alike and none profits from what another left warm.
 */
import { OutcomeError } from '../../exit.js';
import { tryProgram } from '../../demo/run-program.js';
import { describeMachine } from '../machine.js';
import type { Progress } from '../run.js';
import { Bed } from './bed.js';
import { type IoReport, type RoundFigures, rowOf } from './io-figures.js';
import { judgeIo } from './io-targets.js';
import { QUICK_SYSTEMS, SYSTEMS, type System } from './systems.js';
import { awaitConnection, measurePing, measureTcp, measureUdp } from './traffic.js';

/** How much is measured. */
export interface IoEffort {
  /** Rows. */
  readonly systems: readonly System[];
  /** Rounds of all rows; the report shows medians. */
  readonly rounds: number;
  /** Length of a TCP stream. */
  readonly tcpS: number;
  /** Length of each stream of datagrams. */
  readonly udpS: number;
  /** Length of the pings. */
  readonly pingS: number;
}

/** For figures to quote: about ten minutes. */
export const FULL_IO: IoEffort = { systems: SYSTEMS, rounds: 3, tcpS: 3, udpS: 2, pingS: 2 };
/** Less than a minute, to see that it runs. */
export const QUICK_IO: IoEffort = { systems: QUICK_SYSTEMS, rounds: 1, tcpS: 1, udpS: 1, pingS: 1 };

/** Datagrams before those that count, in seconds for each length. */
const WARM_UP_S = 1;

/** Versions of what takes part, by command; the first line that each prints. */
const VERSIONS: Readonly<Record<string, readonly string[]>> = {
  kernel: ['uname', '-sr'],
  iperf3: ['iperf3', '--version'],
  'Open vSwitch': ['ovs-vswitchd', '--version'],
};

/** Measures and returns the report. For the inside of a private world. @throws OutcomeError without `iperf3` or `ping` */
export async function runIo(effort: IoEffort, progress: Progress): Promise<IoReport> {
  for (const tool of ['iperf3', 'ping']) {
    if (!(await isInstalled(tool))) throw new OutcomeError(`bench io needs ${tool}, which is not installed`);
  }
  const machine = describeMachine([], new Date());
  const { systems, rounds } = effort;
  const taken = new Map(systems.map((system) => [system, [] as RoundFigures[]]));
  const problems = new Map(systems.map((system) => [system, new Set<string>()]));
  let done = 0;
  for (let round = 0; round < rounds; round++) {
    for (const system of systems) {
      progress(done++, systems.length * rounds, `round ${round + 1}: ${system.name}`);
      const note = (problem: string): void => void problems.get(system)!.add(problem);
      taken.get(system)!.push(await measureSystem(system, effort, note));
    }
  }
  progress(done, done, 'done');
  const rows = systems.map((system) => rowOf(system, taken.get(system)!, [...problems.get(system)!]));
  return { machine, programs: await findVersions(), rows, targets: judgeIo(rows) };
}

/** One round of one system. What fails is noted, and its figures are missing. */
async function measureSystem(system: System, effort: IoEffort, note: (problem: string) => void): Promise<RoundFigures> {
  const missing: string[] = [];
  for (const tool of system.tools) if (!(await isInstalled(tool))) missing.push(tool);
  if (missing.length > 0) {
    note(`not installed: ${missing.join(', ')}`);
    return {};
  }
  const figures: { -readonly [Name in keyof RoundFigures]: RoundFigures[Name] } = {};
  const attempt = async (measure: () => Promise<Partial<RoundFigures>>): Promise<void> => {
    try {
      Object.assign(figures, await measure());
    } catch (error) {
      if (!(error instanceof OutcomeError)) throw error;
      note(error.message);
    }
  };
  const bed = await Bed.open();
  try {
    await attempt(async () => {
      await system.build(bed);
      await awaitConnection(bed);
      await attempt(() => measureTcp(bed, effort.tcpS).then((tcp) => ({ ...tcp })));
      // A little of each kind first: compilers leave garbage of their own when something new comes.
      for (const octets of bed.switches.length > 0 ? [64, 1400] : []) {
        await attempt(() => measureUdp(bed, WARM_UP_S, octets).then(() => ({})));
      }
      const before = await totals(bed);
      await attempt(async () => ({ udp64: await measureUdp(bed, effort.udpS, 64) }));
      await attempt(async () => ({ udp1400: await measureUdp(bed, effort.udpS, 1400) }));
      if (before !== undefined) {
        const collections = collectionsOf(bed) - before.collections;
        const after = await totals(bed);
        Object.assign(figures, { packets: after!.packets - before.packets, collections });
      }
      await attempt(async () => ({ pingP99Ms: await measurePing(bed, effort.pingS) }));
      return {};
    });
  } finally {
    await bed.close();
  }
  return figures;
}

/** Packets that all switches of ours have received, and collections in their processes; `undefined` if there are none. */
async function totals(bed: Bed): Promise<{ readonly packets: number; readonly collections: number } | undefined> {
  if (bed.switches.length === 0) return undefined;
  const snapshots = await Promise.all(bed.switches.map((one) => one.snapshot()));
  return { packets: snapshots.reduce((sum, { ledger }) => sum + ledger.received, 0), collections: collectionsOf(bed) };
}

function collectionsOf({ switches }: Bed): number {
  return switches.reduce((sum, { collections }) => sum + collections, 0);
}

async function isInstalled(tool: string): Promise<boolean> {
  const { status } = await tryProgram('sh', ['-c', `command -v ${tool}`]);
  return status === 0;
}

async function findVersions(): Promise<Record<string, string>> {
  const versions: Record<string, string> = {};
  for (const [name, [file, ...words]] of Object.entries(VERSIONS)) {
    if (!(await isInstalled(file!))) continue;
    const { stdout } = await tryProgram(file!, words);
    versions[name] = stdout.split('\n')[0]!.trim();
  }
  return versions;
}
