/**
 * The contract of `StoreBackend` as laws that any backend can be held to, with any test runner:
 *
 *     for (const law of STORE_LAWS) test(law.name, () => law.run(store));
 *
 * A law throws an `Error` that says what did not hold. It writes under a prefix of its own and takes a few seconds at most. The
 * store must be open, living, and written by nobody else meanwhile: the laws count revisions.
 */
import type { StoreLaw } from './kit-support.js';
import { leaseLaws } from './kit-leases.js';
import { limitLaws } from './kit-limits.js';
import { listingLaws } from './kit-listings.js';
import { transactionLaws } from './kit-transactions.js';
import { watchLaws } from './kit-watches.js';

export { LawBroken, type StoreLaw } from './kit-support.js';

/** All laws. */
export const STORE_LAWS: readonly StoreLaw[] = [
  ...transactionLaws,
  ...listingLaws,
  ...watchLaws,
  ...leaseLaws,
  ...limitLaws,
];
