/** Frames that stay unfinished inside of a tunnel: what must hold so that whoever finishes them there gets it right. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type OffloadFrameFields, offloadFrame } from '../src/arbitraries.js';
import {
  PacketBuffer,
  SoftwareOffload,
  TunnelMetadata,
  UdpCarrier,
  finishGenericChecksum,
  longestSegment,
  outerPseudoHeader,
  read16,
} from '../src/index.js';

const octets = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => (i * 13) ^ (i >>> 8));
const fields: fc.Arbitrary<OffloadFrameFields> = fc.record({
  family: fc.constantFrom(4 as const, 6 as const),
  transport: fc.constantFrom('tcp' as const, 'udp' as const),
  payload: fc.nat(3000).map(octets),
  tcpOptions: fc.constantFrom(0, 12, 40),
  ipOptions: fc.constantFrom(0, 8, 24),
  tags: fc.nat(2),
  padding: fc.constantFrom(0, 0, 0, 3),
});

function segmentsOf(packet: PacketBuffer): string[] {
  const out: string[] = [];
  const fault = new SoftwareOffload().run(packet, (piece) => out.push(Buffer.from(piece.view()).toString('hex')));
  if (fault !== undefined) throw new Error(fault);
  return out;
}

describe('SoftwareOffload.prepare', () => {
  it('lets pass what a port without a second look finishes as `run` does, and repairs what it goes by', () => {
    fc.assert(
      fc.property(fields, fc.nat(0xffff), (frame, flip) => {
        const packet = offloadFrame(frame);
        packet.bytes[packet.checksumField]! ^= flip >>> 8;
        packet.bytes[packet.checksumField + 1]! ^= flip;
        const offload = new SoftwareOffload();
        if (offload.prepare(packet) !== (frame.padding === 0)) return false;
        if (frame.padding !== 0) return true;
        const [expected] = segmentsOf(packet.clone(64));
        // As virtio has it: over all to the end, what is in the field left in.
        const { checksumField } = packet;
        if (!finishGenericChecksum(packet)) return false;
        // A UDP checksum of zero would say that there is none.
        if (frame.transport === 'udp' && read16(packet.bytes, checksumField) === 0) return true;
        return Buffer.from(packet.view()).toString('hex') === expected;
      }),
    );
  });

  it.each([
    ['a frame that is no TCP where it says', offloadFrame({ moreFragments: true })],
    ['segments of the other family', Object.assign(big(), { segmentType: 'tcp6' })],
    ['segments of nothing', Object.assign(big(), { segmentSize: 0 })],
    ['too many segments', offloadFrame({ payload: octets(3000), segmentSize: 1 })],
  ])('lets `run` judge %s', (_what, packet) => {
    expect(new SoftwareOffload().prepare(packet)).toBe(false);
  });

  it('counts what it repairs, once', () => {
    const packet = big();
    packet.bytes[packet.checksumField]! ^= 1;
    const offload = new SoftwareOffload();
    expect([offload.prepare(packet), offload.prepare(packet), offload.deviatingPartials]).toEqual([true, true, 1]);
  });
});

function big(): PacketBuffer {
  return offloadFrame({ payload: octets(3000), segmentSize: 1000 });
}

describe('longestSegment', () => {
  it('is the length of the longest piece', () => {
    fc.assert(
      fc.property(fields, fc.integer({ min: 1, max: 3200 }), (frame, segmentSize) => {
        fc.pre(frame.padding === 0);
        const packet = offloadFrame({ ...frame, segmentSize: Math.max(segmentSize, 2) });
        const longest = longestSegment(packet);
        return longest === Math.max(...segmentsOf(packet).map((text) => text.length / 2));
      }),
    );
  });
});

describe('UdpCarrier around an unfinished frame', () => {
  const carrier = new UdpCarrier({
    ...{ port: 6081, wrongPort: 'E_TEST_WRONG_PORT', checksumIpv4: 'computed', checksumIpv6: 'computed' },
  });
  const tunnelTo = (family: 4 | 6): TunnelMetadata => {
    const tunnel = new TunnelMetadata();
    tunnel.source.family = tunnel.destination.family = family;
    tunnel.source.word0 = 0x0a000001;
    tunnel.destination.word0 = 0x0a000002;
    return tunnel;
  };

  it('sends the checksum that is right once the inner one is finished', () => {
    fc.assert(
      fc.property(fields, fc.constantFrom(4 as const, 6 as const), (frame, family) => {
        fc.pre(frame.padding === 0);
        const packet = offloadFrame(frame);
        const { start } = packet;
        packet.innerStart = start;
        carrier.wrap(packet, tunnelTo(family), 0);
        const outer = packet.start;
        packet.start = start;
        segmentsOf(packet);
        packet.start = outer;
        return carrier.open(packet, new TunnelMetadata()) === undefined && packet.start === start;
      }),
    );
  });

  it.each([4, 6] as const)('leaves the sum of the pseudo-header to who cuts it, IPv%i', (family) => {
    const packet = big();
    packet.innerStart = packet.start;
    const length = packet.length + 8;
    carrier.wrap(packet, tunnelTo(family), 0);
    const field = packet.innerStart - 8 + 6;
    const expected = outerPseudoHeader(packet.bytes, packet.start, family, 17, length);
    expect(read16(packet.bytes, field)).toBe(expected);
  });
});

describe('innerStart', () => {
  it('moves with a copy, and goes with the other offload fields', () => {
    const packet = big();
    packet.innerStart = packet.start + 50;
    const clone = packet.clone(7);
    expect(clone.innerStart).toBe(57);
    const window = new PacketBuffer(packet.bytes, 0, 10);
    window.copyOffload(packet);
    expect(window.innerStart).toBe(packet.innerStart);
    window.clearOffload();
    expect(window.innerStart).toBe(0);
    expect(offloadFrame({}).clone(9).innerStart).toBe(0);
  });
});
