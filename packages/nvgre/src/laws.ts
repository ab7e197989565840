/**
 * The laws of NVGRE codecs. Pass your own implementation to test it, with the layout as oracle:
 *
 *     for (const law of nvgreLaws(myCodec)) it(law.name, () => fc.assert(law.property));
 */
import type { Codec } from '@overlane/wire';
import { type Law, type LawSubject, codecLaws } from '@overlane/wire/laws';
import { nvgreHeader } from './arbitraries.js';
import { HEADER_LENGTH, NETWORK_MAX, VERSION } from './constants.js';
import * as ours from './header.js';
import { nvgreLayout } from './layout.js';

/** The NVGRE header as a law subject. */
export const nvgreSubject = (codec: Codec<ours.NvgreHeader> = ours): LawSubject<ours.NvgreHeader> => ({
  codec,
  faults: ['E_NVGRE_TRUNCATED', 'E_NVGRE_UNSUPPORTED_VERSION'],
  headers: nvgreHeader(),
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
  oracle: nvgreLayout as LawSubject<ours.NvgreHeader>['oracle'] & object,
  toRecord: (header) => ({ version: VERSION, ...header }),
});

/** The laws of a NVGRE header codec: ours, or `codec`. */
export const nvgreLaws = (codec?: Codec<ours.NvgreHeader>): Law[] => codecLaws(nvgreSubject(codec));
