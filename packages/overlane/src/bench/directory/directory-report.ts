import { createTable, decimal, describeProcessor, formatTargets } from '../report.js';
import type { DirectoryReport, RowFigures } from './figures.js';

/** Columns: the heading and the figure. */
const COLUMNS: readonly (readonly [string, keyof RowFigures])[] = [
  ['a second', 'perSecond'],
  ['p50 ms', 'p50Ms'],
  ['p99 ms', 'p99Ms'],
  ['p99.9 ms', 'p999Ms'],
  ['lost', 'lost'],
  ['CPU us', 'cpuUsPerRequest'],
  ['s', 'seconds'],
  ['MB', 'megabytes'],
  ['generator', 'generatorCpu'],
  ['steal', 'steal'],
];

const LEGEND = `Closed loop: the generator, a process in C, keeps a number of requests under way. Times are from sending to the reply; a
change is confirmed when it is durable. CPU: of the servers, for a question or a change. generator: its share of a core.`;

/** The report for people, with a newline at the end. */
export function formatDirectoryReport({ machine, mappings, rows, targets }: DirectoryReport): string {
  const table = createTable(
    '',
    COLUMNS.map(([heading]) => heading),
  );
  for (const { name, figures } of rows) {
    const cells = COLUMNS.map(([, figure]) => (figures[figure] === undefined ? '-' : decimal(figures[figure])));
    table.push([name, ...cells]);
  }
  const problems = rows.flatMap(({ name, problems: all }) => all.map((problem) => `  ${name}: ${problem}`));
  const parts = [
    `${describeProcessor(machine)}\n${mappings} mappings`,
    table.toString(),
    LEGEND,
    ...(problems.length > 0 ? [['what went wrong', ...problems].join('\n')] : []),
    formatTargets(targets),
  ];
  return `${parts.join('\n\n')}\n`;
}
