import fc from 'fast-check';
import type { Compare, Op, StoreTxn } from '../src/index.js';

/** Few keys, so that transactions meet; the shorter ones are prefixes of others. */
export const KEYS = ['a', 'ab', 'abc', 'b', 'b\xff', 'b\xff\xff', 'c', '\xff', '\xff\xff'] as const;

/** One of `KEYS`, as octets. */
export const key = (): fc.Arbitrary<Buffer> => fc.constantFrom(...KEYS).map((name) => Buffer.from(name, 'latin1'));

/** A prefix of some keys, all, or none. */
export const prefix = (): fc.Arbitrary<Buffer> =>
  fc.constantFrom('', 'a', 'ab', 'b', 'b\xff', '\xff', 'zz').map((name) => Buffer.from(name, 'latin1'));

const compare = (): fc.Arbitrary<Compare> =>
  fc.record({
    key: key(),
    target: fc.constantFrom('modRevision', 'createRevision', 'lease'),
    op: fc.constantFrom('=', '>', '<', '!='),
    value: fc.bigInt(0n, 12n),
  });

const op = (): fc.Arbitrary<Op> =>
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({ type: fc.constant('put' as const), key: key(), value: fc.uint8Array({ maxLength: 9 }) }),
    },
    { weight: 3, arbitrary: fc.record({ type: fc.constant('delete' as const), key: key() }) },
    { weight: 2, arbitrary: fc.record({ type: fc.constant('get' as const), key: key() }) },
  );

/** Operations that write no key twice. */
const ops = (): fc.Arbitrary<Op[]> =>
  fc.array(op(), { maxLength: 5 }).map((list) => {
    const written = new Set<string>();
    return list.filter(({ type, key: octets }) => {
      const name = Buffer.from(octets).toString('latin1');
      if (type === 'get') return true;
      if (written.has(name)) return false;
      written.add(name);
      return true;
    });
  });

/** A transaction that keeps the limits. */
export const transaction = (): fc.Arbitrary<StoreTxn> =>
  fc.record({ compares: fc.array(compare(), { maxLength: 2 }), ops: ops(), elseOps: ops() });
