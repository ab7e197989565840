import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { nlArp } from '../src/index.js';

const { NlArpTable, STATE } = nlArp;

const placeOf = (value: number) => ({ port: value, edgeHigh: 0xffff - value, edgeLow: ~value });

/** Few names in few slots, so that runs of entries form, wrap around and are cut. */
const name = fc.record({
  tenant: fc.constantFrom(0, 1, 0xffffff),
  macAsId: fc.constantFrom(0, -1, 7),
  high: fc.constantFrom(0, 0xffff),
  low: fc.constantFrom(0, 1, 2, -1),
});
const step = fc.record({ name, action: fc.constantFrom('add', 'add', 'remove', 'place'), value: fc.nat({ max: 255 }) });

describe('the table of places', () => {
  it('holds what was put in and not removed, whatever the order and the hash', () => {
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 120 }),
        fc.integer(),
        fc.integer({ min: 1, max: 20 }),
        (steps, seed, capacity) => {
          const table = new NlArpTable(capacity, seed);
          const model = new Map<string, { readonly name: (typeof steps)[0]['name']; value: number }>();
          for (const { name, action, value } of steps) {
            const key = JSON.stringify(name);
            const { tenant, macAsId, high, low } = name;
            const slot = table.find(tenant, macAsId, high, low);
            if (action === 'add' && slot < 0) {
              const added = table.add(tenant, macAsId, high, low, STATE.KNOWN);
              if (added < 0 !== (model.size === capacity)) throw new Error(`room for ${model.size} of ${capacity}`);
              if (added >= 0) model.set(key, { name, value: 0 });
            } else if (action === 'remove' && slot >= 0) {
              table.remove(slot);
              model.delete(key);
            } else if (action === 'place' && slot >= 0) {
              table.setPlace(slot, placeOf(value), value * 257);
              table.setState(slot, STATE.LOCAL, value);
              table.touch(slot, value * 1000 + 999);
              model.get(key)!.value = value;
            }
            if (table.size !== model.size) throw new Error(`${table.size} entries instead of ${model.size}`);
          }
          for (const { name, value } of model.values()) {
            const slot = table.find(name.tenant, name.macAsId, name.high, name.low);
            const found = [table.tenantAt(slot), table.macAsIdAt(slot), table.highAt(slot), table.lowAt(slot)];
            if (found.join() !== [name.tenant, name.macAsId, name.high, name.low].join())
              throw new Error(`${found.join()}`);
            if (table.portAt(slot) !== value || table.linkAt(slot) !== value) throw new Error('another place');
            if (value === 0) continue;
            if (!table.isAt(slot, placeOf(value))) throw new Error('another edge switch');
            if (table.generationAt(slot) !== value * 257 || table.lastUseAt(slot) !== value)
              throw new Error('another time');
          }
        },
      ),
    );
  });

  it('keeps a million entries in 64 MiB, half of it used', () => {
    const table = new NlArpTable(1 << 20, 1);
    expect([table.slots, table.octets]).toEqual([1 << 21, 64 << 20]);
  });

  it('refuses sizes that it has no room for', () => {
    for (const capacity of [0, -1, 1.5, Number.NaN, 2 ** 24 + 1]) {
      expect(() => new NlArpTable(capacity, 0)).toThrow(RangeError);
    }
  });
});
