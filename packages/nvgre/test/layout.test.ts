import { describe, expect, it } from '@jest/globals';
import { createDissector } from '@overlane/layout';
import { wireBindings } from '@overlane/layout/headers';
import { gre } from '../src/index.js';
import { NVGRE_IP_PROTOCOLS, greFullLayout, greLayout, nvgreBindings, nvgreLayout } from '../src/layout.js';
import { greVectors, named, octets, packetVectors, send, tunnelTo, vector } from './outcome.js';

const dissector = createDissector([...wireBindings, ...nvgreBindings]);
const names = (layers: readonly { protocol: string }[]): string[] => layers.map(({ protocol }) => protocol);
const ruler = `
 0                   1                   2                   3
 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
`.slice(1);

describe('diagram', () => {
  it('is the figure of RFC 2890', () => {
    expect(`${greFullLayout.diagram()}\n`).toBe(`${ruler}\
|C|R|K|S|    Reserved0    | Ver |         Protocol Type         |
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
|      Checksum (optional)      |     Reserved1 (Optional)      |
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
|                        Key (optional)                         |
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
|                  Sequence Number (Optional)                   |
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
`);
    expect(greFullLayout.diagram().startsWith(greLayout.diagram())).toBe(true);
  });

  it('is the figure of RFC 7637', () => {
    expect(`${nvgreLayout.diagram()}\n`).toBe(`${ruler}\
|0|R|1|0|    Reserved0    | Ver |     Protocol Type 0x6558      |
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
|           Virtual Subnet ID (VSID)            |    FlowID     |
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
`);
  });
});

describe('dissect NVGRE', () => {
  // What the header says; N2 and N10 to N12 are for endpoints.
  const forEndpoints = ['nvgre-outer-fragment', 'nvgre-vsid-vendor', 'nvgre-inner-vlan', 'nvgre-inner-truncated'];
  it.each(named(packetVectors.filter(({ name }) => !forEndpoints.includes(name))))('%s', (_name, v) => {
    const { layers, fault } = dissector.dissect(octets(v.hex), { ipProtocols: NVGRE_IP_PROTOCOLS });
    expect(fault).toBe(v.error);
    const at = names(layers).indexOf('nvgre');
    if (v.error === undefined) {
      const { vsid, flowId } = v.fields;
      expect(layers[at]).toMatchObject({ length: 8, fields: { vsid, flowId } });
      expect(layers[at + 1]!.protocol).toBe('ethernet');
    } else {
      expect(names(layers)).toContain('ipv4');
    }
  });
});

describe('dissect GRE', () => {
  it.each(named(greVectors))('%s', (_name, { hex, fields, error }) => {
    const { layers, fault } = dissector.dissect(octets(hex));
    expect(fault).toBe(error);
    expect(names(layers).slice(0, 3)).toEqual(['ethernet', 'ipv4', 'gre']);
    if (error !== undefined) return;
    expect(layers[2]).toMatchObject({ length: fields['headerLength'], fields: { protocolType: fields['protocol'] } });
    expect(layers[3]!.protocol).toBe('ipv4');
  });

  it('takes NVGRE for GRE with a key, unless it is told', () => {
    const { layers, fault } = dissector.dissect(octets(vector('nvgre-ipv6-outer').hex));
    expect([names(layers).slice(1, 4), fault]).toEqual([['ipv6', 'gre', 'ethernet'], undefined]);
    expect(layers[2]!.fields).toMatchObject({ keyPresent: true, key: 0x123456d0, protocolType: '0x6558' });
  });

  it('shows all fields, and a wrong checksum', () => {
    const frame = octets(vector('nvgre-ipv4-udp').fields['inner'] as string);
    const packet = send(new gre.GreEncapsulation({ checksum: 'computed', sequence: 'sent' }), frame, tunnelTo(7));
    const { layers, fault } = dissector.dissect(packet, { start: 'ip' });
    expect([names(layers).slice(0, 3), fault]).toEqual([['ipv4', 'gre', 'ethernet'], undefined]);
    expect(layers[1]).toMatchObject({ length: 16, fields: { key: 7, sequenceNumber: 0, reserved2: 0 } });
    packet[packet.length - 1]! ^= 1;
    expect(dissector.dissect(packet, { start: 'ip' }).fault).toBe('E_GRE_BAD_CHECKSUM');
  });

  it('leaves other payloads alone', () => {
    const bytes = Uint8Array.from([...gre.encode({ protocolType: 0x8847 }), 1, 2, 3]);
    expect(names(dissector.dissect(bytes, { start: 'gre' }).layers)).toEqual(['gre', 'data']);
  });
});
