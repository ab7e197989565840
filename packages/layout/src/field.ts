/** The words in which a header is described: one builder per kind of field, in the order of the standard's figure. */

/** What a field holds in a record, by kind. */
export interface FieldValues {
  /** Unsigned integer, up to 48 bits. */
  uint: number;
  /** The same, shown in hexadecimal. */
  hex: number;
  /** One bit. */
  flag: boolean;
  /** 64-bit unsigned integer. */
  u64: bigint;
  /** A fixed number of octets. */
  octets: Uint8Array;
  /** MAC address, 6 octets. */
  mac: Uint8Array;
  /** IPv4 address, 0..2^32-1. */
  ipv4: number;
  /** IPv6 address, 16 octets. */
  ipv6: Uint8Array;
  /** The variable tail of a header, such as options. */
  rest: Uint8Array;
}

/** How a field is read and shown. */
export type FieldKind = keyof FieldValues;

/** What a record can hold. */
export type FieldValue = FieldValues[FieldKind];

/** A decoded header: raw wire fields by name, reserved ones included. */
export type HeaderRecord = Readonly<Record<string, FieldValue>>;

/** One field of a header. Make it with a builder, not by hand. */
export interface Field<Name extends string = string, Kind extends FieldKind = FieldKind> {
  /** Name in records and JSON: lowerCamelCase of the standard's term. */
  readonly name: Name;
  /** How it is read and shown. */
  readonly kind: Kind;
  /** Width in bits; 0 for a variable tail. */
  readonly bits: number;
  /** True for bits that the standard reserves. */
  readonly reserved: boolean;
  /** Text in the diagram. */
  readonly label: string;
  /** Octets of a variable tail, from the fields in front of it; absent: all there are. */
  lengthOf?(record: HeaderRecord): number;
}

/** What `header` takes: a field, or a group such as `flags` makes. */
export type FieldItem = Field | readonly Field[];

/** The fields of an item, which is one or a group. */
export type FieldOf<Item> = Item extends readonly (infer Member)[] ? Member : Item;

/** The name of a field. */
export type NameOf<F> = F extends Field ? F['name'] : never;

/** What a field holds in a record. */
export type ValueOf<F> = F extends Field ? FieldValues[F['kind']] : never;

/** The record that a list of fields decodes to. */
export type RecordOf<Items extends readonly FieldItem[]> = {
  readonly [F in FieldOf<Items[number]> as NameOf<F>]: ValueOf<F>;
};

/** Fields that `flags` makes for a list of names. */
export type FlagField<Name extends string | undefined> =
  Field<Extract<Name, string>, 'flag'> | (undefined extends Name ? Field<`reserved${number}`, 'uint'> : never);

/** Widest integer field, in bits: what six octets hold, so that every value is an exact number. */
export const UINT_BITS_MAX = 48;

/** An unsigned integer of 1..48 bits, whole octets or not. @throws TypeError if `bits` is out of range */
export function uint<const Name extends string>(name: Name, bits: number, label?: string): Field<Name, 'uint'> {
  return field(name, 'uint', requireBits(name, bits), label);
}

/** An unsigned integer of 1..48 bits that people read in hexadecimal: types and checksums. @throws TypeError as `uint` */
export function hex<const Name extends string>(name: Name, bits: number, label?: string): Field<Name, 'hex'> {
  return field(name, 'hex', requireBits(name, bits), label);
}

/**
 * Reserved bits, 1..48. Kept in records, because a description doesn't judge them. The number that tells `reserved1` from
 * `reserved2` stays out of the diagram. @throws TypeError as `uint`
 */
export function reserved<const Name extends string>(
  name: Name,
  bits: number,
  label = titleOf(name).replace(/[0-9]+$/, ''),
): Field<Name, 'uint'> {
  return { ...field(name, 'uint', requireBits(name, bits), label), reserved: true };
}

/**
 * One bit per entry, most significant first; `undefined` is a reserved bit. A run of reserved bits is one field, named
 * after its place in the list: `flags([undefined, undefined, 'a'])` gives `reserved0` of two bits and `a`. `letters`
 * are the labels in the diagram, by place; where there is none, the name or its initials.
 */
export function flags<const Names extends readonly (string | undefined)[]>(
  names: Names,
  letters: readonly (string | undefined)[] = [],
): readonly FlagField<Names[number]>[] {
  const fields: Field[] = [];
  for (let i = 0; i < names.length;) {
    const name = names[i];
    let next = i + 1;
    if (name === undefined) while (next < names.length && names[next] === undefined) next++;
    fields.push(name === undefined ? reserved(`reserved${i}`, next - i) : field(name, 'flag', 1, letters[i]));
    i = next;
  }
  // The loop makes exactly the fields of the type, which the compiler can't follow.
  return fields as FlagField<Names[number]>[];
}

/** A 64-bit unsigned integer, as bigint. */
export function u64<const Name extends string>(name: Name, label?: string): Field<Name, 'u64'> {
  return field(name, 'u64', 64, label);
}

/** `count` octets, 1 or more. @throws TypeError if `count` is not */
export function octets<const Name extends string>(name: Name, count: number, label?: string): Field<Name, 'octets'> {
  if (!Number.isInteger(count) || count < 1) throw new TypeError(`${name}: ${count} is not a number of octets`);
  return field(name, 'octets', count * 8, label);
}

/** A MAC address. */
export function mac<const Name extends string>(name: Name, label?: string): Field<Name, 'mac'> {
  return field(name, 'mac', 48, label);
}

/** An IPv4 address. */
export function ipv4<const Name extends string>(name: Name, label?: string): Field<Name, 'ipv4'> {
  return field(name, 'ipv4', 32, label);
}

/** An IPv6 address. */
export function ipv6<const Name extends string>(name: Name, label?: string): Field<Name, 'ipv6'> {
  return field(name, 'ipv6', 128, label);
}

/**
 * The variable tail, last in the list. `lengthOf` gives its octets from the fields in front (below 0 counts as 0):
 * `rest('options', ({ ihl }: { ihl: number }) => 4 * ihl - 20)`. Without it the tail is all that is left.
 */
export function rest<const Name extends string, Front extends HeaderRecord>(
  name: Name,
  lengthOf?: (front: Front) => number,
  label?: string,
): Field<Name, 'rest'> {
  const tail = field(name, 'rest', 0, label);
  return lengthOf === undefined ? tail : { ...tail, lengthOf };
}

function field<Name extends string, Kind extends FieldKind>(
  name: Name,
  kind: Kind,
  bits: number,
  label = titleOf(name),
): Field<Name, Kind> {
  if (!/^[a-z][A-Za-z0-9]*$/.test(name)) throw new TypeError(`'${name}' is not a lowerCamelCase name`);
  return { name, kind, bits, reserved: false, label };
}

function requireBits(name: string, bits: number): number {
  if (!Number.isInteger(bits) || bits < 1 || bits > UINT_BITS_MAX) {
    throw new TypeError(`${name}: ${bits} is not a width in 1..${UINT_BITS_MAX} bits`);
  }
  return bits;
}

/** `totalLength` as `Total Length`. */
function titleOf(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter}`).replace(/^./, (letter) => letter.toUpperCase());
}
