import { describe, expect, it } from '@jest/globals';
import { PacketBuffer, TunnelMetadata, ethernet } from '../src/index.js';

describe('PacketBuffer', () => {
  it('moves its window over one array', () => {
    const packet = PacketBuffer.from(Uint8Array.of(1, 2, 3, 4), 8, 2);
    expect([packet.headroom, packet.length, packet.bytes.length]).toEqual([8, 4, 14]);
    expect(packet.prepend(3)).toBe(5);
    packet.trimFront(4);
    packet.trimBack(1);
    expect([...packet.view()]).toEqual([2, 3]);
    packet.copy().fill(9);
    expect([...packet.view()]).toEqual([2, 3]);
    packet.checksum = 'verified';
    expect(packet.reset(Uint8Array.of(7, 8), 1, 2).checksum).toBe('unverified');
    expect([...packet.view()]).toEqual([8]);
  });
});

describe('offload fields', () => {
  const ordinary = { checksum: 'unverified', checksumStart: 0, checksumField: 0, segmentType: 'none', segmentSize: 0 };
  const superFrame = {
    checksum: 'partial',
    checksumStart: 42,
    checksumField: 58,
    segmentType: 'tcp4',
    segmentSize: 1448,
  } as const;

  it('stay while headers come and go, and end with the packet', () => {
    const packet = PacketBuffer.from(new Uint8Array(100), 8);
    expect(packet).toMatchObject(ordinary);
    Object.assign(packet, superFrame);
    packet.prepend(8);
    packet.trimFront(20);
    packet.trimBack(1);
    expect(packet).toMatchObject(superFrame);
    const window = new PacketBuffer(packet.bytes, packet.start, packet.end);
    window.copyOffload(packet);
    expect(window).toMatchObject(superFrame);
    expect(packet.reset(packet.bytes, 0, 4)).toMatchObject(ordinary);
    window.clearOffload();
    expect(window).toMatchObject({ ...ordinary, start: 20, end: 107 });
  });
});

describe('PacketBuffer.clone', () => {
  it('is another packet with the same octets and the same left to do, in its own place', () => {
    const packet = new PacketBuffer(
      Uint8Array.from({ length: 60 }, (_, i) => i),
      10,
      50,
    );
    Object.assign(packet, {
      checksum: 'partial',
      checksumStart: 24,
      checksumField: 30,
      segmentType: 'udp',
      segmentSize: 8,
    });
    const clone = packet.clone(3);
    expect(clone.copy()).toEqual(packet.copy());
    expect(clone).toMatchObject({ start: 3, checksumStart: 17, checksumField: 23, segmentType: 'udp', segmentSize: 8 });
    clone.bytes.fill(0);
    expect(packet.bytes[10]).toBe(10);
    expect(new PacketBuffer(new Uint8Array(4), 2).clone(9)).toMatchObject({ start: 9, end: 11, checksumStart: 0 });
  });
});

describe('TunnelMetadata', () => {
  it('takes over all that another says, and tells tunnels apart by VLAN but not by next hop', () => {
    const [one, other] = [new TunnelMetadata(), new TunnelMetadata()];
    Object.assign(one, { network: 3, dscp: 1, ecn: 2, ttl: 3, entropy: 4, ecnAnomaly: 'note', control: true });
    Object.assign(one, { vlan: 5, nextHopHigh: 6, nextHopLow: -7 });
    one.source.setIpv4(8);
    expect(one.isSameTunnel(other)).toBe(false);
    expect(other.copy(one)).toEqual(one);
    other.nextHopLow = 1;
    expect(one.isSameTunnel(other)).toBe(true);
    other.vlan = 6;
    expect(one.isSameTunnel(other)).toBe(false);
  });
});

describe('ethernet.stripTags', () => {
  it('leaves addresses, EtherType and payload', () => {
    const tag = { tpid: 0x8100, pcp: 1, dei: 0, vid: 5 };
    const addresses = { destination: Uint8Array.of(1, 2, 3, 4, 5, 6), source: Uint8Array.of(7, 8, 9, 10, 11, 12) };
    const tagged = Uint8Array.of(...ethernet.encode({ ...addresses, tags: [tag, tag], etherType: 0x0800 }), 0xaa);
    const packet = PacketBuffer.from(tagged);
    ethernet.stripTags(packet, 8);
    expect([...packet.view()]).toEqual([...ethernet.encode({ ...addresses, tags: [], etherType: 0x0800 }), 0xaa]);
  });
});
