/**
 * The laws of VXLAN codecs and encapsulations. Pass your own implementation to test it, with the layouts as oracle:
 *
 *     for (const law of vxlanLaws(myCodec)) it(law.name, () => fc.assert(law.property));
 */
import type { Codec, Encapsulation } from '@overlane/wire';
import { type EncapsulationLaw, type Law, type LawSubject, codecLaws, encapsulationLaws } from '@overlane/wire/laws';
import { vni, vxlanGpeHeader, vxlanHeader } from './arbitraries.js';
import { HEADER_LENGTH, VNI_MAX } from './constants.js';
import { VxlanEncapsulation } from './encapsulation.js';
import * as gpe from './gpe.js';
import * as vxlan from './header.js';
import { vxlanGpeLayout, vxlanLayout } from './layout.js';

/** The VXLAN header as a law subject. */
export const vxlanSubject = (codec: Codec<vxlan.VxlanHeader> = vxlan): LawSubject<vxlan.VxlanHeader> => ({
  codec,
  faults: ['E_VXLAN_TRUNCATED', 'E_VXLAN_VNI_NOT_VALID'],
  headers: vxlanHeader(),
  packetOf: (header) => codec.encode(header),
  canonical: (packet) => Uint8Array.of(0x08, 0, 0, 0, packet[4]!, packet[5]!, packet[6]!, 0),
  fields: { vni: { read: vxlan.readVni, write: vxlan.writeVni, max: VNI_MAX } },
  oracle: vxlanLayout as LawSubject<vxlan.VxlanHeader>['oracle'] & object,
  toRecord: (header) => ({ vniValid: true, vni: header.vni }),
});

/** The VXLAN-GPE header as a law subject. */
export const vxlanGpeSubject = (codec: Codec<gpe.VxlanGpeHeader> = gpe): LawSubject<gpe.VxlanGpeHeader> => ({
  codec,
  faults: [
    'E_VXLAN_TRUNCATED',
    'E_VXLAN_VNI_NOT_VALID',
    'E_VXLAN_GPE_NEXT_PROTOCOL_WITHOUT_P',
    'E_VXLAN_GPE_UNKNOWN_NEXT_PROTOCOL',
    'E_VXLAN_GPE_UNSUPPORTED_VERSION',
  ],
  headers: vxlanGpeHeader(),
  packetOf: (header) => codec.encode(header),
  canonical: (packet) => {
    const header = packet.slice(0, HEADER_LENGTH);
    header[0]! &= 0x0f;
    header[1] = header[2] = header[7] = 0;
    return header;
  },
  fields: { vni: { read: gpe.readVni, write: gpe.writeVni, max: VNI_MAX } },
  oracle: vxlanGpeLayout as LawSubject<gpe.VxlanGpeHeader>['oracle'] & object,
  toRecord: ({ nextProtocol, ...rest }) => ({
    ...rest,
    version: 0,
    vniValid: true,
    nextProtocolValid: nextProtocol !== undefined,
    nextProtocol: nextProtocol ?? 0,
  }),
});

/** The laws of a VXLAN header codec: ours, or `codec`. */
export const vxlanLaws = (codec?: Codec<vxlan.VxlanHeader>): Law[] => codecLaws(vxlanSubject(codec));

/** The laws of a VXLAN-GPE header codec: ours, or `codec`. */
export const vxlanGpeLaws = (codec?: Codec<gpe.VxlanGpeHeader>): Law[] => codecLaws(vxlanGpeSubject(codec));

/** The laws of a VXLAN encapsulation: ours, or what `make` makes. */
export const vxlanEncapsulationLaws = (
  make: () => Encapsulation = () => new VxlanEncapsulation(),
): EncapsulationLaw[] => encapsulationLaws({ make, networks: vni() });
