import { describe, expect, it } from '@jest/globals';
import type { Codec, Encapsulation, Fault } from '@overlane/wire';
import type { EncapsulationLaw, Law } from '@overlane/wire/laws';
import fc from 'fast-check';
import { netlordHeader } from '../src/arbitraries.js';
import { NetLordEncapsulation, frame, header, nlArp } from '../src/index.js';
import { netlordEncapsulationLaws, netlordFrameLaws, netlordLaws, netlordSubject, nlArpLaws } from '../src/laws.js';
import { netlordLayout } from '../src/layout.js';

const headerCodec: Codec<header.NetlordHeader> = header;
const frameCodec: Codec<frame.NetlordFrame> = frame;
const messageCodec: Codec<nlArp.NlArpMessage> = nlArp;

describe('NetLord header keeps the law', () => {
  for (const law of netlordLaws(headerCodec)) it(law.name, () => fc.assert(law.property));
});

describe('NetLord frame keeps the law', () => {
  for (const law of netlordFrameLaws(frameCodec)) it(law.name, () => fc.assert(law.property));
});

describe('NL-ARP message keeps the law', () => {
  for (const law of nlArpLaws(messageCodec)) it(law.name, () => fc.assert(law.property));
});

describe('NetLord encapsulation keeps the law', () => {
  for (const law of netlordEncapsulationLaws()) it(law.name, () => fc.assert(law.property));
});

describe('total', () => {
  it('faults are those that reading the layout names, in order, with the checksum mended', () => {
    fc.assert(namesFaults((bytes) => header.check(bytes)));
  });
});

/** Nearly every changed octet breaks the checksum, which would hide the rules behind it: so it is often mended. */
function namesFaults(check: (bytes: Uint8Array) => Fault | undefined): fc.IRawProperty<unknown, false> {
  const at = fc.oneof(fc.constantFrom(2, 3, 4, 5, 6, 8, 9, 16), fc.nat({ max: 19 }));
  const edits = fc.array(fc.tuple(at, fc.oneof(fc.constantFrom(0, 127, 253, 254), fc.nat({ max: 255 }))), {
    maxLength: 4,
  });
  const cut = fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat({ max: 40 }) });
  return fc.property(netlordHeader(), edits, cut, fc.boolean(), (value, changes, missing, isMended) => {
    const packet = netlordSubject().packetOf(value).slice();
    for (const [offset, octet] of changes) packet[offset] = octet;
    if (isMended) mend(packet);
    const bytes = packet.subarray(0, Math.max(0, packet.length - missing));
    const expected = naiveFault(bytes);
    const actual = check(bytes);
    if (actual !== expected) throw new Error(`check says ${actual}, the layout ${expected}`);
  });
}

function mend(packet: Uint8Array): void {
  packet.fill(0, 10, 12);
  const sum = sumOf(packet);
  packet.set([(~sum >>> 8) & 255, ~sum & 255], 10);
}

function sumOf(packet: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < 20; i += 2) sum += 256 * packet[i]! + packet[i + 1]!;
  return sum % 0xffff === 0 && sum > 0 ? 0xffff : sum % 0xffff;
}

/** The table of checks, read from the layout one by one. */
function naiveFault(bytes: Uint8Array): Fault | undefined {
  if (bytes.length < 20) return 'E_NL_TRUNCATED';
  const { port, ...record } = netlordLayout.decode(bytes);
  const rules: readonly (readonly [boolean, Fault])[] = [
    [record.totalLength <= bytes.length, 'E_NL_TRUNCATED'],
    [record.version === 4 && record.ihl === 5, 'E_NL_HEADER'],
    [sumOf(bytes) === 0xffff, 'E_NL_CHECKSUM'],
    [[253, 254].includes(record.protocol), 'E_NL_PROTOCOL'],
    [record.dontFragment && !record.moreFragments && record.fragmentOffset === 0, 'E_NL_FRAGMENT'],
    [record.ttl > 0, 'E_NL_TTL'],
    [port >= 1 && port <= 126, 'E_NL_PORT'],
    [record.vid >= 1 && record.vid <= 4094, 'E_NL_VLAN_ID'],
    [record.totalLength >= (record.protocol === 253 ? 34 : 20), 'E_NL_INNER_TRUNCATED'],
  ];
  return rules.find(([holds]) => !holds)?.[1];
}

describe('the laws find a planted fault', () => {
  const breaks = (laws: readonly (Law | EncapsulationLaw)[]): readonly string[] =>
    laws
      .filter(({ property }) => (fc.check(property) as fc.RunDetails<unknown>).failed)
      .map(({ name }) => name)
      .sort();

  it('a tenant that is read one octet early', () => {
    const shifted: Codec<header.NetlordHeader> = {
      ...header,
      decode: (...args: Parameters<typeof header.decode>) => {
        const value = header.decode(...args);
        return { ...value, tenantId: (value.port << 16) | (value.tenantId >>> 8) };
      },
    };
    expect(breaks(netlordLaws(shifted))).toEqual(expect.arrayContaining(['canonical', 'oracle', 'roundtrip']));
  });

  it('a decoder that forgets how long a packet is', () => {
    const lax: Codec<header.NetlordHeader> = {
      ...header,
      check: (bytes, offset = 0, end = bytes.length) => {
        const fault = header.check(bytes, offset, end);
        return fault === 'E_NL_TRUNCATED' ? undefined : fault;
      },
    };
    expect(breaks(netlordLaws(lax))).toContain('total');
  });

  it('a decoder that forgets that TTL 0 is none', () => {
    const lax = (bytes: Uint8Array): Fault | undefined => {
      const fault = header.check(bytes);
      return fault === 'E_NL_TTL' ? undefined : fault;
    };
    expect((fc.check(namesFaults(lax)) as fc.RunDetails<unknown>).failed).toBe(true);
  });

  it('an encoder that writes the tag as untagged frames have none', () => {
    const untagged: Codec<frame.NetlordFrame> = {
      ...frame,
      encode: (value) => frame.encode({ ...value, isTagged: false }),
    };
    expect(breaks(netlordFrameLaws(untagged))).toEqual(expect.arrayContaining(['oracle', 'roundtrip']));
  });

  it('a decoder of messages that swaps the two MACs', () => {
    const swapped: Codec<nlArp.NlArpMessage> = {
      ...nlArp,
      decode: (...args: Parameters<typeof nlArp.decode>) => {
        const value = nlArp.decode(...args);
        return { ...value, vmMac: value.edgeMac, edgeMac: value.vmMac };
      },
    };
    expect(breaks(nlArpLaws(swapped))).toEqual(expect.arrayContaining(['oracle', 'roundtrip']));
  });

  it('an endpoint that leaves its headers on the frame', () => {
    class Untidy extends NetLordEncapsulation {
      override encapsulate(...[packet, tunnel, emit]: Parameters<NetLordEncapsulation['encapsulate']>): undefined {
        const { start } = packet;
        super.encapsulate(packet, tunnel, emit);
        packet.start = start - 38;
      }
    }
    const make = (): Encapsulation => new Untidy({ edgeMac: new Uint8Array(6), dscp: 'tunnel' });
    expect(breaks(netlordEncapsulationLaws(make))).toEqual(['repeats']);
  });
});
