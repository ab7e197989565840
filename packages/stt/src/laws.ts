/**
 * The laws of STT codecs. Pass your own implementation to test it, with the layout as oracle:
 *
 *     for (const law of sttLaws(myCodec)) it(law.name, () => fc.assert(law.property));
 */
import type { Codec } from '@overlane/wire';
import { type Law, type LawSubject, codecLaws } from '@overlane/wire/laws';
import { sttHeader } from './arbitraries.js';
import { HEADER_LENGTH, NETWORK_MAX, VERSION } from './constants.js';
import * as ours from './header.js';
import { sttLayout } from './layout.js';

/** The STT header as a law subject. */
export const sttSubject = (codec: Codec<ours.SttHeader> = ours): LawSubject<ours.SttHeader> => ({
  codec,
  faults: ['E_STT_TRUNCATED', 'E_STT_UNSUPPORTED_VERSION'],
  headers: sttHeader(),
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
  oracle: sttLayout as LawSubject<ours.SttHeader>['oracle'] & object,
  toRecord: (header) => ({ version: VERSION, ...header }),
});

/** The laws of a STT header codec: ours, or `codec`. */
export const sttLaws = (codec?: Codec<ours.SttHeader>): Law[] => codecLaws(sttSubject(codec));
