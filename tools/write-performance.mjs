// Puts the figures of a run into docs/performance.md, between its markers:
// overlane bench io --json --plot docs/performance.svg > io.json && node tools/write-performance.mjs io.json
import { readFileSync, writeFileSync } from 'node:fs';

const PAGE = new URL('../docs/performance.md', import.meta.url);
const COLUMNS = [
  ['TCP Gbit/s', 'gigabits'],
  ['CPU ns/octet', 'cpuNsPerOctet'],
  ['switches ns/octet', 'forwardersNsPerOctet'],
  ['UDP 64, thousand/s', 'udp64'],
  ['UDP 1400, thousand/s', 'udp1400'],
  ['ping p99, ms', 'pingP99Ms'],
];

const [path] = process.argv.slice(2);
if (path === undefined) throw new TypeError('usage: node tools/write-performance.mjs REPORT.json');
const report = JSON.parse(readFileSync(path, 'utf8'));
const page = readFileSync(PAGE, 'utf8');
writeFileSync(PAGE, replace(replace(page, 'figures', figures(report)), 'targets', targets(report)));

function figures({ machine, programs, rows }) {
  const { cpu, cores, load, node, date } = machine;
  const place = `${cpu}, ${cores} cores, ${[...Object.values(programs), `Node ${node}`].join(', ')}, ${date.slice(0, 10)}.`;
  const busy = load > 0.5 ? ` The machine was busy with other work (load ${load}): only ratios count.` : '';
  const cells = ({ name, figures: values }) => [name, ...COLUMNS.map(([, figure]) => values[figure] ?? '-')];
  const missing = rows.flatMap(({ name, problems }) => problems.map((why) => `- ${name}: ${firstLine(why)}`));
  const parts = [`${place}${busy}`, table(['', ...COLUMNS.map(([head]) => head)], rows.map(cells))];
  if (missing.length > 0) parts.push(['In some round:', '', ...missing].join('\n'));
  return parts.join('\n\n');
}

function targets({ targets: all }) {
  const verdict = (met) => (met === null ? 'not judged' : met ? 'met' : 'missed');
  return table(
    ['target', 'wanted', 'found', ''],
    all.map(({ name, wanted, value, met }) => [name, wanted, value ?? '-', verdict(met)]),
  );
}

function firstLine(text) {
  return text.split('\n')[0];
}

/** A Markdown table, columns padded as the formatter of this repository has them. */
function table(head, rows) {
  const all = [head, ...rows].map((row) => row.map(String));
  const widths = head.map((_, i) => Math.max(3, ...all.map((row) => row[i].length)));
  const line = (row) => `| ${row.map((cell, i) => cell.padEnd(widths[i])).join(' | ')} |`;
  return [line(all[0]), `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`, ...all.slice(1).map(line)].join(
    '\n',
  );
}

function replace(page, name, text) {
  const [open, close] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const [from, to] = [page.indexOf(open), page.indexOf(close)];
  if (from < 0 || to < from) throw new Error(`docs/performance.md has no markers named ${name}`);
  return `${page.slice(0, from + open.length)}\n\n${text}\n\n${page.slice(to)}`;
}
