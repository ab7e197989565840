import { describe, expect, it } from '@jest/globals';
import { IpAddress, PacketBuffer, parseMac } from '@overlane/wire';
import fc from 'fast-check';
import * as dove from '../src/dove/index.js';
import { TYPE, type VanMessage, VanMembers, VanProxy, type VanProxyOptions, decode, encode } from '../src/van/index.js';
import { Fleet, SeededRandom } from '../src/van/simulation/index.js';
import { EMPTY, NETWORK, OWN, TestSwitch, locatorOf } from './van-switch.js';

const [HOST, PEER, OTHER_PEER, NEIGHBOR] = ['10.1.0.2', '10.9.0.1', '10.9.0.2', '10.1.0.99'];
const FAR_MAC = '02:00:00:00:00:0f';
const NEAR_MAC = '02:00:00:00:00:0a';

class TestProxy {
  readonly members = new VanMembers({
    configured: new Map([[NETWORK, [HOST, NEIGHBOR].map((address) => IpAddress.parse(address))]]),
  });
  readonly proxy: VanProxy;
  nowMs = 0;

  constructor(options: Partial<VanProxyOptions> = {}) {
    const peers = [PEER, OTHER_PEER].map((address) => IpAddress.parse(address));
    const places = { address: IpAddress.parse(OWN), hosts: this.members, peers, networks: [NETWORK] };
    const neighbors = [IpAddress.parse(NEIGHBOR)];
    this.proxy = new VanProxy({ ...places, neighbors, random32: new SeededRandom(1).word, ...options });
    this.proxy.tick(0);
    this.said();
  }

  /** Hands over a DOVE packet; where it went, with its octets, and the fault. */
  forward(source: string, packet: Uint8Array): { to: [string, Uint8Array][]; fault: string | undefined } {
    const to: [string, Uint8Array][] = [];
    const buffer = PacketBuffer.from(packet);
    const fault = this.proxy.forward(buffer, IpAddress.parse(source), this.nowMs, (out, { address }) => {
      to.push([address.toString(), out.copy()]);
    });
    return { to, fault };
  }

  take(source: string, message: Partial<VanMessage>): string | undefined {
    return this.forward(source, packetOf(encode({ ...EMPTY, ...message }), { control: true })).fault;
  }

  said(): { to: string; message: VanMessage }[] {
    const all = [];
    for (let event = this.proxy.nextEvent(); event !== undefined; event = this.proxy.nextEvent()) {
      all.push({ to: event.destination.address.toString(), message: decode(event.payload.copy()) });
    }
    return all;
  }

  /** Both sides know one VM of the other. */
  static withVms(): TestProxy {
    const node = new TestProxy();
    for (const [source, mac] of [
      [HOST, NEAR_MAC],
      [PEER, FAR_MAC],
    ] as const) {
      node.take(source, { type: TYPE.LEARN_REPLY, mac: parseMac(mac), generation: 3 });
    }
    node.said();
    return node;
  }
}

function packetOf(payload: Uint8Array, header: Partial<dove.DoveHeader> = {}): Uint8Array {
  const whole = { version: 1, control: false, overlayId: 7, instanceId: NETWORK, extensions: [], ...header } as const;
  return Uint8Array.of(...dove.encode(whole), ...payload);
}

const fragment = (offset: number, more: boolean, data: Uint8Array): Uint8Array =>
  packetOf(data, { extensions: [{ kind: 'fragment', offset, more, identification: 0xdeadbeef }] });

describe('a proxy asked by a host', () => {
  it('asks all peers, and answers as itself', () => {
    const node = new TestProxy();
    const mac = parseMac(FAR_MAC);
    expect(node.take(HOST, { mac, transactionId: 7 })).toBeUndefined();
    const asked = node.said();
    expect(asked.map(({ to, message }) => [to, message.type, message.proxy])).toEqual([
      [PEER, TYPE.LEARN_REQUEST, true],
      [OTHER_PEER, TYPE.LEARN_REQUEST, true],
    ]);
    const { transactionId } = asked[0]!.message;
    const found = { type: TYPE.LEARN_REPLY, mac, transactionId, generation: 4, proxy: true };
    expect(node.take(PEER, { ...found, locator: locatorOf(PEER) })).toBeUndefined();
    const own = { locator: locatorOf(OWN), generation: 4, proxy: true, transactionId: 7 };
    expect(node.said()).toMatchObject([{ to: HOST, message: { type: TYPE.LEARN_REPLY, ...own } }]);
    node.nowMs = 60;
    expect(node.take(HOST, { mac, transactionId: 8 })).toBeUndefined();
    expect(node.said()).toMatchObject([{ to: HOST, message: { ...own, transactionId: 8 } }]);
  });

  it('asks its hosts for a peer, never another proxy', () => {
    const node = new TestProxy();
    node.take(PEER, { mac: parseMac(NEAR_MAC), transactionId: 7, proxy: true });
    expect(node.said().map(({ to, message }) => [to, message.proxy])).toEqual([
      [HOST, true],
      [NEIGHBOR, true],
    ]);
    expect(node.take(NEIGHBOR, { mac: parseMac(NEAR_MAC), transactionId: 7, proxy: true })).toBeUndefined();
    expect(node.take(HOST, { mac: parseMac(NEAR_MAC), proxy: true })).toBe('E_DOVE_PROXY_LOOP');
    expect(node.said()).toEqual([]);
  });
});

describe('a proxy that hears of a new place', () => {
  it('tells the other side, as its own', () => {
    const node = new TestProxy();
    const mac = parseMac(NEAR_MAC);
    node.take(HOST, { type: TYPE.LEARN_REPLY, mac, generation: 3 });
    expect(node.said().map(({ to, message }) => [to, message.locator, message.generation])).toEqual([
      [PEER, locatorOf(OWN), 3],
      [OTHER_PEER, locatorOf(OWN), 3],
    ]);
    node.nowMs = 60;
    node.take(PEER, { type: TYPE.LEARN_REPLY, mac, generation: 4, proxy: true });
    expect(node.said().map(({ to, message }) => [to, message.locator, message.generation])).toEqual([
      [HOST, locatorOf(OWN), 4],
      [NEIGHBOR, locatorOf(OWN), 4],
    ]);
    expect(node.forward(HOST, packetOf(TestSwitch.frame(NEAR_MAC))).to.map(([to]) => to)).toEqual([PEER]);
  });

  it('teaches who counts too few, and passes lessons on', () => {
    const node = TestProxy.withVms();
    const claim = { type: TYPE.LEARN_REPLY, mac: parseMac(NEAR_MAC), generation: 1, proxy: true };
    expect(node.take(PEER, claim)).toBe('E_VAN_STALE');
    const lesson = { type: TYPE.UNLEARN, hint: true, generation: 4 };
    expect(node.said()).toMatchObject([{ to: PEER, message: { ...lesson, locator: locatorOf(PEER) } }]);
    const forUs = { ...lesson, mac: parseMac(FAR_MAC), locator: locatorOf(OWN) };
    expect(node.take(HOST, forUs)).toBeUndefined();
    expect(node.said()).toMatchObject([{ to: PEER, message: { ...lesson, locator: locatorOf(PEER) } }]);
    expect(node.take(PEER, { ...forUs, mac: parseMac(NEAR_MAC) })).toBeUndefined();
    expect(node.said()).toMatchObject([{ to: HOST, message: { ...lesson, locator: locatorOf(HOST) } }]);
  });
});

describe('a proxy with a frame', () => {
  it('sends it on octet for octet, either way', () => {
    const node = TestProxy.withVms();
    const out = packetOf(TestSwitch.frame(FAR_MAC), {
      extensions: [{ kind: 'opaque', type: 0x90, body: new Uint8Array(2) }],
    });
    expect(node.forward(HOST, out)).toEqual({ to: [[PEER, out]], fault: undefined });
    const back = packetOf(TestSwitch.frame(NEAR_MAC), { version: 0 });
    expect(node.forward(PEER, back)).toEqual({ to: [[HOST, back]], fault: undefined });
  });

  it('un-learns an unknown destination at the sender', () => {
    const node = TestProxy.withVms();
    expect(node.forward(HOST, packetOf(TestSwitch.frame('02:00:00:00:00:77')))).toEqual({
      to: [],
      fault: 'E_DOVE_NOT_HERE',
    });
    expect(node.said()).toMatchObject([{ to: HOST, message: { type: TYPE.UNLEARN, hint: false, generation: 0 } }]);
    node.forward(HOST, packetOf(TestSwitch.frame('02:00:00:00:00:77')));
    expect(node.said()).toEqual([]);
  });

  it('sends nothing from one proxy to another', () => {
    const node = TestProxy.withVms();
    const far = packetOf(TestSwitch.frame(FAR_MAC));
    expect(node.forward(OTHER_PEER, far)).toEqual({ to: [], fault: 'E_DOVE_PROXY_LOOP' });
    expect(node.forward(NEIGHBOR, far)).toEqual({ to: [], fault: 'E_DOVE_PROXY_LOOP' });
  });

  it('to a group copies it to the peers, or to the hosts but no proxy', () => {
    const node = TestProxy.withVms();
    const frame = packetOf(TestSwitch.frame('ff:ff:ff:ff:ff:ff'));
    expect(node.forward(HOST, frame).to.map(([to]) => to)).toEqual([PEER, OTHER_PEER]);
    expect(node.forward(PEER, frame).to.map(([to]) => to)).toEqual([HOST]);
    expect(node.forward(NEIGHBOR, frame).to).toEqual([]);
  });

  it('refuses what is no packet of its instances', () => {
    const node = TestProxy.withVms();
    const frame = TestSwitch.frame(FAR_MAC);
    expect(node.forward(HOST, packetOf(frame, { instanceId: NETWORK + 1 })).fault).toBe('E_DOVE_UNKNOWN_INSTANCE');
    expect(node.forward(HOST, packetOf(frame.subarray(0, 11))).fault).toBe('E_OTV_INNER_TRUNCATED');
    expect(node.forward('fd00::1', packetOf(frame)).fault).toBe('E_ADDRESS_FAMILY_MISMATCH');
    expect(node.forward(HOST, frame.subarray(0, 7)).fault).toBe('E_OTV_TRUNCATED');
  });
});

describe('fragments', () => {
  const [first, second, third] = [
    fragment(0, true, TestSwitch.frame(FAR_MAC).subarray(0, 16)),
    fragment(16, true, new Uint8Array(8).fill(1)),
    fragment(24, false, new Uint8Array(5).fill(2)),
  ] as const;

  it('go the way of the first; those that overtook it wait', () => {
    const node = TestProxy.withVms();
    expect(node.forward(HOST, third)).toEqual({ to: [], fault: undefined });
    expect(node.proxy.heldOctets).toBe(third.length);
    expect(node.forward(HOST, first).to).toEqual([
      [PEER, first],
      [PEER, third],
    ]);
    expect(node.forward(HOST, second).to).toEqual([[PEER, second]]);
    expect(node.proxy.heldOctets).toBe(0);
  });

  it('are all refused if the first one is', () => {
    const node = new TestProxy();
    node.forward(HOST, second);
    expect(node.forward(HOST, first)).toEqual({ to: [], fault: 'E_DOVE_NOT_HERE' });
    expect(node.forward(HOST, third)).toEqual({ to: [], fault: 'E_DOVE_NOT_HERE' });
    expect(node.proxy.heldOctets).toBe(0);
  });

  it('wait for one second at most', () => {
    const node = TestProxy.withVms();
    node.forward(HOST, second);
    node.proxy.tick(999);
    expect(node.proxy.heldOctets).toBe(second.length);
    node.proxy.tick(1000);
    expect([node.proxy.heldOctets, node.proxy.faults.of('E_VAN_QUEUE')]).toEqual([0, 1]);
  });

  it('of another source, or too many of them, get no room', () => {
    const node = TestProxy.withVms();
    node.forward(HOST, first);
    node.forward('10.1.0.3', second);
    expect(node.proxy.heldOctets).toBe(second.length);
    const small = new TestProxy({ heldFragmentOctets: 40, fragmentedPayloads: 2 });
    for (const source of ['10.1.0.3', '10.1.0.4', '10.1.0.5', '10.1.0.6']) small.forward(source, second);
    expect(small.proxy.heldOctets).toBeLessThanOrEqual(40);
    expect(small.proxy.faults.of('E_VAN_QUEUE')).toBeGreaterThanOrEqual(3);
  });

  it('of a control message are refused', () => {
    const node = new TestProxy();
    const extensions = [{ kind: 'fragment', offset: 0, more: true, identification: 1 }] as const;
    expect(node.forward(HOST, packetOf(encode(EMPTY), { control: true, extensions })).fault).toBe('E_VAN_LENGTH');
  });
});

describe('membership', () => {
  it('is for the hosts of the site', () => {
    const node = new TestProxy();
    expect(node.take(PEER, { type: TYPE.JOIN, transactionId: 4 })).toBe('E_VAN_NOT_OWNER');
    expect(node.take('10.1.0.3', { type: TYPE.JOIN, transactionId: 4 })).toBeUndefined();
    expect(node.members.has(NETWORK, locatorOf('10.1.0.3') | 0)).toBe(true);
    expect(node.take('10.1.0.3', { type: TYPE.LEAVE })).toBeUndefined();
  });
});

describe('sites behind proxies', () => {
  it.each([1, 2])('reach each other, and nothing circles, with %i proxies per site', (proxiesPerSite) => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 2, max: 3 }), (seed, sites) => {
        const [instances, vms] = [2, 5];
        const fleet = new Fleet({ hosts: 2 * sites, instances, vms, seed, sites, proxiesPerSite });
        const { random, underlay } = fleet;
        underlay.conditions = { delayMs: 1, jitterMs: 2, loss: 0, duplication: 0 };
        fleet.placeAll();
        const step = (): void => {
          fleet.send(random.below(instances), random.below(vms), random.below(vms));
          underlay.run(underlay.nowMs + 10);
        };
        for (let i = 0; i < 100; i++) {
          if (i % 20 === 0) {
            const host = fleet.hosts[random.below(fleet.hosts.length)]!;
            fleet.place(random.below(instances), random.below(vms), host, i % 40 === 0 ? 'told' : 'untold');
          }
          step();
        }
        for (let i = 0; i < 200; i++) step();
        const all = (): void => {
          for (let at = 0; at < instances * vms * vms; at++) {
            fleet.send(at % instances, Math.floor(at / instances) % vms, Math.floor(at / instances / vms));
          }
          underlay.run(underlay.nowMs + 4000);
        };
        // Each packet that is lost mends one of the tables on its way: the peer proxy's, ours, the host's.
        for (let i = 0; i < 4; i++) all();
        fleet.forgetFrames();
        all();
        const lost = fleet.frames.filter(({ deliveredAt }) => deliveredAt === undefined);
        if (lost.length > 0) throw new Error(`${lost.length} of ${fleet.frames.length} were lost`);
        if (fleet.strayed > 0 || fleet.flooded > 0) throw new Error('frames strayed or circled');
      }),
      { numRuns: Math.max(5, Math.ceil(Number(process.env['FC_NUM_RUNS'] ?? 1000) / 100)) },
    );
  });
});
