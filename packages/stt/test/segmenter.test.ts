import { describe, expect, it } from '@jest/globals';
import {
  IpAddress,
  PacketBuffer,
  TunnelMetadata,
  ipHeaderLength,
  ipv4,
  ipv6,
  outerPseudoHeader,
  tcp,
} from '@overlane/wire';
import fc from 'fast-check';
import { FRAME_LENGTH_MAX, INNER_LENGTH_MAX, OutgoingFrame, Segmenter, frame, segment } from '../src/index.js';
import vectorFile from './vectors/stt.json';

const SEED = Uint8Array.from({ length: 70_000 }, (_, i) => (i * 7 + (i >>> 8)) & 0xff);

function tunnel(family: 4 | 6): TunnelMetadata {
  const metadata = Object.assign(new TunnelMetadata(), { entropy: 0x12345678 });
  metadata.source.copy(IpAddress.parse(family === 4 ? '192.0.2.1' : '2001:db8::1'));
  metadata.destination.copy(IpAddress.parse(family === 4 ? '192.0.2.2' : '2001:db8::2'));
  return metadata;
}

/** A frame of `length` octets in the middle of a larger array. */
function innerFrame(length: number, type: readonly number[] = [0x88, 0xb5]): PacketBuffer {
  const packet = PacketBuffer.from(SEED.subarray(0, length), 7, 5);
  packet.bytes.set(type, packet.start + 12);
  return packet;
}

function load(packet: PacketBuffer): OutgoingFrame {
  const outgoing = new OutgoingFrame();
  const fault = outgoing.load(packet.bytes, packet.start, packet.end);
  if (fault !== undefined) throw new Error(fault);
  outgoing.writeFrameHeader(0, 0, 0, 1, 2, 'lsb');
  return outgoing;
}

const copies = (outgoing: OutgoingFrame, segmenter: Segmenter, family: 4 | 6): Uint8Array[] => {
  const packets: Uint8Array[] = [];
  const fault = segmenter.emitPackets(outgoing, tunnel(family), 0, (packet) => packets.push(packet.copy()));
  if (fault !== undefined) throw new Error(fault);
  return packets;
};

function slices(outgoing: OutgoingFrame, segmenter: Segmenter, family: 4 | 6): Uint8Array[] {
  const packets: Uint8Array[] = [];
  segmenter.emitSlices(outgoing, tunnel(family), 0, (front, body) => {
    const packet = new Uint8Array(front.length + body.length);
    packet.set(front.view());
    packet.set(body.view(), front.length);
    packets.push(packet);
  });
  return packets;
}

/** The frame that the segments make up, each of them held to the rules of a sender. */
function join(packets: readonly Uint8Array[], family: 4 | 6): Uint8Array {
  let whole = new Uint8Array(0);
  let next = 0;
  packets.forEach((packet, i) => {
    const at = ipHeaderLength(family);
    const badIp = family === 4 ? ipv4.check(packet, 0) : ipv6.check(packet, 0);
    if (badIp !== undefined) throw new Error(`packet ${i}: ${badIp}`);
    const length = family === 4 ? ipv4.readTotalLength(packet, 0) : at + ipv6.readPayloadLength(packet, 0);
    if (length !== packet.length) throw new Error(`packet ${i} says it has ${length} octets`);
    if (segment.check(packet, at) !== undefined) throw new Error(`segment ${i}: ${segment.check(packet, at)}`);
    const pseudoHeader = outerPseudoHeader(packet, 0, family, tcp.IP_PROTOCOL, packet.length - at);
    if (segment.checkChecksum(packet, at, packet.length, pseudoHeader) !== undefined) throw new Error(`sum of ${i}`);
    if (segment.readWarnings(packet, at) !== 0) throw new Error(`segment ${i} is odd`);
    if (segment.readSegmentOffset(packet, at) !== next) throw new Error(`segment ${i} leaves a hole`);
    const flags = i === packets.length - 1 ? 0x18 : 0x10;
    if (segment.readFlags(packet, at) !== flags) throw new Error(`control bits of ${i}`);
    if (i === 0) whole = new Uint8Array(segment.readFrameLength(packet, at));
    whole.set(packet.subarray(at + 20), next);
    next += packet.length - at - 20;
  });
  if (next !== whole.length) throw new Error('the segments do not fill the frame');
  return whole;
}

describe('plan vectors', () => {
  const plans = vectorFile.vectors.filter(({ kind }) => kind === 'plan');
  it.each(plans.map((v) => [v.name, v] as const))('%s', (name, v) => {
    const { frameLength, pathMtu, segmentPayloadMax, segmentCount, first, last } = v.fields as unknown as Record<
      string,
      number
    > & { first: object; last: object };
    const family = name.endsWith('v6') ? 6 : 4;
    const segmenter = new Segmenter({ pathMtu: pathMtu! });
    expect(segmenter.payloadMax(family)).toBe(segmentPayloadMax);
    const packets = copies(load(innerFrame(frameLength! - 18)), segmenter, family);
    expect(packets).toHaveLength(segmentCount!);
    const at = ipHeaderLength(family);
    const seen = (packet: Uint8Array): object => ({
      offset: segment.readSegmentOffset(packet, at),
      length: packet.length - at - 20,
      seq: `0x${tcp.readSequenceNumber(packet, at).toString(16).padStart(8, '0')}`,
      psh: (segment.readFlags(packet, at) & segment.FLAG.PSH) !== 0,
    });
    expect([seen(packets[0]!), seen(packets.at(-1)!)]).toEqual([first, last]);
  });
});

describe('segments', () => {
  it('join to the frame, for any length, MTU and family, copied or in slices', () => {
    // One ring for all runs, so that it goes round too.
    const ring = new PacketBuffer(new Uint8Array(Segmenter.scratchLength(61)));
    const mtu = fc.oneof(fc.integer({ min: 61, max: 130 }), fc.constantFrom(576, 1280, 1500, 9000, 65_535));
    fc.assert(
      fc.property(fc.integer({ min: 14, max: 4000 }), mtu, fc.constantFrom(4, 6), (length, pathMtu, family) => {
        const packet = innerFrame(length);
        const before = packet.bytes.slice();
        const outgoing = load(packet);
        const packets = copies(outgoing, new Segmenter({ pathMtu, scratch: ring }), family);
        const whole = join(packets, family);
        const sliced = slices(outgoing, new Segmenter({ pathMtu, scratch: ring }), family);
        return (
          packets.every((octets) => octets.length <= pathMtu) &&
          Buffer.compare(whole.subarray(18), packet.view()) === 0 &&
          sliced.length === packets.length &&
          sliced.every((octets, i) => Buffer.compare(octets, packets[i]!) === 0) &&
          Buffer.compare(before, packet.bytes) === 0
        );
      }),
    );
  });

  it('go round a ring that starts anywhere, in an array that starts anywhere', () => {
    const length = Segmenter.scratchLength(600);
    // Each is used in many runs, so that it goes round.
    const rings = Array.from({ length: 8 }, (_, at) => {
      const bytes = new Uint8Array(new ArrayBuffer(length + 32), (at * 5) % 8, length + 16).fill(0xee);
      const segmenter = new Segmenter({ pathMtu: 600, scratch: new PacketBuffer(bytes, at, at + length) });
      const around = (): boolean => [...bytes.subarray(0, at), ...bytes.subarray(at + length)].every((o) => o === 0xee);
      return { segmenter, around };
    });
    const cutting = fc.constantFrom(copies, slices);
    fc.assert(
      fc.property(fc.nat(7), fc.nat(6000), fc.constantFrom(4, 6), cutting, (ring, octets, family, cut) => {
        const { segmenter, around } = rings[ring]!;
        const packet = innerFrame(14 + octets);
        const whole = join(cut(load(packet), segmenter, family), family);
        return Buffer.compare(whole.subarray(18), packet.view()) === 0 && around();
      }),
    );
  });

  it('are let go of before their memory is used again', () => {
    let rounds = 0;
    const scratch = new PacketBuffer(new Uint8Array(Segmenter.scratchLength(1500)));
    const segmenter = new Segmenter({ scratch, beforeReuse: () => rounds++ });
    const outgoing = load(innerFrame(20_000));
    for (let i = 1; i <= 9; i++) {
      copies(outgoing, segmenter, 4);
      // Three such frames fill it.
      expect(rounds).toBe(Math.floor((i - 1) / 3));
    }
  });

  it('carry the longest frame over either family, and refuse one octet more', () => {
    const packet = innerFrame(INNER_LENGTH_MAX);
    for (const family of [4, 6] as const) {
      expect(join(copies(load(packet), new Segmenter(), family), family)).toHaveLength(FRAME_LENGTH_MAX);
    }
    const longer = innerFrame(INNER_LENGTH_MAX + 1);
    expect(new OutgoingFrame().load(longer.bytes, longer.start, longer.end)).toBe('E_STT_FRAME_TOO_LARGE');
  });

  it('refuse a path MTU without room for payload', () => {
    const outgoing = load(innerFrame(14));
    const sink = (): void => undefined;
    const outcome = (pathMtu: number, family: 4 | 6): unknown[] => [
      new Segmenter({ pathMtu }).emitPackets(outgoing, tunnel(family), 0, sink),
      new Segmenter({ pathMtu }).emitSlices(outgoing, tunnel(family), 0, sink),
    ];
    expect(outcome(40, 4)).toEqual(['E_STT_MTU_TOO_SMALL', 'E_STT_MTU_TOO_SMALL']);
    expect(outcome(60, 6)).toEqual(['E_STT_MTU_TOO_SMALL', 'E_STT_MTU_TOO_SMALL']);
    expect(outcome(41, 4)).toEqual([undefined, undefined]);
    expect(outcome(61, 6)).toEqual([undefined, undefined]);
  });

  it('of one frame share a packet id, which counts through 2^32', () => {
    const segmenter = new Segmenter({ firstPacketId: 0xffff_ffff, pathMtu: 576 });
    const outgoing = load(innerFrame(2000));
    const ids = [1, 2].map(() => new Set(copies(outgoing, segmenter, 4).map((p) => segment.readPacketId(p, 20))));
    expect(ids).toEqual([new Set([0xffff_ffff]), new Set([0])]);
  });

  it('use the range of source ports, DF, and the DSCP that the tunnel has', () => {
    const outgoing = load(innerFrame(1400));
    const metadata = Object.assign(tunnel(4), { dscp: 46, ttl: 9, entropy: 0xffff_ffff });
    new Segmenter().emitPackets(outgoing, metadata, 2, ({ bytes, start }) => {
      expect(segment.readSourcePort(bytes, start + 20)).toBe(65_535);
      expect(ipv4.decode(bytes, start)).toMatchObject({ dscp: 46, ecn: 2, ttl: 9, dontFragment: true });
    });
  });
});

describe('scratch', () => {
  it('keeps what was emitted while as many octets come after it as it is long', () => {
    const length = Segmenter.scratchLength(576);
    const segmenter = new Segmenter({ pathMtu: 576, scratch: new PacketBuffer(new Uint8Array(length)) });
    const outgoing = load(innerFrame(INNER_LENGTH_MAX));
    const windows: PacketBuffer[] = [];
    segmenter.emitPackets(outgoing, tunnel(4), 0, ({ bytes, start, end }) => {
      windows.push(new PacketBuffer(bytes, start, end));
    });
    const whole = join(
      windows.map((window) => window.view()),
      4,
    );
    expect(whole).toHaveLength(FRAME_LENGTH_MAX);
  });

  it('may lie in the array of the frame', () => {
    const length = Segmenter.scratchLength(1500);
    const arena = new Uint8Array(length + 10_000);
    arena.set(innerFrame(9000).view(), 100);
    const packet = new PacketBuffer(arena, 100, 9100);
    const segmenter = new Segmenter({ scratch: new PacketBuffer(arena, 10_000) });
    const packets = copies(load(packet), segmenter, 6);
    expect(Buffer.compare(join(packets, 6).subarray(18), packet.view())).toBe(0);
  });

  it('is refused if it is too short for one frame', () => {
    const scratch = new PacketBuffer(new Uint8Array(Segmenter.scratchLength(1500) - 1));
    expect(() => new Segmenter({ scratch })).toThrow(RangeError);
  });
});

describe('VLAN tags', () => {
  const carried = (type: readonly number[]): { header: object; inner: Uint8Array; packet: PacketBuffer } => {
    const packet = innerFrame(200, type);
    const whole = join(copies(load(packet), new Segmenter({ pathMtu: 100 }), 4), 4);
    const { vlanValid, pcp, vlanId } = frame.decode(whole);
    return { header: { vlanValid, pcp, vlanId }, inner: whole.subarray(18), packet };
  };

  it('a single 0x8100 tag moves into the frame header, without DEI', () => {
    const { header, inner, packet } = carried([0x81, 0x00, 0xb0, 0x64, 0x08, 0x00]);
    expect(header).toEqual({ vlanValid: true, pcp: 5, vlanId: 100 });
    const octets = packet.copy();
    expect(Buffer.from(inner)).toEqual(Buffer.concat([octets.subarray(0, 12), octets.subarray(16)]));
  });

  it.each([
    ['an S-tag', [0x88, 0xa8, 0, 1, 0x08, 0]],
    ['a double tag', [0x88, 0xa8, 0, 1, 0x81, 0, 0, 2, 0x08, 0]],
    ['two C-tags', [0x81, 0, 0, 1, 0x81, 0, 0, 2, 0x08, 0]],
  ])('%s stays inside', (_name, type) => {
    const { header, inner, packet } = carried(type);
    expect(header).toEqual({ vlanValid: false, pcp: 0, vlanId: 0 });
    expect(Buffer.compare(inner, packet.view())).toBe(0);
  });

  it('a cut tag is refused', () => {
    const packet = innerFrame(15, [0x81, 0]);
    expect(new OutgoingFrame().load(packet.bytes, packet.start, packet.end)).toBe('E_ETH_VLAN_TRUNCATED');
    expect(new OutgoingFrame().load(packet.bytes, 0, 13)).toBe('E_STT_INNER_TRUNCATED');
  });

  it('a tag makes room for four more octets', () => {
    const packet = innerFrame(INNER_LENGTH_MAX + 4, [0x81, 0, 0, 1, 0x08, 0]);
    expect(load(packet).length).toBe(FRAME_LENGTH_MAX);
  });
});
