import { describe, expect, it } from '@jest/globals';
import { PacketBuffer, arp, ethernet, icmpv4, ipv4, parseIpv4, parseMac } from '@overlane/wire';
import fc from 'fast-check';
import { ROUTER_MAC, VirtualRouter, routerLeg } from '../src/index.js';

const A = parseMac('02:00:00:00:00:0a');
const B = '02:00:00:00:00:0b';
const ROUTER = parseMac(ROUTER_MAC);

function router(arpProxy: 'router' | 'stations' = 'router'): VirtualRouter {
  return new VirtualRouter({
    arpProxy,
    networks: [
      { network: 1, tenant: 5, macAsId: 1, router: '10.0.1.1/24' },
      { network: 2, tenant: 5, macAsId: 2, router: '10.0.0.1/8', stations: [{ address: '10.9.9.9', mac: B }] },
      { network: 3, tenant: 5, macAsId: 3, router: '10.9.9.1/24', stations: [{ address: '10.9.9.9', mac: B }] },
      { network: 4, tenant: 5, macAsId: 4, stations: [{ address: '10.0.4.4', mac: B }] },
    ],
  });
}

function packet(
  destination: string,
  fields: Partial<ipv4.Ipv4Header> = {},
  payload = Uint8Array.of(8, 0, 0xf7, 0xff, 0, 0, 0, 0),
) {
  const options = fields.options ?? new Uint8Array(0);
  const header = ipv4.encode({
    ...{ dscp: 0, ecn: 0, totalLength: 20 + options.length + payload.length, identification: 1, dontFragment: false },
    ...{ moreFragments: false, fragmentOffset: 0, ttl: 64, protocol: 17, options },
    ...{ source: parseIpv4('10.0.1.10'), destination: parseIpv4(destination), ...fields },
  });
  const link = ethernet.encode({ destination: ROUTER, source: A, tags: [], etherType: 0x800 });
  return PacketBuffer.from(Uint8Array.of(...link, ...header, ...payload));
}

const answerOf = (one: VirtualRouter): ipv4.Ipv4Header => ipv4.decode(one.answer.copy(), 14);

describe('VirtualRouter', () => {
  it('chooses the longest prefix among the tenant’s networks, and mends the checksum', () => {
    const one = router();
    const frame = packet('10.9.9.9', { options: Uint8Array.of(1, 1, 1, 0) });
    expect(one.take(1, frame, 0)).toBe('routed');
    expect(one.network).toBe(3);
    const octets = frame.copy();
    expect(ipv4.decode(octets, 14)).toMatchObject({ ttl: 63, options: Uint8Array.of(1, 1, 1, 0) });
    expect(ethernet.decode(octets)).toMatchObject({ destination: parseMac(B), source: ROUTER });
  });

  it('quotes all of a header with options in an error, and answers for no later fragment or strange source', () => {
    const one = router();
    const options = new Uint8Array(40).fill(1);
    const long = packet('10.77.0.1', { options }, new Uint8Array(100).fill(7));
    const asked = long.copy();
    expect(one.take(1, long, 0)).toBe('answered');
    expect(one.answer.copy().slice(42)).toEqual(asked.slice(14, 14 + 60 + 8));
    expect(answerOf(one)).toMatchObject({ source: parseIpv4('10.0.1.1'), totalLength: 20 + 8 + 68 });
    expect(one.take(1, packet('10.77.0.1', { fragmentOffset: 3 }), 0)).toBe('E_NL_NO_ROUTE');
    for (const source of ['0.0.0.0', '127.0.0.1', '224.0.0.1', '255.255.255.255']) {
      expect(one.take(1, packet('10.77.0.1', { source: parseIpv4(source) }), 0)).toBe('E_NL_NO_ROUTE');
    }
  });

  it('earns ten errors a second, and no more', () => {
    const one = router();
    const outcomes = (nowMs: number): number =>
      Array.from({ length: 30 }, () => one.take(1, packet('192.0.2.1'), nowMs)).filter(
        (outcome) => outcome === 'answered',
      ).length;
    expect([outcomes(0), outcomes(0), outcomes(500), outcomes(10_000)]).toEqual([10, 0, 5, 10]);
  });

  it('takes nothing of networks that it is not in, or does not know, and no frame for others', () => {
    const one = router();
    expect(one.take(4, packet('10.9.9.9'), 0)).toBe('passed');
    expect(one.take(9, packet('10.9.9.9'), 0)).toBe('passed');
    const other = packet('10.9.9.9');
    other.bytes[other.start + 5]! ^= 1;
    expect(one.take(1, other, 0)).toBe('passed');
    expect(one.take(1, packet('10.0.4.4'), 0)).toBe('answered');
  });

  it('passes ARP that is no request, or no ARP for IPv4', () => {
    const one = router('stations');
    const message = { senderMac: A, senderIp: 1, targetMac: new Uint8Array(6), targetIp: parseIpv4('10.9.9.9') };
    const ask = (operation: number, spoil = 0): string => {
      const link = ethernet.encode({ destination: ROUTER, source: A, tags: [], etherType: 0x806 });
      const frame = Uint8Array.of(...link, ...arp.encode({ operation, ...message }));
      frame[15]! ^= spoil;
      return one.take(3, PacketBuffer.from(frame), 0);
    };
    expect([ask(1), ask(2), ask(1, 3)]).toEqual(['answered', 'passed', 'passed']);
  });

  it('refuses routers that are no address with a prefix', () => {
    for (const wrong of ['10.0.0.1', '10.0.0.1/33', '10.0.0.1/', '10.0.0.1/x']) {
      expect(() => routerLeg({ network: 1, tenant: 1, macAsId: 1, router: wrong })).toThrow(TypeError);
    }
    expect(() => routerLeg({ network: 1, tenant: 1, macAsId: 1, router: '300.0.0.1/8' })).toThrow('300.0.0.1');
    expect(routerLeg({ network: 1, tenant: 1, macAsId: 1, router: '10.0.0.1/0' })).toMatchObject({ mask: 0 });
  });

  it('total: whatever comes for it, it returns, and its answers have right checksums', () => {
    const one = router('stations');
    const edits = fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { maxLength: 4 });
    const echo = Uint8Array.of(8, 0, 0xf7, 0xff, 0, 0, 0, 0, 0, 0);
    const good = fc
      .constantFrom('10.0.1.1', '10.9.9.9', '10.77.0.1', '192.0.2.1')
      .map((to) => packet(to, { protocol: 1 }, echo).copy());
    const spoilt = fc.tuple(good, edits, fc.option(fc.nat(), { freq: 4 })).map(([octets, changes, cut]) => {
      for (const [at, value] of changes) octets[14 + (at % (octets.length - 14))] = value;
      // The header's own checksum is right, so that what is behind it gets its chance.
      if (octets[14] === 0x45) ipv4.writeChecksum(octets, 14);
      return cut === null ? octets : octets.slice(0, 14 + (cut % (octets.length - 13)));
    });
    const random = fc.uint8Array({ minLength: 14, maxLength: 80 });
    let nowMs = 0;
    fc.assert(
      fc.property(fc.oneof(random, spoilt), (octets) => {
        const outcome = one.take(1, PacketBuffer.from(octets), (nowMs += 200));
        if (outcome !== 'answered') return /^(passed|routed|E_[A-Z0-9_]+)$/.test(outcome);
        const answer = one.answer.copy();
        if (ethernet.readEtherType(answer, 0) === 0x806) return arp.check(answer, 14) === undefined;
        const end = 14 + ipv4.readTotalLength(answer, 14);
        const message = 14 + ipv4.readHeaderLength(answer, 14);
        return ipv4.check(answer, 14) === undefined && icmpv4.checkChecksum(answer, message, end) === undefined;
      }),
    );
  });
});
