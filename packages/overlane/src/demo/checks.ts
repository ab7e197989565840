/** The judgement: which probes must be answered, which must not, and who may see them. The same for every world. */
import {
  type EncapsulationName,
  type Probe,
  STATIONS,
  type Station,
  TENANTS,
  pingsOf,
  triesAcross,
  wantedAnswers,
} from './topology.js';
import type { World } from './world.js';

/** A probe and what came of it. */
export interface ProbeResult extends Probe {
  /** Echo requests that were answered. */
  readonly answered: number;
}

/** Outcome of one group of probes that ran together. */
export interface GroupResult {
  /** Its probes. */
  readonly probes: readonly ProbeResult[];
  /** Echo requests that stations saw but should not have. */
  readonly strays: number;
  /** What went wrong, one sentence each. */
  readonly failures: readonly string[];
}

/** Pings each tenant within itself. Every request must be answered, and seen by the station it was meant for only. */
export async function checkPings(
  world: World,
  tenant: (typeof TENANTS)[number],
  encapsulation: EncapsulationName,
): Promise<GroupResult> {
  return runGroup(world, pingsOf(tenant.name, encapsulation), `ping in ${tenant.name}`);
}

/** Tries to reach the other tenant. Nothing may be answered, and no station may see a request. */
export async function checkIsolation(world: World): Promise<GroupResult> {
  const byArp = triesAcross().filter(({ pinnedMac }) => pinnedMac === undefined);
  const byMac = triesAcross().filter(({ pinnedMac }) => pinnedMac !== undefined);
  // Both kinds use the same pair of addresses, so they run one after the other.
  const first = await runGroup(world, byArp, 'isolation');
  const second = await runGroup(world, byMac, 'isolation');
  return {
    probes: [...first.probes, ...second.probes],
    strays: first.strays + second.strays,
    failures: [...first.failures, ...second.failures],
  };
}

/** Echo requests that `probes` send. */
export function requestsIn(probes: readonly Probe[]): number {
  return probes.reduce((sum, { count }) => sum + count, 0);
}

/** Echo requests of `probes` that were answered. */
export function answersIn(probes: readonly ProbeResult[]): number {
  return probes.reduce((sum, { answered }) => sum + answered, 0);
}

async function runGroup(world: World, probes: readonly Probe[], name: string): Promise<GroupResult> {
  for (const { from, address, pinnedMac } of probes) {
    if (pinnedMac !== undefined) await world.pinNeighbor(from, address, pinnedMac);
  }
  const before = await world.echoRequests();
  const results = await Promise.all(probes.map(async (probe) => ({ ...probe, answered: await world.ping(probe) })));
  const after = await world.echoRequests();
  for (const { from, address, pinnedMac } of probes) {
    if (pinnedMac !== undefined) await world.pinNeighbor(from, address, undefined);
  }

  const failures: string[] = [];
  for (const result of results) {
    const { from, address, answered } = result;
    const wanted = wantedAnswers(result);
    if (answered !== wanted) {
      failures.push(`${name}: ${from.name} to ${address} was answered ${answered} times, must be ${wanted}`);
    }
  }
  let strays = 0;
  for (const station of STATIONS) {
    const seen = after.get(station)! - before.get(station)!;
    const wanted = probes
      .filter(({ owner }) => owner === station)
      .reduce((sum, probe) => sum + wantedAnswers(probe), 0);
    strays += Math.max(0, seen - wanted);
    if (seen !== wanted) failures.push(`${name}: ${strayText(station, seen, wanted)}`);
  }
  return { probes: results, strays, failures };
}

function strayText({ name }: Station, seen: number, wanted: number): string {
  return `${name} saw ${seen} echo requests, must be ${wanted}`;
}
