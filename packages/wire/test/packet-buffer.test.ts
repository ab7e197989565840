import { describe, expect, it } from '@jest/globals';
import { PacketBuffer, ethernet } from '../src/index.js';

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
