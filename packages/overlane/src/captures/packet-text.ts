/** A dissected packet as people read it: one summary line, then its layers and their fields. */
import type { CapturedPacket } from '@overlane/capture';
import type { DissectedLayer, Dissection } from '@overlane/layout';
import type { PacketReport, ReassembledFrame } from './dissect-capture.js';
import { nameLinkType } from './link-layer.js';

const NS_PER_SECOND = 1_000_000_000n;
/** Range of Date, in seconds either side of 1970. */
const DATE_SECONDS_MAX = 8_640_000_000_000n;
/** Octets of a long value that stand on a line, such as options. */
const VALUE_LENGTH_MAX = 64;
/** Numbers of packets that stand on a line. */
const PACKETS_SHOWN_MAX = 8;

/** The lines for one packet, the last one ended. */
export function formatPacketText(report: PacketReport, { timestampNs, linkType }: CapturedPacket): string {
  const { packet, length, capturedLength, layers, fault, reassembled } = report;
  const stack = layers.map(({ protocol }) => protocol).join('/');
  const summary = [
    `#${packet}`.padEnd(5),
    timestampNs === undefined ? 'no time' : formatTime(timestampNs),
    `${`${length}`.padStart(5)} octets${capturedLength === undefined ? '' : ` (${capturedLength} captured)`}`,
    stack === '' ? `link type ${nameLinkType(linkType)}` : stack,
    ...listAddresses(layers),
  ].join('  ');
  const marked = fault === undefined ? summary : `${summary}  ! ${fault}`;
  const frame = reassembled === undefined ? [] : formatFrame(reassembled);
  return `${[marked, ...layers.flatMap(formatLayer), ...formatFault(report), ...frame].join('\n')}\n\n`;
}

/** `2023-11-14 22:13:20.000001`, UTC, with nanoseconds if there are any; plain seconds beyond the calendar. */
export function formatTime(timestampNs: bigint): string {
  const remainder = timestampNs % NS_PER_SECOND;
  const fractionNs = remainder < 0n ? remainder + NS_PER_SECOND : remainder;
  const seconds = (timestampNs - fractionNs) / NS_PER_SECOND;
  const digits = fractionNs.toString().padStart(9, '0');
  const fraction = digits.endsWith('000') ? digits.slice(0, 6) : digits;
  if (seconds > DATE_SECONDS_MAX || seconds < -DATE_SECONDS_MAX) return `${seconds}.${fraction} s`;
  const date = new Date(Number(seconds) * 1000).toISOString().replace('T', ' ').replace('.000Z', '');
  return `${date}.${fraction}`;
}

/** `source > destination` of each IP header, outermost first; of the first Ethernet or ARP header if there is none. */
function listAddresses(layers: readonly DissectedLayer[]): string[] {
  const ip = layers.filter(({ protocol }) => protocol === 'ipv4' || protocol === 'ipv6');
  const shown = ip.length > 0 ? ip : layers.filter(({ protocol }) => protocol === 'ethernet').slice(0, 1);
  const pairs = shown.map(({ fields }) => `${String(fields['source'])} > ${String(fields['destination'])}`);
  return pairs.length === 0 ? [] : [pairs.join(', ')];
}

/** A frame that the packet has completed, below the packet's own layers and further in. */
function formatFrame(frame: ReassembledFrame): string[] {
  const { packets, length, layers } = frame;
  const stack = layers.map(({ protocol }) => protocol).join('/');
  const summary = [`reassembled from ${listNumbers(packets)}`, `${length} octets`, stack, ...listAddresses(layers)];
  const lines = [...layers.flatMap(formatLayer), ...formatFault(frame)];
  return [`  ${summary.join('  ')}`, ...lines.map((line) => `  ${line}`)];
}

/** `#1, #2, #3`; of many the first and the last ones. */
function listNumbers(packets: readonly number[]): string {
  const names = packets.map((packet) => `#${packet}`);
  if (names.length <= PACKETS_SHOWN_MAX) return names.join(', ');
  const half = PACKETS_SHOWN_MAX / 2;
  return `${names.length} packets ${[...names.slice(0, half), '...', ...names.slice(-half)].join(', ')}`;
}

function formatLayer({ protocol, offset, length, fields }: DissectedLayer): string[] {
  const entries = Object.entries(fields);
  const width = Math.max(0, ...entries.map(([name]) => name.length));
  return [
    `  ${protocol}  at ${offset}, ${length} octets`,
    ...entries.map(([name, value]) => `    ${name.padEnd(width)}  ${formatValue(value)}`),
  ];
}

function formatValue(value: string | number | boolean): string {
  const text = String(value);
  if (text.length <= VALUE_LENGTH_MAX) return text === '' ? '-' : text;
  return `${text.slice(0, VALUE_LENGTH_MAX)}... (${text.length / 2} octets)`;
}

function formatFault({ layers, fault }: Dissection): string[] {
  if (fault === undefined) return [];
  const last = layers.at(-1);
  return [`  ! ${fault}${last === undefined ? '' : `, in or behind ${last.protocol}`}`];
}
