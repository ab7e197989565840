/** Ethernet, VLAN tags and ARP. */
import { flags, hex, ipv4, mac, uint } from '../field.js';
import { header } from '../header.js';

/** Ethernet header without tags. In front of a tag `etherType` holds the TPID; below 0x0600 it is an 802.3 length. */
export const ethernetLayout = header(
  'ethernet',
  [mac('destination'), mac('source'), hex('etherType', 16, 'EtherType')],
  { reference: 'IEEE 802.3 §3.1' },
);

/** What a TPID is followed by: tag control information, and the EtherType behind it. */
export const vlanLayout = header(
  'vlan',
  [
    uint('priorityCodePoint', 3, 'PCP'),
    flags(['dropEligible'], ['DEI']),
    uint('vlanId', 12, 'VID'),
    hex('etherType', 16, 'EtherType'),
  ],
  { reference: 'IEEE 802.1Q §9.6' },
);

/** ARP message for Ethernet and IPv4. */
export const arpLayout = header(
  'arp',
  [
    uint('hardwareType', 16),
    hex('protocolType', 16),
    uint('hardwareLength', 8),
    uint('protocolLength', 8),
    uint('operation', 16),
    mac('senderMac', 'Sender MAC'),
    ipv4('senderIp', 'Sender IP'),
    mac('targetMac', 'Target MAC'),
    ipv4('targetIp', 'Target IP'),
  ],
  { reference: 'RFC 826' },
);
