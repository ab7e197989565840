import { describe, expect, it } from '@jest/globals';
import { createDissector } from '@overlane/layout';
import { wireBindings } from '@overlane/layout/headers';
import { hostileBytes } from '@overlane/wire/laws';
import fc from 'fast-check';
import { geneveOptions } from '../src/arbitraries.js';
import { check, encode, readHeaderLength } from '../src/index.js';
import {
  GENEVE_UDP_PORTS,
  geneveBinding,
  geneveLayout,
  geneveLayoutWith,
  geneveOptionLayout,
  splitOptions,
} from '../src/layout.js';
import { geneveSubject } from '../src/laws.js';
import { headerOf, octets, option, packetVectors, vector } from './vector-file.js';

const dissector = createDissector([...wireBindings, geneveBinding]);
const udpPorts = GENEVE_UDP_PORTS;

const ruler = `
 0                   1                   2                   3
 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
`.slice(1);

describe('diagram', () => {
  it('is the figure of RFC 8926 §3.4', () => {
    expect(`${geneveLayout.diagram()}\n`).toBe(`${ruler}\
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
|Ver|  Opt Len  |O|C|   Rsvd.   |         Protocol Type         |
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
|       Virtual Network Identifier (VNI)        |   Reserved    |
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
~                    Variable-Length Options                    ~
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
`);
  });

  it('is the figure of RFC 8926 §3.5', () => {
    expect(`${geneveOptionLayout.diagram()}\n`).toBe(`${ruler}\
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
|         Option Class          |     Type      |R|R|R| Length  |
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
~                  Variable-Length Option Data                  ~
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
`);
  });
});

describe('options', () => {
  it('oracle: taken apart they are what was encoded', () => {
    const property = fc.property(geneveOptions(), (options) => {
      const list = splitOptions(encode(headerOf({ options })).subarray(8));
      const raw = options.map(({ optionClass, type, data }) => ({
        optionClass,
        type,
        reserved: 0,
        length: data.length / 4,
        data,
      }));
      return fc.stringify(list) === fc.stringify(raw);
    });
    fc.assert(property);
  });

  it('the layout that shows them field by field holds the same octets', () => {
    const bytes = encode(headerOf({ options: [option(0x80, 2), option(1), option(2, 31)] }));
    const layout = geneveLayoutWith(bytes.subarray(8));
    expect(layout.length(bytes)).toBe(bytes.length);
    expect(layout.encode(layout.decode(bytes))).toEqual(bytes);
  });
});

describe('dissect', () => {
  const good = packetVectors.filter(({ error }) => error === undefined);
  it.each(good.map((v) => [v.name, v] as const))('%s', (_name, { hex, options, fields }) => {
    const { layers, fault } = dissector.dissect(octets(hex), {
      udpPorts,
      allowZeroChecksumIpv6: options?.allowZeroChecksumIpv6 === true,
    });
    expect(fault).toBeUndefined();
    const at = layers.findIndex(({ protocol }) => protocol === 'geneve');
    expect(layers[at]!.fields).toMatchObject({
      version: 0,
      vni: fields.vni,
      optLen: fields.optLen / 4,
      control: fields.O,
      critical: fields.C,
      protocolType: fields.protocolType,
    });
    fields.options.forEach(({ optClass, type, data }, i) => {
      const expected = { [`option${i}Class`]: optClass, [`option${i}Type`]: type, [`option${i}Data`]: data };
      expect(layers[at]!.fields).toMatchObject(expected);
    });
    expect(layers[at]!.length).toBe(8 + fields.optLen);
    expect(layers[at + 1]!.protocol).toBe(fields.protocolType === '0x0800' ? 'ipv4' : 'ethernet');
  });

  it.each(['geneve-bad-version', 'geneve-options-past-end', 'geneve-option-overruns', 'geneve-truncated-header'])(
    'names the fault of %s',
    (name) => {
      const { layers, fault } = dissector.dissect(octets(vector(name).hex), { udpPorts });
      expect(fault).toBe(vector(name).error);
      expect(layers.map(({ protocol }) => protocol)).toContain('udp');
    },
  );

  it('total: on hostile octets it shows what is there, and names what the codec names', () => {
    const property = fc.property(hostileBytes(geneveSubject()), (bytes) => {
      const { layers, fault } = dissector.dissect(bytes, { start: 'geneve' });
      const expected = check(bytes);
      if (expected !== undefined) return fault === expected && layers.length <= 1;
      return layers[0]!.length === readHeaderLength(bytes, 0);
    });
    fc.assert(property);
  });

  it('shows 63 options in one layer, and other payloads as data', () => {
    const options = Array.from({ length: 63 }, (_, i) => option(i));
    const packet = Uint8Array.of(...encode(headerOf({ options, protocolType: 0x8847 })), 1, 2, 3);
    const { layers, fault } = dissector.dissect(packet, { start: 'geneve' });
    expect(fault).toBeUndefined();
    expect(layers.map(({ protocol, length }) => [protocol, length])).toEqual([
      ['geneve', 260],
      ['data', 3],
    ]);
    expect(layers[0]!.fields).toMatchObject({ option62Class: '0x0102', option62Type: '0x3e', option62Length: 0 });
  });
});
