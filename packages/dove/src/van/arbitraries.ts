/** fast-check generators of VAN control messages. */
import { ipv4Address, unicastMac } from '@overlane/wire/arbitraries';
import fc from 'fast-check';
import { LIFETIME_MAX_S, TYPE, type VanType } from './constants.js';
import type { VanMessage } from './message.js';

const word = (): fc.Arbitrary<number> =>
  fc.oneof({ weight: 1, arbitrary: fc.constantFrom(0, 1, 0xffff_ffff) }, { weight: 4, arbitrary: fc.nat(0xffff_ffff) });

/** Control messages of every type; in JOIN and LEAVE the MAC is mostly zero, as it should be. */
export const vanMessage = (): fc.Arbitrary<VanMessage> =>
  fc.record({
    type: fc.constantFrom<VanType>(...Object.values(TYPE)),
    extensions: fc.boolean(),
    hint: fc.boolean(),
    proxy: fc.boolean(),
    transactionId: word(),
    mac: fc.oneof(unicastMac(), fc.constant(new Uint8Array(6))),
    lifetimeS: fc.nat({ max: LIFETIME_MAX_S }),
    locator: ipv4Address(),
    generation: word(),
  });
