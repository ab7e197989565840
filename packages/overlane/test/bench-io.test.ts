import { describe, expect, it } from '@jest/globals';
import { type IoReport, type RoundFigures, ratio, rowOf } from '../src/bench/io/io-figures.js';
import { formatIoReport } from '../src/bench/io/io-report.js';
import { judgeIo } from '../src/bench/io/io-targets.js';
import { drawPlot, loadPlotter } from '../src/bench/io/plot.js';
import { QUICK_SYSTEMS, SYSTEMS } from '../src/bench/io/systems.js';
import { cpuSecondsOf, percentile } from '../src/bench/io/traffic.js';

const system = (name: string): (typeof SYSTEMS)[number] => SYSTEMS.find((each) => each.name === name)!;
const row = (name: string, ...rounds: RoundFigures[]): ReturnType<typeof rowOf> => rowOf(system(name), rounds, []);

describe('figures of a row', () => {
  it('are medians of the rounds that have them, and sums of what is counted', () => {
    const { figures } = row(
      'veth',
      { gigabits: 3, packets: 10, collections: 1 },
      {},
      { gigabits: 1, packets: 20, collections: 0 },
      { gigabits: 2 },
    );
    expect(figures).toEqual({ gigabits: 2, packets: 30, collections: 1 });
  });

  it('are compared round by round', () => {
    const rows = [
      row('veth', { gigabits: 8 }, { gigabits: 1 }, { gigabits: 6 }, { gigabits: 9 }),
      row('stt, offload on', { gigabits: 4 }, { gigabits: 1 }, { gigabits: 2 }, {}),
    ];
    expect(ratio(rows, 'gigabits', 'veth', 'stt, offload on')).toBe(2);
    expect(ratio(rows, 'udp64', 'veth', 'stt, offload on')).toBeNull();
    expect(ratio(rows, 'gigabits', 'veth', 'gre, offload on')).toBeNull();
  });

  it('take the 99th percentile, the last of up to a hundred', () => {
    const values = Array.from({ length: 200 }, (_, i) => 200 - i);
    expect(percentile(values, 0.99)).toBe(198);
    expect(percentile([3, 1, 2], 0.99)).toBe(3);
  });

  it('count user and system time, whatever the name of the process', () => {
    expect(cpuSecondsOf('7 (a) b (c)) S 1 2 3 4 5 6 7 8 9 10 250 50 3 4')).toBe(3);
    expect(cpuSecondsOf('')).toBe(0);
  });
});

describe('targets', () => {
  const verdict = (rows: Parameters<typeof judgeIo>[0], name: string): boolean | null | undefined =>
    judgeIo(rows).find((target) => target.name.includes(name))?.met;

  it('name rows that there are, and are not judged without them', () => {
    const targets = judgeIo([]);
    expect(targets.every(({ met, value }) => met === null && value === null)).toBe(true);
    for (const { name } of targets.slice(0, -1)) {
      const [above, below] = name
        .split(/^(?:TCP|packets of [\d,]+ octets delivered|p99 of ping under load), /)[1]!
        .split(' / ');
      expect([above, below].map((each) => system(each!)?.name)).toEqual([above, below]);
    }
  });

  it('are met from the figure on', () => {
    const rows = (stt: number, pings: number) => [
      row('stt, offload on', { gigabits: stt }),
      row('no encapsulation, offload on', { gigabits: 10 }),
      row('vxlan, MTU-size frames', { pingP99Ms: pings }),
      row('Open vSwitch vxlan', { pingP99Ms: 2 }),
    ];
    const plain = 'TCP, stt, offload on / no encapsulation';
    expect([8, 7.9].map((stt) => verdict(rows(stt, 1), plain))).toEqual([true, false]);
    expect([2, 2.1].map((pings) => verdict(rows(1, pings), 'ping under load, vxlan'))).toEqual([true, false]);
  });

  it('judge collections by a million packets or more, and forgive none', () => {
    const collections = (packets: number, count: number) =>
      verdict([row('stt, offload on', { packets, collections: count })], 'garbage');
    expect(collections(999_999, 0)).toBeNull();
    expect(collections(1_000_000, 0)).toBe(true);
    expect(collections(5_000_000, 1)).toBe(false);
  });
});

describe('systems', () => {
  it('have names of their own; a quick run has some of them', () => {
    expect(new Set(SYSTEMS.map(({ name }) => name)).size).toBe(SYSTEMS.length);
    expect(QUICK_SYSTEMS.length).toBe(4);
  });
});

const REPORT: IoReport = {
  machine: { cpu: 'CPU', cores: 2, load: 0.1, node: 'v20', v8: '11', peers: {}, date: '2026-01-01T00:00:00.000Z' },
  programs: { kernel: 'Linux 6' },
  rows: [
    row('stt, offload on', { gigabits: 9.3, packets: 5, collections: 0 }),
    rowOf(system('Open vSwitch vxlan'), [{}], ['not installed: ovs-vswitchd']),
  ],
  targets: judgeIo([]),
};

describe('the report', () => {
  it('shows figures, what is missing and why', () => {
    const text = formatIoReport(REPORT);
    expect(text).toMatch(/stt, offload on +9\.30 +- +-/);
    expect(text).toContain('stt, offload on: 0 in 5 packets');
    expect(text).toContain('Open vSwitch vxlan: not installed: ovs-vswitchd');
    expect(text).toContain('not judged');
  });

  it('is drawn as SVG, without rows that have no figure', async () => {
    const svg = drawPlot(await loadPlotter(), REPORT);
    expect(svg).toMatch(/^<svg /);
    expect(svg).toContain('stt, offload on');
    expect(svg).toContain('9.3');
    expect(svg).not.toContain('Open vSwitch');
  });
});
