/**
 * The laws of NVGRE and GRE codecs and encapsulations. Pass your own implementation to test it, with the layouts as
 * oracle:
 *
 *     for (const law of nvgreLaws(myCodec)) it(law.name, () => fc.assert(law.property));
 */
import type { Codec, Encapsulation } from '@overlane/wire';
import {
  type EncapsulationLaw,
  type Law,
  type LawSubject,
  type Oracle,
  codecLaws,
  encapsulationLaws,
} from '@overlane/wire/laws';
import { greHeader, greNetwork, ipPacket, nvgreHeader, vsid } from './arbitraries.js';
import { FLOW_ID_MAX, HEADER_LENGTH, VSID_VENDOR } from './constants.js';
import { NvgreEncapsulation } from './encapsulation.js';
import * as gre from './gre/index.js';
import * as nvgre from './header.js';
import { greLayout, greLayoutOf, nvgreLayout } from './layout.js';

/** The NVGRE header as a law subject. */
export const nvgreSubject = (codec: Codec<nvgre.NvgreHeader> = nvgre): LawSubject<nvgre.NvgreHeader> => ({
  codec,
  faults: [
    'E_GRE_RESERVED_BITS',
    'E_GRE_TRUNCATED',
    'E_GRE_UNSUPPORTED_VERSION',
    'E_NVGRE_BAD_PROTOCOL',
    'E_NVGRE_CHECKSUM_PRESENT',
    'E_NVGRE_KEY_MISSING',
    'E_NVGRE_RESERVED_VSID',
    'E_NVGRE_SEQUENCE_PRESENT',
  ],
  headers: nvgreHeader(),
  packetOf: (header) => codec.encode(header),
  canonical: (packet) => Uint8Array.of(0x20, 0, 0x65, 0x58, ...packet.subarray(4, HEADER_LENGTH)),
  fields: {
    vsid: { read: nvgre.readVsid, write: nvgre.writeVsid, max: VSID_VENDOR },
    flowId: { read: nvgre.readFlowId, write: nvgre.writeFlowId, max: FLOW_ID_MAX },
  },
  oracle: nvgreLayout as LawSubject<nvgre.NvgreHeader>['oracle'] & object,
  toRecord: (header) => ({
    ...header,
    checksumPresent: false,
    keyPresent: true,
    sequenceNumberPresent: false,
    version: 0,
    protocolType: 0x6558,
  }),
});

/** The layout that the flags ask for. */
const greOracle: Oracle = {
  decode: (bytes, offset, end) => greLayoutOf(greLayout.decode(bytes, offset, end)).decode(bytes, offset, end),
  encode: (record) => {
    const fields = record as ReturnType<typeof greLayout.decode>;
    return greLayoutOf(fields).encode(fields);
  },
};

/** The GRE header as a law subject. */
export const greSubject = (codec: Codec<gre.GreHeader> = gre): LawSubject<gre.GreHeader> => ({
  codec,
  faults: ['E_GRE_RESERVED_BITS', 'E_GRE_TRUNCATED', 'E_GRE_UNSUPPORTED_VERSION'],
  headers: greHeader(),
  packetOf: (header) => codec.encode(header),
  canonical: (packet) => {
    const header = packet.slice(0, gre.readHeaderLength(packet, 0));
    header[0]! &= 0xb0;
    header[1] = 0;
    if ((header[0]! & 0x80) !== 0) header[6] = header[7] = 0;
    return header;
  },
  fields: {
    protocolType: { read: gre.readProtocolType, write: gre.writeProtocolType, max: 0xffff },
    checksum: { read: gre.readChecksum },
    key: { read: gre.readKey },
    sequenceNumber: { read: gre.readSequenceNumber },
  },
  oracle: greOracle,
  toRecord: (header) => ({
    ...header,
    checksumPresent: header.checksum !== undefined,
    keyPresent: header.key !== undefined,
    sequenceNumberPresent: header.sequenceNumber !== undefined,
    version: 0,
  }),
});

/** The laws of an NVGRE header codec: ours, or `codec`. */
export const nvgreLaws = (codec?: Codec<nvgre.NvgreHeader>): Law[] => codecLaws(nvgreSubject(codec));

/** The laws of a GRE header codec: ours, or `codec`. */
export const greLaws = (codec?: Codec<gre.GreHeader>): Law[] => codecLaws(greSubject(codec));

/** The laws of an NVGRE encapsulation: ours, or what `make` makes. */
export const nvgreEncapsulationLaws = (
  make: () => Encapsulation = () => new NvgreEncapsulation(),
): EncapsulationLaw[] => encapsulationLaws({ make, networks: vsid() });

/** The laws of a GRE encapsulation with these options: ours, or what `make` makes of them. */
export const greEncapsulationLaws = (
  options: gre.GreOptions = {},
  make: (options: gre.GreOptions) => Encapsulation = (wanted) => new gre.GreEncapsulation(wanted),
): EncapsulationLaw[] =>
  encapsulationLaws({
    make: () => make(options),
    networks: greNetwork(options),
    ...(options.payload === 'ip' ? { frames: ipPacket() } : {}),
  });
