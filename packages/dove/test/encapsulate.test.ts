import { describe, expect, it } from '@jest/globals';
import { PacketBuffer, type TunnelMetadata, flowHash, ipv4, udp } from '@overlane/wire';
import { type DoveEndpointOptions, DoveEncapsulation, MULTICAST_TTL, dove } from '../src/index.js';
import { DOVE_PEERS, JUMBO, receive } from './endpoints.js';
import { frameOf, octets, send, toHex, tunnelTo } from './vector-file.js';

const refusedBy = (options: DoveEndpointOptions, frame: Uint8Array, tunnel: TunnelMetadata): string | undefined => {
  const packet = PacketBuffer.from(frame);
  let emitted = 0;
  const fault = new DoveEncapsulation(options).encapsulate(packet, tunnel, () => emitted++);
  if (fault !== undefined && emitted > 0) throw new Error('emitted and refused');
  expect(packet.copy()).toEqual(frame);
  return fault;
};

describe('encapsulate', () => {
  it('refuses what can be no frame, or has no place to go', () => {
    const headless = tunnelTo(5);
    expect(refusedBy({}, frameOf(14).subarray(0, 13), headless)).toBe('E_OTV_INNER_TRUNCATED');
    const tags = octets('020000000002020000000001' + '81000001'.repeat(3) + '0800');
    expect(refusedBy({}, tags, headless)).toBe('E_ETH_TOO_MANY_TAGS');
    for (const network of [-1, 0x1000000, 1.5, Number.NaN]) {
      expect(refusedBy({}, frameOf(60), tunnelTo(network))).toBe('E_FIELD_RANGE');
    }
    expect(refusedBy({}, frameOf(60), tunnelTo(5, '10.0.0.1', '2001:db8::1'))).toBe('E_ADDRESS_FAMILY_MISMATCH');
    const close = new PacketBuffer(frameOf(60));
    expect(new DoveEncapsulation().encapsulate(close, headless, () => undefined)).toBe('E_BUFFER_NO_HEADROOM');
  });

  it('fills the path to the octet, and says what virtual ports may send', () => {
    for (const family of [4, 6] as const) {
      const endpoint = new DoveEncapsulation();
      const tunnel = family === 4 ? tunnelTo(5) : tunnelTo(5, '2001:db8::1', '2001:db8::2');
      expect(endpoint.overhead(family)).toBe(family === 4 ? 36 : 56);
      expect(endpoint.innerMtu(family)).toBe(family === 4 ? 1450 : 1430);
      const [packet] = send(endpoint, frameOf(14 + endpoint.innerMtu(family)), tunnel);
      expect(packet!.length).toBe(1500);
      expect(refusedBy({}, frameOf(15 + endpoint.innerMtu(family)), tunnel)).toBe('E_DOVE_TOO_BIG');
    }
  });

  it('cuts for peers that take extensions only', () => {
    const asked: string[] = [];
    const takesExtensions = (peer: { toString(): string }): boolean => {
      asked.push(peer.toString());
      return peer.toString() === '10.1.0.2';
    };
    const emitted = send(new DoveEncapsulation({ takesExtensions }), JUMBO, tunnelTo(5));
    expect(emitted.map(({ length }) => length)).toEqual([...Array<number>(6).fill(1500), 322]);
    expect(refusedBy({ takesExtensions }, JUMBO, tunnelTo(5, '10.1.0.1', '10.1.0.3'))).toBe('E_DOVE_TOO_BIG');
    expect(refusedBy({ mode: 'otv', takesExtensions }, JUMBO, tunnelTo(5))).toBe('E_DOVE_TOO_BIG');
    expect(refusedBy({}, JUMBO, tunnelTo(5))).toBe('E_DOVE_TOO_BIG');
    send(new DoveEncapsulation({ takesExtensions }), frameOf(60), tunnelTo(5));
    expect(asked).toEqual(['10.1.0.2', '10.1.0.3']);
  });

  it('gives all fragments one source port, one identification and DF', () => {
    const tunnel = tunnelTo(5);
    tunnel.entropy = flowHash(JUMBO, 0, JUMBO.length);
    const emitted = send(new DoveEncapsulation(DOVE_PEERS), JUMBO, tunnel);
    const facts = emitted.map((p) => [udp.readSourcePort(p, 20), toHex(p.slice(40, 44)), ipv4.decode(p).dontFragment]);
    expect(new Set(facts.map((fact) => fact.join())).size).toBe(1);
    expect(facts[0]![2]).toBe(true);
  });

  it('refuses what takes more than 64 fragments or 65,535 octets, or a path without room', () => {
    const chunk = 96;
    const pathMtu = 44 + chunk;
    expect(send(new DoveEncapsulation({ ...DOVE_PEERS, pathMtu }), frameOf(64 * chunk), tunnelTo(5)).length).toBe(64);
    expect(refusedBy({ ...DOVE_PEERS, pathMtu }, frameOf(64 * chunk + 1), tunnelTo(5))).toBe('E_DOVE_TOO_BIG');
    expect(send(new DoveEncapsulation(DOVE_PEERS), frameOf(65_535), tunnelTo(5)).length).toBe(46);
    expect(refusedBy(DOVE_PEERS, frameOf(65_536), tunnelTo(5))).toBe('E_DOVE_TOO_BIG');
    expect(refusedBy({ ...DOVE_PEERS, pathMtu: 51 }, frameOf(60), tunnelTo(5))).toBe('E_DOVE_TOO_BIG');
    expect(send(new DoveEncapsulation({ ...DOVE_PEERS, pathMtu: 52 }), frameOf(60), tunnelTo(5)).length).toBe(8);
  });

  it('takes a new identification for each frame, and other ones for other peers and seeds', () => {
    const idOf = (endpoint: DoveEncapsulation, destination: string, network = 5): number => {
      const [first] = send(endpoint, JUMBO, tunnelTo(network, '10.1.0.1', destination));
      return dove.readIdentification(first!, 36);
    };
    const endpoint = new DoveEncapsulation({ ...DOVE_PEERS, seed: 99 });
    const first = idOf(endpoint, '10.1.0.2');
    expect(idOf(endpoint, '10.1.0.2')).toBe((first + 1) >>> 0);
    expect(Math.abs(idOf(endpoint, '10.1.0.3') - first)).toBeGreaterThan(1000);
    expect(Math.abs(idOf(endpoint, '10.1.0.2', 6) - first)).toBeGreaterThan(1000);
    expect(idOf(new DoveEncapsulation({ ...DOVE_PEERS, seed: 98 }), '10.1.0.2')).not.toBe(first);
  });

  it('keeps fragments intact until 2 MiB have come after them', () => {
    const endpoint = new DoveEncapsulation(DOVE_PEERS);
    const windows: {
      readonly bytes: Uint8Array;
      readonly start: number;
      readonly end: number;
      readonly hex: string;
    }[] = [];
    for (let i = 0; i < 32; i++) {
      const packet = PacketBuffer.from(frameOf(60_000).fill(i, 14));
      endpoint.encapsulate(packet, tunnelTo(5), ({ bytes, start, end }) => {
        windows.push({ bytes, start, end, hex: toHex(bytes.subarray(start, end)) });
      });
    }
    expect(windows.every(({ bytes, start, end, hex }) => toHex(bytes.subarray(start, end)) === hex)).toBe(true);
  });

  it('sends options to peers that take them only', () => {
    const options = [dove.policyTag(1), dove.lossClass(3)];
    const endpoint = new DoveEncapsulation({ options, takesExtensions: (peer) => peer.word0 === 0x0a010002 });
    expect(endpoint.overhead(4)).toBe(36 + 16);
    const [withOptions] = send(endpoint, frameOf(60), tunnelTo(5));
    const [without] = send(endpoint, frameOf(60), tunnelTo(5, '10.1.0.1', '10.1.0.3'));
    expect([withOptions!.length, without!.length]).toEqual([112, 96]);
    expect(dove.decode(withOptions!, 28).extensions).toEqual([{ kind: 'options', options: dove.padOptions(options) }]);
    const { packet } = receive(endpoint, [withOptions!]);
    expect(packet.copy()).toEqual(frameOf(60));
    expect(endpoint.received.headerLength).toBe(24);
    const [fragment] = send(endpoint, JUMBO, tunnelTo(5));
    expect(dove.decode(fragment!, 28).extensions.map(({ kind }) => kind)).toEqual(['options', 'fragment']);
  });

  it('refuses options and overlays that can be no header', () => {
    const long = Array.from({ length: 30 }, () => dove.policyTag(1));
    expect(() => new DoveEncapsulation({ options: long.concat(long) })).toThrow(/extensions must be at most/);
    expect(() => new DoveEncapsulation({ overlayId: 0x1000000 })).toThrow(/overlayId/);
  });

  it('has no control messages in OTV', () => {
    const tunnel = Object.assign(tunnelTo(5), { control: true });
    expect(refusedBy({ mode: 'otv' }, frameOf(24), tunnel)).toBe('E_OTV_CONTROL');
  });
});

describe('control messages', () => {
  it('go through whole or in fragments, and are no frames', () => {
    for (const length of [0, 5, 24, 4000]) {
      const tunnel = Object.assign(tunnelTo(5), { control: true, ttl: MULTICAST_TTL });
      const emitted = send(new DoveEncapsulation(DOVE_PEERS), frameOf(4000).subarray(0, length), tunnel);
      const { outcomes, packet, tunnel: received } = receive(new DoveEncapsulation(), emitted);
      expect(outcomes.at(-1)).toBeUndefined();
      expect([received.control, received.network, received.ttl]).toEqual([true, 5, 16]);
      expect(packet.copy()).toEqual(frameOf(4000).slice(0, length));
    }
  });

  it('are no longer said of the frame that comes next', () => {
    const endpoint = new DoveEncapsulation();
    const control = send(endpoint, frameOf(24), Object.assign(tunnelTo(5), { control: true }));
    const data = send(endpoint, frameOf(24), tunnelTo(5));
    expect(receive(endpoint, [...control, ...data]).tunnel.control).toBe(false);
  });

  it('are never joined with pieces of a frame', () => {
    const control = Object.assign(tunnelTo(5), { control: true });
    const [first] = send(new DoveEncapsulation(DOVE_PEERS), frameOf(2000), control);
    const [, last] = send(new DoveEncapsulation(DOVE_PEERS), frameOf(2000), tunnelTo(5));
    expect(receive(new DoveEncapsulation(), [first!, last!]).outcomes).toEqual(['incomplete', 'incomplete']);
  });
});
