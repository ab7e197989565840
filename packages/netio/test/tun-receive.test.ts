import { describe, expect, it } from '@jest/globals';
import { IpAddress, type PacketBuffer } from '@overlane/wire';
import fc from 'fast-check';
import { HEADROOM } from '../src/slots.js';
import { writeTunnelVnetHeader } from '../src/tunnel-vnet-header.js';
import { frameOf, openTun } from './tun-fixture.js';
import { tunnelPacket, type TunnelPacketFields, workOf } from './tunnel-fixture.js';

const SEGMENTS = { payload: new Uint8Array(3000), segmentSize: 1000 };
const NOTHING = new Uint8Array(24);

/** A packet as the device gives it. */
function arrival(packet: PacketBuffer, family: 4 | 6 = 4): Uint8Array {
  const vnet = new Uint8Array(24);
  writeTunnelVnetHeader(vnet, 0, packet, 14, family);
  return frameOf(packet, vnet, family);
}

/** The same for one with nothing left to do, after `change`. */
function plain(fields: TunnelPacketFields, change: (octets: Uint8Array) => void = () => undefined): Uint8Array {
  const octets = tunnelPacket(fields).copy();
  change(octets);
  return frameOf(octets, NOTHING, fields.outer);
}

describe('TunUnderlay receiving', () => {
  it.each([4, 6] as const)('hands super-frames out whole, with what is left to do inside, IPv%i', (outer) => {
    const { port, kernel } = openTun({ local: IpAddress.parse(outer === 4 ? '203.0.113.2' : '2001:db8:77::2') });
    const packets = [
      tunnelPacket({ ...SEGMENTS, outer }),
      tunnelPacket({ ...SEGMENTS, outer, transport: 'udp', outerChecksum: 5 }),
      tunnelPacket({ outer }),
    ];
    kernel.waiting.push(...packets.map((packet) => arrival(packet, outer)));
    expect(port.receive()).toBe(3);
    packets.forEach((packet, i) => {
      const received = port.packet(i);
      expect(workOf(received)).toEqual(workOf(packet));
      expect(received.view()).toEqual(packet.view());
      expect([received.start % 4, received.innerStart, received.start >= HEADROOM]).toEqual([2, 0, true]);
    });
    expect(port.statistics).toMatchObject({ received: 3, receivedSuper: 2, receivedUnfinished: 3 });
    expect(port.receive()).toBe(0);
  });

  it('takes an unfinished outer checksum out, and super-datagrams apart', () => {
    const { port, kernel } = openTun();
    const outside = tunnelPacket({ payload: new Uint8Array(100) });
    const at = outside.start + 20;
    Object.assign(outside, { innerStart: 0, checksumStart: at, checksumField: at + 6 });
    outside.bytes[at + 6] = 9;
    const run = tunnelPacket({ payload: new Uint8Array(100) });
    const runAt = run.start + 20;
    Object.assign(run, {
      innerStart: 0,
      segmentType: 'udp',
      segmentSize: 70,
      checksumStart: runAt,
      checksumField: runAt + 6,
    });
    kernel.waiting.push(arrival(outside), arrival(run));
    expect(port.receive()).toBe(4);
    expect(port.packet(0)).toMatchObject({ checksum: 'verified', segmentType: 'none' });
    expect(port.packet(0).bytes[port.packet(0).start + 26]).toBe(0);
    expect([1, 2, 3].map((i) => port.packet(i).length)).toEqual([98, 98, run.length - 28 - 140 + 28]);
  });

  it.each([
    ['another port', (octets: Uint8Array) => void (octets[22] = 1)],
    ['another protocol', (octets: Uint8Array) => void (octets[9] = 1)],
    ['another address', (octets: Uint8Array) => void (octets[19] = 9)],
    ['a fragment', (octets: Uint8Array) => void (octets[6] = 0x20)],
    ['a later fragment', (octets: Uint8Array) => void (octets[7] = 1)],
    ['another version', (octets: Uint8Array) => void (octets[0] = 0x65)],
    ['an IP header longer than the packet', (octets: Uint8Array) => void octets.copyWithin(0, 0).fill(0x4f, 0, 1)],
  ])('drops what is not for it: %s', (what, change) => {
    const { port, kernel } = openTun();
    const frame = plain({}, change);
    kernel.waiting.push(what.startsWith('an IP header') ? frame.subarray(0, 24 + 14 + 40) : frame, plain({}));
    expect(port.receive()).toBe(1);
    expect(port.statistics).toMatchObject({ received: 1, foreign: 1 });
  });

  it('drops other kinds of frames, and those too short or too long', () => {
    const { port, kernel } = openTun({ offload: 'none' });
    const vnet = new Uint8Array(10);
    const octets = tunnelPacket({}).copy();
    kernel.waiting.push(frameOf(octets, vnet, 6), frameOf(octets.subarray(0, 27), vnet), new Uint8Array(3));
    kernel.waiting.push(new Uint8Array(2304 - HEADROOM + 24), frameOf(octets, vnet));
    expect(port.receive()).toBe(1);
    expect(port.statistics).toMatchObject({ foreign: 3, truncated: 1, received: 1 });
  });

  it('takes any packet of a protocol without ports', () => {
    const { port, kernel } = openTun({ transport: { protocol: 47 } });
    kernel.waiting.push(
      plain({}, (octets) => void (octets[9] = 47)),
      plain({}),
    );
    expect([port.receive(), port.statistics.foreign]).toEqual([1, 1]);
  });

  it('counts vnet headers that lie', () => {
    const { port, kernel } = openTun();
    const spoilt = (at: number, value: number): Uint8Array => {
      const frame = arrival(tunnelPacket(SEGMENTS));
      frame[at] = value;
      return frame;
    };
    kernel.waiting.push(spoilt(20, 33), spoilt(7, 0xff), spoilt(1, 0x23), spoilt(6, 2), arrival(tunnelPacket({})));
    expect(port.receive()).toBe(1);
    const counted = { badTunnel: 1, badChecksumRange: 1, badSegments: 2 };
    expect(port.statistics).toMatchObject({ ...counted, received: 1 });
  });

  it('reads on after an interruption, and no longer than a batch that is refused', () => {
    const { port, kernel, system } = openTun();
    system.answer('read', -4);
    kernel.waiting.push(plain({}));
    expect(port.receive()).toBe(1);
    system.answer('read', -77);
    expect([port.receive(), port.statistics.receiveErrors]).toEqual([0, 1]);
    for (let i = 0; i < 40; i++) kernel.waiting.push(new Uint8Array(60));
    expect([port.receive(), port.statistics.foreign]).toEqual([0, 16]);
  });

  it('total: any frame is dropped and counted, or keeps to its octets', () => {
    const { port, kernel } = openTun();
    const good = [arrival(tunnelPacket(SEGMENTS)), arrival(tunnelPacket({}))];
    const places = fc.array(fc.tuple(fc.nat(110), fc.nat(255)), { maxLength: 6 });
    fc.assert(
      fc.property(fc.nat(1), places, fc.nat(60), (which, changes, cut) => {
        const frame = good[which]!.slice(0, good[which]!.length - cut);
        for (const [at, value] of changes) frame[at] = value;
        kernel.waiting.push(frame);
        const { start = 0, end = 1 } = port.receive() > 0 ? port.packet(0) : {};
        if (kernel.waiting.length > 0) return false;
        while (port.receive() > 0);
        return end > start;
      }),
    );
  });
});
