/** The demonstration itself: builds a world, probes it, judges, and tells. */
import { type GroupResult, answersIn, checkIsolation, checkPings, requestsIn } from './checks.js';
import { type CaptureFindings, checkCapture } from './demo-capture.js';
import { MemoryWorld } from './memory-world.js';
import { type MigrationFindings, showMigration } from './migration.js';
import { NamespaceWorld } from './namespace-world.js';
import type { Report } from './report.js';
import { type FabricFindings, showFabric } from './show-fabric.js';
import { type EncapsulationName, TENANTS, pingsOf } from './topology.js';
import type { Mode, SwitchCounters, World } from './world.js';

/** What to show. */
export interface DemoOptions {
  /** What the world is made of; namespaces only inside a private world. */
  readonly mode: Mode;
  /** The encapsulation between the hosts. */
  readonly encapsulation: EncapsulationName;
  /** The system to show more of, if it has more to show: `dove` in namespaces, `netlord`. */
  readonly system?: SystemName | undefined;
  /** File for the underlay's packets. */
  readonly captureFile: string;
}

/** Systems that can be shown, each with the encapsulation of its name. */
export const SYSTEM_NAMES = ['vxlan', 'dove', 'netlord'] as const;

/** Name of a system. */
export type SystemName = (typeof SYSTEM_NAMES)[number];

/** The outcome in figures; its JSON is the last line of `demo --json`, and stable. */
export interface DemoSummary {
  /** Everything went as it must. */
  readonly ok: boolean;
  /** What the world was made of. */
  readonly mode: Mode;
  /** Name of the encapsulation. */
  readonly encapsulation: string;
  /** Echo requests inside tenants: those that were due, and those that were answered. */
  readonly pings: { readonly expected: number; readonly answered: number };
  /** Echo requests across tenants, and how many echo requests reached a station of another tenant or were answered. */
  readonly isolation: { readonly tried: number; readonly leaked: number };
  /** What the flow caches of the switches did, in packets: found there by key or by what matters, or decided anew. */
  readonly flows: { readonly microflowHits: number; readonly megaflowHits: number; readonly misses: number };
  /** Where DOVE was shown in full: a VM that moved while it was pinged, and frames in fragments. */
  readonly migration?: Omit<MigrationFindings, 'failures'>;
  /** Where NetLord was shown: what core switches have learned, and a ping during which a link was cut. */
  readonly fabric?: Omit<FabricFindings, 'failures'>;
  /** Path of the capture. */
  readonly capture: string;
}

/** What the demonstration came to. */
export interface DemoOutcome {
  /** The figures. */
  readonly summary: DemoSummary;
  /** What failed, one sentence each; empty if all is well. */
  readonly failures: readonly string[];
}

/** Runs the demonstration and tells `report`. Failures are results; nothing is thrown but programming errors. */
export async function runDemo(options: DemoOptions, report: Report): Promise<DemoOutcome> {
  const { mode, encapsulation, system, captureFile } = options;
  report.printTopology(encapsulation);
  const pings: GroupResult[] = [];
  const tries: GroupResult[] = [];
  const failures: string[] = [];
  const world = makeWorld(mode, encapsulation, captureFile);
  let migration: MigrationFindings | undefined;
  let fabric: FabricFindings | undefined;
  let flows = { microflowHits: 0, megaflowHits: 0, misses: 0 };
  try {
    for (const { title, run } of world.steps) await report.step(title, run);
    for (const tenant of TENANTS)
      pings.push(await report.step(`pings in ${tenant.name}`, () => checkPings(world, tenant, encapsulation)));
    tries.push(await report.step('tries to reach the other tenant', () => checkIsolation(world)));
    if (world.fabric !== undefined) fabric = await showFabric(world.fabric, report);
    failures.push(...(fabric?.failures ?? []));
    const counters = await report.step('switches stopped', () => world.stopSwitches());
    flows = sumFlows(counters);
    const findings = await report.step('capture read back', () => checkCapture(captureFile, encapsulation));
    tell(report, pings, tries, counters, findings, captureFile);
    failures.push(...findings.failures);
    if (system === 'dove' && mode === 'namespaces') migration = await showMigration(report);
    failures.push(...(migration?.failures ?? []));
  } catch (error) {
    failures.push((error as Error).message);
  } finally {
    world.close();
  }
  failures.unshift(...[...pings, ...tries].flatMap((group) => group.failures));
  const expected = TENANTS.reduce((sum, { name }) => sum + requestsIn(pingsOf(name, encapsulation)), 0);
  const summary = {
    ok: failures.length === 0,
    mode,
    encapsulation,
    pings: { expected, answered: sumOf(pings, ({ probes }) => answersIn(probes)) },
    isolation: {
      tried: sumOf(tries, ({ probes }) => requestsIn(probes)),
      // An answer across needs a station that saw the request, so the larger of both counts each leak once.
      leaked:
        sumOf(pings, ({ strays }) => strays) +
        sumOf(tries, ({ probes, strays }) => Math.max(strays, answersIn(probes))),
    },
    flows,
    ...(migration === undefined ? {} : { migration: { pings: migration.pings, jumbos: migration.jumbos } }),
    ...(fabric === undefined ? {} : { fabric: { tables: fabric.tables, failover: fabric.failover } }),
    capture: captureFile,
  };
  return { summary, failures };
}

function makeWorld(mode: Mode, encapsulation: EncapsulationName, captureFile: string): World {
  const Kind = mode === 'namespaces' ? NamespaceWorld : MemoryWorld;
  return new Kind(encapsulation, captureFile);
}

function tell(
  report: Report,
  pings: readonly GroupResult[],
  tries: readonly GroupResult[],
  counters: SwitchCounters,
  { packets, example }: CaptureFindings,
  captureFile: string,
): void {
  report.printProbes(
    'Pings inside each tenant: all must be answered, by the right station alone',
    pings.flatMap(({ probes }) => probes),
  );
  report.printProbes(
    'Tries to reach the other tenant: none may be answered, or seen by anybody',
    tries.flatMap(({ probes }) => probes),
  );
  report.printCounters(counters);
  report.printFlows(counters);
  if (example !== undefined) report.printExample(example);
  report.printCapture(captureFile, packets);
}

function sumFlows(counters: SwitchCounters): DemoSummary['flows'] {
  const all = [...counters.values()].map(({ flows }) => flows);
  const sum = (of: (flows: (typeof all)[number]) => number): number => all.reduce((total, each) => total + of(each), 0);
  return {
    microflowHits: sum(({ microflowHits }) => microflowHits),
    megaflowHits: sum(({ megaflowHits }) => megaflowHits),
    misses: sum(({ misses }) => misses),
  };
}

function sumOf(groups: readonly GroupResult[], of: (group: GroupResult) => number): number {
  return groups.reduce((sum, group) => sum + of(group), 0);
}
