import { describe, expect, it } from '@jest/globals';
import { createDissector } from '@overlane/layout';
import { wireBindings } from '@overlane/layout/headers';
import { VXLAN_UDP_PORTS, vxlanBindings, vxlanGpeLayout, vxlanLayout } from '../src/layout.js';
import vectorFile from './vectors/vxlan.json';

const dissector = createDissector([...wireBindings, ...vxlanBindings]);
const octets = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'));

const ruler = `
 0                   1                   2                   3
 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
`.slice(1);

describe('diagram', () => {
  it('is the figure of RFC 7348', () => {
    expect(`${vxlanLayout.diagram()}\n`).toBe(`${ruler}\
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
|R|R|R|R|I|R|R|R|                   Reserved                    |
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
|        VXLAN Network Identifier (VNI)         |   Reserved    |
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
`);
  });

  it('is the figure of the GPE draft', () => {
    expect(`${vxlanGpeLayout.diagram()}\n`).toBe(`${ruler}\
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
|R|R|Ver|I|P|B|O|           Reserved            | Next Protocol |
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
|        VXLAN Network Identifier (VNI)         |   Reserved    |
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
`);
  });
});

describe('dissect', () => {
  const vectors = vectorFile.vectors.filter((v) => v.kind === undefined && v.error === undefined);
  it.each(vectors.map((v) => [v.name, v] as const))('%s', (_name, v) => {
    const { layers, fault } = dissector.dissect(octets(v.hex as string), {
      udpPorts: VXLAN_UDP_PORTS,
      allowZeroChecksumIpv6: v.options !== undefined,
    });
    expect(fault).toBeUndefined();
    const at = layers.findIndex(({ protocol }) => protocol.startsWith('vxlan'));
    expect(layers[at]!.fields['vni']).toBe((v.fields as { vni: number }).vni);
    expect(layers[at + 1]!.protocol).toBe('ethernet');
    expect(layers[at]!.length).toBe(8);
  });

  it('names the fault of a clear I flag and shows the header', () => {
    const v = vectorFile.vectors.find(({ name }) => name === 'vxlan-i-flag-clear')!;
    const { layers, fault } = dissector.dissect(octets(v.hex as string), { udpPorts: VXLAN_UDP_PORTS });
    expect(fault).toBe('E_VXLAN_VNI_NOT_VALID');
    expect(layers.map(({ protocol }) => protocol)).toContain('udp');
  });
});
