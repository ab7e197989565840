import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { isDeepStrictEqual } from 'node:util';
import type { StoreEntry } from '../src/index.js';
import { type Change, decodeEntry, decodeLogRecord, encodeEntry, encodeLogRecord } from '../src/lmdb-records.js';

const octets = (maxLength: number): fc.Arbitrary<Buffer> =>
  fc.uint8Array({ maxLength }).map((array) => Buffer.from(array));
const revision = (): fc.Arbitrary<bigint> => fc.bigInt(0n, 2n ** 63n - 1n);

const entryOf = (key: Buffer): fc.Arbitrary<StoreEntry> =>
  fc.record(
    {
      key: fc.constant(key),
      value: octets(40),
      createRevision: revision(),
      modRevision: revision(),
      lease: revision(),
    },
    { noNullPrototype: true },
  );

const change = (): fc.Arbitrary<Change> =>
  octets(30).chain((key) => {
    const entry = fc.option(entryOf(key), { nil: undefined });
    return fc.record({ key: fc.constant(key), after: entry, before: entry }, { noNullPrototype: true });
  });

describe('records of the embedded store', () => {
  it('entries come back as they were', () => {
    const property = fc.property(octets(30).chain(entryOf), (entry) =>
      isDeepStrictEqual(decodeEntry(entry.key, encodeEntry(entry)), entry),
    );
    fc.assert(property);
  });

  it('revisions of the log come back as they were', () => {
    const property = fc.property(
      fc.double({ noNaN: true }),
      fc.array(change(), { maxLength: 4 }),
      (timeMs, changes) => {
        const record = decodeLogRecord(7n, encodeLogRecord(timeMs, changes));
        return isDeepStrictEqual(record, { revision: 7n, timeMs, changes });
      },
    );
    fc.assert(property);
  });

  it('total: a damaged record is read or refused with RangeError', () => {
    const property = fc.property(octets(80), (record) => {
      try {
        decodeLogRecord(1n, record);
        return true;
      } catch (error) {
        // jest's realm has a RangeError of its own.
        return (error as Error).name === 'RangeError';
      }
    });
    fc.assert(property);
  });

  it('a value beyond the end of its record is refused', () => {
    const key = Buffer.from('a');
    const after = { key, value: Buffer.alloc(9), createRevision: 1n, modRevision: 1n, lease: 0n };
    const record = encodeLogRecord(0, [{ key, after, before: undefined }]);
    expect(() => decodeLogRecord(1n, record.subarray(0, -1))).toThrow(/is cut/);
  });
});
