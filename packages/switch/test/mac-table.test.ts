import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { MacTable } from '../src/index.js';

const CAPACITY = 12;
const AGEING_MS = 100;

/** The table as a list: all that it must do, in the simplest way. */
class NaiveTable {
  entries: { mac: number; value: number; seenMs: number }[] = [];

  find(mac: number): number {
    return this.entries.find((candidate) => candidate.mac === mac)?.value ?? -1;
  }

  learn(mac: number, value: number, nowMs: number): string {
    const known = this.find(mac) >= 0;
    const at = this.entries.findIndex((candidate) => candidate.mac === mac);
    if (at < 0 && this.entries.length === CAPACITY) return 'full';
    if (at >= 0) this.entries.splice(at, 1);
    this.entries.push({ mac, value, seenMs: nowMs });
    return known ? 'refreshed' : 'added';
  }

  forget(mac: number): boolean {
    const before = this.entries.length;
    this.entries = this.entries.filter((entry) => entry.mac !== mac);
    return this.entries.length < before;
  }

  expire(nowMs: number): number {
    const before = this.entries.length;
    this.entries = this.entries.filter((entry) => nowMs - entry.seenMs <= AGEING_MS);
    return before - this.entries.length;
  }

  forgetValue(value: number): void {
    this.entries = this.entries.filter((entry) => entry.value !== value);
  }
}

interface Model {
  naive: NaiveTable;
  nowMs: number;
}

interface Real {
  table: MacTable;
}

type Step = fc.Command<Model, Real>;

const octets = (mac: number): Uint8Array => Uint8Array.of(0x02, mac >>> 8, 0, 0, 0, mac & 255);

function step(name: string, run: (model: Model, real: Real) => void): Step {
  return {
    check: () => true,
    run: (model, real) => {
      run(model, real);
      if (real.table.size !== model.naive.entries.length) throw new Error(`size is ${real.table.size}`);
    },
    toString: () => name,
  };
}

function same(actual: unknown, expected: unknown): void {
  if (actual !== expected) throw new Error(`got ${String(actual)}, expected ${String(expected)}`);
}

// Few addresses, so that they meet; with the largest probe sequences that a table of 16 to 32 slots can have.
const mac = fc.nat({ max: 30 });
const value = fc.nat({ max: 3 });
const steps = [
  fc.tuple(mac, value).map(([m, v]) =>
    step(`learn ${m} ${v}`, ({ naive, nowMs }, { table }) => {
      const expected = naive.learn(m, v, nowMs);
      same(table.learn(octets(m), 0, nowMs), expected);
      if (expected !== 'full') table.values.set([v, ~v], table.learned * 2);
    }),
  ),
  mac.map((m) =>
    step(`find ${m}`, ({ naive }, { table }) => {
      const slot = table.find(octets(m), 0);
      const found = naive.find(m);
      same(slot < 0 ? -1 : table.values[slot * 2], found);
      if (slot >= 0) same(table.values[slot * 2 + 1], ~found);
    }),
  ),
  mac.map((m) => step(`forget ${m}`, ({ naive }, { table }) => same(table.forget(octets(m), 0), naive.forget(m)))),
  value.map((v) =>
    step(`forget value ${v}`, ({ naive }, { table }) => {
      naive.forgetValue(v);
      table.forgetWhere((slot) => table.values[slot * 2] === v);
    }),
  ),
  fc.constant(
    step('expire', ({ naive, nowMs }, { table }) => {
      same(table.expire(nowMs), naive.expire(nowMs));
    }),
  ),
  fc.nat({ max: 60 }).map((ms) => step(`wait ${ms}`, (model) => void (model.nowMs += ms))),
];

describe('MacTable', () => {
  it('does what a list does', () => {
    fc.assert(
      fc.property(fc.commands(steps, { maxCommands: 120, size: 'max' }), (commands) => {
        fc.modelRun(
          () => ({
            model: { naive: new NaiveTable(), nowMs: 0 },
            real: { table: new MacTable(2, { capacity: CAPACITY, ageingMs: AGEING_MS }) },
          }),
          commands,
        );
      }),
    );
  });

  it('grows to its capacity and not beyond', () => {
    const table = new MacTable(1, { capacity: 1000 });
    for (let m = 0; m < 2000; m++) {
      const outcome = table.learn(octets(m), 0, 0);
      expect(outcome).toBe(m < 1000 ? 'added' : 'full');
      if (outcome === 'added') table.values[table.learned] = m;
    }
    expect(table.size).toBe(1000);
    expect(table.values.length).toBe(2048);
    for (let m = 0; m < 1000; m++) expect(table.values[table.find(octets(m), 0)]).toBe(m);
  });

  it('takes a new address once an old one has aged and been swept', () => {
    const table = new MacTable(1, { capacity: 1, ageingMs: 10 });
    expect(table.learn(octets(1), 0, 0)).toBe('added');
    expect(table.learn(octets(2), 0, 11)).toBe('full');
    table.expire(11);
    expect(table.learn(octets(2), 0, 11)).toBe('added');
  });
});
