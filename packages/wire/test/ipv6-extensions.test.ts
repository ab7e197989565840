import { describe, expect, it } from '@jest/globals';
import { ExtensionWalk, ipv6 } from '../src/index.js';

const fixed: ipv6.Ipv6Header = {
  dscp: 0,
  ecn: 0,
  flowLabel: 0,
  payloadLength: 0,
  nextHeader: 17,
  hopLimit: 64,
  source: new Uint8Array(16),
  destination: new Uint8Array(16),
};

describe('ExtensionWalk', () => {
  const walk = new ExtensionWalk();
  const packet = (first: number, ...extensions: number[][]): Uint8Array => {
    const payload = extensions.flat();
    const header = { ...fixed, nextHeader: first, payloadLength: payload.length };
    return Uint8Array.of(...ipv6.encode(header), ...payload);
  };
  const options = (next: number): number[] => [next, 0, 1, 4, 0, 0, 0, 0];

  it('walks AH by its own unit', () => {
    const ah = [17, 4, ...new Array<number>(22).fill(0)];
    expect(walk.walk(packet(51, ah, [0, 0]), 0)).toBeUndefined();
    expect([walk.protocol, walk.offset]).toEqual([17, 64]);
  });

  it('walks through an atomic fragment and stops at a real one', () => {
    expect(walk.walk(packet(44, [60, 0, 0, 0, 0, 0, 0, 1], options(17)), 0)).toBeUndefined();
    expect([walk.protocol, walk.isFragment]).toEqual([17, false]);
    expect(walk.walk(packet(44, [60, 0, 0, 1, 0, 0, 0, 1], options(17)), 0)).toBeUndefined();
    expect([walk.protocol, walk.isFragment, walk.offset]).toEqual([60, true, 48]);
  });

  it('forgets the last packet', () => {
    walk.walk(packet(44, [17, 0, 0, 1, 0, 0, 0, 1]), 0);
    walk.walk(packet(17), 0);
    expect([walk.protocol, walk.isFragment, walk.offset]).toEqual([17, false, 40]);
  });

  it('takes eight headers and refuses nine', () => {
    const chain = (n: number): number[][] => Array.from({ length: n }, (_, i) => options(i === n - 1 ? 17 : 60));
    expect(walk.walk(packet(60, ...chain(8)), 0)).toBeUndefined();
    expect(walk.walk(packet(60, ...chain(9)), 0)).toBe('E_IPV6_TOO_MANY_EXTENSION_HEADERS');
  });

  it.each([
    ['hop-by-hop not first', packet(60, options(0), options(17))],
    ['no octets left', packet(60)],
    ['an overrun', packet(60, [17, 1, 0, 0, 0, 0, 0, 0])],
  ])('refuses %s', (_name, bytes) => expect(walk.walk(bytes, 0)).toBe('E_IPV6_BAD_EXTENSION_HEADER'));
});
