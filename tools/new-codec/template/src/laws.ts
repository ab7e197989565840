/**
 * The laws of TEMPLATE codecs. Pass your own implementation to test it, with the layout as oracle:
 *
 *     for (const law of templateLaws(myCodec)) it(law.name, () => fc.assert(law.property));
 */
import type { Codec } from '@overlane/wire';
import { type Law, type LawSubject, codecLaws } from '@overlane/wire/laws';
import { templateHeader } from './arbitraries.js';
import { HEADER_LENGTH, NETWORK_MAX, VERSION } from './constants.js';
import * as ours from './header.js';
import { templateLayout } from './layout.js';

/** The TEMPLATE header as a law subject. */
export const templateSubject = (codec: Codec<ours.TemplateHeader> = ours): LawSubject<ours.TemplateHeader> => ({
  codec,
  faults: ['E_TEMPLATE_TRUNCATED', 'E_TEMPLATE_UNSUPPORTED_VERSION'],
  headers: templateHeader(),
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
  oracle: templateLayout as LawSubject<ours.TemplateHeader>['oracle'] & object,
  toRecord: (header) => ({ version: VERSION, ...header }),
});

/** The laws of a TEMPLATE header codec: ours, or `codec`. */
export const templateLaws = (codec?: Codec<ours.TemplateHeader>): Law[] => codecLaws(templateSubject(codec));
