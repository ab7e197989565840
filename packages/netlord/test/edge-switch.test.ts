import { describe, expect, it } from '@jest/globals';
import { PacketBuffer, checksum, formatMac, parseMac } from '@overlane/wire';
import fc from 'fast-check';
import { edge, spain } from '../src/index.js';

const { EdgeSwitch, configureSwitches, numberedFabric } = edge;
const FABRIC = numberedFabric(spain.fatTree(2, 2), (n) => [
  n === 1 ? { port: 3, mac: '02:50:00:00:00:03' } : { port: 12, mac: '02:50:00:00:00:0c' },
]);
const CONFIGS = configureSwitches(FABRIC, spain.planPaths(FABRIC, { random32: spain.seededRandom32(1) }));
const EDGE1 = '02:e0:00:00:00:01';
const EDGE2 = '02:e0:00:00:00:02';
const BROADCAST = 'ff:ff:ff:ff:ff:ff';

const octets = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.replace(/\s/g, ''), 'hex'));
const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
/** A tagged frame with 46 octets of nothing, or of `payload`, in it. */
const frame = (to: string, from: string, vlan: number, payload = '88b5' + '00'.repeat(46)): Uint8Array =>
  Uint8Array.of(...parseMac(to), ...parseMac(from), 0x81, 0, vlan >> 8, vlan & 0xff, ...octets(payload));

interface Left {
  port: string;
  hex: string;
}

/** Lets a frame into a switch by a device's name; returns where it left and how, or the fault. */
function pass(one: edge.EdgeSwitch, device: string, bytes: Uint8Array, nowMs = 0): readonly Left[] | string {
  const left: Left[] = [];
  const { ports } = one.config;
  const port = ports.findIndex((each) => each.device === device);
  const fault = one.receive(port, PacketBuffer.from(bytes), nowMs, (to, packet) => {
    left.push({ port: ports[to]!.device, hex: hexOf(packet.view()) });
  });
  return fault ?? left;
}

const portsOf = (result: readonly Left[] | string): unknown =>
  typeof result === 'string' ? result : result.map(({ port }) => port);

describe('an edge switch', () => {
  it('routes what is for itself as the paper has it', () => {
    // The worked vector: as sent by the far server, and as the near one gets it.
    const sent = octets(`02e000000002 02e000000001 8100 0065 0800
      4500004e 0065 4000 02 fd bf7a 00000007 0c00abcd ${'ab'.repeat(58)}`);
    const got = hexOf(
      octets(`02500000000c 02e000000002 0800 4500004e 0065 4000 01 fd c07a 00000007 0c00abcd ${'ab'.repeat(58)}`),
    );
    const config = CONFIGS[1]!;
    const one = new EdgeSwitch({
      ...config,
      ports: config.ports.map((port) => ({ ...port, vlans: [...port.vlans, 101] })),
    });
    expect(pass(one, 'l2', sent)).toEqual([{ port: 'p12', hex: got }]);
    expect(one.counters).toEqual({ switched: 0, routed: 1, flooded: 0, broadcast: 0 });
    expect(one.fib(0)).toEqual([{ vlan: 101, mac: EDGE1, port: 0 }]);
  });

  it('switches on VLAN and MAC, and floods what it has not learned', () => {
    const one = new EdgeSwitch(CONFIGS[0]!);
    expect(portsOf(pass(one, 'p3', frame(EDGE2, EDGE1, 2)))).toEqual(['l0']);
    expect(one.counters.flooded).toBe(1);
    pass(one, 'l1', frame(BROADCAST, EDGE2, 3));
    // Learned on VLAN 3 alone.
    expect(portsOf(pass(one, 'p3', frame(EDGE2, EDGE1, 1)))).toEqual(['l0', 'l1']);
    expect(portsOf(pass(one, 'p3', frame(EDGE2, EDGE1, 3)))).toEqual(['l1']);
    expect(one.counters).toEqual({ switched: 1, routed: 0, flooded: 2, broadcast: 1 });
  });

  it('learns nothing at ports of servers, and forgets after 300 s', () => {
    const one = new EdgeSwitch(CONFIGS[0]!);
    pass(one, 'p3', frame(BROADCAST, EDGE1, 2));
    expect(one.fib(0)).toEqual([]);
    pass(one, 'l0', frame(BROADCAST, EDGE2, 2), 0);
    expect(one.fib(300_000)).toHaveLength(1);
    expect(one.fib(300_001)).toEqual([]);
    expect(portsOf(pass(one, 'p3', frame(EDGE2, EDGE1, 2), 300_001))).toEqual(['l0']);
    expect(one.counters.flooded).toBe(1);
  });

  it('does not send a packet back where it came from', () => {
    const one = new EdgeSwitch(CONFIGS[0]!);
    pass(one, 'l0', frame(BROADCAST, EDGE2, 2));
    expect(pass(one, 'l0', frame(EDGE2, '02:e0:00:00:00:09', 2))).toEqual([]);
  });

  it('keeps as many entries as its FIB has room for, the latest', () => {
    const one = new EdgeSwitch(CONFIGS[2]!, 2);
    for (const n of [1, 2, 1, 3]) pass(one, 'l0', frame(BROADCAST, `02:e0:00:00:00:0${n}`, 2));
    expect(one.fib(0).map(({ mac }) => mac)).toEqual([EDGE1, '02:e0:00:00:00:03']);
  });

  it('drops by name', () => {
    const one = new EdgeSwitch(CONFIGS[1]!);
    const ip = (ttl: string, sum: string, to: string): string =>
      `0800 45000014 0002 4000 ${ttl} fd ${sum} 00000000 ${to}`;
    const routed = (text: string): unknown => pass(one, 'l2', frame(EDGE2, EDGE1, 2, text));
    expect(pass(one, 'l2', frame(EDGE2, EDGE1, 3))).toBe('E_EDGE_VLAN');
    expect(pass(one, 'l2', octets(`${'02e000000002'}02e0000000010800${'00'.repeat(46)}`))).toBe('E_EDGE_VLAN');
    expect(pass(one, 'l2', frame(EDGE2, '03:00:00:00:00:01', 2))).toBe('E_EDGE_SOURCE');
    expect(pass(one, 'nowhere', frame(EDGE2, EDGE1, 2))).toBe('E_EDGE_VLAN');
    expect(routed('88b5')).toBe('E_EDGE_NO_ROUTE');
    expect(routed(ip('02', '2ceb', '0d000001'))).toBe('E_IPV4_BAD_CHECKSUM');
    const good = (ttl: string, to: string): string => {
      const header = octets(ip(ttl, '0000', to)).subarray(2);
      return ip(ttl, checksum.compute(header, 0, 20).toString(16).padStart(4, '0'), to);
    };
    expect(routed(good('02', '0d000001'))).toBe('E_EDGE_NO_ROUTE');
    expect(routed(good('01', '0c000001'))).toBe('E_NL_TTL');
    expect(portsOf(pass(one, 'l2', frame(EDGE2, EDGE1, 2, good('02', '0c000001'))))).toEqual(['p12']);
    expect(pass(one, 'l2', new Uint8Array(13))).toBe('E_ETH_TRUNCATED');
  });

  it('is total: any octets at any port are forwarded or dropped by name', () => {
    const one = new EdgeSwitch(CONFIGS[1]!);
    const macs = fc.constantFrom(EDGE2, EDGE1, BROADCAST, '03:00:00:00:00:01').map((text) => [...parseMac(text)]);
    const near = fc
      .tuple(macs, macs, fc.constantFrom([0x81, 0, 0, 2], [0x88, 0xa8, 0, 2], [8, 0]), fc.uint8Array({ maxLength: 60 }))
      .map(([to, from, tag, rest]) => Uint8Array.from([...to, ...from, ...tag, 8, 0, 0x45, ...rest]));
    fc.assert(
      fc.property(fc.oneof(near, fc.uint8Array({ maxLength: 80 })), fc.nat({ max: 4 }), (bytes, port) => {
        const fault = one.receive(port, PacketBuffer.from(bytes), 0, () => undefined);
        return fault === undefined || /^E_[A-Z0-9_]+$/.test(fault);
      }),
    );
  });
});

describe('a fabric of such switches', () => {
  it("carries packets of all edge switches over every VLAN, and no core switch learns anything but edge switches' MACs", () => {
    const switches = new Map(CONFIGS.map((config) => [config.name, new EdgeSwitch(config)]));
    const delivered: string[] = [];
    const carry = (name: string, device: string, bytes: Uint8Array): void => {
      const one = switches.get(name)!;
      const port = one.config.ports.findIndex((each) => each.device === device);
      const leaving: [string | undefined, string, Uint8Array][] = [];
      one.receive(port, PacketBuffer.from(bytes), 0, (to, packet) => {
        const { peer, device: by } = one.config.ports[to]!;
        leaving.push([peer, by, packet.view().slice()]);
      });
      for (const [peer, by, copy] of leaving) {
        if (peer === undefined) delivered.push(`${name} ${by} ${formatMac(copy)}`);
        else carry(peer, by, copy);
      }
    };
    for (const [name, device, own] of [
      ['edge1', 'p3', EDGE1],
      ['edge2', 'p12', EDGE2],
    ] as const) {
      for (const vlan of [1, 2, 3]) carry(name, device, frame(BROADCAST, own, vlan));
    }
    // Each broadcast reaches the other edge switch's server once.
    expect(delivered).toHaveLength(6);
    for (const name of ['core1', 'core2']) {
      const macs = switches
        .get(name)!
        .fib(0)
        .map(({ mac }) => mac);
      expect(new Set(macs)).toEqual(new Set([EDGE1, EDGE2]));
    }
    expect(switches.get('core1')!.fib(0)).toHaveLength(4);
  });
});
