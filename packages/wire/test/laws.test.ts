import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Codec } from '../src/index.js';
import { arp, ethernet, icmpv4, icmpv6, ipv4, ipv6, neighbor, tcp, udp } from '../src/index.js';
import {
  type Law,
  type LawSubject,
  arpSubject,
  codecLaws,
  ethernetSubject,
  icmpSubject,
  ipv4Subject,
  ipv6Subject,
  neighborSubject,
  tcpSubject,
  udpSubject,
} from '../src/laws.js';

function keepsLaws<Header>(name: string, subject: LawSubject<Header>): void {
  describe(`${name} keeps the law`, () => {
    for (const law of codecLaws(subject)) it(law.name, () => fc.assert(law.property));
  });
}

keepsLaws('ethernet', ethernetSubject());
keepsLaws('arp', arpSubject());
keepsLaws('ipv4', ipv4Subject());
keepsLaws('ipv6', ipv6Subject());
keepsLaws('udp', udpSubject());
keepsLaws('tcp', tcpSubject());
keepsLaws('icmp', icmpSubject());
keepsLaws('neighbor', neighborSubject());

function findsFault(law: Law, numRuns: number): boolean {
  const details = fc.check(law.property, { numRuns }) as fc.RunDetails<unknown>;
  return details.failed;
}

describe('laws', () => {
  it('take every header module as a Codec', () => {
    const codecs: Codec<unknown>[] = [arp, ethernet, icmpv4, icmpv6, ipv4, ipv6, neighbor, tcp, udp];
    const typed: Codec<udp.UdpHeader> = udp;
    expect(typed.PROTOCOL).toBe('udp');
    expect(codecs.map((codec) => codec.PROTOCOL)).toContain('ipv4');
  });

  // A law that cannot fail is none: each planted fault must be found by the law named for it.
  const planted: [string, Partial<Codec<udp.UdpHeader>>][] = [
    ['roundtrip', { decode: (...args) => ({ ...udp.decode(...args), sourcePort: 7 }) }],
    ['canonical', { encode: (header) => udp.encode({ ...header, checksum: 1 }) }],
    ['total', { check: () => undefined }],
    ['windowed', { decode: (bytes, _offset, end) => udp.decode(bytes, 0, end) }],
    [
      'mutation',
      { decode: (...args) => ({ ...udp.decode(...args), checksum: udp.decode(...args).checksum & 0xfffe }) },
    ],
  ];
  it.each(planted)('%s finds a planted fault', (name, fault) => {
    const subject = udpSubject({ ...udp, ...fault });
    const law = codecLaws(subject).find((candidate) => candidate.name === name)!;
    expect(findsFault(law, 2000)).toBe(true);
  });

  it('setter finds a write that touches a neighbour', () => {
    const subject = udpSubject();
    const field = { ...subject.fields['sourcePort']!, write: (b: Uint8Array, o: number) => b.fill(1, o, o + 3) };
    const broken = { ...subject, fields: { ...subject.fields, sourcePort: field } } as unknown as typeof subject;
    const law = codecLaws(broken).find((candidate) => candidate.name === 'setter')!;
    expect(findsFault(law, 1000)).toBe(true);
  });
});
