import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { tunnelMetadata } from '../src/laws.js';
import type { ChecksumPolicy, Encapsulation, Fault } from '../src/index.js';
import { PacketBuffer, TunnelMetadata, UdpCarrier, ipv4, ipv6, udp } from '../src/index.js';
import { encapsulationLaws } from '../src/laws.js';

const PORT = 6081;
const carrierOf = (policy: ChecksumPolicy, zero: udp.ZeroChecksum = 'refused'): UdpCarrier =>
  new UdpCarrier({
    port: PORT,
    wrongPort: 'E_TEST_WRONG_PORT',
    checksumIpv4: policy,
    checksumIpv6: policy,
    zeroChecksumIpv6: zero,
  });

const wrapped = (carrier: UdpCarrier, payload: Uint8Array, tunnel: TunnelMetadata, ecn = 0): Uint8Array => {
  const packet = PacketBuffer.from(payload);
  carrier.wrap(packet, tunnel, ecn);
  return packet.copy();
};

const opened = (carrier: UdpCarrier, bytes: Uint8Array, tunnel = new TunnelMetadata()): Fault | PacketBuffer => {
  const packet = new PacketBuffer(bytes);
  return carrier.open(packet, tunnel) ?? packet;
};

function tunnelTo(family: 4 | 6): TunnelMetadata {
  const tunnel = new TunnelMetadata();
  tunnel.entropy = 0xdeadbeef;
  tunnel.source.family = tunnel.destination.family = family;
  tunnel.source.word0 = 0x0a000001;
  tunnel.destination.word0 = 0x0a000002;
  return tunnel;
}

describe('UdpCarrier', () => {
  /** The least encapsulation there is: UDP around a frame, nothing else. */
  class BareUdp implements Encapsulation {
    readonly name = 'bare';
    readonly #carrier = carrierOf('computed');

    overhead(family: 4 | 6): number {
      return this.#carrier.overhead(family);
    }

    encapsulate(packet: PacketBuffer, tunnel: TunnelMetadata, emit: (packet: PacketBuffer) => void): undefined {
      this.#carrier.wrap(packet, tunnel, 0);
      emit(packet);
      packet.trimFront(this.overhead(tunnel.destination.family));
    }

    decapsulate(packet: PacketBuffer, tunnel: TunnelMetadata): Fault | undefined {
      return this.#carrier.open(packet, tunnel);
    }
  }

  for (const law of encapsulationLaws({ make: () => new BareUdp(), networks: fc.constant(0) })) {
    it(`keeps the law ${law.name}`, () => fc.assert(law.property));
  }

  it('is opened by the policy that it was wrapped with, over both families', () => {
    const policies = fc.constantFrom<ChecksumPolicy>('computed', 'zero');
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 40 }),
        tunnelMetadata(fc.constant(0)),
        policies,
        (payload, tunnel, policy) => {
          const bytes = wrapped(carrierOf(policy), payload, tunnel, 2);
          const received = new TunnelMetadata();
          const outcome = opened(carrierOf('computed'), bytes, received);
          if (policy === 'zero' && tunnel.destination.family === 6)
            return outcome === 'E_UDP_ZERO_CHECKSUM_NOT_ALLOWED';
          return typeof outcome === 'object' && outcome.length === payload.length && received.ecn === 2;
        },
      ),
    );
  });

  it('takes zero checksums over IPv6 where configured, and still verifies others', () => {
    const tolerant = carrierOf('computed', 'accepted');
    const zero = wrapped(carrierOf('zero'), Uint8Array.of(1, 2, 3), tunnelTo(6));
    expect(opened(tolerant, zero)).toBeInstanceOf(PacketBuffer);
    const computed = wrapped(carrierOf('computed'), Uint8Array.of(1, 2, 3), tunnelTo(6));
    expect(opened(tolerant, computed)).toBeInstanceOf(PacketBuffer);
    computed[50]! ^= 1;
    expect(opened(tolerant, computed)).toBe('E_UDP_BAD_CHECKSUM');
  });

  it('sends what its metadata says', () => {
    const four = Object.assign(tunnelTo(4), { dscp: 46, ttl: 9 });
    const bytes = wrapped(carrierOf('zero'), new Uint8Array(5), four, 1);
    expect(ipv4.decode(bytes)).toMatchObject({
      dscp: 46,
      ecn: 1,
      ttl: 9,
      dontFragment: true,
      identification: 0,
      protocol: 17,
      totalLength: 33,
    });
    const { sourcePort, destinationPort, length, checksum } = udp.decode(bytes, 20);
    expect({ destinationPort, length, checksum }).toEqual({ destinationPort: PORT, length: 13, checksum: 0 });
    expect(sourcePort).toBeGreaterThanOrEqual(49152);
    const six = wrapped(carrierOf('computed'), new Uint8Array(5), Object.assign(tunnelTo(6), { dscp: 46, ttl: 9 }), 1);
    expect(ipv6.decode(six)).toMatchObject({ dscp: 46, ecn: 1, hopLimit: 9, flowLabel: 0xdbeef, payloadLength: 13 });
  });

  it('cuts padding behind the datagram and behind the IP packet', () => {
    const bytes = Uint8Array.of(...wrapped(carrierOf('zero'), Uint8Array.of(1, 2, 3), tunnelTo(4)), 0, 0, 0);
    const packet = opened(carrierOf('zero'), bytes) as PacketBuffer;
    expect([...packet.view()]).toEqual([1, 2, 3]);
  });

  it('refuses another port by the name it was given', () => {
    const bytes = wrapped(carrierOf('zero'), new Uint8Array(3), tunnelTo(4));
    udp.writeDestinationPort(bytes, 20, PORT + 1);
    expect(opened(carrierOf('zero'), bytes)).toBe('E_TEST_WRONG_PORT');
  });

  it('refuses nothing at all', () => {
    expect(opened(carrierOf('zero'), new Uint8Array(0))).toBe('E_IPV4_TRUNCATED');
  });
});
