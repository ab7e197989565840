import { describe, expect, it } from '@jest/globals';
import { arp, checksum, ethernet, icmpv6, ipv6, neighbor, parseIpv4, parseIpv6, parseMac } from '@overlane/wire';
import { frame } from '@overlane/wire/arbitraries';
import fc from 'fast-check';
import {
  MAPPING_FLAG,
  NeighborProxy,
  type NeighborProxyOptions,
  type Outcome,
  type ResolvedMapping,
  formatAddress,
  formatKey,
  parseKey,
} from '../src/index.js';

const VM = parseMac('02:00:00:00:00:01');
const PEER = parseMac('02:00:00:00:00:02');
const ROUTER = parseMac('02:00:5e:00:01:01');
const ZERO = new Uint8Array(6);
const BROADCAST = new Uint8Array(6).fill(255);
const concat = (...parts: Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));

const mappingOf = (key: string, mac = PEER, flags = 0): ResolvedMapping => ({
  key: parseKey(7, key),
  locators: [],
  mac,
  ttl: 9,
  flags,
  version: 1,
  stale: false,
});

/** A proxy whose ports may use 10.0.0.PORT and fd00::PORT, over a directory that knows some addresses and is slow for others. */
function proxyOf(known: Record<string, ResolvedMapping>, options: Partial<NeighborProxyOptions> = {}) {
  const asked: string[] = [];
  const proxy = new NeighborProxy({
    tenant: 7,
    mode: { layer: 2 },
    mayUse: (port, address) => [`10.0.0.${port}`, `fd00::${port}`].includes(formatAddress(address)),
    resolve: (key, source): Outcome => {
      const mapping = known[formatAddress(key)];
      if (mapping !== undefined) return { state: 'resolved', mapping };
      asked.push(`${formatKey(source)} asks for ${formatKey(key)}`);
      return { state: 'pending', request: asked.length };
    },
    ...options,
  });
  return { proxy, asked };
}

const arpFrame = (
  senderIp: string,
  targetIp: string,
  operation = 1,
  senderMac = VM,
  source = VM,
  tags: ethernet.VlanTag[] = [],
): Uint8Array =>
  concat(
    ethernet.encode({ destination: BROADCAST, source, tags, etherType: ethernet.ETHER_TYPE.ARP }),
    arp.encode({ operation, senderMac, senderIp: parseIpv4(senderIp), targetMac: ZERO, targetIp: parseIpv4(targetIp) }),
  );

interface NdOptions {
  readonly type?: 135 | 136;
  readonly hopLimit?: number;
  readonly solicited?: boolean;
  readonly link?: 'said' | 'unsaid';
}

const ndFrame = (
  source: string,
  target: string,
  { type = 135, hopLimit = 255, solicited = false, link = 'said' }: NdOptions = {},
): Uint8Array => {
  const message = neighbor.encode({
    type,
    checksum: 0,
    router: false,
    solicited,
    override: true,
    target: parseIpv6(target),
    linkLayerAddress: link === 'said' ? VM : undefined,
  });
  const packet = ipv6.encode({
    dscp: 0,
    ecn: 0,
    flowLabel: 0,
    payloadLength: message.length,
    nextHeader: 58,
    hopLimit,
    source: parseIpv6(source),
    destination: parseIpv6('ff02::1:ff00:2'),
  });
  icmpv6.writeChecksum(message, 0, message.length, checksum.pseudoHeaderV6(packet, 0, 58, message.length));
  return concat(
    ethernet.encode({
      destination: parseMac('33:33:ff:00:00:02'),
      source: VM,
      tags: [],
      etherType: ethernet.ETHER_TYPE.IPV6,
    }),
    packet,
    message,
  );
};

const answersOf = (proxy: NeighborProxy): Uint8Array[] =>
  proxy.takeEvents().flatMap((event) => (event.type === 'answer' ? [event.frame] : []));

describe('ARP', () => {
  it('for a known address is answered with its MAC, tags and all', () => {
    const { proxy } = proxyOf({ '10.0.0.2': mappingOf('10.0.0.2') });
    const tag = { tpid: ethernet.ETHER_TYPE.C_TAG, pcp: 0, dei: 0, vid: 5 };
    expect(proxy.receive(1, arpFrame('10.0.0.1', '10.0.0.2', 1, VM, VM, [tag]))).toBe('answered');
    const [reply] = answersOf(proxy);
    expect(ethernet.decode(reply!)).toEqual({
      destination: VM,
      source: PEER,
      tags: [tag],
      etherType: ethernet.ETHER_TYPE.ARP,
    });
    expect(arp.decode(reply!, 18)).toEqual({
      operation: 2,
      senderMac: PEER,
      senderIp: parseIpv4('10.0.0.2'),
      targetMac: VM,
      targetIp: parseIpv4('10.0.0.1'),
    });
    expect(proxy.counters.answered).toBe(1);
  });

  it('is answered with the virtual router on layer 3, and not at all without a MAC', () => {
    const known = { '10.0.0.2': mappingOf('10.0.0.2', ZERO) };
    const routed = proxyOf(known, { mode: { layer: 3, routerMac: ROUTER } }).proxy;
    expect(routed.receive(1, arpFrame('10.0.0.1', '10.0.0.2'))).toBe('answered');
    expect(arp.decode(answersOf(routed)[0]!, 14).senderMac).toEqual(ROUTER);
    const { proxy } = proxyOf(known);
    expect(proxy.receive(1, arpFrame('10.0.0.1', '10.0.0.2'))).toBe('silent');
    expect(proxy.counters.unanswered).toBe(1);
  });

  it('for an unknown address waits, four at most, then is answered or dropped in silence', () => {
    const { proxy, asked } = proxyOf({}, { addressesMax: 2 });
    const verdicts = Array.from({ length: 5 }, () => proxy.receive(1, arpFrame('10.0.0.1', '10.0.0.2')));
    expect(verdicts).toEqual(['waiting', 'waiting', 'waiting', 'waiting', 'dropped']);
    expect(asked).toEqual(['7/10.0.0.1 asks for 7/10.0.0.2']);
    expect(proxy.receive(1, arpFrame('10.0.0.1', '10.0.0.3'))).toBe('waiting');
    expect(proxy.receive(1, arpFrame('10.0.0.1', '10.0.0.4'))).toBe('dropped');
    expect(proxy.counters.overflowed).toBe(2);
    proxy.settle(1, mappingOf('10.0.0.2'));
    expect(answersOf(proxy)).toHaveLength(4);
    proxy.settle(2, undefined);
    proxy.settle(99, mappingOf('10.0.0.2'));
    expect(answersOf(proxy)).toHaveLength(0);
    expect([proxy.waiting, proxy.counters.unanswered]).toEqual([0, 1]);
  });

  it('probes for an own address are not answered, for one that is elsewhere they are', () => {
    const known = { '10.0.0.1': mappingOf('10.0.0.1'), '10.0.0.2': mappingOf('10.0.0.2') };
    const { proxy } = proxyOf(known);
    expect(proxy.receive(1, arpFrame('0.0.0.0', '10.0.0.1'))).toBe('silent');
    expect(proxy.receive(1, arpFrame('0.0.0.0', '10.0.0.2'))).toBe('answered');
    expect(arp.decode(answersOf(proxy)[0]!, 14).targetIp).toBe(0);
  });

  it('announcements are claims if the port may use the address, else spoofing', () => {
    const { proxy } = proxyOf({});
    for (const operation of [1, 2])
      expect(proxy.receive(1, arpFrame('10.0.0.1', '10.0.0.1', operation))).toBe('claimed');
    expect(proxy.takeEvents()).toEqual(
      Array(2).fill({ type: 'claim', port: 1, key: parseKey(7, '10.0.0.1'), mac: VM }),
    );
    expect(proxy.receive(1, arpFrame('10.0.0.2', '10.0.0.2'))).toBe('dropped');
    expect(proxy.receive(1, arpFrame('10.0.0.2', '10.0.0.3'))).toBe('dropped');
    expect(proxy.counters).toMatchObject({ claims: 2, spoofed: 2 });
  });

  it('answers nobody asked for, and MACs of others, are dropped', () => {
    const { proxy } = proxyOf({ '10.0.0.2': mappingOf('10.0.0.2') });
    expect(proxy.receive(1, arpFrame('10.0.0.1', '10.0.0.2', 2))).toBe('dropped');
    expect(proxy.receive(1, arpFrame('10.0.0.1', '10.0.0.2', 1, PEER, VM))).toBe('dropped');
    expect(proxy.receive(1, arpFrame('10.0.0.1', '10.0.0.2').subarray(0, 40))).toBe('dropped');
    expect(proxy.counters.malformed).toBe(3);
  });
});

describe('neighbour discovery', () => {
  const known = { 'fd00::1': mappingOf('fd00::1'), 'fd00::2': mappingOf('fd00::2', PEER, MAPPING_FLAG.GATEWAY) };
  const advertisementOf = (reply: Uint8Array) => {
    const length = ipv6.readPayloadLength(reply, 14);
    expect(
      icmpv6.checkChecksum(reply, 54, 54 + length, checksum.pseudoHeaderV6(reply, 14, 58, length)),
    ).toBeUndefined();
    return {
      link: ethernet.decode(reply),
      packet: ipv6.decode(reply, 14),
      message: neighbor.decode(reply, 54, 54 + length),
    };
  };

  it('is answered by an advertisement with the target link-layer address', () => {
    const { proxy } = proxyOf(known);
    expect(proxy.receive(1, ndFrame('fd00::1', 'fd00::2'))).toBe('answered');
    const { link, packet, message } = advertisementOf(answersOf(proxy)[0]!);
    expect(link).toMatchObject({ destination: VM, source: PEER });
    expect(packet).toMatchObject({ hopLimit: 255, source: parseIpv6('fd00::2'), destination: parseIpv6('fd00::1') });
    expect(message).toMatchObject({
      type: 136,
      router: true,
      solicited: true,
      override: true,
      target: parseIpv6('fd00::2'),
      linkLayerAddress: PEER,
    });
  });

  it('tells a probe of a duplicate, to all nodes, and leaves an own address alone', () => {
    const { proxy } = proxyOf(known);
    expect(proxy.receive(1, ndFrame('::', 'fd00::1', { link: 'unsaid' }))).toBe('silent');
    expect(proxy.receive(1, ndFrame('::', 'fd00::2', { link: 'unsaid' }))).toBe('answered');
    const { link, packet, message } = advertisementOf(answersOf(proxy)[0]!);
    expect(link.destination).toEqual(parseMac('33:33:00:00:00:01'));
    expect(packet.destination).toEqual(parseIpv6('ff02::1'));
    expect(message.solicited).toBe(false);
  });

  it('takes unsolicited advertisements for claims, or for spoofing', () => {
    const { proxy } = proxyOf({});
    expect(proxy.receive(1, ndFrame('fd00::1', 'fd00::1', { type: 136 }))).toBe('claimed');
    expect(proxy.receive(1, ndFrame('fd00::1', 'fd00::2', { type: 136 }))).toBe('dropped');
    expect(proxy.receive(1, ndFrame('fd00::1', 'fd00::2', { type: 136, solicited: true }))).toBe('dropped');
    expect(proxy.takeEvents()).toEqual([{ type: 'claim', port: 1, key: parseKey(7, 'fd00::1'), mac: VM }]);
    expect(proxy.counters).toMatchObject({ spoofed: 1, malformed: 1 });
  });

  it('drops what a router let through, a probe with an address, and a wrong checksum', () => {
    const { proxy } = proxyOf(known);
    expect(proxy.receive(1, ndFrame('fd00::1', 'fd00::2', { hopLimit: 254 }))).toBe('dropped');
    expect(proxy.receive(1, ndFrame('::', 'fd00::2'))).toBe('dropped');
    const damaged = ndFrame('fd00::1', 'fd00::2');
    damaged[damaged.length - 9]! ^= 1;
    expect(proxy.receive(1, damaged)).toBe('dropped');
    expect(proxy.receive(1, ndFrame('fd00::1', 'ff02::2'))).toBe('dropped');
  });
});

describe('the proxy', () => {
  it('is total: any frame gets a verdict, within the bounds', () => {
    const { proxy } = proxyOf({ '10.0.0.2': mappingOf('10.0.0.2') }, { addressesMax: 8 });
    const spoiled = fc
      .tuple(
        fc.constantFrom(arpFrame('10.0.0.1', '10.0.0.2'), ndFrame('fd00::1', 'fd00::3')),
        fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { maxLength: 3 }),
        fc.nat(),
      )
      .map(([valid, edits, cut]) => {
        const octets = valid.slice(0, cut % 3 === 0 ? cut % valid.length : valid.length);
        for (const [at, value] of edits) if (octets.length > 0) octets[at % octets.length] = value;
        return octets;
      });
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 100 }), frame(), spoiled), (octets) => {
        proxy.receive(1, octets);
        proxy.takeEvents();
        if (proxy.waiting > 8) throw new Error(`${proxy.waiting} addresses waited for`);
      }),
    );
  });
});
