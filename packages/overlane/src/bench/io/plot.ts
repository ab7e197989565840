/** A bar chart of the report, as SVG. */
import { UsageError } from '../../exit.js';
import type { IoReport, IoRow } from './io-figures.js';

type ECharts = Pick<typeof import('echarts'), 'init'>;

/** Not a dependency of the package: only who draws needs it. */
const LIBRARY = 'echarts';
const WIDTH = 900;
const ROW_HEIGHT = 26;
const MARGIN_HEIGHT = 90;
const LABEL_WIDTH = 220;
const COLORS: Readonly<Record<IoRow['kind'], string>> = {
  overlane: '#2f6fb0',
  kernel: '#8a8f98',
  'Open vSwitch': '#c98a2b',
};

/** Loads what draws. @throws UsageError if it is not installed */
export async function loadPlotter(): Promise<ECharts> {
  try {
    return (await import(LIBRARY)) as ECharts;
  } catch {
    throw new UsageError(`--plot needs the npm package ${LIBRARY}: npm install ${LIBRARY}`);
  }
}

/** TCP throughput of all rows that have it, the first at the top. */
export function drawPlot({ init }: ECharts, { rows, machine }: IoReport): string {
  const shown = rows.filter(({ figures }) => figures.gigabits !== undefined).reverse();
  const height = shown.length * ROW_HEIGHT + MARGIN_HEIGHT;
  const chart = init(null, null, { renderer: 'svg', ssr: true, width: WIDTH, height });
  chart.setOption({
    animation: false,
    backgroundColor: '#ffffff',
    title: {
      text: 'One TCP stream, Gbit/s',
      subtext: `${machine.cpu}, ${machine.cores} cores, load ${machine.load}, ${machine.date.slice(0, 10)}`,
      left: 10,
    },
    grid: { left: LABEL_WIDTH, right: 60, top: 60, bottom: 30 },
    xAxis: { type: 'value' },
    yAxis: { type: 'category', data: shown.map(({ name }) => name) },
    series: [
      {
        type: 'bar',
        label: { show: true, position: 'right' },
        data: shown.map(({ figures, kind }) => ({ value: figures.gigabits!, itemStyle: { color: COLORS[kind] } })),
      },
    ],
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return svg;
}
