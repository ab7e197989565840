/** Segments in tunnels, many at a time: cut behind the tunnel's headers, and joined without being unwrapped. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  PacketBuffer,
  type RunWays,
  SegmentCoalescer,
  SoftwareOffload,
  TunnelMetadata,
  UdpCarrier,
  read16,
} from '../src/index.js';
import { offloadFrame } from '../src/arbitraries.js';
import { cut, octets, same, superFrames, toHex } from './coalescing.js';

const TUNNEL_HEADER = Uint8Array.of(8, 0, 0, 0, 0, 0x13, 0x89, 0);
const RING = 1 << 20;
const arena = new Uint8Array(2 * RING);
const carrier = new UdpCarrier({
  port: 4789,
  wrongPort: 'E_TEST_WRONG_PORT',
  checksumIpv4: 'zero',
  checksumIpv6: 'computed',
});

function tunnelTo(family: 4 | 6, ecn = 0): TunnelMetadata {
  const tunnel = new TunnelMetadata();
  tunnel.source.family = tunnel.destination.family = family;
  tunnel.source.word0 = 0x0a000001;
  tunnel.destination.word0 = 0x0a000002;
  tunnel.ecn = ecn;
  return tunnel;
}

/** Puts headers in front of a frame, in place. */
function wrap(packet: PacketBuffer, tunnel: TunnelMetadata): PacketBuffer {
  const at = packet.prepend(TUNNEL_HEADER.length);
  packet.bytes.set(TUNNEL_HEADER, at);
  carrier.wrap(packet, tunnel, tunnel.ecn);
  return packet;
}

/** The frame inside of a packet that has all its headers right. */
function unwrap(octetsOf: Uint8Array): Uint8Array {
  const packet = new PacketBuffer(octetsOf);
  const fault = carrier.open(packet, new TunnelMetadata());
  if (fault !== undefined) throw new Error(fault);
  packet.trimFront(TUNNEL_HEADER.length);
  return packet.copy();
}

/** A frame in the arena, behind the ring. */
function place(frame: PacketBuffer): PacketBuffer {
  const at = RING + 4096 + 2;
  arena.set(frame.copy(), at);
  const placed = new PacketBuffer(arena, at, at + frame.length);
  placed.copyOffload(frame);
  placed.checksumStart += at - frame.start;
  placed.checksumField += at - frame.start;
  return placed;
}

const offload = new SoftwareOffload({ scratch: new PacketBuffer(arena, 0, RING) });
const underlay = new SoftwareOffload({ startsWith: 'ip' });

/** What becomes of a frame in a tunnel: datagrams, as the underlay cuts them, or the outcome if there are none. */
function runWrapped(frame: PacketBuffer, tunnel: TunnelMetadata, ways: Partial<RunWays> = {}): Uint8Array[] | string {
  const sent: Uint8Array[] = [];
  const outcome = offload.runWrapped(frame, {
    wrap: (segment) => wrap(segment, tunnel),
    accepts: () => true,
    emit: (datagrams) => {
      const fault = underlay.run(datagrams, (datagram) => sent.push(datagram.copy()));
      if (fault !== undefined) throw new Error(fault);
    },
    ...ways,
  });
  return outcome === 'sent' ? sent : String(outcome);
}

const tcpFrames = superFrames.map((fields) => ({ ...fields, transport: 'tcp' as const }));
const families = fc.constantFrom(4 as const, 6 as const);

describe('SoftwareOffload.runWrapped', () => {
  it('gives the datagrams that wrapping each segment gives, but for outer checksums', () => {
    fc.assert(
      fc.property(tcpFrames, families, fc.nat(3), (fields, family, padding) => {
        const frame = place(offloadFrame({ ...fields, padding }));
        const before = frame.copy();
        // The underlay looks again at what the fields say.
        const sent = runWrapped(frame, tunnelTo(family));
        if (typeof sent === 'string') throw new Error(sent);
        if (!same([frame.copy()], [before])) throw new Error('input changed');
        return same(sent.map(unwrap), cut([offloadFrame({ ...fields, padding })]));
      }),
    );
  });

  it('fills super-datagrams of one size, each within the limits of kernels', () => {
    const frame = place(offloadFrame({ payload: octets(64_000), segmentSize: 1400, tcpOptions: 12 }));
    const lengths: number[] = [];
    runWrapped(frame, tunnelTo(4), { emit: (datagrams) => lengths.push(datagrams.length) });
    const unit = 8 + 14 + 20 + 32 + 1400;
    // 46 segments, the last of 1,000 octets.
    expect(lengths).toEqual([28 + 23 * unit, 28 + 23 * unit - 400]);
  });

  it('says what the super-datagram is, before anything is sent and after', () => {
    const frame = place(offloadFrame({ payload: octets(3000), segmentSize: 1000 }));
    const seen: unknown[] = [];
    const note = ({ start, end, ...packet }: PacketBuffer): void =>
      void seen.push([
        packet.segmentType,
        packet.segmentSize,
        packet.checksum,
        packet.checksumStart - start,
        end - start,
      ]);
    runWrapped(frame, tunnelTo(4), { accepts: (datagrams) => (note(datagrams), true), emit: note });
    const unit = 8 + 14 + 20 + 20 + 1000;
    expect(seen).toEqual([
      ['udp', unit, 'partial', 20, 28 + 3 * unit],
      ['udp', unit, 'partial', 20, 28 + 3 * unit],
    ]);
  });

  it.each<[string, PacketBuffer, Partial<RunWays>, string]>([
    [
      'a port that takes none',
      offloadFrame({ payload: octets(3000), segmentSize: 1000 }),
      { accepts: () => false },
      'unsuited',
    ],
    ['one segment', offloadFrame({ payload: octets(1000), segmentSize: 1000 }), {}, 'unsuited'],
    ['datagrams of which no two fit', offloadFrame({ payload: octets(64_000), segmentSize: 40_000 }), {}, 'unsuited'],
    ['UDP', offloadFrame({ transport: 'udp', payload: octets(3000), segmentSize: 1000 }), {}, 'unsuited'],
    [
      'what may not be sent',
      offloadFrame({ payload: octets(3000), segmentSize: 1000 }),
      { wrap: () => undefined },
      'refused',
    ],
  ])('%s', (_name, frame, ways, outcome) => {
    const placed = place(frame);
    const emitted: PacketBuffer[] = [];
    expect(runWrapped(placed, tunnelTo(4), { ...ways, emit: (packet) => emitted.push(packet) })).toBe(outcome);
    expect(emitted).toEqual([]);
  });

  it('names what is no TCP packet, and leaves frames in other memory to `run`', () => {
    const frame = place(offloadFrame({ payload: octets(3000), segmentSize: 1000 }));
    frame.checksumStart += 1;
    expect(runWrapped(frame, tunnelTo(4))).toBe('E_OFFLOAD_MISMATCH');
    expect(runWrapped(offloadFrame({ payload: octets(3000), segmentSize: 1000 }), tunnelTo(4))).toBe('unsuited');
  });
});

describe('SegmentCoalescer.acceptNext', () => {
  const HELD = SegmentCoalescer.scratchLength(2);

  /** Joins wrapped packets; `tries` says whether it asks for the short way first. Returns what came out, and how many went it. */
  function join(packets: readonly Uint8Array[], tries: boolean): { out: string[]; short: number } {
    const out: string[] = [];
    let short = 0;
    const note = (packet: PacketBuffer): void =>
      void out.push([toHex(packet.copy()), packet.checksum, packet.segmentType, packet.segmentSize].join());
    arena.fill(0, 0, HELD);
    const coalescer = new SegmentCoalescer(note, { flows: 2, scratch: new PacketBuffer(arena, 0, HELD) });
    const tunnel = new TunnelMetadata();
    let before = -1;
    let end = HELD;
    for (const each of packets) {
      arena.set(each, end);
      const packet = new PacketBuffer(arena, end, (end += each.length));
      const { start } = packet;
      if (tries && before >= 0 && coalescer.acceptNext(packet, before)) {
        short++;
      } else if (carrier.open(packet, tunnel) === undefined && read16(packet.bytes, packet.start) === 0x800) {
        packet.trimFront(TUNNEL_HEADER.length);
        if (!coalescer.accept(packet, tunnel)) note(packet);
      } else {
        out.push('refused');
      }
      before = start;
    }
    coalescer.flush();
    return { out, short };
  }

  const wrappedSegments = (fields: Parameters<typeof offloadFrame>[0], family: 4 | 6, ecn: number): Uint8Array[] =>
    cut([offloadFrame(fields)]).map((segment) => wrap(PacketBuffer.from(segment), tunnelTo(family, ecn)).copy());

  it('gives what unwrapping each gives, damage and all', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(tcpFrames, families, fc.nat(1)), { minLength: 1, maxLength: 3 }),
        fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 3 }),
        fc.array(fc.tuple(fc.nat(), fc.nat(140), fc.integer({ min: 1, max: 255 })), { maxLength: 3 }),
        (flows, swaps, damage) => {
          const packets = flows.flatMap(([fields, family, ecn]) => wrappedSegments(fields, family, ecn));
          for (const [a, b] of swaps) {
            const [x, y] = [a % packets.length, b % packets.length];
            [packets[x], packets[y]] = [packets[y]!, packets[x]!];
          }
          for (const [which, at, value] of damage) {
            const packet = packets[which % packets.length]!;
            packet[at % packet.length]! ^= value;
          }
          return join(packets, true).out.join('\n') === join(packets, false).out.join('\n');
        },
      ),
    );
  });

  it('takes every full segment of a run but the first', () => {
    const packets = wrappedSegments({ payload: octets(20_500), segmentSize: 1000, tcpOptions: 12 }, 4, 0);
    expect(packets).toHaveLength(21);
    const { out, short } = join(packets, true);
    // The last one is shorter, and unwrapped.
    expect([out.length, short]).toEqual([1, 19]);
  });

  it('takes a datagram with a checksum only if somebody has verified it', () => {
    const packets = wrappedSegments({ payload: octets(5000), segmentSize: 1000 }, 6, 0);
    expect(join(packets, true).short).toBe(0);
  });
});
