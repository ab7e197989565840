/** A dissected packet as people read it: one summary line, then its layers and their fields. */
import type { CapturedPacket } from '@overlane/capture';
import type { DissectedLayer } from '@overlane/layout';
import type { PacketReport } from './dissect-capture.js';
import { nameLinkType } from './link-layer.js';

const NS_PER_SECOND = 1_000_000_000n;
/** Range of Date, in seconds either side of 1970. */
const DATE_SECONDS_MAX = 8_640_000_000_000n;
/** Octets of a long value that stand on a line, such as options. */
const VALUE_LENGTH_MAX = 64;

/** The lines for one packet, the last one ended. */
export function formatPacketText(report: PacketReport, { timestampNs, linkType }: CapturedPacket): string {
  const { packet, length, capturedLength, layers, fault } = report;
  const stack = layers.map(({ protocol }) => protocol).join('/');
  const summary = [
    `#${packet}`.padEnd(5),
    timestampNs === undefined ? 'no time' : formatTime(timestampNs),
    `${`${length}`.padStart(5)} octets${capturedLength === undefined ? '' : ` (${capturedLength} captured)`}`,
    stack === '' ? `link type ${nameLinkType(linkType)}` : stack,
    ...listAddresses(layers),
  ].join('  ');
  const marked = fault === undefined ? summary : `${summary}  ! ${fault}`;
  return `${[marked, ...layers.flatMap(formatLayer), ...formatFault(report)].join('\n')}\n\n`;
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

function formatFault({ layers, fault }: PacketReport): string[] {
  if (fault === undefined) return [];
  const last = layers.at(-1);
  return [`  ! ${fault}${last === undefined ? '' : `, in or behind ${last.protocol}`}`];
}
