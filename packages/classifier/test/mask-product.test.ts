import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ruleSpec } from '../src/arbitraries.js';
import { FLOW_SCHEMA, FlowKey, FlowMask, RuleTable, buildMatch, readWideField, writeWideField } from '../src/index.js';
import type { RuleSpec } from '../src/laws.js';
import { TOY_SCHEMA, TOY_VOCABULARY, allToyKeys } from './toy-schema.js';

const TCP = { eth_type: 0x0800, ip_proto: 6 };

/** One source, one port each way: the rules of the published attack on tuple space search. */
function attackedTable() {
  const table = new RuleTable<string>();
  const asked = [{ ip_src: '10.0.0.1' }, { l4_dst: 80 }, { l4_src: 12_345 }];
  const ids = asked.map((fields) => table.add({ match: buildMatch({ ...TCP, ...fields }), action: 'allow' }));
  table.add({ priority: 1, match: buildMatch({}), action: 'deny' });
  return { table, ids };
}

describe('the product of mask lengths', () => {
  it('is what the attack makes of three rules', () => {
    const { table, ids } = attackedTable();
    const [worst] = table.diagnose();
    expect(worst).toMatchObject({ product: 8192, rules: 4, text: 'ip', id: ids[2] });
    expect(worst!.fields).toEqual([
      { name: 'ip_src', lengths: 32 },
      { name: 'l4_src', lengths: 16 },
      { name: 'l4_dst', lengths: 16 },
    ]);
    const masks = new Set<string>();
    const mask = new FlowMask();
    const allowed = FlowKey.from({ ...TCP, ip_src: '10.0.0.1', l4_src: 12_345, l4_dst: 80 });
    const key = new FlowKey();
    // A packet for each combination of bits that differ.
    for (let i = 0; i < 32 * 16 * 16; i++) {
      key.copy(allowed);
      for (const [name, bit] of [
        ['ip_src', i >> 8],
        ['l4_src', (i >> 4) & 15],
        ['l4_dst', i & 15],
      ] as const) {
        const field = FLOW_SCHEMA.field(name);
        writeWideField(key.words, field, readWideField(key.words, field) ^ (1n << BigInt(bit)));
      }
      mask.clear();
      if (table.action(table.lookupTracked(key, mask)) !== 'deny') throw new Error('let through');
      masks.add(mask.words.join());
    }
    expect(masks.size).toBe(worst!.product);
  });

  it('is warned of from 1,025 on, once for a set of fields, with the rule that brought it there', () => {
    const { table, ids } = attackedTable();
    expect(table.lint()).toEqual([{ code: 'W_MASK_PRODUCT', ...table.diagnose()[0] }]);
    table.remove(ids[2]!);
    expect(table.diagnose()[0]).toMatchObject({ product: 512 });
    expect(table.lint()).toEqual([]);
    // Another tenant with the same fields.
    for (const fields of [{ ip_src: '10.0.0.1' }, { l4_dst: 80 }, { l4_src: 443 }]) {
      table.add({ match: buildMatch({ ...TCP, ...fields, metadata: 7n }), action: 'allow' });
    }
    const warnings = table.lint().filter(({ code }) => code === 'W_MASK_PRODUCT');
    expect(warnings).toMatchObject([{ product: 8192, text: 'ip,metadata=0x7' }]);
  });

  it('grows with ranges and masks, and not with fields of which all ask the same or that the cache looks at anyway', () => {
    const table = new RuleTable<string>();
    const add = (fields: Record<string, unknown>): number =>
      table.add({ match: buildMatch({ ...TCP, ...(fields as Record<string, number>) }), action: 'allow' });
    add({ in_port: 1, l4_dst: 80 });
    expect(table.diagnose()).toEqual([]);
    const id = add({ in_port: 2, l4_dst: [1024, 2047], ip_dst: '10.0.0.0/8' });
    expect(table.diagnose()).toMatchObject([{ product: 16 * 8, id }]);
    add({ in_port: 2, ip_dst: '11.0.0.0/8' });
    expect(table.diagnose()[0]!.product).toBe(16 * 8);
    expect(table.diagnose(['ip_dst'])[0]!.product).toBe(16);
    // Not all rules ask for TCP any more, but a protocol is looked at as a whole or not at all.
    table.add({ match: buildMatch({ eth_type: 0x0800, ip_dst: '12.0.0.0/9' }), action: 'allow' });
    expect(table.diagnose()[0]!.product).toBe(9 * 16);
  });

  /** Values of whole fields, so that a lookup looks at leading bits and no others. */
  const whole: fc.Arbitrary<readonly RuleSpec[]> = fc.array(
    ruleSpec(TOY_VOCABULARY).map(({ priority, action, fields }) => ({ priority, action, fields: exact(fields) })),
    { maxLength: 12 },
  );

  it('bounds the masks of any table, with one more length of each field for not looking at all', () => {
    const keys = allToyKeys();
    fc.assert(
      fc.property(whole, (specs) => {
        const table = new RuleTable<number>(TOY_SCHEMA);
        for (const { fields, ...rule } of specs) table.add({ ...rule, match: buildMatch(fields, TOY_SCHEMA) });
        const masks = new Set<string>();
        const key = new FlowKey(TOY_SCHEMA);
        const mask = new FlowMask(TOY_SCHEMA);
        for (const words of keys) {
          key.words.set(words);
          mask.clear();
          table.lookupTracked(key, mask);
          masks.add(mask.words.join());
        }
        const fields = table.diagnose()[0]?.fields ?? [];
        // Fields of which all ask the same: of those, a packet fails one for all rules.
        const alike = TOY_SCHEMA.fields.filter(({ name }) => fields.every((field) => field.name !== name));
        const most = fields.reduce(
          (product, { lengths }) => product * (lengths + 1),
          alike.reduce((sum, { width }) => sum + width + 1, 1),
        );
        if (masks.size > most) throw new Error(`${masks.size} masks, at most ${most} foretold`);
      }),
      { numRuns: 30 },
    );
  });

  it('is what a count of bits field by field says', () => {
    fc.assert(
      fc.property(whole, (specs) => {
        const table = new RuleTable<number>(TOY_SCHEMA);
        const kept = new Map<string, RuleSpec>();
        for (const spec of specs) {
          table.add({ ...spec, match: buildMatch(spec.fields, TOY_SCHEMA) });
          kept.set(
            `${spec.priority} ${Object.entries(spec.fields)
              .map(([name, asked]) => name + valueOf(asked))
              .sort()
              .join()}`,
            spec,
          );
        }
        const asking = [...kept.values()]
          .map(({ fields }) => fields)
          .filter((fields) => Object.keys(fields).length > 0);
        const product = TOY_SCHEMA.fields
          .filter(
            ({ name, width }) =>
              width > 1 && new Set(asking.map((fields) => name in fields && valueOf(fields[name]!))).size > 1,
          )
          .reduce((all, { width }) => all * width, 1);
        const foretold = table.diagnose()[0]?.product ?? 1;
        if (foretold !== product) throw new Error(`${foretold}, not ${product}`);
      }),
    );
  });
});

type Fields = RuleSpec['fields'];

function exact(fields: Fields): Fields {
  return Object.fromEntries(
    Object.entries(fields).map(([name, asked]) => {
      const { width } = TOY_SCHEMA.field(name);
      return [name, { value: valueOf(asked), mask: (1n << BigInt(width)) - 1n }];
    }),
  );
}

function valueOf(asked: Fields[string]): bigint {
  return 'lo' in asked ? BigInt(asked.lo) : asked.value;
}
