import { describe, expect, it } from '@jest/globals';
import { icmpv6, neighbor } from '../src/index.js';

const message: neighbor.NeighborMessage = {
  type: 135,
  checksum: 0,
  router: false,
  solicited: false,
  override: false,
  target: new Uint8Array(16),
  linkLayerAddress: new Uint8Array(6),
};

describe('neighbour discovery options', () => {
  const solicitation = neighbor.encode(message);

  it('refuses an option of length zero, which would loop', () => {
    const bytes = solicitation.slice();
    bytes[25] = 0;
    expect(neighbor.check(bytes)).toBe('E_ND_BAD_OPTION');
  });

  it('refuses an option that overruns', () => {
    const bytes = solicitation.slice();
    bytes[25] = 2;
    expect(neighbor.check(bytes)).toBe('E_ND_BAD_OPTION');
    expect(() => neighbor.decode(bytes)).toThrow('options at offset 24 must be whole options, got 8');
  });

  it('finds the address behind other options', () => {
    const nonce = Uint8Array.of(14, 1, 1, 2, 3, 4, 5, 6);
    const bytes = Uint8Array.of(...solicitation.subarray(0, 24), ...nonce, ...solicitation.subarray(24));
    expect(neighbor.findLinkLayerAddress(bytes, 0, bytes.length)).toBe(34);
  });

  it('refuses other messages', () => {
    expect(neighbor.check(icmpv6.encode({ type: 128, code: 0, checksum: 0, rest: 0 }))).toBe('E_ICMP_TRUNCATED');
    expect(neighbor.check(new Uint8Array(24))).toBe('E_ND_NOT_NEIGHBOR');
    expect(() => neighbor.decode(new Uint8Array(24))).toThrow('type at offset 0 must be 135 or 136 with code 0, got 0');
  });
});
