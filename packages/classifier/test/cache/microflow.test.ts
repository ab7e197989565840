import { describe, expect, it } from '@jest/globals';
import { FlowKey, FlowMask, Schema } from '../../src/index.js';
import { FlowCache } from '../../src/cache/flow-cache.js';
import type { FlowCacheOptions } from '../../src/cache/options.js';
import { type Packet, SMALL_SCHEMA, toKey } from './small-path.js';

/** A cache whose slow path looks at the port the packet came in by. */
function makeCache(options: Partial<FlowCacheOptions<number>> = {}): FlowCache<number> {
  return new FlowCache<number>(SMALL_SCHEMA, {
    slowPath: (key, mask) => {
      mask.consult(0, -1);
      return key.words[0]!;
    },
    seed: 1,
    ...options,
  });
}

const packet = (inPort: number, src = 0): Packet => [inPort, src, 0, 0, 0];

/** Inserts a megaflow, of a port of its own, whose answer depends on the source. */
function lookAtSources(cache: FlowCache<number>): void {
  const mask = new FlowMask(SMALL_SCHEMA);
  mask.consult(0, -1);
  mask.consult(1, -1);
  cache.insert(toKey(packet(99)), mask, 99);
}

/** Keys of so many words; the first is a field. */
function makeWideSchema(words: number): Schema {
  return new Schema({
    words,
    stageEnds: [words],
    fields: [{ name: 'id', offset: 0, width: 32, maskable: true, format: 'decimal', meaning: 'number' }],
    closure: [],
  });
}

describe('microflows', () => {
  it('answer from the third packet of a flow on', () => {
    const cache = makeCache();
    for (let i = 0; i < 5; i++) expect(cache.classify(toKey(packet(3)))).toBe(3);
    expect(cache.stats()).toMatchObject({ misses: 1, megaflowHits: 1, microflowHits: 3 });
  });

  it('die with their megaflow, and do not come back with another in its place', () => {
    const cache = makeCache({ megaflow: { maxFlows: 1 } });
    for (let i = 0; i < 3; i++) cache.classify(toKey(packet(3)));
    cache.clear();
    expect(cache.lookup(toKey(packet(3)))).toBeUndefined();
    expect(cache.classify(toKey(packet(4)))).toBe(4);
    expect(cache.lookup(toKey(packet(3)))).toBeUndefined();
  });

  it('are told apart by all words and their places, also when all hashes are equal', () => {
    const cache = makeCache({
      hashBits: 0,
      slowPath: (key, mask) => {
        for (let word = 0; word < 4; word++) mask.consult(word, -1);
        return key.words.reduce((sum, value, word) => sum + value * 10 ** word, 0);
      },
      microflow: { insertInverse: 1 },
    });
    const list: Packet[] = [
      [1, 2, 0, 0, 0],
      [1, 0, 2, 0, 0],
      [1, 0, 0, 0, 2],
      [1, 2, 2, 0, 0],
      [1, 3, 0, 0, 0],
    ];
    for (const turn of [0, 1, 2, 3]) {
      const answers = list.flatMap((it) => [cache.classify(toKey(it)), cache.classify(toKey(it))]);
      expect([turn, ...answers]).toEqual([turn, 21, 21, 201, 201, 2001, 2001, 221, 221, 31, 31]);
    }
    expect(cache.stats().microflowHits).toBeGreaterThan(0);
  });

  it('give way to the megaflows while they rarely hit', () => {
    const cache = makeCache({ microflow: { entries: 2 } });
    const key = new FlowKey(SMALL_SCHEMA);
    lookAtSources(cache);
    for (let i = 0; i < 70_000; i++) {
      key.words[0] = 1;
      key.words[1] = i;
      cache.classify(key);
    }
    expect(cache.stats().microflowBypassed).toBe(true);
    for (let i = 0; i < 1 << 20; i++) cache.classify(key);
    expect(cache.stats()).toMatchObject({ microflowBypassed: false, lookups: 70_000 + (1 << 20), misses: 1 });
  });

  it('count every hit, however many come in a row', () => {
    const cache = makeCache();
    for (let round = 1; round <= 3; round++) {
      cache.classify(toKey(packet(round)));
      const key = toKey(packet(round));
      for (let i = 0; i < 100_000; i++) cache.classify(key);
      expect(cache.stats()).toMatchObject({ misses: round, megaflowHits: round, microflowHits: round * 99_999 });
    }
  });

  it('hold keys of any number of words', () => {
    const words = 30;
    const schema = makeWideSchema(words);
    const slowPath = (key: FlowKey, mask: FlowMask): number => {
      for (let word = 0; word < words; word++) mask.consult(word, -1);
      return key.words.reduce((sum, value, word) => sum + value * word, 0);
    };
    const cache = new FlowCache<number>(schema, { slowPath, seed: 1 });
    for (let word = 0; word < words; word++) {
      const key = new FlowKey(schema);
      key.words[word] = 5;
      for (let i = 0; i < 4; i++) expect(cache.classify(key)).toBe(5 * word);
    }
    expect(cache.stats()).toMatchObject({ misses: words, megaflowHits: words, microflowHits: 2 * words });
  });

  it.each([1, 5, 8, 9, 12, 13, 30])('are told apart by each of %i words when all hashes are equal', (words) => {
    const schema = makeWideSchema(words);
    const slowPath = (key: FlowKey, mask: FlowMask): number => {
      for (let word = 0; word < words; word++) mask.consult(word, -1);
      return key.words.reduce((sum, value, word) => sum + value * (word + 1), 0);
    };
    const cache = new FlowCache<number>(schema, { slowPath, seed: 1, hashBits: 0, microflow: { insertInverse: 1 } });
    const none = new FlowKey(schema);
    for (let word = 0; word < words; word++) {
      const key = new FlowKey(schema);
      key.words[word] = 1;
      for (let i = 0; i < 3; i++) {
        // The second time one of them has a microflow, and the other must not find it.
        for (let j = 0; j < 3; j++) expect(cache.classify(none)).toBe(0);
        for (let j = 0; j < 3; j++) expect(cache.classify(key)).toBe(word + 1);
      }
    }
    expect(cache.stats().microflowHits).toBeGreaterThan(0);
  });

  it('do not tell packets apart by what no answer depends on, until one does', () => {
    const cache = makeCache();
    for (let source = 0; source < 10; source++) cache.classify(toKey(packet(3, source)));
    expect(cache.stats()).toMatchObject({ misses: 1, megaflowHits: 1, microflowHits: 8 });
    lookAtSources(cache);
    for (let source = 0; source < 10; source++) cache.classify(toKey(packet(3, source)));
    expect(cache.stats()).toMatchObject({ misses: 1, megaflowHits: 11, microflowHits: 8 });
  });

  it('take none but one new flow in a hundred from half full on', () => {
    const cache = makeCache({ microflow: { entries: 1024 } });
    const key = new FlowKey(SMALL_SCHEMA);
    const mask = new FlowMask(SMALL_SCHEMA);
    cache.insert(key, mask, 1);
    lookAtSources(cache);
    for (let i = 1; i <= 20_000; i++) {
      key.words[1] = i;
      cache.lookup(key);
    }
    const { microflowInserted } = cache.stats();
    expect(microflowInserted).toBeGreaterThan(600);
    expect(microflowInserted).toBeLessThan(1100);
  });
});
