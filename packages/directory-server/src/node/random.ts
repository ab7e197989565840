import { randomFillSync } from 'node:crypto';

/** A source of 32 random bits at a time, from the system's generator. It reads some hundred at once. */
export function createRandom32(): () => number {
  const pool = new Uint32Array(256);
  let next = pool.length;
  return () => {
    if (next === pool.length) {
      randomFillSync(pool);
      next = 0;
    }
    return pool[next++]!;
  };
}
