import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { frame } from '../src/arbitraries.js';
import { ethernet, flowHash, flowLabel, innerIpMtu, ipv4, ipv6, sourcePort, tcp } from '../src/index.js';

const hashOf = (bytes: Uint8Array, seed?: number): number => flowHash(bytes, 0, bytes.length, seed);
const link = (etherType: number): Uint8Array =>
  ethernet.encode({ destination: new Uint8Array(6), source: new Uint8Array(6), tags: [], etherType });

const v4 = (fields: Partial<ipv4.Ipv4Header>, payload: Uint8Array): Uint8Array => {
  const header = {
    dscp: 0,
    ecn: 0,
    totalLength: 20 + payload.length,
    identification: 0,
    dontFragment: false,
    moreFragments: false,
    fragmentOffset: 0,
    ttl: 64,
    protocol: tcp.IP_PROTOCOL,
    source: 1,
    destination: 2,
    options: new Uint8Array(0),
    ...fields,
  };
  return Uint8Array.of(...link(0x0800), ...ipv4.encode(header), ...payload);
};

const v6 = (nextHeader: number, ...payload: number[]): Uint8Array => {
  const addresses = { source: new Uint8Array(16), destination: new Uint8Array(16) };
  const fields = { dscp: 0, ecn: 0, flowLabel: 0, payloadLength: payload.length, nextHeader, hopLimit: 64 };
  return Uint8Array.of(...link(0x86dd), ...ipv6.encode({ ...fields, ...addresses }), ...payload);
};

describe('flowHash', () => {
  it('is defined for any octets', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), (bytes) => {
        const hash = hashOf(bytes);
        return hash === (hash | 0);
      }),
    );
  });

  it('does not see VLAN tags, nor what follows the ports', () => {
    fc.assert(
      fc.property(frame(), fc.nat({ max: 0xfff }), (bytes, vid) => {
        const tagged = Uint8Array.of(...bytes.subarray(0, 12), 0x81, 0, vid >>> 8, vid & 255, ...bytes.subarray(12));
        return hashOf(tagged) === hashOf(bytes) && hashOf(Uint8Array.of(...bytes, 1, 2, 3)) === hashOf(bytes);
      }),
    );
  });

  it('keeps all fragments of a packet together', () => {
    const first = v4({ moreFragments: true }, Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8));
    const last = v4({ fragmentOffset: 1 }, Uint8Array.of(9, 9, 9, 9));
    expect(hashOf(first)).toBe(hashOf(last));
    expect(hashOf(first)).not.toBe(hashOf(v4({}, Uint8Array.of(1, 2, 3, 4))));
  });

  it('sees ports behind IPv6 extension headers, and not in fragments', () => {
    const options = [6, 0, 1, 4, 0, 0, 0, 0];
    expect(hashOf(v6(60, ...options, 1, 2, 3, 4))).toBe(hashOf(v6(6, 1, 2, 3, 4)));
    const fragment = [6, 0, 0, 1, 0, 0, 0, 1];
    expect(hashOf(v6(44, ...fragment, 1, 2, 3, 4))).toBe(hashOf(v6(44, ...fragment, 4, 3, 2, 1)));
  });

  it('falls back to the MACs when the IP header is broken', () => {
    const broken = v4({}, new Uint8Array(4));
    broken[14] = 0x43;
    const other = broken.slice();
    other[30]! ^= 0xff;
    expect(hashOf(broken)).toBe(hashOf(other));
    expect(hashOf(v6(0, 17, 0))).toBe(hashOf(v6(0, 17, 1)));
  });

  it('takes a packet without its ports, and other protocols, as ports zero', () => {
    expect(hashOf(v4({}, Uint8Array.of(1, 2)))).toBe(hashOf(v4({}, new Uint8Array(4))));
    const icmp = v4({ protocol: 1 }, Uint8Array.of(1, 2, 3, 4));
    expect(hashOf(icmp)).toBe(hashOf(v4({ protocol: 1 }, new Uint8Array(4))));
  });

  it('depends on the seed', () => {
    const bytes = v4({}, Uint8Array.of(1, 2, 3, 4));
    expect(hashOf(bytes, 1)).not.toBe(hashOf(bytes));
  });

  it('spreads flows evenly: no source port bucket far from its share', () => {
    const buckets = new Int32Array(64);
    for (let i = 0; i < 64_000; i++) {
      const bytes = v4({ source: i }, Uint8Array.of(0, 80, 0, 80));
      buckets[sourcePort(hashOf(bytes), { low: 0, high: 63 })]!++;
    }
    for (const count of buckets) expect(Math.abs(count - 1000)).toBeLessThan(200);
  });
});

describe('derived values', () => {
  it('stay in their range', () => {
    const range = { low: 49152, high: 65535 };
    expect([sourcePort(0, range), sourcePort(0xffff_ffff, range)]).toEqual([49152, 65535]);
    expect([flowLabel(0), flowLabel(0x100000), flowLabel(0xffff_ffff)]).toEqual([1, 1, 0xfffff]);
    expect([sourcePort(-1, range), sourcePort(-0x8000_0000, range)]).toEqual([65535, 57344]);
  });

  it('count inner tags against the MTU', () => expect(innerIpMtu(1500, 36, 2)).toBe(1442));
});
