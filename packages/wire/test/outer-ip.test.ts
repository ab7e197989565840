import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { hostileBytes, ipv4Subject, ipv6Subject } from '../src/laws.js';
import type { Fault } from '../src/index.js';
import { ExtensionWalk, IpAddress, PacketBuffer, TunnelMetadata, ipv4, ipv6, openOuterIp } from '../src/index.js';

/** What `openOuterIp` must say of an IPv4 packet, from the codec alone. */
function expectedIpv4(bytes: Uint8Array, protocol: number): Fault | object {
  const fault = ipv4.check(bytes);
  if (fault !== undefined) return fault;
  const header = ipv4.decode(bytes);
  if (header.protocol !== protocol) return 'E_IP_UNEXPECTED_PROTOCOL';
  if (header.moreFragments || header.fragmentOffset !== 0) return 'E_OUTER_FRAGMENT';
  const { dscp, ecn, ttl } = header;
  const window = [ipv4.HEADER_LENGTH + header.options.length, header.totalLength];
  return { dscp, ecn, ttl, source: header.source, destination: header.destination, window };
}

function outcomeIpv4(bytes: Uint8Array, protocol: number, tunnel: TunnelMetadata): Fault | object {
  const packet = new PacketBuffer(bytes);
  const fault = openOuterIp(packet, tunnel, protocol);
  if (fault !== undefined) return fault;
  const { dscp, ecn, ttl } = tunnel;
  const [source, destination] = [tunnel.source.word0 >>> 0, tunnel.destination.word0 >>> 0];
  return { dscp, ecn, ttl, source, destination, window: [packet.start, packet.end] };
}

describe('openOuterIp', () => {
  it('says of any octets what the IPv4 codec says, with and without options', () => {
    const subject = ipv4Subject();
    const plain = subject.headers.map((header) => ({ ...header, moreFragments: false, fragmentOffset: 0 }));
    const packets = fc.oneof(hostileBytes(subject), hostileBytes({ ...subject, headers: plain }));
    fc.assert(
      fc.property(packets, fc.option(fc.nat({ max: 255 })), (bytes, other) => {
        // Octets of another version are another test's.
        fc.pre(bytes.length === 0 || bytes[0]! >>> 4 !== 6);
        const protocol = other ?? bytes[9] ?? 0;
        const outcome = outcomeIpv4(bytes, protocol, new TunnelMetadata());
        return JSON.stringify(outcome) === JSON.stringify(expectedIpv4(bytes, protocol));
      }),
    );
  });

  it('says of any octets what the IPv6 codec and the walk say', () => {
    const walk = new ExtensionWalk();
    fc.assert(
      fc.property(hostileBytes(ipv6Subject()), fc.option(fc.nat({ max: 255 })), (bytes, other) => {
        fc.pre(bytes.length > 0 && bytes[0]! >>> 4 === 6);
        const broken = ipv6.check(bytes) ?? walk.walk(bytes, 0);
        const protocol = other ?? walk.protocol;
        const packet = new PacketBuffer(bytes);
        const tunnel = new TunnelMetadata();
        const fault = openOuterIp(packet, tunnel, protocol);
        if (broken !== undefined) return fault === broken;
        if (walk.isFragment) return fault === 'E_OUTER_FRAGMENT';
        if (walk.protocol !== protocol) return fault === 'E_IP_UNEXPECTED_PROTOCOL';
        const header = ipv6.decode(bytes);
        const same = tunnel.dscp === header.dscp && tunnel.ecn === header.ecn && tunnel.ttl === header.hopLimit;
        return same && packet.start === walk.offset && packet.end === ipv6.HEADER_LENGTH + header.payloadLength;
      }),
    );
  });

  it('leaves nothing of an IPv6 packet in the addresses of the next, IPv4 one', () => {
    const tunnel = new TunnelMetadata();
    const six = ipv6.encode({
      dscp: 0,
      ecn: 0,
      flowLabel: 0,
      payloadLength: 0,
      nextHeader: 17,
      hopLimit: 1,
      source: new Uint8Array(16).fill(255),
      destination: new Uint8Array(16).fill(254),
    });
    const four = ipv4.encode({
      dscp: 0,
      ecn: 0,
      totalLength: 20,
      identification: 0,
      dontFragment: true,
      moreFragments: false,
      fragmentOffset: 0,
      ttl: 1,
      protocol: 17,
      source: 0xc0000201,
      destination: 0xc0000202,
      options: new Uint8Array(0),
    });
    expect(openOuterIp(new PacketBuffer(six), tunnel, 17)).toBeUndefined();
    expect(tunnel.source.toString()).toBe('ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff');
    expect(openOuterIp(new PacketBuffer(four), tunnel, 17)).toBeUndefined();
    expect(tunnel.source.equals(IpAddress.parse('192.0.2.1'))).toBe(true);
    expect(tunnel.destination.equals(IpAddress.parse('192.0.2.2'))).toBe(true);
  });
});
