/** What the project promises about speed, judged by the figures of this run. */
import { judgeClassifier } from './classifier/targets.js';
import { judgeNetlord } from './netlord-targets.js';
import type { CaseFigures, SuiteFigures, Target } from './figures.js';

const DECAPSULATION = [
  'decapsulate',
  'decapsulate with inner headers',
  'decapsulate with two options',
  'nvgre decapsulate',
  'gre decapsulate',
];
const LEAST_RATIO = { gopacket: 1, scapy: 100 } as const;
/** Rows whose octets are moved and not summed, and how fast they are to be beside `Uint8Array.set`. */
const WITHOUT_CHECKSUM = ['segment, no checksum', 'reassemble, no checksum'];
const LEAST_RATIO_TO_SET = 0.5;

/** The promises about the suites that were run. */
export function judgeTargets(suites: readonly SuiteFigures[]): Target[] {
  return suites.flatMap((suite) => [
    ...judgeSuite(suite),
    ...(suite.name === 'classifier' ? judgeClassifier(suite) : []),
    ...(suite.name === 'netlord' ? judgeNetlord(suite) : []),
  ]);
}

function judgeSuite({ name, results }: SuiteFigures): Target[] {
  return [
    ...results.filter((row) => DECAPSULATION.includes(row.name)).flatMap((row) => speedTargets(name, row)),
    ...results.filter((row) => WITHOUT_CHECKSUM.includes(row.name)).map((row) => copyTarget(name, row)),
    heapTarget(name, results),
  ];
}

function speedTargets(suite: string, row: CaseFigures): Target[] {
  return (['gopacket', 'scapy'] as const).map((peer) => {
    const value = row.ratios[peer];
    const least = LEAST_RATIO[peer];
    return {
      name: `${suite}: ${row.name}, times as fast as ${peer}`,
      met: value === null ? null : value >= least,
      value,
      wanted: `>= ${least}`,
    };
  });
}

function copyTarget(suite: string, row: CaseFigures): Target {
  const value = row.ratios.set;
  return {
    name: `${suite}: ${row.name}, times as fast as Uint8Array.set`,
    met: value === null ? null : value >= LEAST_RATIO_TO_SET,
    value,
    wanted: `>= ${LEAST_RATIO_TO_SET}`,
  };
}

function heapTarget(suite: string, results: readonly CaseFigures[]): Target {
  const value = Math.max(0, ...results.filter(({ tier }) => tier === 'data path').map(({ heapPerOp }) => heapPerOp));
  return { name: `${suite}: heap per operation on the data path, octets`, met: value === 0, value, wanted: '0' };
}
