import { randomFillSync } from 'node:crypto';

/** Random 32-bit numbers from the system's CSPRNG, fetched a page at a time. */
export function createRandom32(): () => number {
  const page = new Uint32Array(256);
  let next = page.length;
  return () => {
    if (next === page.length) {
      randomFillSync(page);
      next = 0;
    }
    const value = page[next]!;
    // A transaction id that was used must not be left lying about.
    page[next++] = 0;
    return value;
  };
}
