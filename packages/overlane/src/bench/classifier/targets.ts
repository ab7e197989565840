/** What is promised about the classifier's speed, beside other projects on the same rules, packets and machine. */
import type { Baseline, CaseFigures, SuiteFigures, Target } from '../figures.js';

/** Times as fast as a baseline, by the start of the row's name. */
const LEAST_OF_ROWS: readonly (readonly [row: string, baseline: Baseline, least: number])[] = [
  ['microflow hit', 'map', 8],
  ['microflow hit', 'openvswitch', 0.3],
  ['megaflow hit, 1 mask', 'openvswitch', 0.5],
  ['megaflow hit, 8 masks', 'openvswitch', 1],
  ['megaflow hit, 30 masks', 'openvswitch', 3],
  ['megaflow hit, 100 masks', 'openvswitch', 6],
];
const LEAST_OF_TRACKED = 5;
/** Geometric means over the sets: one of them may be hard for one algorithm. */
const LEAST_MEANS: readonly (readonly [Baseline, number])[] = [
  ['dpdkScalar', 0.4],
  ['dpdkSimd', 0.2],
  ['cutsplit', 0.5],
];
/** Figures, whether they are to be at least or at most the bound. */
const FIGURE_BOUNDS: readonly (readonly [figure: string, sense: '>=' | '<=', bound: number])[] = [
  ['rate kept under attack, victim in another partition', '>=', 0.95],
  ['rate kept under attack, victim in the same partition', '>=', 0.5],
  ['most masks of a partition under attack', '<=', 128],
  ['classify under churn, p99', '<=', 50],
];

/** The promises, judged by the figures of a run. */
export function judgeClassifier({ name, results, figures = [] }: SuiteFigures): Target[] {
  return [
    ...LEAST_OF_ROWS.flatMap(([start, baseline, least]) =>
      results.filter((row) => row.name.startsWith(start)).map((row) => ratioTarget(name, row, baseline, least)),
    ),
    ...results
      .filter((row) => row.name.endsWith(' tracked'))
      .map((row) => ratioTarget(name, row, 'openvswitch', LEAST_OF_TRACKED)),
    ...LEAST_MEANS.map(([baseline, least]) => meanTarget(name, results, baseline, least)),
    ...FIGURE_BOUNDS.map(([figure, sense, bound]) => {
      const value = figures.find((each) => each.name === figure)?.value ?? null;
      const isMet = value === null ? null : sense === '>=' ? value >= bound : value <= bound;
      return { name: `${name}: ${figure}`, met: isMet, value, wanted: `${sense} ${bound}` };
    }),
  ];
}

function ratioTarget(suite: string, row: CaseFigures, baseline: Baseline, least: number): Target {
  return atLeast(`${suite}: ${row.name}, times as fast as ${baseline}`, row.ratios[baseline], least);
}

function meanTarget(suite: string, results: readonly CaseFigures[], baseline: Baseline, least: number): Target {
  const ratios = results.map(({ ratios: of }) => of[baseline]).filter((ratio) => ratio !== null);
  const logs = ratios.map(Math.log);
  const mean = ratios.length === 0 ? null : Math.exp(logs.reduce((sum, log) => sum + log, 0) / logs.length);
  const value = mean === null ? null : Number(mean.toPrecision(3));
  return atLeast(`${suite}: geometric mean over the sets, times as fast as ${baseline}`, value, least);
}

function atLeast(name: string, value: number | null, least: number): Target {
  return { name, met: value === null ? null : value >= least, value, wanted: `>= ${least}` };
}
