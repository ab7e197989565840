import { describe, expect, it } from '@jest/globals';
import { TunnelMetadata, combineFrameEcn, ethernet, ipv4, ipv6, readFrameEcn } from '../src/index.js';

const addresses = { destination: new Uint8Array(6), source: new Uint8Array(6) };
const tag = { tpid: 0x8100, pcp: 0, dei: 0, vid: 1 };

function frameOf(kind: string, ecn: number): Uint8Array {
  const v4 = ipv4.encode({
    dscp: 5,
    ecn,
    totalLength: 20,
    identification: 0,
    dontFragment: false,
    moreFragments: false,
    fragmentOffset: 0,
    ttl: 1,
    protocol: 17,
    source: 1,
    destination: 2,
    options: new Uint8Array(0),
  });
  const ends = { source: new Uint8Array(16), destination: new Uint8Array(16) };
  const v6 = ipv6.encode({ dscp: 5, ecn, flowLabel: 0xfffff, payloadLength: 0, nextHeader: 59, hopLimit: 1, ...ends });
  switch (kind) {
    case 'IPv4':
      return Uint8Array.of(...ethernet.encode({ ...addresses, tags: [], etherType: 0x0800 }), ...v4);
    case 'tagged IPv4':
      return Uint8Array.of(...ethernet.encode({ ...addresses, tags: [tag], etherType: 0x0800 }), ...v4);
    case 'IPv6':
      return Uint8Array.of(...ethernet.encode({ ...addresses, tags: [], etherType: 0x86dd }), ...v6);
    case 'a cut IPv4':
      return Uint8Array.of(...ethernet.encode({ ...addresses, tags: [], etherType: 0x0800 }), ...v4.subarray(0, 19));
    case 'IPv4 called IPv6':
      return Uint8Array.of(...ethernet.encode({ ...addresses, tags: [], etherType: 0x86dd }), ...v4, ...v4);
    default:
      return Uint8Array.of(...ethernet.encode({ ...addresses, tags: [], etherType: 0x0806 }), ...v4);
  }
}

function combine(frame: Uint8Array, outer: number): { fault: string | undefined; tunnel: TunnelMetadata } {
  const tunnel = new TunnelMetadata();
  tunnel.ecn = outer;
  return { fault: combineFrameEcn(frame, 0, frame.length, tunnel), tunnel };
}

describe.each(['IPv4', 'tagged IPv4', 'IPv6'])('%s in a frame', (kind) => {
  it('shows its ECN', () => {
    for (const ecn of [0, 1, 2, 3]) {
      const frame = frameOf(kind, ecn);
      expect(readFrameEcn(frame, 0, frame.length)).toBe(ecn);
    }
  });

  it('takes the outer mark, and nothing else changes', () => {
    const frame = frameOf(kind, 2);
    expect(combine(frame, 3)).toMatchObject({ fault: undefined, tunnel: { ecnAnomaly: 'none' } });
    expect(frame).toEqual(frameOf(kind, 3));
  });

  it('is dropped if it was marked on the way and can not say so', () => {
    expect(combine(frameOf(kind, 0), 3)).toMatchObject({ fault: 'E_ECN_DROP', tunnel: { ecnAnomaly: 'alarm' } });
  });

  it('forgets the oddity of the packet before', () => {
    expect(combine(frameOf(kind, 3), 1).tunnel.ecnAnomaly).toBe('alarm');
    expect(combine(frameOf(kind, 3), 0).tunnel.ecnAnomaly).toBe('none');
  });
});

describe.each(['ARP', 'a cut IPv4', 'IPv4 called IPv6'])('%s in a frame', (kind) => {
  it('has no ECN and is left alone', () => {
    const frame = frameOf(kind, 2);
    expect(readFrameEcn(frame, 0, frame.length)).toBe(0);
    expect(combine(frame, 3).fault).toBeUndefined();
    expect(frame).toEqual(frameOf(kind, 2));
  });
});
