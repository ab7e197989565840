/**
 * What NetLord adds to the demonstration: core switches that know edge switches alone, and a link between switches that is cut during
 * a ping, whose flows move to another VLAN within three chirp periods.
 */
import { spain } from '@overlane/netlord';
import { EDGE_MACS } from './netlord-plan.js';
import type { Report } from './report.js';
import { STATIONS } from './topology.js';
import type { CutFindings, FabricControl } from './world.js';

/** What came of it; part of the summary. */
export interface FabricFindings {
  /** What each core switch has learned: MACs, each with its VLAN's bridge or number. */
  readonly tables: Readonly<Record<string, readonly string[]>>;
  /** The ping during which a link was cut. */
  readonly failover: CutFindings;
  /** What went wrong, one sentence each. */
  readonly failures: readonly string[];
}

/** Shows it, after tenants have talked. @throws OutcomeError if something can't be run */
export async function showFabric(fabric: FabricControl, report: Report): Promise<FabricFindings> {
  const tables = await report.step("core switches' tables of MACs", async () => {
    const found = await fabric.coreTables();
    return { found, failures: judgeTables(found) };
  });
  const failover = await report.step('a link is cut during a ping', async () => {
    const found = await fabric.pingWhileCut(STATIONS[0]!, STATIONS[1]!);
    return { found, failures: judgeCut(found) };
  });
  report.print('', fabric.note, '', 'What the core switches know, after all of that:');
  for (const [name, entries] of tables.found) report.print(`  ${name}: ${entries.join(', ')}`);
  const { cut, sent, answered, longestGapMs, chirpPeriodMs } = failover.found;
  const periods = (longestGapMs / chirpPeriodMs).toFixed(1);
  report.print(
    '',
    `The link ${cut} was cut during ${sent} pings: ${answered} were answered; the others fell into ${periods} chirp periods,`,
    `after which the flows went through the other core switch. A chirp period is ${chirpPeriodMs} ms here.`,
  );
  return {
    tables: Object.fromEntries(tables.found),
    failover: failover.found,
    failures: [...tables.failures, ...failover.failures],
  };
}

/** What is wrong with the tables: each core switch must know every edge switch and nothing else. */
export function judgeTables(tables: ReadonlyMap<string, readonly string[]>): string[] {
  const failures: string[] = [];
  for (const [name, entries] of tables) {
    const macs = new Set(entries.map((entry) => entry.split(' ')[0]!));
    for (const mac of macs) if (!EDGE_MACS.includes(mac)) failures.push(`fabric: ${name} has learned ${mac}`);
    for (const mac of EDGE_MACS) if (!macs.has(mac)) failures.push(`fabric: ${name} has not learned ${mac}`);
  }
  if (tables.size === 0) failures.push('fabric: there are no core switches');
  return failures;
}

/** What is wrong with a ping during which a link was cut. One period more than three is the machine's, which may be slow. */
export function judgeCut({ cut, endedWell, longestGapMs, chirpPeriodMs, moved }: CutFindings): string[] {
  const limitMs = (spain.SILENT_PERIODS + 1) * chirpPeriodMs;
  const failures: string[] = [];
  if (!endedWell) failures.push(`fabric: pings were not answered any more after ${cut} was cut`);
  if (!moved) failures.push(`fabric: the flow did not move when ${cut} was cut`);
  if (longestGapMs > limitMs) {
    failures.push(`fabric: ${Math.round(longestGapMs)} ms without an answer after ${cut} was cut, may be ${limitMs}`);
  }
  return failures;
}
