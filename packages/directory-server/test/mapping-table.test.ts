import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { NO_RECORD } from '../src/table/key-index.js';
import { MappingTable } from '../src/table/mapping-table.js';
import { ANSWER_FIELD, ANSWER_LENGTH, LOCATOR_LENGTH, writeUint64 } from '../src/table/record.js';

/** A key block: tenant, kind and a number for the address. */
function keyBlock(tenant: number, kind: number, host: number): Uint8Array {
  const block = new Uint8Array(24);
  const view = new DataView(block.buffer);
  view.setUint32(0, tenant);
  block[4] = kind;
  view.setUint32(20, host);
  return block;
}

/** A mapping as the store keeps it, with `owner` in place of the version. */
function stored(tenant: number, host: number, locators: number, owner: number): Uint8Array {
  const value = new Uint8Array(ANSWER_LENGTH + LOCATOR_LENGTH * locators).fill(0xa5);
  value.set(keyBlock(tenant, 1, host));
  value[ANSWER_FIELD.COUNT] = locators;
  writeUint64(value, ANSWER_FIELD.VERSION, owner);
  value.fill(host & 0xff, ANSWER_LENGTH);
  return value;
}

/** The octets of the answer, as a reply would carry them. */
function answerOf(table: MappingTable, record: number): Uint8Array {
  const at = table.offsetOf(record);
  return table.chunkOf(record).slice(at, at + table.answerLength(record));
}

const seed = [0x12345678, -5] as const;

/** What the table is held against: nothing but a map. */
interface Known {
  readonly version: number;
  readonly value?: Uint8Array;
  readonly holdUntilS?: number;
}

const change = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('put' as const), n: fc.integer({ min: 1, max: 8 }) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('remove' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('sweep' as const) }) },
);

describe('mapping table', () => {
  it('is a map of the newest versions, whatever is put, removed and swept', () => {
    const steps = fc.array(
      fc.record({ what: change, host: fc.nat(40), version: fc.integer({ min: 1, max: 60 }), timeS: fc.nat(30) }),
      { maxLength: 200 },
    );
    fc.assert(
      fc.property(steps, (all) => {
        const table = new MappingTable({ seed });
        const model = new Map<number, Known>();
        for (const { what, host, version, timeS } of all) {
          const known = model.get(host);
          const isNews = known === undefined || version > known.version;
          if (what.do === 'put') {
            const value = stored(7, host, what.n, host + 1);
            if (isNews) model.set(host, { version, value });
            if (table.put(value, 0, version) !== (isNews ? 'applied' : 'old')) return false;
          } else if (what.do === 'remove') {
            if (isNews) model.set(host, { version, holdUntilS: timeS });
            if (table.remove(keyBlock(7, 1, host), 0, version, timeS) !== (isNews ? 'applied' : 'old')) return false;
          } else {
            table.sweep(timeS, 1e6);
            for (const [key, { holdUntilS }] of model)
              if (holdUntilS !== undefined && holdUntilS <= timeS) model.delete(key);
            // The first call may have begun in the middle.
            table.sweep(timeS, 1e6);
          }
          if (!agrees(table, model)) return false;
        }
        return true;
      }),
    );
  });

  it('tells tenants and kinds with the same address apart', () => {
    const table = new MappingTable({ seed });
    table.put(stored(1, 9, 1, 0), 0, 1);
    expect(table.find(keyBlock(1, 1, 9), 0)).not.toBe(NO_RECORD);
    expect(table.find(keyBlock(2, 1, 9), 0)).toBe(NO_RECORD);
    expect(table.find(keyBlock(1, 2, 9), 0)).toBe(NO_RECORD);
  });

  it('finds everything while it grows, and keeps every octet', () => {
    const table = new MappingTable({ seed });
    const count = 20_000;
    for (let host = 0; host < count; host++) {
      table.put(stored(3, host, 1 + (host % 3), host), 0, host + 1);
      const earlier = (host * 7919) % (host + 1);
      if (table.find(keyBlock(3, 1, earlier), 0) === NO_RECORD) throw new Error(`lost ${earlier} at ${host}`);
    }
    for (let host = 0; host < count; host += 2) table.remove(keyBlock(3, 1, host), 0, count + 1, 5);
    expect([table.size, table.tombstones]).toEqual([count / 2, count / 2]);
    expect(table.sweep(4, 1e6)).toBe(0);
    expect(table.sweep(5, 1e6)).toBe(count / 2);
    for (let host = 1; host < count; host += 2) {
      const record = table.find(keyBlock(3, 1, host), 0);
      const expected = stored(3, host, 1 + (host % 3), host);
      writeUint64(expected, ANSWER_FIELD.VERSION, host + 1);
      if (!Buffer.from(answerOf(table, record)).equals(expected)) throw new Error(`other octets for ${host}`);
      if (table.ownerOf(record) !== host) throw new Error(`other owner for ${host}`);
    }
    expect([...table.records()]).toHaveLength(count / 2);
  });

  it('refuses keys beyond its limit, and only those', () => {
    const table = new MappingTable({ seed, maxMappings: 2 });
    expect([1, 2, 3].map((host) => table.put(stored(1, host, 1, 0), 0, host))).toEqual(['applied', 'applied', 'full']);
    expect(table.remove(keyBlock(1, 1, 9), 0, 9, 0)).toBe('full');
    expect(table.put(stored(1, 2, 4, 0), 0, 10)).toBe('applied');
  });

  it('remembers which scan met a record until it is written again', () => {
    const table = new MappingTable({ seed });
    table.put(stored(1, 1, 2, 0), 0, 1);
    const record = table.find(keyBlock(1, 1, 1), 0);
    table.mark(record, 200);
    expect(table.markOf(record)).toBe(200);
    table.put(stored(1, 1, 2, 0), 0, 2);
    expect(table.markOf(record)).toBe(0);
  });

  it('is empty after clear, and usable', () => {
    const table = new MappingTable({ seed });
    table.put(stored(1, 1, 2, 0), 0, 50);
    table.clear();
    expect([table.size, table.find(keyBlock(1, 1, 1), 0)]).toEqual([0, NO_RECORD]);
    expect(table.put(stored(1, 1, 2, 0), 0, 1)).toBe('applied');
  });
});

function agrees(table: MappingTable, model: ReadonlyMap<number, Known>): boolean {
  const live = [...model.values()].filter(({ value }) => value !== undefined).length;
  if (table.size !== live || table.tombstones !== model.size - live) return false;
  for (let host = 0; host <= 40; host++) {
    const known = model.get(host);
    const record = table.find(keyBlock(7, 1, host), 0);
    if ((record === NO_RECORD) !== (known === undefined)) return false;
    if (known === undefined) continue;
    if (table.versionOf(record) !== known.version || table.isLive(record) !== (known.value !== undefined)) return false;
    if (known.value === undefined) {
      if (table.answerLength(record) !== ANSWER_LENGTH || table.ownerOf(record) !== 0) return false;
    } else {
      const expected = known.value.slice();
      writeUint64(expected, ANSWER_FIELD.VERSION, known.version);
      if (!Buffer.from(answerOf(table, record)).equals(expected)) return false;
    }
  }
  return true;
}
