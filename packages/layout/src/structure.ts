/**
 * The fixed part of a header as a `@solana/buffer-layout` structure. The library skips missing members, keeps old
 * octets, rounds fractions and throws what it likes; so callers check the record first and hand over a zeroed target.
 */
import { Layout as BufferLayout, type Structure, UIntBE, blob, struct } from '@solana/buffer-layout';
import { octetsOf, readBitGroup, writeBitGroup, type BitRecord } from './bit-group.js';
import type { Field, FieldValue, HeaderRecord } from './field.js';

/** Reads and writes the fixed fields of one header. */
export interface FixedPart {
  /** Octets. */
  readonly length: number;
  /** Reads all fields. Precondition: the octets are there. Owns the memory of what it returns. */
  read(bytes: Uint8Array, offset: number): Record<string, FieldValue>;
  /** Writes all fields to a zeroed `out`. Precondition: every value is in range. */
  write(record: HeaderRecord, out: Uint8Array): void;
}

type Member = FieldValue | BitRecord;

/** Joins `fields` to octets. @throws TypeError if a field of octets, or the whole, is not aligned to octets */
export function fixedPart(protocol: string, fields: readonly Field[]): FixedPart {
  const groups = groupByOctets(protocol, fields);
  const structure: Structure<Record<string, Member>> = struct(groups.map(memberOf));
  return {
    length: structure.span,
    read: (bytes, offset) => {
      const members = structure.decode(bytes, offset);
      const record: Record<string, FieldValue> = {};
      groups.forEach((group, i) => {
        const member = members[keyOf(group, i)]!;
        if (group.length > 1) Object.assign(record, member);
        // The library's Buffer is a window on the caller's memory.
        else record[group[0]!.name] = member instanceof Uint8Array ? new Uint8Array(member) : (member as FieldValue);
      });
      return record;
    },
    write: (record, out) => {
      const members: Record<string, Member> = {};
      groups.forEach((group, i) => {
        members[keyOf(group, i)] = group.length > 1 ? (record as BitRecord) : record[group[0]!.name]!;
      });
      structure.encode(members, out, 0);
    },
  };
}

/** One group per aligned field, one per run of fields that share octets. */
function groupByOctets(protocol: string, fields: readonly Field[]): Field[][] {
  const groups: Field[][] = [];
  let open: Field[] = [];
  for (const field of fields) {
    open.push(field);
    if (open.length > 1 && !isInteger(field)) throw new TypeError(`${protocol}: ${field.name} starts inside an octet`);
    if (Number.isInteger(octetsOf(open))) {
      groups.push(open);
      open = [];
    }
  }
  if (open.length > 0) throw new TypeError(`${protocol}: the fields end inside an octet`);
  return groups;
}

function isInteger(field: Field): boolean {
  return field.kind === 'uint' || field.kind === 'hex' || field.kind === 'flag' || field.kind === 'ipv4';
}

/** Key of a group in the library's structure; `#` can't stand in a field name. */
function keyOf(group: readonly Field[], index: number): string {
  return group.length > 1 ? `#${index}` : group[0]!.name;
}

function memberOf(group: readonly Field[], index: number): BufferLayout<Member> {
  const key = keyOf(group, index);
  const length = octetsOf(group);
  if (group.length > 1) return new BitGroup(group, length, key) as BufferLayout<Member>;
  const [field] = group;
  if (field!.kind === 'u64') return new Uint64(key) as BufferLayout<Member>;
  return (isInteger(field!) ? new UIntBE(length, key) : blob(length, key)) as BufferLayout<Member>;
}

/** The library's own bit structure ends at 32 bits and rewrites only the bits given. */
class BitGroup extends BufferLayout<BitRecord> {
  readonly #fields: readonly Field[];

  constructor(fields: readonly Field[], length: number, key: string) {
    super(length, key);
    this.#fields = fields;
  }

  override decode(bytes: Uint8Array, offset = 0): BitRecord {
    return readBitGroup(this.#fields, bytes, offset);
  }

  override encode(record: BitRecord, out: Uint8Array, offset = 0): number {
    writeBitGroup(this.#fields, record, out, offset);
    return this.span;
  }
}

/** The library's `nu64be` loses precision above 2^53. */
class Uint64 extends BufferLayout<bigint> {
  readonly #half = new UIntBE(4);

  constructor(key: string) {
    super(8, key);
  }

  override decode(bytes: Uint8Array, offset = 0): bigint {
    return (BigInt(this.#half.decode(bytes, offset)) << 32n) | BigInt(this.#half.decode(bytes, offset + 4));
  }

  override encode(value: bigint, out: Uint8Array, offset = 0): number {
    this.#half.encode(Number(value >> 32n), out, offset);
    this.#half.encode(Number(value & 0xffff_ffffn), out, offset + 4);
    return this.span;
  }
}
