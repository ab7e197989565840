import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  ClassifierError,
  FLOW_FIELD_NAMES,
  FLOW_SCHEMA,
  type Field,
  FlowMask,
  Schema,
  type SchemaDescription,
  describeSchema,
  maxOfWide,
  readField,
  readWideField,
  wordsOf,
  writeField,
  writeWideField,
} from '../src/index.js';
import { TOY_SCHEMA } from './toy-schema.js';

const field = (more: Partial<Field> = {}): Field => ({
  name: 'a',
  offset: 0,
  width: 8,
  maskable: true,
  format: 'decimal',
  meaning: 'something',
  ...more,
});
const description = (fields: readonly Field[], more: Partial<SchemaDescription> = {}): SchemaDescription => ({
  fields,
  words: 4,
  stageEnds: [2, 4],
  closure: [],
  ...more,
});

describe('a field', () => {
  const places = fc
    .record({ width: fc.integer({ min: 1, max: 128 }), at: fc.nat() })
    .map(({ width, at }) => ({ width, offset: at % (129 - width) }))
    .filter(({ width, offset }) => width > 32 || offset >>> 5 === (offset + width - 1) >>> 5);

  it('reads back what was written, and leaves the other bits alone', () => {
    fc.assert(
      fc.property(
        places,
        fc.bigInt({ min: 0n, max: 2n ** 128n - 1n }),
        fc.array(fc.integer(), { minLength: 4, maxLength: 4 }),
        (place, value, list) => {
          const one = field(place);
          const words = Int32Array.from(list);
          const before = bitText(words);
          const wanted = value & maxOfWide(one);
          writeWideField(words, one, value);
          const after = bitText(words);
          const inside = after.slice(one.offset, one.offset + one.width);
          const isKept =
            before.slice(0, one.offset) === after.slice(0, one.offset) &&
            before.slice(one.offset + one.width) === after.slice(one.offset + one.width);
          return isKept && BigInt(`0b${inside}`) === wanted && readWideField(words, one) === wanted;
        },
      ),
    );
  });

  it('of at most 32 bits reads and writes as the wide one does', () => {
    fc.assert(
      fc.property(
        places,
        fc.integer(),
        fc.array(fc.integer(), { minLength: 4, maxLength: 4 }),
        ({ width, offset }, value, list) => {
          fc.pre(width <= 32);
          const one = field({ width, offset });
          const [narrow, wide] = [Int32Array.from(list), Int32Array.from(list)];
          writeField(narrow, one, value);
          writeWideField(wide, one, BigInt.asUintN(32, BigInt(value)));
          return narrow.join() === wide.join() && BigInt(readField(narrow, one)) === readWideField(narrow, one);
        },
      ),
    );
  });

  it('touches the words and bits that it has', () => {
    expect(wordsOf(field({ offset: 16, width: 48 }))).toEqual([
      { word: 0, bits: 0xffff },
      { word: 1, bits: -1 },
    ]);
    expect(wordsOf(field({ offset: 36, width: 3 }))).toEqual([{ word: 1, bits: 0x0e00_0000 }]);
  });
});

describe('a schema', () => {
  const cases: readonly (readonly [string, SchemaDescription])[] = [
    ['words: must be 1..64, got 0', description([], { words: 0 })],
    ['words: must be 1..64, got 65', description([], { words: 65 })],
    ['stageEnds: must ascend to 4', description([], { stageEnds: [2, 2, 4] })],
    ['stageEnds: must ascend to 4', description([], { stageEnds: [2, 3] })],
    ['hashWords: must be words of the key, 0..3', description([], { hashWords: [4] })],
    ['A: a name has lower-case letters, digits and _', description([field({ name: 'A' })])],
    ['a: there are two fields of that name', description([field(), field({ offset: 8 })])],
    ['a: width must be 1..128, got 129', description([field({ width: 129 })])],
    ['a: width must be 1..128, got 0', description([field({ width: 0 })])],
    ['a: lies outside the key', description([field({ offset: 121 })])],
    ['a: lies outside the key', description([field({ offset: -1 })])],
    ['a: has at most 32 bits, but crosses words', description([field({ offset: 28 })])],
    ['a: crosses the end of a stage', description([field({ offset: 32, width: 64 })])],
    ['a: a MAC address has 48 bits', description([field({ format: 'mac' })])],
    ['a: an IP address has 32 or 128 bits', description([field({ format: 'ip' })])],
    ['b: overlaps another field; say `within` if it should', description([field(), field({ name: 'b', offset: 7 })])],
    ['b: does not lie within a', description([field(), field({ name: 'b', offset: 7, within: 'a' })])],
    ['c: no such field', description([field({ requires: [{ c: [1] }] })])],
    ['c: no such field', description([field({ within: 'c' })])],
    [
      'a: refers to b, which has more than 32 bits',
      description([field({ implies: { b: 1 } }), field({ name: 'b', offset: 64, width: 40 })]),
    ],
    [
      'a: requires itself, if by way of others',
      description([field({ requires: [{ b: [1] }] }), field({ name: 'b', offset: 8, requires: [{ a: [1] }] })]),
    ],
    ['a: has 2 flags in 1 bits', description([field({ width: 1, format: 'flags', flags: ['x', 'y'] })])],
    ['a: an alias may not be the name of a field', description([field()], { aliases: { a: 'a' } })],
    ['b: no such field', description([field()], { aliases: { c: 'b' } })],
    [
      'a/100: the mask must have bits, all within the field',
      description([field()], { closure: [{ when: [], then: ['a/100'] }] }),
    ],
    ['a/0: the mask must have bits', description([field()], { closure: [{ when: [], then: ['a/0'] }] })],
    ['a/x: the mask must have bits', description([field()], { closure: [{ when: [], then: ['a/x'] }] })],
  ];

  it.each(cases)('is refused: %s', (message, given) => {
    expect(() => new Schema(given)).toThrow(ClassifierError);
    expect(() => new Schema(given)).toThrow(message);
  });

  it('may be made from another with one thing changed', () => {
    const other = new Schema({ ...FLOW_SCHEMA, hashMask: 15 });
    expect(other.fields).toBe(FLOW_SCHEMA.fields);
    expect(other.hashMask).toBe(15);
  });

  it('knows the stage of each word', () => {
    expect([0, 28, 29, 34, 35, 44, 45, 55].map((word) => FLOW_SCHEMA.stageOf(word))).toEqual([0, 0, 1, 1, 2, 2, 3, 3]);
    expect([0, 1, 2].map((word) => TOY_SCHEMA.stageOf(word))).toEqual([0, 1, 2]);
  });
});

describe('the flow schema', () => {
  it('has the fields whose names are known to the compiler', () => {
    expect(FLOW_SCHEMA.fields.map(({ name }) => name)).toEqual(FLOW_FIELD_NAMES);
  });

  it('is what the documentation says', () => {
    const page = readFileSync(join(__dirname, '../../../docs/flow-key.md'), 'utf8');
    expect(page).toContain(describeSchema(FLOW_SCHEMA));
  });

  const closed = (...names: readonly string[]): string[] => {
    const mask = new FlowMask();
    for (const name of names) {
      const [fieldName, bits] = name.split('/');
      const one = FLOW_SCHEMA.field(fieldName!);
      writeWideField(mask.words, one, bits === undefined ? maxOfWide(one) : BigInt(bits));
    }
    mask.closePrerequisites();
    return FLOW_SCHEMA.fields
      .filter((one) => readWideField(mask.words, one) === maxOfWide(one))
      .map(({ name }) => name);
  };
  const ALWAYS = ['recirc_id', 'packet_kind'];

  it.each([
    [[], []],
    [['vlan_vid'], ['vlan_present', 'vlan_vid']],
    [['vlan2_vid'], ['vlan_present', 'vlan2_present', 'vlan2_vid']],
    [['ip_dst/1'], ['eth_type', 'vlan_present']],
    [['l4_dst/0x8000'], ['eth_type', 'vlan_present', 'ip_proto', 'ip_frag']],
    [['nd_target/1'], ['eth_type', 'vlan_present', 'ip_proto', 'ip_frag', 'icmp_type', 'icmp_code']],
    [['arp_sha/1'], ['eth_type', 'vlan_present']],
    [['mpls_label/1'], ['eth_type', 'vlan_present']],
    [['tun_id/1'], ['tun_family']],
    [['eth_type'], ['eth_type', 'vlan_present']],
    [['reg0'], ['reg0']],
  ])('%j brings %j', (given, wanted) => {
    expect(new Set(closed(...given))).toEqual(new Set([...ALWAYS, ...wanted]));
  });

  it('closes a mask by adding bits only, and nothing more the second time', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer(), { minLength: 56, maxLength: 56 }),
        fc.array(fc.nat({ max: 55 })),
        (list, zeros) => {
          const mask = new FlowMask();
          mask.words.set(list);
          for (const at of zeros) mask.words[at] = 0;
          const before = mask.words.slice();
          mask.closePrerequisites();
          const once = mask.words.slice();
          mask.closePrerequisites();
          return once.every((word, i) => (before[i]! & ~word) === 0 && word === mask.words[i]);
        },
      ),
    );
  });

  it('counts the bits of a mask', () => {
    const mask = new FlowMask();
    mask.consult(3, 0x8000_0001 | 0);
    mask.consult(3, 1);
    mask.consult(5, -1);
    expect(mask.bitCount).toBe(34);
    mask.clear();
    expect(mask.bitCount).toBe(0);
  });
});

function bitText(words: Int32Array): string {
  return Array.from(words, (word) => (word >>> 0).toString(2).padStart(32, '0')).join('');
}
