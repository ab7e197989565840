import { describe, expect, it } from '@jest/globals';
import { createDissector } from '@overlane/layout';
import { wireBindings } from '@overlane/layout/headers';
import {
  NETLORD_IPV4_HEADERS,
  NL_ARP_ETHER_TYPES,
  netlordBindings,
  netlordLayout,
  netlordLayoutWith,
  nlArpLayout,
} from '../src/layout.js';
import { VECTORS, octets, octetsOf } from './vector-file.js';

const dissector = createDissector([...wireBindings, ...netlordBindings]);
const options = { ipv4Headers: NETLORD_IPV4_HEADERS, etherTypes: NL_ARP_ETHER_TYPES };

const ruler = `
 0                   1                   2                   3
 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
`.slice(1);

describe('diagram', () => {
  it('of the header is an IPv4 header with other words in it', () => {
    expect(`${netlordLayout.diagram()}\n`).toBe(`${ruler}\
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
|Version|  IHL  |   DSCP    |ECN|         Total Length          |
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
| PCP |D|        VLAN ID        |R|D|M|     Fragment Offset     |
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
| Time to Live  |   Protocol    |        Header Checksum        |
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
|                     MAC Address Space ID                      |
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
|  Egress Port  |                   Tenant ID                   |
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
`);
  });

  it('of the NL-ARP message', () => {
    expect(`${nlArpLayout.diagram()}\n`).toBe(`${ruler}\
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
|Version|  Op   | Reserved  |D|U|          Generation           |
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
|                   Tenant ID                   |  Egress Port  |
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
|                     MAC Address Space ID                      |
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
|                            VM MAC                             |
+                               +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
|                               |                               |
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+                               +
|                        Edge Switch MAC                        |
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
`);
  });
});

describe('dissect', () => {
  const walk = (hex: string): readonly string[] => {
    const { layers, fault } = dissector.dissect(octets(hex), options);
    return [...layers.map(({ protocol }) => protocol), ...(fault === undefined ? [] : [fault])];
  };
  const frames = VECTORS.filter(({ fields }) => fields['layer'] === 'frame');
  const refused = frames.filter(({ expectError }) => expectError !== undefined);

  it.each([
    ['netlord-data-ingress', ['ethernet', 'vlan', 'netlord', 'ethernet', 'ipv4', 'icmpv4', 'data']],
    ['netlord-data-egress', ['ethernet', 'netlord', 'ethernet', 'ipv4', 'icmpv4', 'data']],
    ['nlarp-here-frame', ['ethernet', 'vlan', 'nl-arp']],
    ['nlarp-nothere-frame', ['ethernet', 'vlan', 'netlord', 'nl-arp']],
  ])('%s', (name, protocols) => {
    expect(walk(VECTORS.find((vector) => vector.name === name)!.hex)).toEqual(protocols);
  });

  it('shows port, tenant and space', () => {
    const { layers } = dissector.dissect(octetsOf('netlord-data-max'), options);
    const fields = layers.find(({ protocol }) => protocol === 'netlord')!.fields;
    expect(fields).toMatchObject({ port: 126, tenantId: 0xff_ffff, macAsId: 0xffff_ffff, vid: 4094, ttl: 2 });
  });

  it.each(refused.map((vector) => [vector.name, vector] as const))('%s', (_name, { hex, expectError }) => {
    // Another protocol is another header, whose payload the vector doesn't have.
    const expected = expectError === 'E_NL_PROTOCOL' ? 'E_UDP_BAD_LENGTH' : expectError;
    expect(dissector.dissect(octets(hex), options).fault).toBe(expected);
  });

  it('reads plain IPv4 unless asked', () => {
    const { layers } = dissector.dissect(octetsOf('netlord-data-egress'));
    expect(layers.map(({ protocol }) => protocol)).toEqual(['ethernet', 'ipv4', 'data']);
  });
});

describe('layout with more port bits', () => {
  it('moves the border between port and tenant', () => {
    const bytes = octetsOf('netlord-data-max').subarray(18, 38);
    expect(netlordLayoutWith(12).decode(bytes)).toMatchObject({ port: 0x7ef, tenantId: 0xf_ffff });
    expect(netlordLayoutWith(8).decode(bytes)).toEqual(netlordLayout.decode(bytes));
  });
});
