/** One field's value as text, both ways. */
import { formatIpv4, formatIpv6, formatMac, parseIpv4, parseIpv6, parseMac } from '@overlane/wire';
import { ClassifierError } from '../errors.js';
import { type Field, type NamedValue, maxOfWide } from '../schema/field.js';

/** What a match asks of one field: some bits, or a range. */
export interface FieldConstraint {
  /** The bits asked for. */
  readonly value: bigint;
  /** Which bits count. */
  readonly mask: bigint;
  /** A range instead; `value` and `mask` are 0. */
  readonly range?: { readonly lo: number; readonly hi: number };
  /** The family that an address was written in. */
  readonly family?: 4 | 6;
}

/** As long as a number of 128 bits can be. */
const NUMBER = /^(?:[0-9]{1,39}|0x[0-9a-f]{1,32})$/i;
const SIGNED_FLAGS = /^(?:[+-][a-z0-9]+)+$/;
const EXACT_FLAGS = /^[a-z][a-z0-9]*(?:\|[a-z0-9]+)*$/;

/**
 * Reads `80`, `0x50/0xff0`, `80..443`, `10.0.0.0/8`, `2001:db8::/ffff::`, `02:00:00:00:00:00/ff:ff:ff:00:00:00`,
 * `+syn-ack` (these two, the others may be
 * anything), `syn|ack` (these and no others), or a name of the field's. @throws ClassifierError E_BAD_TEXT
 */
export function parseConstraint(field: Field, text: string): FieldConstraint {
  const named = Object.hasOwn(field.names ?? {}, text) ? field.names?.[text] : undefined;
  if (named !== undefined) return { value: BigInt(named.value), mask: maskOf(field, named) };
  if (field.format === 'flags' && SIGNED_FLAGS.test(text)) return parseFlags(field, text);
  if (field.format === 'flags' && EXACT_FLAGS.test(text)) {
    return { value: parseFlags(field, `+${text.replaceAll('|', '+')}`).value, mask: maxOfWide(field) };
  }
  const range = text.split('..');
  if (range.length === 2) {
    const [lo, hi] = range.map((end) => Number(parseValue(field, end)));
    return { value: 0n, mask: 0n, range: { lo: lo!, hi: hi! } };
  }
  const [valueText, maskText, ...rest] = text.split('/');
  if (rest.length > 0) throw badText(field, text);
  const family = field.format !== 'ip' ? {} : { family: valueText!.includes(':') ? (6 as const) : (4 as const) };
  const value = parseValue(field, valueText!);
  const mask = maskText === undefined ? allBits(field, family.family) : parseMask(field, maskText, family.family);
  return { value, mask, ...family };
}

/** The bits of an address of that family, or of the whole field. */
export function allBits(field: Field, family: 4 | 6 | undefined): bigint {
  return field.format === 'ip' && family === 4 ? 0xffff_ffffn : maxOfWide(field);
}

/** The text of a value: the shortest form that {@link parseConstraint} reads back. `family` is for addresses. */
export function formatValue(field: Field, value: bigint, family: 4 | 6): string {
  switch (field.format) {
    case 'ip':
      return family === 4 ? formatIpv4(Number(value)) : formatIpv6(octetsOf(value, 16));
    case 'mac':
      return formatMac(octetsOf(value, 6));
    case 'decimal':
      return value.toString();
    default:
      return `0x${value.toString(16)}`;
  }
}

/** The text of some bits, or of a prefix, or of a block that is a range: `10.0.0.0/8`, `0x50/0xf0`, `1024..2047`. */
export function formatConstraint(field: Field, value: bigint, mask: bigint, family: 4 | 6): string {
  const name = nameOf(field, value, mask);
  if (name !== undefined) return name;
  if (field.format === 'flags') return formatFlags(field, value, mask);
  const all = allBits(field, family);
  const text = formatValue(field, value, family);
  if (mask === all) return text;
  const free = all & ~mask;
  const isPrefix = (free & (free + 1n)) === 0n && mask !== 0n;
  if (isPrefix && field.format === 'ip') return `${text}/${mask.toString(2).replaceAll('0', '').length}`;
  if (isPrefix && field.format === 'decimal' && field.width <= 16) return `${value}..${value | free}`;
  return `${text}/${formatValue(field.format === 'decimal' ? { ...field, format: 'hexadecimal' } : field, mask, family)}`;
}

/** The value of `octets`, most significant first. */
export function valueOfOctets(octets: Uint8Array): bigint {
  let value = 0n;
  for (const octet of octets) value = (value << 8n) | BigInt(octet);
  return value;
}

function parseValue(field: Field, text: string): bigint {
  try {
    if (field.format === 'mac' && /[:-]/.test(text)) return valueOfOctets(parseMac(text));
    if (field.format === 'ip' && text.includes(':')) return valueOfOctets(parseIpv6(text));
    if (field.format === 'ip' && text.includes('.')) return BigInt(parseIpv4(text));
  } catch {
    throw badText(field, text);
  }
  if (!NUMBER.test(text)) throw badText(field, text);
  return BigInt(text);
}

/** A mask is a prefix length behind an address, else bits. */
function parseMask(field: Field, text: string, family: 4 | 6 | undefined): bigint {
  if (field.format !== 'ip' || !/^[0-9]+$/.test(text)) return parseValue(field, text);
  const width = family === 4 ? 32 : field.width;
  const length = Number(text);
  if (length > width) throw badText(field, `/${text}`);
  return ((1n << BigInt(length)) - 1n) << BigInt(width - length);
}

function parseFlags(field: Field, text: string): FieldConstraint {
  let value = 0n;
  let mask = 0n;
  for (const [, sign, name] of text.matchAll(/([+-])([a-z0-9]+)/g)) {
    const index = field.flags?.indexOf(name!) ?? -1;
    const bit = index >= 0 ? index : /^[0-9]+$/.test(name!) ? Number(name) : -1;
    if (bit < 0 || bit >= field.width) throw badText(field, text);
    // Said twice, and not the same: there is no telling what was meant.
    if ((mask & (1n << BigInt(bit))) !== 0n) throw badText(field, text);
    mask |= 1n << BigInt(bit);
    if (sign === '+') value |= 1n << BigInt(bit);
  }
  return { value, mask };
}

function formatFlags(field: Field, value: bigint, mask: bigint): string {
  const names = Array.from({ length: field.width }, (_, bit) => field.flags?.[bit] ?? `${bit}`);
  const has = (bits: bigint, bit: number): boolean => ((bits >> BigInt(bit)) & 1n) !== 0n;
  if (mask !== maxOfWide(field)) {
    return names.map((name, bit) => (has(mask, bit) ? `${has(value, bit) ? '+' : '-'}${name}` : '')).join('');
  }
  const set = names.filter((_, bit) => has(value, bit));
  // A list that began with the number of a bit would read as a number.
  return /^[a-z]/.test(set[0] ?? '') ? set.join('|') : `0x${value.toString(16)}`;
}

function nameOf(field: Field, value: bigint, mask: bigint): string | undefined {
  const found = Object.entries(field.names ?? {}).find(
    ([, named]) => BigInt(named.value) === value && maskOf(field, named) === mask,
  );
  return found?.[0];
}

function maskOf(field: Field, named: NamedValue): bigint {
  return named.mask === undefined ? maxOfWide(field) : BigInt(named.mask);
}

function octetsOf(value: bigint, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => Number((value >> BigInt(8 * (length - 1 - i))) & 255n));
}

function badText(field: Field, text: string): ClassifierError {
  const forms = {
    ip: `an address such as ${field.width === 32 ? '10.0.0.0/8' : '10.0.0.0/8 or 2001:db8::/32'}`,
    mac: 'a MAC address such as 02:00:00:00:00:01, with a mask of the same form',
    decimal: field.width <= 16 ? 'a number, number/mask or low..high' : 'a number or number/mask',
    hexadecimal: 'a number or number/mask',
    flags: `flags such as +${field.flags?.[0] ?? 0}, of ${field.flags?.join(', ')}, or a number`,
  };
  const names = field.names === undefined ? '' : `, or ${Object.keys(field.names).join(', ')}`;
  return new ClassifierError('E_BAD_TEXT', field.name, `expected ${forms[field.format]}${names}, got '${text}'`);
}
