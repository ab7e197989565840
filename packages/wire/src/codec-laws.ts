/**
 * The laws that every codec keeps, as fast-check properties. Give them a subject, which may be *your* implementation,
 * and run each: `for (const law of codecLaws(subject)) it(law.name, () => fc.assert(law.property))`.
 */
import fc from 'fast-check';
import type { Codec } from './codec.js';
import { CodecError, type Fault } from './fault.js';

/** One law. `property` runs on its own: pass it to `fc.assert`. */
export interface Law {
  /** Same names in every codec. */
  readonly name: 'roundtrip' | 'canonical' | 'oracle' | 'total' | 'windowed' | 'setter' | 'mutation';
  /** What must hold. */
  readonly property: fc.IRawProperty<unknown, false>;
}

/** A second transcription of the header, such as a layout: raw wire fields, nothing validated but the length. */
export interface Oracle {
  /** All fields of the header at `offset`. */
  decode(bytes: Uint8Array, offset: number, end: number): Readonly<Record<string, unknown>>;
  /** The octets of these fields. */
  encode(record: Readonly<Record<string, unknown>>): Uint8Array;
}

/** A field as the data path sees it. */
export interface FieldAccess {
  /** Reads the field of the header at `offset`. */
  read(bytes: Uint8Array, offset: number): unknown;
  /** Writes it, where the data path can. */
  write?(bytes: Uint8Array, offset: number, value: number): void;
  /** Largest value, if it can be written. */
  readonly max?: number;
}

/** A codec together with what the laws need to know about it. */
export interface LawSubject<Header> {
  /** The implementation under test. */
  readonly codec: Codec<Header>;
  /** Every fault that `check` may return. */
  readonly faults: readonly Fault[];
  /** Headers that `encode` accepts. */
  readonly headers: fc.Arbitrary<Header>;
  /** Octets of a packet that passes `check` for this header: the header, and whatever its lengths promise. */
  packetOf(header: Header): Uint8Array;
  /**
   * What `encode(decode(packet))` must give for a packet that passes `check`, as new memory. Default: the octets of the
   * header as they are, which is right where no bit is reserved.
   */
  canonical?(packet: Uint8Array): Uint8Array;
  /** Fields that can be read, and perhaps written, in place; names as in the oracle. */
  readonly fields: Readonly<Record<string, FieldAccess>>;
  /** The second transcription, where there is one, and the fields of a value in its terms. */
  readonly oracle?: Oracle;
  /** The fields of a header value in the oracle's terms; needed with `oracle`. */
  toRecord?(header: Header): Readonly<Record<string, unknown>>;
}

/** Arbitrary octets around codecs: random ones, and valid packets with octets changed or the tail cut. */
export function hostileBytes<Header>(subject: LawSubject<Header>): fc.Arbitrary<Uint8Array> {
  const edits = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 3 });
  const spoiled = fc.tuple(subject.headers, edits, fc.option(fc.nat(), { freq: 2 })).map(([header, changes, cut]) => {
    const bytes = subject.packetOf(header).slice();
    for (const [at, value] of changes) if (bytes.length > 0) bytes[at % bytes.length] = value;
    return cut === null ? bytes : bytes.subarray(0, cut % (bytes.length + 1));
  });
  return fc.oneof(fc.uint8Array({ maxLength: 96 }), spoiled);
}

/** The laws of one codec, in the order of their names in {@link Law}. `oracle` is left out if the subject has none. */
export function codecLaws<Header>(subject: LawSubject<Header>): Law[] {
  const laws: Law[] = [
    { name: 'roundtrip', property: roundtrip(subject) },
    { name: 'canonical', property: canonical(subject) },
    { name: 'total', property: total(subject) },
    { name: 'windowed', property: windowed(subject) },
    { name: 'setter', property: setter(subject) },
    { name: 'mutation', property: mutation(subject) },
  ];
  if (subject.oracle) laws.push({ name: 'oracle', property: oracle(subject, subject.oracle) });
  return laws;
}

/** decode(encode(h)) equals h. */
function roundtrip<Header>(subject: LawSubject<Header>): fc.IRawProperty<unknown, false> {
  return fc.property(subject.headers, (header) => {
    requireSame(subject.codec.decode(subject.packetOf(header)), header, 'decode(encode(h)) and h');
  });
}

/** encode(decode(b)) equals b with reserved bits cleared, for all b that pass `check`. */
function canonical<Header>(subject: LawSubject<Header>): fc.IRawProperty<unknown, false> {
  const { codec } = subject;
  return fc.property(hostileBytes(subject), (bytes) => {
    if (codec.check(bytes) !== undefined) return;
    requireSame(codec.encode(codec.decode(bytes)), canonicalOf(subject, bytes), 'encode(decode(b)) and canonical b');
  });
}

/** On any octets `decode` returns or throws CodecError, `check` never throws and predicts it exactly. */
function total<Header>(subject: LawSubject<Header>): fc.IRawProperty<unknown, false> {
  const range = fc.option(fc.tuple(fc.nat({ max: 8 }), fc.nat({ max: 8 })), { freq: 2 });
  return fc.property(hostileBytes(subject), range, (bytes, cut) => {
    const offset = cut === null ? 0 : cut[0];
    const end = cut === null ? bytes.length : Math.max(0, bytes.length - cut[1]);
    const fault = subject.codec.check(bytes, offset, end);
    if (fault !== undefined && !subject.faults.includes(fault)) throw new Error(`undocumented fault ${fault}`);
    const thrown = codeThrown(() => subject.codec.decode(bytes, offset, end));
    if (thrown !== fault) throw new Error(`check says ${fault}, decode throws ${thrown}`);
  });
}

/** Same result at any offset of a larger buffer; octets outside the header are neither used nor changed. */
function windowed<Header>(subject: LawSubject<Header>): fc.IRawProperty<unknown, false> {
  const { codec } = subject;
  const padding = fc.uint8Array({ maxLength: 9 });
  return fc.property(subject.headers, padding, padding, fc.nat({ max: 255 }), (header, before, after, fill) => {
    const packet = subject.packetOf(header);
    const whole = concat(before, packet, after);
    requireSame(codec.decode(whole, before.length, before.length + packet.length), codec.decode(packet), 'windows');
    const encoded = codec.encode(header);
    const out = new Uint8Array(before.length + encoded.length + after.length).fill(fill);
    const next = codec.encodeInto(header, out, before.length);
    if (next !== before.length + encoded.length) throw new Error(`encodeInto returned ${next}`);
    const edge = (n: number): Uint8Array => new Uint8Array(n).fill(fill);
    requireSame(out, concat(edge(before.length), encoded, edge(after.length)), 'octets around encodeInto');
  });
}

/** write* then read* gives the value back and leaves the other fields and all other octets alone. */
function setter<Header>(subject: LawSubject<Header>): fc.IRawProperty<unknown, false> {
  const writable = Object.entries(subject.fields).filter(([, field]) => field.write !== undefined);
  if (writable.length === 0) return fc.property(fc.constant(undefined), () => undefined);
  return fc.property(subject.headers, fc.nat(), fc.nat(), fc.nat({ max: 9 }), (header, which, number, shift) => {
    const [name, field] = writable[which % writable.length]!;
    const value = number % (field.max! + 1);
    const packet = subject.packetOf(header);
    const bytes = concat(new Uint8Array(shift).fill(0xa5), packet, new Uint8Array(shift).fill(0x5a));
    const before = readAll(subject, bytes, shift);
    const length = subject.codec.readHeaderLength(bytes, shift);
    const outside = concat(bytes.subarray(0, shift), bytes.subarray(shift + length));
    field.write!(bytes, shift, value);
    requireSame(readAll(subject, bytes, shift), { ...before, [name]: value }, `fields after writing ${name}`);
    requireSame(concat(bytes.subarray(0, shift), bytes.subarray(shift + length)), outside, 'octets outside the header');
  });
}

/** One flipped bit, or a cut tail, gives a documented fault or another value; never the same one by mistake. */
function mutation<Header>(subject: LawSubject<Header>): fc.IRawProperty<unknown, false> {
  const { codec } = subject;
  return fc.property(subject.headers, fc.nat(), fc.boolean(), (header, where, cuts) => {
    const packet = subject.packetOf(header);
    const length = codec.readHeaderLength(packet, 0);
    const mutant = cuts ? packet.slice(0, where % length) : packet.slice();
    if (!cuts) mutant[(where >>> 3) % length]! ^= 1 << (where & 7);
    const fault = codec.check(mutant);
    if (fault !== undefined) {
      if (!subject.faults.includes(fault)) throw new Error(`undocumented fault ${fault}`);
    } else {
      const changed = !same(canonicalOf(subject, mutant), canonicalOf(subject, packet));
      if (changed === same(codec.decode(mutant), header)) throw new Error('value and octets disagree about the change');
    }
  });
}

/** Readers and `decode` agree with the oracle on all octets that are long enough, `encode` on all headers. */
function oracle<Header>(subject: LawSubject<Header>, second: Oracle): fc.IRawProperty<unknown, false> {
  const { codec } = subject;
  const toRecord = (header: Header): Readonly<Record<string, unknown>> => subject.toRecord!(header);
  return fc.property(hostileBytes(subject), subject.headers, (bytes, header) => {
    if (codec.check(bytes) === undefined) {
      const record = second.decode(bytes, 0, bytes.length);
      requireSubset(readAll(subject, bytes, 0), record, 'readers and oracle');
      requireSubset(toRecord(codec.decode(bytes)), record, 'decode and oracle');
    }
    const encoded = codec.encode(header);
    const record = second.decode(encoded, 0, encoded.length);
    requireSubset(toRecord(header), record, 'encode and oracle');
    requireSame(second.encode(record), encoded, 'encode of both');
  });
}

function canonicalOf<Header>(subject: LawSubject<Header>, packet: Uint8Array): Uint8Array {
  return subject.canonical?.(packet) ?? packet.slice(0, subject.codec.readHeaderLength(packet, 0));
}

function readAll<Header>(subject: LawSubject<Header>, bytes: Uint8Array, offset: number): Record<string, unknown> {
  return Object.fromEntries(Object.entries(subject.fields).map(([name, field]) => [name, field.read(bytes, offset)]));
}

function codeThrown(run: () => unknown): Fault | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    if (CodecError.is(error)) return error.code;
    throw error;
  }
}

function requireSame(actual: unknown, expected: unknown, what: string): void {
  if (!same(actual, expected)) throw new Error(`${what} differ: ${fc.stringify(actual)}, ${fc.stringify(expected)}`);
}

function requireSubset(
  part: Readonly<Record<string, unknown>>,
  whole: Readonly<Record<string, unknown>>,
  what: string,
): void {
  for (const [name, value] of Object.entries(part)) requireSame(value, whole[name], `${what}: ${name}`);
}

/** Deep equality of header values: numbers, octets, lists and plain records. */
function same(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (a instanceof Uint8Array !== b instanceof Uint8Array) return false;
  const names = Object.keys(a);
  if (names.length !== Object.keys(b).length) return false;
  const [left, right] = [a as Record<string, unknown>, b as Record<string, unknown>];
  return names.every((name) => same(left[name], right[name]));
}

function concat(...parts: Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
