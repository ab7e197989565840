/** What is promised about NetLord: the paper's arithmetic of broadcasts and memory, and a cost that ping does not show. */
import type { SuiteFigures, Target } from './figures.js';

/** One per cent of 10 Gb/s in frames of 608 bit times (NetLord §4.2). */
const HERE_PER_SECOND = 164_000;
const TABLE_MIB = 64;
/** Time from server to server, in nanoseconds; a round trip has two of them and the paper's ping tells microseconds apart. */
const PACKET_NS = 1000;

/** The promises, judged by the figures of a run. */
export function judgeNetlord({ name, results, figures = [] }: SuiteFigures): Target[] {
  const nsOf = (row: string): number | undefined => results.find((each) => each.name === row)?.nsPerOp;
  const packetNs = nsOf('encapsulate and decapsulate');
  const hereNs = nsOf('NL-ARP store HERE');
  const tableMib = figures.find((each) => each.name === 'NL-ARP table of a million NICs')?.value;
  return [
    atMost(`${name}: encapsulate and decapsulate, ns per packet`, packetNs, PACKET_NS),
    atLeast(
      `${name}: HERE decoded and stored per second`,
      hereNs === undefined ? undefined : Math.round(1e9 / hereNs),
      HERE_PER_SECOND,
    ),
    atMost(`${name}: NL-ARP table of a million NICs, MiB`, tableMib, TABLE_MIB),
  ];
}

function atMost(name: string, value: number | undefined, most: number): Target {
  return { name, met: value === undefined ? null : value <= most, value: value ?? null, wanted: `<= ${most}` };
}

function atLeast(name: string, value: number | undefined, least: number): Target {
  return { name, met: value === undefined ? null : value >= least, value: value ?? null, wanted: `>= ${least}` };
}
