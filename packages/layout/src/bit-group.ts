/**
 * Fields narrower than an octet, through `bitwise`. Only its octet functions are used: `buffer.modify` does nothing to
 * a plain `Uint8Array`, `buffer.create` needs Node's global, and `buffer.readUInt` is wrong beyond 32 bits.
 */
import bitwise from 'bitwise';
import type { Field } from './field.js';

type OctetValue = Parameters<typeof bitwise.byte.read>[0];
type OctetBits = Parameters<typeof bitwise.byte.write>[0];

/** Values of a run of fields that share octets. */
export type BitRecord = Record<string, number | boolean>;

/** Reads `fields`, which fill whole octets, at `bytes[offset..]`. Precondition: the octets are there. */
export function readBitGroup(fields: readonly Field[], bytes: Uint8Array, offset: number): BitRecord {
  const bits: number[] = [];
  for (let i = 0; i < octetsOf(fields); i++) bits.push(...bitwise.byte.read(bytes[offset + i]! as OctetValue));
  const record: BitRecord = {};
  let at = 0;
  for (const { name, kind, bits: width } of fields) {
    // Not by shifts, which end at 32 bits.
    const value = bits.slice(at, at + width).reduce((sum, bit) => sum * 2 + bit, 0);
    record[name] = kind === 'flag' ? value === 1 : value;
    at += width;
  }
  return record;
}

/** Writes `fields` from `record`, all bits of all their octets. Precondition: every value is in range. */
export function writeBitGroup(fields: readonly Field[], record: BitRecord, out: Uint8Array, offset: number): void {
  const bits: number[] = [];
  for (const { name, bits: width } of fields) {
    const value = Number(record[name]);
    for (let i = width - 1; i >= 0; i--) bits.push(Math.floor(value / 2 ** i) % 2);
  }
  for (let i = 0; i < bits.length / 8; i++) {
    out[offset + i] = bitwise.byte.write(bits.slice(i * 8, i * 8 + 8) as OctetBits);
  }
}

/** Octets that `fields` fill together. */
export function octetsOf(fields: readonly Field[]): number {
  return fields.reduce((sum, { bits }) => sum + bits, 0) / 8;
}
