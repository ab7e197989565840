/**
 * NetLord's header and the NL-ARP message as `@overlane/layout` describes headers: specification for people, oracle for
 * the tests, layers for the dissector. Transcribed from the tables of fields, not from the codecs.
 */
import { type Binding, DATA, flags, header, hex, mac, reserved, uint } from '@overlane/layout';
import { check as checkHeader } from './encapsulation/header.js';
import { check as checkMessage } from './nl-arp/message.js';

const NETLORD_REFERENCE = 'NetLord (SIGCOMM 2011) §3; @overlane/netlord, README: Encapsulation';

const inFrontOfAddress = [
  uint('version', 4),
  uint('ihl', 4, 'IHL'),
  uint('dscp', 6, 'DSCP'),
  uint('ecn', 2, 'ECN'),
  uint('totalLength', 16),
  uint('pcp', 3, 'PCP'),
  uint('dei', 1, 'D'),
  uint('vid', 12, 'VLAN ID'),
  reserved('reserved', 1),
  flags(['dontFragment', 'moreFragments'], ['D', 'M']),
  uint('fragmentOffset', 13),
  uint('ttl', 8, 'Time to Live'),
  uint('protocol', 8),
  hex('headerChecksum', 16),
  uint('macAsId', 32, 'MAC Address Space ID'),
] as const;

/** NetLord's IPv4 header: the identification is the TCI of the VLAN tag, the addresses are space, port and tenant. */
export const netlordLayout = header(
  'netlord',
  [...inFrontOfAddress, uint('port', 8, 'Egress Port'), uint('tenantId', 24, 'Tenant ID')],
  { reference: NETLORD_REFERENCE },
);

/** The same with another number of port bits, 8..12. */
export function netlordLayoutWith(portBits: number): typeof netlordLayout {
  return header(
    'netlord',
    [...inFrontOfAddress, uint('port', portBits, 'Egress Port'), uint('tenantId', 32 - portBits, 'Tenant ID')],
    { reference: NETLORD_REFERENCE },
  );
}

const addresses = [mac('destination', 'Destination MAC'), mac('source', 'Source MAC')] as const;

/** The Ethernet header in front of it as a server receives it. */
export const routedEthernetLayout = header('netlord-ethernet', [...addresses, hex('etherType', 16, 'EtherType')], {
  reference: NETLORD_REFERENCE,
});

/** The Ethernet header in front of it as a server sends it. */
export const taggedEthernetLayout = header(
  'netlord-ethernet',
  [
    ...addresses,
    hex('tpid', 16, 'TPID'),
    uint('pcp', 3, 'PCP'),
    uint('dei', 1, 'D'),
    uint('vid', 12, 'VLAN ID'),
    hex('etherType', 16, 'EtherType'),
  ],
  { reference: NETLORD_REFERENCE },
);

/** NL-ARP message. */
export const nlArpLayout = header(
  'nl-arp',
  [
    uint('version', 4),
    uint('operation', 4, 'Op'),
    reserved('reserved', 6),
    flags(['stopped', 'unicast'], ['D', 'U']),
    uint('generation', 16),
    uint('tenantId', 24, 'Tenant ID'),
    uint('port', 8, 'Egress Port'),
    uint('macAsId', 32, 'MAC Address Space ID'),
    mac('vmMac', 'VM MAC'),
    mac('edgeMac', 'Edge Switch MAC'),
  ],
  { reference: '@overlane/netlord, README: NL-ARP' },
);

const NL_ARP_PROTOCOL = 254;

/** How a dissector walks through NetLord: the identification has to be the TCI of the tag in front, if there is one. */
export const netlordBinding: Binding<ReturnType<typeof netlordLayout.decode>> = {
  layout: netlordLayout,
  check: checkHeader,
  verify: ({ pcp, dei, vid }, { outer }) => {
    const tag = outer.at(-1);
    if (tag?.protocol !== 'vlan') return undefined;
    const { priorityCodePoint, dropEligible, vlanId } = tag.record;
    const isSame = priorityCodePoint === pcp && dropEligible === (dei === 1) && vlanId === vid;
    return isSame ? undefined : 'E_NL_VLAN_ID';
  },
  next: ({ protocol, totalLength }, { offset, length }) => ({
    protocol: protocol === NL_ARP_PROTOCOL ? 'nl-arp' : 'ethernet',
    offset: offset + length,
    end: offset + totalLength,
  }),
};

/** How a dissector reads an NL-ARP message. What follows a broadcast one is Ethernet padding. */
export const nlArpBinding: Binding<ReturnType<typeof nlArpLayout.decode>> = {
  layout: nlArpLayout,
  check: checkMessage,
  next: (_message, { offset, length }) => ({ protocol: DATA, offset: offset + length, end: offset + length }),
};

/** Both, for `createDissector`. */
export const netlordBindings = [netlordBinding, nlArpBinding] as const;

/**
 * Takes IPv4 packets of the protocols 253 and 254 for NetLord, in `DissectOptions.ipv4Headers`: both numbers are anybody's
 * to experiment with, so that is for the caller to know.
 */
export const NETLORD_IPV4_HEADERS: Readonly<Record<number, string>> = { 253: 'netlord', 254: 'netlord' };

/** Takes the experimental EtherType for NL-ARP, in `DissectOptions.etherTypes`. */
export const NL_ARP_ETHER_TYPES: Readonly<Record<number, string>> = { 0x88b5: 'nl-arp' };
