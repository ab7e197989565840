import { describe, expect, it } from '@jest/globals';
import { IpAddress, PacketBuffer, TunnelMetadata, formatMac, parseMac } from '@overlane/wire';
import fc from 'fast-check';
import {
  type AgentOptions,
  NO_NETWORK,
  NetworkMap,
  ServerReplicator,
  createAgent,
  frame,
  header,
  nlArp,
  toAddress,
} from '../src/index.js';

const EDGE = '02:e0:00:00:00:01';
const FAR = parseMac('02:e0:00:00:00:02');
const NETWORKS = [
  { network: 10, tenant: 0xabcd, macAsId: 7 },
  { network: 11, tenant: 0xabcd, macAsId: 0xffff_fffe },
  { network: 12, tenant: 1, macAsId: 7 },
];

function agentAt(address: string, options: Partial<AgentOptions> = {}) {
  let word = 1;
  return createAgent({
    ...{ address: IpAddress.parse(address), edge: EDGE, networks: NETWORKS, entries: 256 },
    random32: () => (word = Math.imul(word, 1_103_515_245) + 12_345),
    ...options,
  });
}

/** A frame between the stations with these last octets, and 20 octets that mean nothing. */
function tenantFrame(from: number, to: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.of(2, 0, 0, 0, 0, to, 2, 0, 0, 0, 0, from, 0x88, 0xb6, ...new Array<number>(20).fill(0x5a));
}

/** HERE of the station `low` at a port of the far edge switch. */
function here(low: number, port: number, fields: Partial<nlArp.NlArpMessage> = {}): Uint8Array<ArrayBuffer> {
  return nlArp.encode({
    ...{ operation: nlArp.OPERATION.HERE, unicast: false, stopped: false, generation: 1, tenantId: 0xabcd },
    ...{ port, macAsId: 7, vmMac: Uint8Array.of(2, 0, 0, 0, 0, low), edgeMac: FAR, ...fields },
  });
}

/** Everything that an agent wants sent, wrapped as it would leave. */
function outgoing(agent: ReturnType<typeof createAgent>): Uint8Array[] {
  const packets: Uint8Array[] = [];
  const tunnel = new TunnelMetadata();
  for (let event = agent.resolver.nextEvent(); event !== undefined; event = agent.resolver.nextEvent()) {
    tunnel.network = event.network;
    tunnel.control = event.kind === 'control';
    tunnel.destination.copy(event.destination.address);
    agent.path.select(0, event.destination as Parameters<typeof agent.path.select>[1], tunnel);
    const fault = agent.encapsulation.encapsulate(event.payload, tunnel, (packet) => packets.push(packet.copy()));
    if (fault !== undefined) throw new Error(fault);
  }
  return packets;
}

/** Gives an agent a packet, as a switch does. */
function incoming(agent: ReturnType<typeof createAgent>, octets: Uint8Array, nowMs = 0): string | undefined {
  const { encapsulation, resolver } = agent;
  const packet = PacketBuffer.from(octets);
  const tunnel = new TunnelMetadata();
  const outcome = encapsulation.decapsulate(packet, tunnel, nowMs);
  if (outcome !== undefined) return outcome;
  if (tunnel.control) return resolver.onControl(packet, tunnel, nowMs);
  resolver.observe(packet, tunnel, nowMs);
  return resolver.misdelivered(packet, tunnel, nowMs);
}

describe('an agent', () => {
  it('sends a frame to the place that a HERE named, with the headers of the worked example', () => {
    const agent = agentAt('3.0.0.1');
    const message = here(2, 12);
    expect(incoming(agent, broadcastOf(message))).toBeUndefined();
    const packet = PacketBuffer.from(tenantFrame(1, 2));
    const locator = agent.resolver.resolve(10, packet, 0);
    if (typeof locator === 'string') throw new Error(locator);
    const tunnel = new TunnelMetadata();
    tunnel.network = 10;
    tunnel.destination.copy(locator.address);
    agent.path.select(0, locator as Parameters<typeof agent.path.select>[1], tunnel);
    const sent: Uint8Array[] = [];
    agent.encapsulation.encapsulate(packet, tunnel, (outer) => sent.push(outer.copy()));
    const { destination, source, header: ip } = frame.decode(sent[0]!);
    expect([formatMac(destination), formatMac(source)]).toEqual([formatMac(FAR), EDGE]);
    expect(ip).toMatchObject({ protocol: 253, port: 12, tenantId: 0xabcd, macAsId: 7, tci: 1, ttl: 2 });
    expect(packet.copy()).toEqual(tenantFrame(1, 2));
    expect(agent.resolver.resolve(11, packet, 0)).toBe('pending');
    expect(agent.resolver.resolve(99, packet, 0)).toBe('pending');
  });

  it('asks by a broadcast of 60 octets from its edge switch, and answers by unicast', () => {
    const [asker, owner] = [agentAt('3.0.0.1'), agentAt('12.0.0.1', { edge: formatMac(FAR) })];
    owner.resolver.arrived(10, PacketBuffer.from(tenantFrame(2, 9)), 0);
    outgoing(owner);
    asker.resolver.resolve(10, PacketBuffer.from(tenantFrame(1, 2)), 0);
    const [question] = outgoing(asker);
    expect(question).toHaveLength(60);
    expect(Buffer.from(question!.subarray(0, 18)).toString('hex')).toBe('ffffffffffff02e00000000181000001' + '88b5');
    expect(incoming(owner, question!)).toBeUndefined();
    const [answer] = outgoing(owner);
    expect(frame.decode(answer!)).toMatchObject({
      isTagged: true,
      header: { protocol: 254, port: 3, tenantId: 0xabcd },
    });
    expect(incoming(asker, answer!)).toBeUndefined();
    const [held] = outgoing(asker);
    expect(frame.decode(held!).header).toMatchObject({ protocol: 253, port: 12 });
    expect(held!.slice(38)).toEqual(tenantFrame(1, 2));
  });

  it('refuses packets for another port, and says who isn’t here to the sender’s agent', () => {
    const agent = agentAt('12.0.0.1');
    incoming(agent, broadcastOf(here(1, 5)));
    const [data, other] = [12, 13].map((port) => dataTo(port, 0xabcd, 7, tenantFrame(1, 2)));
    expect(incoming(agent, other!)).toBe('E_NL_NOT_MY_PORT');
    expect(incoming(agent, data!, 1000)).toBe('E_NL_NOT_HERE');
    const [told, ...more] = outgoing(agent);
    expect(more).toEqual([]);
    expect(frame.decode(told!).header).toMatchObject({ protocol: 254, port: 5 });
    expect(nlArp.decode(told!, 38)).toMatchObject({ operation: nlArp.OPERATION.NOTHERE, port: 12 });
    expect(incoming(agent, dataTo(12, 0xabcd, 8, tenantFrame(1, 2)), 1000)).toBe('E_NL_NOT_HERE');
    expect(incoming(agent, dataTo(12, 77, 8, tenantFrame(1, 2)), 1000)).toBe('E_NL_UNKNOWN_TENANT');
    // Whose sender nobody knows goes to all.
    expect(outgoing(agent).map((octets) => octets[0])).toEqual([0xff, 0xff]);
  });

  it('chirps on every VLAN in use, its NICs in turn, and hears others’', () => {
    const agent = agentAt('3.0.0.1', { reach: [{ edge: FAR, vlans: [2, 3] }], chirpPeriodMs: 100 });
    for (const low of [1, 2]) agent.resolver.arrived(10, PacketBuffer.from(tenantFrame(low, 9)), 0);
    incoming(agent, broadcastOf(here(7, 5)));
    outgoing(agent);
    const chirped = new Set<string>();
    for (let nowMs = 1; nowMs < 900; nowMs += 10) {
      incoming(agent, dataTo(3, 0xabcd, 7, tenantFrame(7, 1), 2 + (nowMs % 2)), nowMs);
      agent.resolver.tick(nowMs);
      for (const octets of outgoing(agent)) {
        if (nlArp.findBroadcastMessage(octets, 0, octets.length) >= 0) chirped.add(`${octets[15]}: ${octets[35]}`);
      }
    }
    expect([...chirped].sort()).toEqual(['2: 1', '2: 2', '3: 1', '3: 2']);
  });

  it('total: octets from the network, random or spoilt, do nothing but return', () => {
    const agent = agentAt('12.0.0.1');
    agent.resolver.arrived(10, PacketBuffer.from(tenantFrame(2, 9)), 0);
    const edits = fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { maxLength: 4 });
    const good = fc.constantFrom(
      broadcastOf(here(2, 5, { generation: 3 })),
      broadcastOf(here(5, 5)),
      dataTo(12, 0xabcd, 7, tenantFrame(1, 2)),
      dataTo(12, 0xabcd, 7, here(2, 9), 1, 254),
    );
    const spoilt = fc.tuple(good, edits, fc.option(fc.nat(), { freq: 3 })).map(([octets, changes, cut]) => {
      const copy = octets.slice();
      for (const [at, value] of changes) copy[at % copy.length] = value;
      return cut === null ? copy : copy.slice(0, cut % copy.length);
    });
    let nowMs = 0;
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 80 }), spoilt), (octets) => {
        const outcome = incoming(agent, octets, (nowMs += 7));
        agent.resolver.tick(nowMs);
        while (agent.resolver.nextEvent() !== undefined);
        const { table } = agent.nlArp;
        const own = table.find(0xabcd, 7, 0x0200, 2);
        return (outcome === undefined || /^E_[A-Z0-9_]+$/.test(outcome)) && table.stateAt(own) === nlArp.STATE.LOCAL;
      }),
    );
  });

  it('carries whatever a tenant sends as a frame of its network, never as a message', () => {
    const agent = agentAt('12.0.0.1');
    const [sent, received] = [new TunnelMetadata(), new TunnelMetadata()];
    sent.destination.setIpv4(toAddress(12, 0xabcd));
    const pretence = fc.constantFrom(broadcastOf(here(2, 5)), dataTo(12, 0xabcd, 7, here(2, 9), 1, 254));
    const edits = fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { maxLength: 2 });
    const spoilt = fc.tuple(pretence, edits).map(([octets, changes]) => {
      const copy = octets.slice();
      for (const [at, value] of changes) copy[at % copy.length] = value;
      return copy;
    });
    const frames = fc.oneof(spoilt, fc.uint8Array({ minLength: 14, maxLength: 80 }));
    fc.assert(
      fc.property(frames, fc.constantFrom(...NETWORKS), (octets, { network, tenant }) => {
        const packet = PacketBuffer.from(octets);
        sent.network = network;
        sent.destination.setIpv4(toAddress(12, tenant));
        let isCarried = true;
        agent.encapsulation.encapsulate(packet, sent, (outer) => {
          const copy = PacketBuffer.from(outer.copy());
          const outcome = agent.encapsulation.decapsulate(copy, received, 0);
          isCarried = outcome === undefined && !received.control && received.network === network;
          isCarried &&= Buffer.from(copy.copy()).equals(Buffer.from(octets));
        });
        return isCarried;
      }),
    );
  });

  it('has a place from its address, which is IPv4', () => {
    expect(() => agentAt('2001:db8::1')).toThrow(TypeError);
    expect(() => agentAt('3.0.0.1', { edge: 'no MAC' })).toThrow(/not a MAC/);
    expect(() => agentAt('3.0.0.1', { networks: [NETWORKS[0]!, NETWORKS[0]!] })).toThrow(TypeError);
  });
});

describe('the networks of an agent', () => {
  it('have numbers for tenant and space together', () => {
    const map = new NetworkMap(NETWORKS);
    for (const { network, tenant, macAsId } of NETWORKS) {
      expect(map.find(tenant, macAsId | 0)).toBe(network);
      expect(map.get(network)).toEqual({ network, tenant, macAsId: macAsId | 0 });
    }
    expect([map.find(1, 8), map.find(2, 7), map.get(1)]).toEqual([NO_NETWORK, NO_NETWORK, undefined]);
    expect(() => new NetworkMap([NETWORKS[0]!, { ...NETWORKS[0]!, network: 9 }])).toThrow(TypeError);
  });
});

describe('the servers of a network', () => {
  it('are those with a NIC of it, each once', () => {
    const place = fc.record({ port: fc.integer({ min: 1, max: 3 }), edge: fc.integer({ min: -1, max: 1 }) });
    const step = fc.record({ network: fc.constantFrom(...NETWORKS), place, kind: fc.constantFrom('come', 'go') });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const servers = new ServerReplicator(new NetworkMap(NETWORKS));
        const nics = new Map<string, number>();
        for (const { network, place: at, kind } of steps) {
          const key = `${network.network} ${toAddress(at.port, network.tenant)} ${at.edge}`;
          const count = nics.get(key) ?? 0;
          const names = [network.tenant, network.macAsId | 0, at.port, 0x02e0, at.edge] as const;
          if (kind === 'come') servers.appeared(...names);
          else if (count > 0) servers.disappeared(...names);
          nics.set(key, Math.max(0, count + (kind === 'come' ? 1 : -1)));
        }
        servers.appeared(9, 9, 1, 0, 0);
        const listed = NETWORKS.flatMap(({ network }) =>
          servers.targets(network).map(({ address, edgeLow }) => `${network} ${address.word0 >>> 0} ${edgeLow}`),
        );
        const expected = [...nics].filter(([, count]) => count > 0).map(([key]) => key);
        return listed.sort().join() === expected.sort().join();
      }),
    );
  });
});

function broadcastOf(message: Uint8Array): Uint8Array<ArrayBuffer> {
  const octets = new Uint8Array(60);
  nlArp.writeBroadcast(octets, 0, 0x02e0, 2, 1);
  octets.set(message, 18);
  return octets;
}

/** A packet as it reaches a server. */
function dataTo(port: number, tenantId: number, macAsId: number, inner: Uint8Array, vid = 1, protocol = 253) {
  const ip = header.encode({
    ...{ dscp: 0, ecn: 0, totalLength: 20 + inner.length, tci: vid, ttl: 1, protocol: protocol as 253 | 254 },
    ...{ port, tenantId, macAsId },
  });
  return Uint8Array.of(...[2, 0x50, 0, 0, 0, 1], ...FAR, 8, 0, ...ip, ...inner);
}
