import { createTable, decimal, describeProcessor, formatTargets } from '../report.js';
import type { FigureName, IoReport, IoRow } from './io-figures.js';

/** Columns: the heading and the figure. */
const COLUMNS: readonly (readonly [string, FigureName])[] = [
  ['TCP Gbit/s', 'gigabits'],
  ['CPU ns/octet', 'cpuNsPerOctet'],
  ['switches', 'forwardersNsPerOctet'],
  ['UDP 64 k/s', 'udp64'],
  ['UDP 1400 k/s', 'udp1400'],
  ['ping p99 ms', 'pingP99Ms'],
];

const LEGEND = `TCP: one stream. UDP: datagrams of 64 and 1,400 octets of data that arrive from a sender without limit, thousands a second.
CPU: time of both stations and all switches per octet of TCP; switches: those processes' part, what the kernel forwards
counts for the sender. ping: 99th percentile beside 100 Mbit/s of UDP. Medians of all rounds; targets judge ratios within rounds.`;

/** The report for people, with a newline at the end. */
export function formatIoReport(report: IoReport): string {
  const { rows, targets } = report;
  const table = createTable(
    '',
    COLUMNS.map(([heading]) => heading),
  );
  for (const row of rows) table.push([row.name, ...cells(row)]);
  const counted = rows.filter(({ figures }) => figures.packets !== undefined).map(formatCollections);
  const problems = rows.flatMap(({ name, problems: all }) => all.map((problem) => `  ${name}: ${problem}`));
  const parts = [
    formatPlace(report),
    table.toString(),
    LEGEND,
    ...(counted.length > 0 ? [['garbage collections of our switches', ...counted].join('\n')] : []),
    ...(problems.length > 0 ? [['what went wrong', ...problems].join('\n')] : []),
    formatTargets(targets),
  ];
  return `${parts.join('\n\n')}\n`;
}

/** Figures of a row as text, column by column; `-` for what is missing. */
function cells({ figures }: IoRow): string[] {
  return COLUMNS.map(([, name]) => {
    const value = figures[name];
    return value === undefined ? '-' : decimal(value);
  });
}

function formatPlace({ machine, programs }: IoReport): string {
  return [describeProcessor(machine), ...Object.values(programs)].join('\n');
}

function formatCollections({ name, figures: { packets = 0, collections = 0 } }: IoRow): string {
  return `  ${name}: ${collections} in ${packets} packets`;
}
