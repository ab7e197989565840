import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import * as geneve from '../src/index.js';
import { optionLaws } from '../src/laws.js';
import { headerOf, octets, option, refusal, vector } from './vector-file.js';

/** The option of Open Virtual Network: where a packet came in and where it goes, in 15 and 16 bits. Critical. */
interface LogicalPorts {
  readonly ingress: number;
  readonly egress: number;
}

const logicalPorts: geneve.GeneveOptionCodec<LogicalPorts> = {
  optionClass: 0x0102,
  type: 0x80,
  check: (_bytes, offset, end) => (end - offset === 4 ? undefined : 'E_PORTS_LENGTH'),
  decode: (bytes, offset) => {
    const view = new DataView(bytes.buffer, bytes.byteOffset + offset, 4);
    return { ingress: view.getUint16(0) & 0x7fff, egress: view.getUint16(2) };
  },
  encode: ({ ingress, egress }) => Uint8Array.of(ingress >>> 8, ingress, egress >>> 8, egress),
};

const label: geneve.GeneveOptionCodec<string> = {
  optionClass: 0xff01,
  type: 0x01,
  decode: (bytes, offset, end) => String.fromCharCode(...bytes.subarray(offset, end)).trimEnd(),
  encode: (text) => Uint8Array.from(text.padEnd(Math.ceil(text.length / 4) * 4), (letter) => letter.charCodeAt(0)),
};

describe('walk', () => {
  it('gives every option in place, in order', () => {
    const options = [option(0x80, 1), option(1, 31), option(1), option(2, 2, 0xff02)];
    const bytes = Uint8Array.of(9, 9, ...geneve.encode(headerOf({ options })), 7);
    const walk = new geneve.OptionWalk().at(bytes, 2);
    const found = [];
    while (walk.next()) found.push(walk.copy());
    expect(found).toEqual(options);
    expect([walk.next(), walk.next()]).toEqual([false, false]);
  });

  it('finds the options of one kind, those that repeat too', () => {
    const options = [option(1, 1), option(2), option(1, 2), option(1, 1, 7)];
    const walk = new geneve.OptionWalk().at(geneve.encode(headerOf({ options })));
    const kind = { optionClass: 0x0102, type: 1 };
    const lengths = [];
    while (walk.find(kind)) lengths.push(walk.dataEnd - walk.dataOffset);
    expect(lengths).toEqual([4, 8]);
  });

  it.each([
    ['63 words of zeros: 63 empty options', 63, 0, 63],
    ['31 words each: two fit', 63, 31, 1],
    ['one word, its option wants 31 more', 1, 31, 0],
  ])('is bounded: %s', (_what, words, length, steps) => {
    const bytes = new Uint8Array(8 + 4 * words);
    bytes[0] = words;
    for (let at = 11; at < bytes.length; at += 4) bytes[at] = length;
    const walk = new geneve.OptionWalk().at(bytes);
    let count = 0;
    while (walk.next()) count++;
    expect(count).toBe(steps);
    expect(geneve.check(bytes)).toBe(length === 0 ? undefined : 'E_GENEVE_OPTIONS_LENGTH_MISMATCH');
  });

  it('refuses less than an option header', () => {
    expect(geneve.checkOptions(new Uint8Array(3), 0, 3)).toBe('E_GENEVE_OPTIONS_LENGTH_MISMATCH');
    expect(geneve.checkOptions(new Uint8Array(3), 3, 3)).toBeUndefined();
  });

  it('stays within the array on a header that promises more', () => {
    const walk = new geneve.OptionWalk().at(octets('3f0065580000010000010100'));
    expect([walk.next(), walk.dataEnd, walk.next()]).toEqual([true, 12, false]);
  });

  it('total: on any octets it ends within 63 steps, inside the list', () => {
    const walk = new geneve.OptionWalk();
    const property = fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat({ max: 9 }), (bytes, offset) => {
      let steps = 0;
      walk.at(bytes, offset);
      while (walk.next()) {
        if (++steps > 63) throw new Error('more than 63 steps');
        if (walk.dataOffset < offset + 12 || walk.dataEnd > bytes.length) throw new Error('left the list');
      }
    });
    fc.assert(property);
  });

  it('total: checkOptions agrees with a walk that ends at the end', () => {
    const hostile = fc
      .tuple(fc.nat({ max: 63 }), fc.uint8Array({ minLength: 8, maxLength: 8 }), fc.array(fc.nat({ max: 4 })))
      .map(([words, front, lengths]) => {
        const bytes = new Uint8Array(8 + 4 * words);
        bytes.set(front);
        bytes[0] = words;
        for (let at = 8, i = 0; at < bytes.length; i++) {
          const length = lengths[i % (lengths.length || 1)] ?? 0;
          bytes[at + 3] = length;
          at += 4 + 4 * length;
        }
        return bytes;
      });
    const property = fc.property(hostile, (bytes) => {
      const walk = new geneve.OptionWalk().at(bytes);
      let end = 8;
      while (walk.next()) end = walk.dataEnd;
      return (geneve.checkOptions(bytes, 8, bytes.length) === undefined) === (end === bytes.length);
    });
    fc.assert(property);
  });
});

describe('option codecs', () => {
  describe('keep the law', () => {
    const ports = fc.record({ ingress: fc.nat({ max: 0x7fff }), egress: fc.nat({ max: 0xffff }) });
    for (const law of optionLaws(logicalPorts, ports)) it(law.name, () => fc.assert(law.property));
  });

  it('the law finds a decoder that forgets a bit', () => {
    const forgetful = { ...logicalPorts, decode: () => ({ ingress: 0, egress: 0 }) };
    const [roundtrip] = optionLaws(forgetful, fc.record({ ingress: fc.nat({ max: 9 }), egress: fc.nat({ max: 9 }) }));
    expect((fc.check(roundtrip!.property) as fc.RunDetails<unknown>).failed).toBe(true);
  });

  it('reads the vector with a known critical option', () => {
    const { options } = geneve.decode(octets(vector('geneve-known-critical').hex), 42);
    expect(geneve.valuesOf(options, logicalPorts)).toEqual([{ ingress: 1, egress: 2 }]);
  });

  it('gives typed values and keeps the raw octets of what it does not know', () => {
    const unknown = option(0x7f, 3, 0xff02);
    const options = [
      geneve.makeOption(logicalPorts, { ingress: 5, egress: 6 }),
      unknown,
      geneve.makeOption(label, 'ab'),
    ];
    const interpreted = geneve.interpretOptions(options, [logicalPorts, label]);
    expect(interpreted).toEqual([
      { option: options[0], understood: true, value: { ingress: 5, egress: 6 } },
      { option: unknown, understood: false },
      { option: options[2], understood: true, value: 'ab' },
    ]);
    // The type is the union of what the codecs decode to.
    const values: (LogicalPorts | string)[] = interpreted.flatMap((one) => (one.understood ? [one.value] : []));
    expect(values).toHaveLength(2);
  });

  it('refuses an unknown critical option by name', () => {
    const options = [geneve.makeOption(label, 'x'), option(0x81)];
    const error = refusal(() => geneve.interpretOptions(options, [label, logicalPorts]));
    expect(error.code).toBe('E_GENEVE_UNKNOWN_CRITICAL_OPTION');
    expect(error.message).toBe('geneve: critical option 0x0102/0x81 is not understood');
  });

  it("refuses data that can't be a known option's, with the codec's fault", () => {
    const error = refusal(() => geneve.interpretOptions([option(0x80, 2)], [logicalPorts]));
    expect(error.code).toBe('E_PORTS_LENGTH');
    expect(error.message).toBe("geneve: option 0x0102/0x80 can't have these 8 octets of data");
  });

  it('type and class make the kind together', () => {
    const options = [option(0x80, 1, 0x0103), option(0x01, 1, 0x0102)];
    expect(geneve.valuesOf(options, logicalPorts)).toEqual([]);
  });

  it('refuses two codecs of one kind', () => {
    expect(() => new geneve.OptionUnderstanding([label, { optionClass: 0xff01, type: 1 }])).toThrow(TypeError);
  });
});
