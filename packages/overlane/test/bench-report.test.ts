import { describe, expect, it } from '@jest/globals';
import { BASELINES, type BenchReport, type CaseFigures, type Ratios, figuresOf } from '../src/bench/figures.js';
import { formatReport } from '../src/bench/report.js';
import type { BenchCase } from '../src/bench/suite.js';
import { judgeTargets } from '../src/bench/targets.js';

const ROW: BenchCase = {
  name: 'decapsulate',
  does: 'what we do',
  tier: 'data path',
  octets: 1450,
  setup: () => () => 0,
  layout: { does: 'what layouts do', setup: () => () => 0 },
  gopacket: { operation: 'decapsulate', does: 'what gopacket does' },
  scapy: { operation: 'decapsulate', does: 'what scapy does' },
};

const NOBODY = Object.fromEntries(BASELINES.map((side) => [side, null])) as Ratios;

const figures = (ratios: Partial<CaseFigures['ratios']>, heapPerOp = 0): CaseFigures => ({
  ...figuresOf(ROW, { overlane: [50] }, heapPerOp, 60),
  ratios: { ...NOBODY, layout: 20, gopacket: 1, scapy: 100, ...ratios },
});

const REPORT: BenchReport = {
  machine: {
    cpu: 'A CPU',
    cores: 2,
    load: 0.5,
    node: 'v20.20.2',
    v8: '11.3',
    peers: {
      gopacket: { state: 'measured', version: '1.1.19' },
      scapy: { state: 'not installed', remedy: 'Debian: python3-scapy' },
    },
    date: '2026-01-02T03:04:05.000Z',
  },
  suites: [{ name: 'vxlan', results: [figures({ scapy: null })] }],
  targets: judgeTargets([{ name: 'vxlan', results: [figures({ scapy: null })] }]),
};

describe('figures of a row', () => {
  it('are medians, and ratios taken round by round', () => {
    // The third round was slow for everybody: a ratio of medians would say 2.5, a ratio of means something else again.
    const row = figuresOf(ROW, { overlane: [10, 20, 400], layout: [200, 400, 9000], gopacket: [30, 50, 400] }, 0.5, 33);
    expect(row).toMatchObject({
      name: 'decapsulate',
      does: { overlane: 'what we do', layout: 'what layouts do', gopacket: 'what gopacket does' },
      tier: 'data path',
      nsPerOp: 20,
      minNsPerOp: 10,
      mixedNsPerOp: 33,
      gigabytesPerSecond: 72.5,
      heapPerOp: 0.5,
      baselines: { layout: 400, gopacket: 50 },
      ratios: { layout: 20, gopacket: 2.5, scapy: null },
    });
    expect(row.baselines).not.toHaveProperty('scapy');
  });
});

describe('targets', () => {
  const verdicts = (row: CaseFigures) => judgeTargets([{ name: 'vxlan', results: [row] }]).map(({ met }) => met);

  it('are met at the bound and missed below', () => {
    expect(verdicts(figures({}))).toEqual([true, true, true]);
    expect(verdicts(figures({ gopacket: 0.99 }))).toEqual([false, true, true]);
    expect(verdicts(figures({ scapy: 99 }))).toEqual([true, false, true]);
    expect(verdicts(figures({}, 0.1))).toEqual([true, true, false]);
  });

  it('are not judged without the peer', () => {
    expect(verdicts(figures({ gopacket: null, scapy: null }))).toEqual([null, null, true]);
  });

  it('ask for half the speed of a copy where no checksum is computed', () => {
    const row = (set: number | null) => ({ ...figures({ set }), name: 'segment, no checksum' });
    expect(verdicts(row(0.5))).toEqual([true, true]);
    expect(verdicts(row(0.49))).toEqual([false, true]);
    expect(verdicts(row(null))).toEqual([null, true]);
  });

  it('ask for no garbage on the data path only', () => {
    expect(verdicts({ ...figures({}, 300), tier: 'value' })).toEqual([true, true, true]);
  });
});

describe('the report', () => {
  const text = formatReport(REPORT);

  it('names machine, versions and what is not installed', () => {
    expect(text).toContain('A CPU, 2 cores (load 0.5), Node v20.20.2, V8 11.3, 2026-01-02T03:04:05.000Z');
    expect(text).toContain('gopacket: 1.1.19');
    expect(text).toContain('scapy: not installed (Debian: python3-scapy)');
  });

  it('has a line for each row, with a dash where there is nothing to compare with', () => {
    const line = text.split('\n').find((each) => each.startsWith('decapsulate'));
    expect(line?.trim().split(/ +/)).toEqual(['decapsulate', '50.0', '60.0', '20.0', '29.0', '0', '20.0', '1.00', '-']);
  });

  it('has columns for those that some row is compared with, and no others', () => {
    expect(text).not.toContain('x set');
    const row = figures({ set: 0.61, vxlan: 17 });
    const does = { ...row.does, set: 'what a copy does', vxlan: 'what VXLAN does' };
    const other = formatReport({ ...REPORT, suites: [{ name: 'stt', results: [{ ...row, does }] }] });
    const lines = other.split('\n');
    expect(lines.find((each) => each.startsWith('stt'))).toMatch(/x layout +x set +x vxlan +x gopacket +x scapy/);
    const line = lines.find((each) => each.startsWith('decapsulate'));
    expect(line?.trim().split(/ +/).slice(-5)).toEqual(['20.0', '0.61', '17.0', '1.00', '100']);
  });

  it('says what each side does with a whole packet', () => {
    expect(text).toContain('overlane: what we do');
    expect(text).toContain('gopacket: what gopacket does');
  });

  it('prints the verdicts', () => {
    expect(text).toContain('met         vxlan: decapsulate, times as fast as gopacket: 1 (wanted >= 1)');
    expect(text).toContain('not judged  vxlan: decapsulate, times as fast as scapy: - (wanted >= 100)');
  });

  it('is the same as one JSON object', () => {
    const parsed = JSON.parse(JSON.stringify(REPORT)) as BenchReport;
    expect(Object.keys(parsed)).toEqual(['machine', 'suites', 'targets']);
    expect(parsed).toEqual(REPORT);
  });
});
