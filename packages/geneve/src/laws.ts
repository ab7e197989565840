/**
 * The laws of GENEVE codecs. Pass your own implementation to test it, with the layout as oracle:
 *
 *     for (const law of geneveLaws(myCodec)) it(law.name, () => fc.assert(law.property));
 */
import type { Codec } from '@overlane/wire';
import { type Law, type LawSubject, codecLaws } from '@overlane/wire/laws';
import { geneveHeader } from './arbitraries.js';
import { HEADER_LENGTH, NETWORK_MAX, VERSION } from './constants.js';
import * as ours from './header.js';
import { geneveLayout } from './layout.js';

/** The GENEVE header as a law subject. */
export const geneveSubject = (codec: Codec<ours.GeneveHeader> = ours): LawSubject<ours.GeneveHeader> => ({
  codec,
  faults: ['E_GENEVE_TRUNCATED', 'E_GENEVE_UNSUPPORTED_VERSION'],
  headers: geneveHeader(),
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
  oracle: geneveLayout as LawSubject<ours.GeneveHeader>['oracle'] & object,
  toRecord: (header) => ({ version: VERSION, ...header }),
});

/** The laws of a GENEVE header codec: ours, or `codec`. */
export const geneveLaws = (codec?: Codec<ours.GeneveHeader>): Law[] => codecLaws(geneveSubject(codec));
