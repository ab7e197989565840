/** What the project promises about packets on real interfaces, judged by the figures of one run. */
import type { Target } from '../figures.js';
import { type FigureName, type IoRow, ratio } from './io-figures.js';

interface RatioTarget {
  readonly what: string;
  readonly figure: FigureName;
  readonly above: string;
  readonly below: string;
  readonly least?: number;
  readonly most?: number;
}

const STT = 'stt, offload on';
const PLAIN = 'no encapsulation, offload on';
const KERNEL = 'kernel vxlan, offload on';
const OPEN_VSWITCH = 'Open vSwitch vxlan';
/** Collections are judged by no fewer packets. */
const PACKETS_MIN = 1e6;

const UDP_TUNNELS = ['vxlan', 'geneve'];
const TARGETS: readonly RatioTarget[] = [
  { what: 'TCP', figure: 'gigabits', above: STT, below: PLAIN, least: 0.8 },
  { what: 'TCP', figure: 'gigabits', above: STT, below: 'gre, offload off', least: 3.9 },
  { what: 'TCP', figure: 'gigabits', above: STT, below: KERNEL, least: 1 },
  ...UDP_TUNNELS.flatMap((name): RatioTarget[] => {
    const against = { above: `${name}, MTU-size frames`, below: OPEN_VSWITCH };
    return [
      { what: 'TCP', figure: 'gigabits', ...against, least: 2 },
      { what: 'packets of 1,400 octets delivered', figure: 'udp1400', ...against, least: 2 },
      { what: 'packets of 64 octets delivered', figure: 'udp64', ...against, least: 1.5 },
      { what: 'p99 of ping under load', figure: 'pingP99Ms', ...against, most: 1 },
      { what: 'TCP', figure: 'gigabits', above: `${name}, offload on`, below: KERNEL, least: 0.7 },
      { what: 'TCP', figure: 'gigabits', above: `${name}, tun underlay`, below: KERNEL, least: 0.7 },
    ];
  }),
];

/** The promises, judged as far as the rows allow. */
export function judgeIo(rows: readonly IoRow[]): Target[] {
  return [...TARGETS.map((target) => judgeRatio(rows, target)), judgeCollections(rows)];
}

function judgeRatio(rows: readonly IoRow[], { what, figure, above, below, least, most }: RatioTarget): Target {
  const value = ratio(rows, figure, above, below);
  const met = value === null ? null : value >= (least ?? 0) && value <= (most ?? Infinity);
  const wanted = least === undefined ? `<= ${most}` : `>= ${least}`;
  return { name: `${what}, ${above} / ${below}`, met, value, wanted };
}

/** Over all rows of ours, because each alone has too few packets. */
function judgeCollections(rows: readonly IoRow[]): Target {
  const sum = (figure: FigureName): number => rows.reduce((all, { figures }) => all + (figures[figure] ?? 0), 0);
  const packets = sum('packets');
  const enough = packets >= PACKETS_MIN;
  const value = enough ? Number((sum('collections') / (packets / 1e6)).toPrecision(3)) : null;
  return {
    name: 'garbage collections in a million forwarded packets, all rows of ours',
    met: value === null ? null : value === 0,
    value,
    wanted: '0',
  };
}
