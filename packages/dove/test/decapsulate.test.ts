import { describe, expect, it } from '@jest/globals';
import { PacketBuffer, TunnelMetadata, ipv4 } from '@overlane/wire';
import fc from 'fast-check';
import { dovePacket } from '../src/arbitraries.js';
import { type DoveEndpointOptions, DoveEncapsulation, dove } from '../src/index.js';
import { DOVE_PEERS, JUMBO, packetAround, receive } from './endpoints.js';
import { frameOf, octets, outerPacket, send, toHex, tunnelTo } from './vector-file.js';

describe('decapsulate', () => {
  it('carries: frames of any size over any path, in any order', () => {
    const path = fc.integer({ min: 150, max: 1500 });
    const property = fc.property(
      path.chain((pathMtu) => dovePacket({ ...DOVE_PEERS, pathMtu }, { payloadMax: 3000 })),
      fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })),
      ({ packets, frame, tunnel }, ranks) => {
        const order = packets.map((packet) => ({ packet, rank: ranks.next().value }));
        order.sort((a, b) => a.rank - b.rank);
        const endpoint = new DoveEncapsulation({ deliveries: 1, memoryLimit: 1 << 16, datagramLimit: 2 });
        const { packet, tunnel: found } = receive(
          endpoint,
          order.map((one) => one.packet),
        );
        return Buffer.compare(packet.copy(), frame) === 0 && found.network === tunnel.network;
      },
    );
    fc.assert(property);
  });

  it('puts 200 jumbo frames together from fragments in any order, one in a hundred twice', () => {
    const sender = new DoveEncapsulation({ ...DOVE_PEERS, seed: 3 });
    const frames = Array.from({ length: 200 }, (_, i) => frameOf(9000).fill(i, 14, 60));
    const fragments = frames.flatMap((frame) => send(sender, frame, tunnelTo(5)));
    const twice = fragments.filter((_, i) => i % 100 === 0);
    const indices = fc.shuffledSubarray(
      [...fragments, ...twice].map((_, i) => i),
      { minLength: 1414 },
    );
    const [order] = fc.sample(indices, { numRuns: 1, seed: 9 });
    const endpoint = new DoveEncapsulation();
    const tunnel = new TunnelMetadata();
    const found = order!.flatMap((i) => {
      const packet = new PacketBuffer([...fragments, ...twice][i]!.slice());
      const outcome = endpoint.decapsulate(packet, tunnel, 0);
      if (outcome !== undefined && outcome !== 'incomplete') throw new Error(outcome);
      return outcome === undefined ? [toHex(packet.copy())] : [];
    });
    expect(found.sort()).toEqual(frames.map(toHex).sort());
    expect([endpoint.reassembly.evicted, endpoint.reassembly.completed]).toEqual([0, 200]);
  });

  it('refuses other ports, overlays, instances and peers, in this order of rules', () => {
    const isPeer = (network: number, source: { toString(): string }): boolean =>
      `${network} ${source}` === '5 10.1.0.1';
    const endpoint = new DoveEncapsulation({ overlayId: 7, networks: new Set([5, 6]), isPeer });
    const outcome = (options: DoveEndpointOptions, tunnel: TunnelMetadata, length = 60): string | undefined => {
      const packet = outerPacket(
        Uint8Array.of(
          ...dove.encode({
            ...{
              version: 1,
              control: false,
              overlayId: options.overlayId ?? 7,
              instanceId: tunnel.network,
              extensions: [],
            },
          }),
          ...frameOf(60).subarray(0, length),
        ),
        tunnel,
      );
      return endpoint.decapsulate(packet, new TunnelMetadata(), 0);
    };
    expect(outcome({}, tunnelTo(5))).toBeUndefined();
    expect(outcome({}, tunnelTo(6))).toBe('E_DOVE_PEER');
    expect(outcome({}, tunnelTo(5, '10.1.0.9'))).toBe('E_DOVE_PEER');
    expect(outcome({}, tunnelTo(9, '10.1.0.9'))).toBe('E_DOVE_UNKNOWN_INSTANCE');
    expect(outcome({ overlayId: 8 }, tunnelTo(5))).toBe('E_DOVE_UNKNOWN_INSTANCE');
    expect(outcome({}, tunnelTo(9), 13)).toBe('E_OTV_INNER_TRUNCATED');
    const [stray] = send(new DoveEncapsulation({ port: 8473 }), frameOf(60), tunnelTo(5));
    expect(receive(endpoint, [stray!]).outcomes).toEqual(['E_DOVE_WRONG_PORT']);
  });

  it('takes the overlays that it is told to, and joins no fragments of two', () => {
    const jumbo = (overlayId: number): Uint8Array[] =>
      send(new DoveEncapsulation({ ...DOVE_PEERS, overlayId }), frameOf(2000), tunnelTo(5));
    const endpoint = new DoveEncapsulation({ overlayId: 1, overlays: new Set([2, 3]) });
    expect(receive(endpoint, jumbo(1)).outcomes).toEqual(Array(2).fill('E_DOVE_UNKNOWN_INSTANCE'));
    expect(receive(endpoint, [jumbo(2)[0]!, jumbo(3)[1]!]).outcomes).toEqual(['incomplete', 'incomplete']);
    expect(receive(endpoint, [jumbo(3)[0]!, jumbo(2)[1]!]).outcomes).toEqual([undefined, undefined]);
  });

  it('gives strangers no memory', () => {
    const fragments = send(new DoveEncapsulation(DOVE_PEERS), JUMBO, tunnelTo(5));
    for (const options of [{ networks: new Set([6]) }, { overlayId: 2 }, { isPeer: () => false }]) {
      const endpoint = new DoveEncapsulation(options);
      expect(new Set(receive(endpoint, fragments).outcomes).size).toBe(1);
      expect([endpoint.reassembly.size, endpoint.reassembly.byteLength]).toEqual([0, 0]);
    }
  });

  it('takes version 0 in mode dove as OTV, and version 1 in mode otv too', () => {
    const v0 = packetAround('080000010000640f' + toHex(frameOf(60)));
    expect(receive(new DoveEncapsulation(), [v0]).tunnel.network).toBe(100);
    const v1 = packetAround('1a0000010000640f' + toHex(frameOf(60)));
    const otv = receive(new DoveEncapsulation({ mode: 'otv' }), [v1]);
    expect([otv.outcomes, otv.tunnel.network, otv.tunnel.control]).toEqual([[undefined], 100, false]);
  });

  it('asks for an instance unless there is a network for packets without one', () => {
    const packet = packetAround('0000000100006400' + toHex(frameOf(60)));
    for (const mode of ['otv', 'dove'] as const) {
      expect(receive(new DoveEncapsulation({ mode }), [packet]).outcomes).toEqual(['E_OTV_NO_INSTANCE']);
      const { tunnel } = receive(new DoveEncapsulation({ mode, networkWithoutInstance: 3 }), [packet]);
      expect(tunnel.network).toBe(3);
    }
  });

  it('refuses reserved bits in mode otv only, if told to', () => {
    const packet = packetAround('0800000100006401' + toHex(frameOf(60)));
    const outcome = (mode: 'otv' | 'dove') =>
      receive(new DoveEncapsulation({ mode, strictReserved: true }), [packet]).outcomes;
    expect(outcome('otv')).toEqual(['E_OTV_RESERVED']);
    expect(outcome('dove')).toEqual([undefined]);
  });

  it.each([0, 1, 7])('refuses %i octets of UDP payload', (length) => {
    const packet = packetAround('18000001000064'.slice(0, 2 * length));
    expect(receive(new DoveEncapsulation(), [packet]).outcomes).toEqual(['E_OTV_TRUNCATED']);
  });

  it('refuses frames whose tags are broken, whole or reassembled', () => {
    const tags = '020000000002020000000001' + '81000001'.repeat(3) + '0800';
    expect(receive(new DoveEncapsulation(), [packetAround('1800000100006400' + tags)]).outcomes).toEqual([
      'E_ETH_TOO_MANY_TAGS',
    ]);
    const front = packetAround('1c00000100006401' + '0002000100000001' + tags.slice(0, 32));
    const back = packetAround('1c00000100006401' + '0002001000000001' + tags.slice(32));
    expect(receive(new DoveEncapsulation(), [back, front]).outcomes).toEqual(['incomplete', 'E_ETH_TOO_MANY_TAGS']);
  });

  it('refuses a frame that is too short once it is whole', () => {
    const empty = packetAround('1c00000100006401' + '0002000000000001');
    const short = packetAround('1c00000100006401' + '0002000000000002' + '00'.repeat(13));
    expect(receive(new DoveEncapsulation(), [empty, short]).outcomes).toEqual(Array(2).fill('E_OTV_INNER_TRUNCATED'));
  });

  it('gives up a datagram after one second, by tick or by the next fragment', () => {
    const [first, ...others] = send(new DoveEncapsulation(DOVE_PEERS), JUMBO, tunnelTo(5)) as [
      Uint8Array,
      ...Uint8Array[],
    ];
    const endpoint = new DoveEncapsulation();
    receive(endpoint, [first], 0);
    endpoint.tick(999);
    expect(endpoint.reassembly.timedOut).toBe(0);
    endpoint.tick(1000);
    expect([endpoint.reassembly.timedOut, endpoint.reassembly.size, endpoint.reassembly.held]).toEqual([1, 0, 0]);
    expect(receive(endpoint, others, 1000).outcomes).toEqual(others.map(() => 'incomplete'));
    expect(receive(endpoint, [first], 2000).outcomes).toEqual(['incomplete']);
    expect(endpoint.reassembly.timedOut).toBe(2);
  });

  it('combines ECN of fragments: CE if any had it', () => {
    const inner = octets('020000000002020000000001' + '0800' + '4502' + '07d0'.padEnd(36, '0')).slice();
    const frame = new Uint8Array(2014);
    frame.set(inner);
    const marked = send(new DoveEncapsulation(DOVE_PEERS), frame, tunnelTo(5)).map((packet, i) => {
      packet[1] = i === 1 ? 3 : 2;
      ipv4.writeChecksum(packet, 0);
      return packet;
    });
    const { packet, tunnel } = receive(new DoveEncapsulation(), marked);
    expect([tunnel.ecn, packet.bytes[packet.start + 15]! & 3]).toEqual([3, 3]);
  });

  it('refuses limits that make no sense', () => {
    for (const limits of [
      { memoryLimit: 65_535 },
      { fragmentLimit: 0 },
      { fragmentLimit: 257 },
      { datagramLimit: 0.5 },
      { deliveries: 0 },
    ]) {
      expect(() => new DoveEncapsulation(limits)).toThrow(RangeError);
    }
  });
});
