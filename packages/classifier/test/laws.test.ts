import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type FlowKey, type FlowMask, type RuleInput, FlowMask as Mask } from '../src/index.js';
import { type ClassifierUnderTest, classifierLaws, tableLaws } from '../src/laws.js';
import { LinearTable } from './linear-table.js';
import { TOY_VOCABULARY } from './toy-schema.js';

/** Enough to find each mistake below many times over. */
const RUNS = { numRuns: 300 };

/** Names of the laws that a table breaks. */
const broken = (create: () => LinearTable): string[] =>
  tableLaws(create)
    .filter(({ property }) => fc.check(property, RUNS).failed)
    .map(({ name }) => name);

class CachedTable extends LinearTable implements ClassifierUnderTest {
  readonly answers = new Map<string, number | undefined>();

  classify(key: FlowKey): number | undefined {
    const name = key.words.join();
    if (!this.answers.has(name)) this.answers.set(name, this.lookup(key));
    return this.answers.get(name);
  }

  maintain(): void {
    this.answers.clear();
  }

  override add(rule: RuleInput<number>): number {
    this.answers.clear();
    return super.add(rule);
  }

  override remove(handle: number): void {
    this.answers.clear();
    super.remove(handle);
  }
}

describe('the laws', () => {
  it('hold for a linear table', () => {
    expect(broken(() => new LinearTable())).toEqual([]);
    for (const { property } of tableLaws(() => new LinearTable(), TOY_VOCABULARY)) fc.assert(property, RUNS);
  });

  it('hold for a cache that forgets at every change', () => {
    for (const { property } of classifierLaws(() => new CachedTable())) fc.assert(property, RUNS);
  });

  it('refuse a table that ignores a removal', () => {
    class Table extends LinearTable {
      override remove(): void {
        // Nothing: that is the mistake.
      }
    }
    expect(broken(() => new Table())).toEqual(['oracle', 'sound']);
  });

  it('refuse a table whose tracked answer differs', () => {
    class Table extends LinearTable {
      override lookupTracked(key: FlowKey, mask: FlowMask): number | undefined {
        const action = super.lookupTracked(key, mask);
        return action === 3 ? 4 : action;
      }
    }
    expect(broken(() => new Table())).toContain('tracked');
  });

  it('refuse a table that looked at more than it says', () => {
    class Table extends LinearTable {
      override lookupTracked(key: FlowKey, mask: FlowMask): number | undefined {
        const all = new Mask(mask.schema);
        const action = super.lookupTracked(key, all);
        all.words.forEach((bits, word) => mask.consult(word, bits & ~0x1000));
        return action;
      }
    }
    expect(broken(() => new Table())).toEqual(['sound']);
  });

  it('refuse a cache that keeps an answer over a change', () => {
    class Table extends CachedTable {
      override add(rule: RuleInput<number>): number {
        const kept = [...this.answers];
        const handle = super.add(rule);
        for (const [name, action] of kept) this.answers.set(name, action);
        return handle;
      }
    }
    expect(classifierLaws(() => new Table()).map(({ property }) => fc.check(property, RUNS).failed)).toEqual([true]);
  });

  it('let a cache keep an answer over a change for so long and no longer', () => {
    class Table extends LinearTable implements ClassifierUnderTest {
      readonly #answers = new Map<string, { action: number | undefined; madeMs: number }>();
      readonly #keptMs: number;

      constructor(keptMs: number) {
        super();
        this.#keptMs = keptMs;
      }

      classify(key: FlowKey, nowMs: number): number | undefined {
        const name = key.words.join();
        const known = this.#answers.get(name);
        if (known !== undefined && nowMs - known.madeMs <= this.#keptMs) return known.action;
        const action = this.lookup(key);
        this.#answers.set(name, { action, madeMs: nowMs });
        return action;
      }

      maintain(): void {
        // Answers go by their age alone.
      }
    }
    const fails = (keptMs: number, numRuns: number): boolean =>
      classifierLaws(() => new Table(keptMs), TOY_VOCABULARY, 100).some(
        ({ property }) => fc.check(property, { numRuns }).failed,
      );
    // One run in two hundred finds the second.
    expect([fails(100, 300), fails(50_000, 6000)]).toEqual([false, true]);
  });
});
