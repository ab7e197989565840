/**
 * The laws of NETLORD codecs. Pass your own implementation to test it, with the layout as oracle:
 *
 *     for (const law of netlordLaws(myCodec)) it(law.name, () => fc.assert(law.property));
 */
import type { Codec } from '@overlane/wire';
import { type Law, type LawSubject, codecLaws } from '@overlane/wire/laws';
import { netlordHeader } from './arbitraries.js';
import { HEADER_LENGTH, NETWORK_MAX, VERSION } from './constants.js';
import * as ours from './header.js';
import { netlordLayout } from './layout.js';

/** The NETLORD header as a law subject. */
export const netlordSubject = (codec: Codec<ours.NetlordHeader> = ours): LawSubject<ours.NetlordHeader> => ({
  codec,
  faults: ['E_NETLORD_TRUNCATED', 'E_NETLORD_UNSUPPORTED_VERSION'],
  headers: netlordHeader(),
  packetOf: (header) => codec.encode(header),
  canonical: (packet) => {
    const header = packet.slice(0, HEADER_LENGTH);
    header[0]! &= 0xc0;
    header[1] = header[7] = 0;
    return header;
  },
  fields: {
    nextProtocol: { read: ours.readNextProtocol },
    network: { read: ours.readNetwork, write: ours.writeNetwork, max: NETWORK_MAX },
  },
  oracle: netlordLayout as LawSubject<ours.NetlordHeader>['oracle'] & object,
  toRecord: (header) => ({ version: VERSION, ...header }),
});

/** The laws of a NETLORD header codec: ours, or `codec`. */
export const netlordLaws = (codec?: Codec<ours.NetlordHeader>): Law[] => codecLaws(netlordSubject(codec));
