import { describe, expect, it } from '@jest/globals';
import { type Codec, type Encapsulation, PacketBuffer, TunnelMetadata } from '@overlane/wire';
import type { Law } from '@overlane/wire/laws';
import fc from 'fast-check';
import { grePacket, nvgrePacket } from '../src/arbitraries.js';
import * as nvgre from '../src/index.js';
import { greEncapsulationLaws, greLaws, nvgreEncapsulationLaws, nvgreLaws } from '../src/laws.js';

const { gre } = nvgre;

describe('NVGRE header keeps the law', () => {
  for (const law of nvgreLaws()) it(law.name, () => fc.assert(law.property));
});

describe('GRE header keeps the law', () => {
  for (const law of greLaws()) it(law.name, () => fc.assert(law.property));
});

describe('NVGRE encapsulation keeps the law', () => {
  for (const law of nvgreEncapsulationLaws()) it(law.name, () => fc.assert(law.property));
});

const OPTIONS: Readonly<Record<string, nvgre.gre.GreOptions>> = {
  'by default': {},
  'without key': { keylessNetwork: 7 },
  'with all fields': { checksum: 'computed', sequence: 'sent', outOfSequence: 'refused' },
  'with IP packets': { payload: 'ip', checksum: 'computed' },
};
for (const [name, options] of Object.entries(OPTIONS)) {
  describe(`GRE encapsulation keeps the law ${name}`, () => {
    for (const law of greEncapsulationLaws(options)) it(law.name, () => fc.assert(law.property));
  });
}

describe('generated packets hold what they say', () => {
  const isTaken = (endpoint: Encapsulation, packet: Uint8Array, network: number, frame: Uint8Array): boolean => {
    const buffer = new PacketBuffer(packet);
    const tunnel = new TunnelMetadata();
    const fault = endpoint.decapsulate(buffer, tunnel, 0);
    return fault === undefined && tunnel.network === network && Buffer.compare(buffer.view(), frame) === 0;
  };

  it('nvgrePacket', () => {
    const endpoint = new nvgre.NvgreEncapsulation();
    fc.assert(
      fc.property(nvgrePacket(), ({ packet, frame, tunnel }) => isTaken(endpoint, packet, tunnel.network, frame)),
    );
  });

  it.each(Object.entries(OPTIONS))('grePacket %s', (_name, options) => {
    const property = fc.property(grePacket(options), ({ packet, frame, tunnel }) =>
      isTaken(new gre.GreEncapsulation(options), packet, tunnel.network, frame),
    );
    fc.assert(property);
  });
});

describe('the laws find a planted fault', () => {
  const findsFault = (laws: readonly Law[], name: string): boolean =>
    (fc.check(laws.find((law) => law.name === name)!.property) as fc.RunDetails<unknown>).failed;

  it('a shift by one bit breaks oracle and canonical', () => {
    const shifted: Codec<nvgre.NvgreHeader> = {
      ...nvgre,
      decode: (...args) => {
        const header = nvgre.decode(...args);
        return { ...header, vsid: (header.vsid >>> 1) | 0x1000 };
      },
    };
    expect(findsFault(nvgreLaws(shifted), 'oracle')).toBe(true);
    expect(findsFault(nvgreLaws(shifted), 'canonical')).toBe(true);
  });

  it('a decoder that forgets the protocol type breaks total', () => {
    const lax: Codec<nvgre.NvgreHeader> = {
      ...nvgre,
      decode: (bytes, offset = 0, end = bytes.length) => {
        if (nvgre.check(bytes, offset, end) !== 'E_NVGRE_BAD_PROTOCOL') return nvgre.decode(bytes, offset, end);
        return { vsid: nvgre.readVsid(bytes, offset), flowId: nvgre.readFlowId(bytes, offset) };
      },
    };
    expect(findsFault(nvgreLaws(lax), 'total')).toBe(true);
  });

  it('a GRE decoder that takes the key from behind the sequence number breaks oracle', () => {
    const swapped: Codec<nvgre.gre.GreHeader> = {
      ...gre,
      decode: (...args) => {
        const { key, sequenceNumber, ...rest } = gre.decode(...args);
        if (key === undefined || sequenceNumber === undefined) return { ...rest, key, sequenceNumber };
        return { ...rest, key: sequenceNumber, sequenceNumber: key };
      },
    };
    expect(findsFault(greLaws(swapped), 'oracle')).toBe(true);
    expect(findsFault(greLaws(swapped), 'roundtrip')).toBe(true);
  });
});
