/**
 * The laws of VAN control message codecs. Pass your own implementation to test it, with the layout as oracle:
 *
 *     for (const law of vanLaws(myCodec)) it(law.name, () => fc.assert(law.property));
 */
import type { Codec } from '@overlane/wire';
import { type Law, type LawSubject, codecLaws } from '@overlane/wire/laws';
import { vanMessage } from './van/arbitraries.js';
import { FLAG, MESSAGE_LENGTH } from './van/constants.js';
import * as van from './van/message.js';
import { vanLayout } from './van-layout.js';

/** The VAN control message as a law subject. */
export const vanSubject = (codec: Codec<van.VanMessage> = van): LawSubject<van.VanMessage> => ({
  codec,
  faults: ['E_VAN_LENGTH', 'E_VAN_TYPE', 'E_VAN_GROUP_MAC'],
  headers: vanMessage(),
  packetOf: (message) => codec.encode(message),
  canonical: (packet) => {
    const message = packet.slice(0, MESSAGE_LENGTH);
    message[1]! &= FLAG.EXTENSIONS | FLAG.HINT | FLAG.PROXY;
    message[2] = 0;
    message[3] = MESSAGE_LENGTH;
    return message;
  },
  fields: {
    type: { read: van.readType },
    transactionId: { read: van.readTransactionId, write: van.writeTransactionId, max: 0xffff_ffff },
    mac: { read: van.readMac },
    lifetime: { read: van.readLifetimeS },
    locator: { read: van.readLocator },
    generation: { read: van.readGeneration },
  },
  oracle: vanLayout as LawSubject<van.VanMessage>['oracle'] & object,
  toRecord: ({ lifetimeS, ...rest }) => ({ ...rest, lifetime: lifetimeS }),
});

/** The laws of a VAN control message codec: ours, or `codec`. */
export const vanLaws = (codec?: Codec<van.VanMessage>): Law[] => codecLaws(vanSubject(codec));
