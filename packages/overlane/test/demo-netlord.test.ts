/** The demonstration of NetLord, in memory, and its judgement. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkCapture, explainLayers } from '../src/demo/demo-capture.js';
import { readNetlordPacket } from '../src/demo/netlord-capture.js';
import { EDGE_MACS, PLAN } from '../src/demo/netlord-plan.js';
import { Report } from '../src/demo/report.js';
import { runDemo } from '../src/demo/run-demo.js';
import { judgeCut, judgeTables } from '../src/demo/show-fabric.js';
import { seriesOf } from '../src/demo/timed-ping.js';
import { octets } from './command-line.js';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'overlane-demo-netlord-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('the demonstration of NetLord in memory', () => {
  it('holds: pings, isolation, tables of edge switches alone, and flows that move when a link is cut', async () => {
    const captureFile = join(folder, 'demo.pcap');
    let told = '';
    const report = new Report({ write: (text) => (told += text) }, () => 0);
    const options = { mode: 'memory', encapsulation: 'netlord', system: 'netlord', captureFile } as const;
    const { summary, failures } = await runDemo(options, report);
    expect(failures).toEqual([]);
    expect(summary).toMatchObject({
      ok: true,
      encapsulation: 'netlord',
      pings: { expected: 18, answered: 18 },
      isolation: { tried: 12, leaked: 0 },
    });
    const { tables, failover } = summary.fabric!;
    expect(Object.keys(tables)).toEqual(['core1', 'core2']);
    // Time is simulated here, so the bound is exact: three periods and the ping's interval.
    expect(failover).toMatchObject({ sent: 100, endedWell: true, moved: true });
    expect(failover.answered).toBeLessThan(100);
    expect(failover.longestGapMs).toBeLessThanOrEqual(3 * failover.chirpPeriodMs + 2 * 50);
    expect(told).toContain('✓ a link is cut during a ping');
    const { example } = checkCapture(captureFile, 'netlord');
    expect(example!.map(({ protocol }) => protocol).join(' ')).toBe('ethernet vlan netlord ethernet ipv4 icmpv4 data');
    expect(explainLayers(example!).join()).toMatch(/ttl 2, macAsId 16777223, port (3|12), tenantId 500[12]/);
  });
});

describe('the plan', () => {
  it('has one VLAN through each core switch', () => {
    expect(PLAN.reach.map(({ vlans }) => vlans)).toEqual([
      [2, 3],
      [2, 3],
    ]);
    expect(EDGE_MACS).toEqual(['02:e0:00:00:00:01', '02:e0:00:00:00:02']);
  });
});

describe("the judgement of core switches' tables", () => {
  const good = EDGE_MACS.map((mac) => `${mac} on br2`);

  it('passes edge switches, all and alone', () => {
    expect(judgeTables(new Map([['core1', good]]))).toEqual([]);
  });

  it('fails a MAC that has no business there, one that is missing, and the lack of tables', () => {
    expect(judgeTables(new Map([['core1', [...good, '02:00:00:00:00:01 on br2']]]))).toEqual([
      'fabric: core1 has learned 02:00:00:00:00:01',
    ]);
    expect(judgeTables(new Map([['core1', good.slice(1)]]))).toEqual([
      `fabric: core1 has not learned ${EDGE_MACS[0]!}`,
    ]);
    expect(judgeTables(new Map())).toHaveLength(1);
  });
});

describe('the judgement of a cut', () => {
  const good = {
    ...{ cut: 'edge2-core1', chirpPeriodMs: 500, sent: 100, answered: 71 },
    ...{ endedWell: true, longestGapMs: 1500, moved: true },
  };

  it('passes flows that moved in time', () => {
    expect(judgeCut(good)).toEqual([]);
  });

  it('fails flows that did not, or too late', () => {
    expect(judgeCut({ ...good, endedWell: false })).toHaveLength(1);
    expect(judgeCut({ ...good, moved: false })).toHaveLength(1);
    expect(judgeCut({ ...good, longestGapMs: 2001 })).toEqual([
      'fabric: 2001 ms without an answer after edge2-core1 was cut, may be 2000',
    ]);
  });

  it('sums pings up from their answers', () => {
    const at = (ms: number, sequence: number): { ms: number; sequence: number } => ({ ms, sequence });
    expect(seriesOf(5, [at(0, 1), at(50, 2), at(50, 2), at(350, 5)])).toEqual({
      sent: 5,
      answered: 3,
      endedWell: true,
      longestGapMs: 300,
    });
    expect(seriesOf(5, [])).toEqual({ sent: 5, answered: 0, endedWell: false, longestGapMs: 0 });
  });
});

describe("a packet of the demonstration's capture", () => {
  it('is data of a tenant from the other host, a message of NL-ARP, or bad', () => {
    const data = `02e000000002 02e000000001 8100 0065 0800
      4500004e 0065 4000 02 fd bf7a 00000007 0c00abcd ${'00'.repeat(58)}`;
    expect(readNetlordPacket(octets(data))).toEqual({ kind: 'data', tenant: 0xabcd, source: '3.0.0.1' });
    const here = `ffffffffffff 02e000000001 8100 0001 88b5
      11 00 0005 00abcd 0c 00000007 020000000002 02e000000002 ${'00'.repeat(18)}`;
    expect(readNetlordPacket(octets(here))).toEqual({ kind: 'nl-arp' });
    expect(readNetlordPacket(octets(data).subarray(0, 30))).toEqual({ kind: 'bad', fault: 'E_NL_TRUNCATED' });
    expect(readNetlordPacket(octets(here.replace('11 00', '31 00')))).toEqual({
      kind: 'bad',
      fault: 'E_NLARP_VERSION',
    });
  });
});
