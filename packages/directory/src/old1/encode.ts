import { requireInteger, requireOctets, requireRoom } from '@overlane/wire';
import type { Locator, MappingKey } from '../model.js';
import { type Old1Fault, refused } from './faults.js';
import { ADDRESS_LENGTH } from './octets.js';

/** What `encodeInto` of a record is made of. */
export interface RecordWriter<Value> {
  /** Protocol name, for errors. */
  readonly PROTOCOL: string;
  /** Why the octets can't be such a record. */
  check(bytes: Uint8Array, offset?: number, end?: number): Old1Fault | undefined;
  /** Octets that the value will take. */
  lengthOf(value: Value): number;
  /** Throws unless every field fits its place on the wire. */
  requireRanges(value: Value): void;
  /** Writes all octets of a value whose ranges are good. */
  write(value: Value, out: Uint8Array, offset: number): void;
}

/**
 * Writes a value, and returns its octets only if `check` takes them: one set of rules for both directions. Allocates; the
 * data path has writers of its own.
 */
export function encodeRecord<Value>(writer: RecordWriter<Value>, value: Value): Uint8Array<ArrayBuffer> {
  writer.requireRanges(value);
  const octets = new Uint8Array(writer.lengthOf(value));
  writer.write(value, octets, 0);
  const fault = writer.check(octets);
  if (fault !== undefined) throw refused(fault, writer.PROTOCOL, 0, octets.length, octets.length);
  return octets;
}

/** The same into `out`, which a refused value leaves untouched; returns the offset behind it. */
export function encodeRecordInto<Value>(
  writer: RecordWriter<Value>,
  value: Value,
  out: Uint8Array,
  offset: number,
): number {
  const octets = encodeRecord(writer, value);
  requireRoom(writer.PROTOCOL, out, offset, octets.length);
  out.set(octets, offset);
  return offset + octets.length;
}

/** Throws unless `key` fits its fields. @throws CodecError E_FIELD_RANGE */
export function requireKey(protocol: string, key: MappingKey): void {
  requireInteger(protocol, 'tenant', key.tenant, 0xffff_ffff);
  requireInteger(protocol, 'kind', key.kind, 255);
  requireOctets(protocol, 'addr', key.addr, ADDRESS_LENGTH);
}

/** Throws unless `value` is an integer in 0..2^53-1. @throws CodecError E_FIELD_RANGE */
export function requireUint53(protocol: string, field: string, value: number): void {
  requireInteger(protocol, field, value, Number.MAX_SAFE_INTEGER);
}

/** Throws unless each locator fits its fields, and their number an octet. @throws CodecError E_FIELD_RANGE */
export function requireLocators(protocol: string, locators: readonly Locator[]): void {
  requireInteger(protocol, 'n', locators.length, 255);
  for (const locator of locators) requireLocator(protocol, locator);
}

/** Throws unless `locator` fits its fields. @throws CodecError E_FIELD_RANGE */
export function requireLocator(protocol: string, locator: Locator): void {
  requireInteger(protocol, 'kind', locator.kind, 255);
  requireInteger(protocol, 'encap', locator.encap, 255);
  requireInteger(protocol, 'port', locator.port, 0xffff);
  requireInteger(protocol, 'label', locator.label, 0xffff_ffff);
  requireOctets(protocol, 'addr', locator.addr, ADDRESS_LENGTH);
}
