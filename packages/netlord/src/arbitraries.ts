/** fast-check generators of NETLORD headers, for your tests and ours. */
import fc from 'fast-check';
import { NETWORK_MAX, NEXT_PROTOCOL_MAX } from './constants.js';
import type { NetlordHeader } from './header.js';

/** Network identifiers, 0..NETWORK_MAX; the ends are frequent. */
export const network = (): fc.Arbitrary<number> =>
  fc.oneof(
    { weight: 1, arbitrary: fc.constantFrom(0, 1, NETWORK_MAX) },
    { weight: 4, arbitrary: fc.nat({ max: NETWORK_MAX }) },
  );

/** NETLORD headers. */
export const netlordHeader = (): fc.Arbitrary<NetlordHeader> =>
  fc.record({ nextProtocol: fc.nat({ max: NEXT_PROTOCOL_MAX }), network: network() });
