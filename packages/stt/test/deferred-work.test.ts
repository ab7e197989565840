import { describe, expect, it } from '@jest/globals';
import { PacketBuffer, checksum, read16, tcp } from '@overlane/wire';
import { judgeFrame, offloadFrame } from '@overlane/wire/arbitraries';
import { WARNING, frame, segment } from '../src/index.js';
import { receive, send, tcpFrame, tcpSumIsRight, toHex, tunnelTo } from './endpoints.js';

describe('offload', () => {
  it('of a guest goes into the frame header, and comes out as the same fields', () => {
    const guest = tcpFrame(9000, 1448);
    const packets = send(guest, tunnelTo(1));
    const { packet, outcome } = receive(packets, { innerChecksum: 'kept' });
    expect(outcome).toBeUndefined();
    expect([packet.checksum, packet.segmentType, packet.segmentSize]).toEqual(['partial', 'tcp4', 1448]);
    expect([packet.checksumStart - packet.start, packet.checksumField - packet.start]).toEqual([34, 50]);
    expect(toHex(packet.copy())).toBe(toHex(guest.copy()));
  });

  it.each([undefined, 0xb064])('of the checksum alone is finished on delivery, tag %s', (tag) => {
    const guest = tcpFrame(500, 0, tag);
    const { packet, outcome } = receive(send(guest, tunnelTo(1)));
    expect([outcome, packet.checksum, tcpSumIsRight(packet)]).toEqual([undefined, 'unverified', true]);
    // DEI can not be carried.
    if (tag !== undefined) expect(read16(packet.bytes, packet.start + 14)).toBe(tag & ~0x1000);
    expect(guest.checksum).toBe('partial');
  });

  it('that STT can not say is done before sending: CWR', () => {
    const guest = tcpFrame(3000, 1000);
    guest.bytes[guest.checksumStart + 13]! |= tcp.FLAG.CWR;
    const packets = send(guest, tunnelTo(1));
    expect(packets).toHaveLength(3);
    for (const packet of packets) {
      const { outcome, packet: inner } = receive([packet]);
      expect([outcome, inner.length, tcpSumIsRight(inner)]).toEqual([undefined, 1054, true]);
    }
  });

  it('of a frame that is too long for the length field: cut before sending', () => {
    const guest = tcpFrame(65_495, 60_000);
    const packets = send(guest, tunnelTo(1), { pathMtu: 65_535 });
    expect(packets.map(({ length }) => length)).toEqual([60_112, 5607]);
  });

  it('of datagrams: cut before sending, for the MSS would ask for IP fragments', () => {
    const guest = offloadFrame({ transport: 'udp', payload: new Uint8Array(3000), segmentSize: 1200 });
    const received = send(guest, tunnelTo(1)).map((packet) => receive([packet]).packet);
    expect(received.map((inner) => judgeFrame(inner).payload.length)).toEqual([1200, 1200, 600]);
  });

  it('that does not fit the frame is refused', () => {
    const guest = offloadFrame({ payload: new Uint8Array(3000), segmentSize: 1 });
    expect(() => send(Object.assign(guest, { segmentType: 'udp' }), tunnelTo(1))).toThrow('E_STT_OFFLOAD_MISMATCH');
    guest.bytes[guest.checksumStart + 13]! |= tcp.FLAG.CWR;
    expect(() => send(Object.assign(guest, { segmentType: 'tcp4' }), tunnelTo(1))).toThrow(
      'E_OFFLOAD_TOO_MANY_SEGMENTS',
    );
  });

  it('repairs a partial checksum that is not the sum of the pseudo-header, and counts it', () => {
    const guest = tcpFrame(100, 0);
    guest.bytes[guest.checksumField]! ^= 0x55;
    const { packet, endpoint } = receive(send(guest, tunnelTo(1)));
    expect([tcpSumIsRight(packet), endpoint.warnings.partialChecksum, endpoint.warnings.last]).toEqual([
      true,
      1,
      WARNING.PARTIAL_CHECKSUM,
    ]);
  });

  it('C says that somebody below has verified the inner checksum', () => {
    const verified = PacketBuffer.from(new Uint8Array(60));
    verified.checksum = 'verified';
    const packets = send(verified, tunnelTo(1));
    expect(frame.readFlags(packets[0]!.bytes, 40)).toBe(frame.FLAG.CHECKSUM_VERIFIED);
    expect(receive(packets).packet.checksum).toBe('verified');
    expect(receive(send(PacketBuffer.from(new Uint8Array(60)), tunnelTo(1))).packet.checksum).toBe('unverified');
  });
});

describe('super-frames', () => {
  it.each([
    [60, 'none', 0],
    [9000, 'tcp4', 1460],
  ] as const)('of %i octets ask the underlay for segments: %s', (length, segmentType, segmentSize) => {
    const frameOctets = Uint8Array.from({ length }, (_, i) => i);
    const [outer, ...more] = send(PacketBuffer.from(frameOctets), tunnelTo(1), { superFrames: true });
    expect(more).toEqual([]);
    expect(outer).toMatchObject({
      checksum: 'partial',
      checksumStart: 20,
      checksumField: 36,
      segmentType,
      segmentSize,
    });
    expect(outer!.length).toBe(58 + length);
    expect(segment.readFlags(outer!.bytes, 20)).toBe(segment.FLAG.ACK | segment.FLAG.PSH);
    const pseudo = checksum.pseudoHeaderV4(outer!.bytes, 0, 6, 38 + length);
    expect(segment.readChecksum(outer!.bytes, 20)).toBe(pseudo);
    // An underlay that does not cut hands it over uncut, checksum unfinished.
    const { outcome, packet } = receive([outer!]);
    expect([outcome, toHex(packet.copy())]).toEqual([undefined, toHex(frameOctets)]);
  });

  it('where they fit: a longer frame is cut into segments', () => {
    const options = { superFrames: 'whereTheyFit' } as const;
    expect(send(PacketBuffer.from(new Uint8Array(65_477)), tunnelTo(1), options)).toHaveLength(1);
    const packets = send(PacketBuffer.from(new Uint8Array(65_478)), tunnelTo(1), options);
    expect(packets.map(({ segmentType }) => segmentType)).toEqual(packets.map(() => 'none'));
    expect(receive(packets).packet.length).toBe(65_478);
  });

  it('without headroom, or with a tag, are copied', () => {
    const tagged = tcpFrame(9000, 1448, 0x2001);
    const { packet } = receive(send(tagged, tunnelTo(1), { superFrames: true }), { innerChecksum: 'kept' });
    expect(toHex(packet.copy())).toBe(toHex(tagged.copy()));
  });
});
