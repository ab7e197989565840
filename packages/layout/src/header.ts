import { type Fault, CodecError, requireInteger, requireOctets, truncatedError } from '@overlane/wire';
import { drawDiagram } from './diagram.js';
import type { Field, FieldItem, FieldKind, HeaderRecord, RecordOf } from './field.js';
import { type JsonRecord, formatField } from './format.js';
import { fixedPart } from './structure.js';

/** What `decode`, `encode`, `length` and `format` can refuse. */
export type LayoutFault = Extract<Fault, 'E_FIELD_RANGE' | 'E_LAYOUT_TRUNCATED'>;

/** Where a field stands. */
export interface FieldPlace {
  /** Name in records. */
  readonly name: string;
  /** First bit, counted from the header's first bit, which is the most significant one. */
  readonly bitOffset: number;
  /** Width in bits; `undefined` for a variable tail. */
  readonly bits: number | undefined;
  /** How it is read and shown. */
  readonly kind: FieldKind;
  /** True for bits that the standard reserves. */
  readonly reserved: boolean;
}

/** Facts about a header that its fields don't say. */
export interface HeaderOptions {
  /** The figure it is transcribed from: `RFC 768`. */
  readonly reference: string;
}

/** A header described as a list of fields. It holds no data; all ranges are `bytes[offset..end)` as in wire's codecs. */
export interface Layout<Header extends HeaderRecord = HeaderRecord> {
  /** Protocol name, as in faults and dissections. */
  readonly protocol: string;
  /** The figure it is transcribed from. */
  readonly reference: string;
  /** Octets that the header at `offset` occupies, its tail included. @throws CodecError E_LAYOUT_TRUNCATED */
  length(bytes: Uint8Array, offset?: number, end?: number): number;
  /**
   * Raw wire fields in new memory, reserved ones included. Judges nothing but the length: a wrong version or checksum
   * is a value like any other. @throws CodecError E_LAYOUT_TRUNCATED
   */
  decode(bytes: Uint8Array, offset?: number, end?: number): Header;
  /**
   * The header's octets in new memory. Every field must be there and in range, whole numbers only; nothing is computed.
   * @throws CodecError E_FIELD_RANGE
   */
  encode(header: Header): Uint8Array<ArrayBuffer>;
  /** The fields in order. */
  fieldsOf(): readonly FieldPlace[];
  /** The picture that RFCs draw: 32 bits a row, bit ruler on top, no newline at the end. */
  diagram(): string;
  /**
   * The record for JSON: addresses as text, octets as hexadecimal, `hex` fields as `0x0800`, bigints as decimal text.
   * @throws CodecError E_FIELD_RANGE if a field is missing or out of range
   */
  format(header: Header): JsonRecord;
}

/**
 * Describes the header of `protocol`: its fields in the order of the standard's figure.
 * @throws TypeError if the list is no header: names twice, fields of octets inside an octet, a tail that isn't last
 */
export function header<const Items extends readonly FieldItem[]>(
  protocol: string,
  items: Items,
  options: HeaderOptions,
): Layout<RecordOf<Items>> {
  const fields: readonly Field[] = items.flat();
  const fixed = fields.filter(({ kind }) => kind !== 'rest');
  const tail = fields.find(({ kind }) => kind === 'rest');
  requireList(protocol, fields);
  const part = fixedPart(protocol, fixed);

  const readFixed = (bytes: Uint8Array, offset: number, end: number): HeaderRecord => {
    requireOctetsLeft(protocol, offset, part.length, end);
    return part.read(bytes, offset);
  };
  const tailLength = (front: HeaderRecord, offset: number, end: number): number => {
    if (tail === undefined) return 0;
    const left = end - offset - part.length;
    const length = tail.lengthOf === undefined ? left : wantedLength(protocol, tail, front);
    requireOctetsLeft(protocol, offset, part.length + length, end);
    return length;
  };

  const layout: Layout = {
    protocol,
    reference: options.reference,
    length: (bytes, offset = 0, end = bytes.length) => {
      const limit = Math.min(end, bytes.length);
      return part.length + tailLength(readFixed(bytes, offset, limit), offset, limit);
    },
    decode: (bytes, offset = 0, end = bytes.length) => {
      const limit = Math.min(end, bytes.length);
      const front = readFixed(bytes, offset, limit);
      if (tail === undefined) return front;
      const start = offset + part.length;
      const octets = new Uint8Array(bytes.subarray(start, start + tailLength(front, offset, limit)));
      return { ...front, [tail.name]: octets };
    },
    encode: (record) => {
      requireRecord(protocol, fields, record);
      const octets = tail === undefined ? new Uint8Array(0) : (record[tail.name] as Uint8Array);
      const out = new Uint8Array(part.length + octets.length);
      part.write(record, out);
      out.set(octets, part.length);
      return out;
    },
    fieldsOf: () => placesOf(fields),
    diagram: () => drawDiagram(fields),
    format: (record) => {
      requireRecord(protocol, fields, record);
      return Object.fromEntries(fields.map((field) => [field.name, formatField(field, record[field.name]!)]));
    },
  };
  // `part.read` fills in exactly the named fields, which the compiler can't follow.
  return layout as unknown as Layout<RecordOf<Items>>;
}

function requireList(protocol: string, fields: readonly Field[]): void {
  if (fields.every(({ kind }) => kind === 'rest')) throw new TypeError(`${protocol}: a header needs a fixed field`);
  if (new Set(fields.map(({ name }) => name)).size !== fields.length) {
    throw new TypeError(`${protocol}: two fields have one name`);
  }
  if (fields.slice(0, -1).some(({ kind }) => kind === 'rest')) {
    throw new TypeError(`${protocol}: the variable tail must be the last field`);
  }
}

function placesOf(fields: readonly Field[]): FieldPlace[] {
  let bitOffset = 0;
  return fields.map(({ name, kind, bits, reserved }) => {
    const place = { name, bitOffset, bits: kind === 'rest' ? undefined : bits, kind, reserved };
    bitOffset += bits;
    return place;
  });
}

function requireOctetsLeft(protocol: string, offset: number, needed: number, end: number): void {
  // Written so that NaN and fractions are refused too.
  if (!(Number.isInteger(offset) && offset >= 0 && end - offset >= needed)) {
    throw truncatedError('E_LAYOUT_TRUNCATED', protocol, offset, needed, end - offset);
  }
}

function wantedLength(protocol: string, tail: Field, front: HeaderRecord): number {
  const length = Math.max(0, tail.lengthOf!(front));
  requireInteger(protocol, `${tail.name}.length`, length, Number.MAX_SAFE_INTEGER);
  return length;
}

/** Demands every field, of its type and in its range, before an octet is written. */
function requireRecord(protocol: string, fields: readonly Field[], record: HeaderRecord): void {
  for (const field of fields) {
    const value = record[field.name];
    switch (field.kind) {
      case 'flag':
        if (typeof value !== 'boolean') throw refused(protocol, field, 'true or false', value);
        break;
      case 'u64':
        if (typeof value !== 'bigint' || value < 0n || value >> 64n !== 0n) {
          throw refused(protocol, field, 'a bigint in 0..2^64-1', value);
        }
        break;
      case 'uint':
      case 'hex':
      case 'ipv4':
        requireInteger(protocol, field.name, value as number, 2 ** field.bits - 1);
        break;
      default: {
        if (!(value instanceof Uint8Array)) throw refused(protocol, field, 'a Uint8Array', value);
        if (field.kind !== 'rest') requireOctets(protocol, field.name, value, field.bits / 8);
        else if (field.lengthOf !== undefined) {
          requireOctets(protocol, field.name, value, wantedLength(protocol, field, record));
        }
      }
    }
  }
}

function refused(protocol: string, field: Field, expected: string, value: unknown): CodecError {
  const actual = typeof value === 'object' ? 'an object' : String(value);
  const detail = { protocol, field: field.name, expected, actual };
  return new CodecError('E_FIELD_RANGE', detail, `${field.name} must be ${expected}, got ${actual}`);
}
