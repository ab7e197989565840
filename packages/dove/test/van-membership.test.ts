import { describe, expect, it } from '@jest/globals';
import { IpAddress } from '@overlane/wire';
import { DeliveryGroups, TYPE, VanMembers, VanResolver, deliveryGroup } from '../src/van/index.js';
import { SeededRandom, SimulatedHost, SimulatedUnderlay } from '../src/van/simulation/index.js';
import { LOCAL_MAC, NETWORK, OWN, REMOTE_MAC, TestSwitch, locatorOf } from './van-switch.js';

const membersOf = (node: TestSwitch): string[] =>
  node.members.targets(NETWORK).map(({ address }) => address.toString());
const joins = (node: TestSwitch): [string, number, boolean][] =>
  node
    .sent()
    .filter(({ message }) => message?.type === TYPE.JOIN)
    .map(({ to, message }) => [to, message!.locator, message!.transactionId !== 0]);

const inNetwork = (): TestSwitch => {
  const node = new TestSwitch();
  node.arrive();
  node.sent();
  return node;
};

describe('a switch with its first VM of an instance', () => {
  it('joins, and again after 1, 2, 4 s and so on, at last every 30 s', () => {
    const node = new TestSwitch();
    node.arrive();
    const own = locatorOf(OWN);
    expect(joins(node)).toEqual([
      ['10.1.0.2', own, true],
      ['10.1.0.3', own, true],
    ]);
    node.arrive('02:00:00:00:00:55');
    expect(joins(node)).toEqual([]);
    const times: number[] = [];
    for (let s = 1; s <= 130; s++) {
      node.wait(1000);
      if (joins(node).length > 0) times.push(s);
    }
    expect(times).toEqual([1, 3, 7, 15, 31, 61, 91, 121]);
  });

  it('leaves with its last one', () => {
    const node = inNetwork();
    node.arrive('02:00:00:00:00:55');
    node.sent();
    node.depart();
    expect(node.sent()).toEqual([]);
    node.depart('02:00:00:00:00:55');
    expect(node.sent().map(({ to, message }) => [to, message!.type])).toEqual([
      ['10.1.0.2', TYPE.LEAVE],
      ['10.1.0.3', TYPE.LEAVE],
    ]);
    node.wait(100_000);
    expect(node.sent()).toEqual([]);
  });
});

describe('an instance that is served', () => {
  it('is joined with the first tick and never left', () => {
    const address = IpAddress.parse(OWN);
    const configured = new Map([[NETWORK, [IpAddress.parse('10.1.0.2')]]]);
    const options = { address, replicator: new VanMembers({ configured }), networks: [NETWORK] };
    const node = new TestSwitch();
    Object.assign(node, { resolver: new VanResolver({ ...options, random32: () => 1 }) });
    node.wait(0);
    expect(joins(node)).toEqual([['10.1.0.2', locatorOf(OWN), true]]);
    node.arrive();
    node.depart();
    expect(node.sent().map(({ message }) => message!.type)).toEqual([TYPE.LEARN_REPLY]);
  });
});

describe('a JOIN', () => {
  it('makes a member, which is greeted and introduced', () => {
    const node = inNetwork();
    expect(node.take('10.1.0.7', { type: TYPE.JOIN, transactionId: 5 })).toBeUndefined();
    expect(membersOf(node)).toEqual(['10.1.0.2', '10.1.0.3', '10.1.0.7']);
    expect(joins(node)).toEqual([
      ['10.1.0.7', locatorOf(OWN), false],
      ['10.1.0.2', locatorOf('10.1.0.7'), false],
      ['10.1.0.3', locatorOf('10.1.0.7'), false],
    ]);
    expect(node.take('10.1.0.7', { type: TYPE.JOIN, transactionId: 6 })).toBeUndefined();
    expect(joins(node)).toEqual([]);
  });

  it('that greets makes a member and nothing more', () => {
    const node = inNetwork();
    node.take('10.1.0.7', { type: TYPE.JOIN, locator: locatorOf('10.1.0.7') });
    expect([membersOf(node).length, joins(node)]).toEqual([3, []]);
  });

  it('for another is believed from members, and the other greeted', () => {
    const node = inNetwork();
    const introduction = { type: TYPE.JOIN, locator: locatorOf('10.1.0.8') };
    expect(node.take('10.1.0.7', introduction)).toBe('E_VAN_NOT_OWNER');
    expect(node.take('10.1.0.2', introduction)).toBeUndefined();
    expect(joins(node)).toEqual([['10.1.0.8', locatorOf(OWN), false]]);
    expect(node.take('10.1.0.3', introduction)).toBeUndefined();
    expect(node.take('10.1.0.3', { ...introduction, locator: locatorOf(OWN) })).toBeUndefined();
    expect(node.take('10.1.0.3', { ...introduction, locator: locatorOf('239.0.0.1') })).toBe('E_VAN_NOT_OWNER');
    expect(joins(node)).toEqual([]);
  });

  it('is refused for an instance without VMs here, past the limit and past the rate', () => {
    const node = inNetwork();
    const join = { type: TYPE.JOIN, transactionId: 5 };
    expect(node.take('10.1.0.7', join, NETWORK + 1)).toBe('E_DOVE_UNKNOWN_INSTANCE');
    const faults = Array.from({ length: 70 }, (_, i) => node.take(`10.2.0.${i + 1}`, join));
    expect(faults.filter((fault) => fault === 'E_VAN_RATE')).toHaveLength(6);
    node.wait(100);
    const more = Array.from({ length: 20 }, (_, i) => node.take(`10.3.0.${i + 1}`, join));
    expect(more.filter((fault) => fault === undefined)).toHaveLength(10);
    const members = new VanMembers({ membersPerInstance: 1 });
    expect([members.note(1, 5, 0), members.note(1, 6, 0), members.note(1, 5, 1)]).toEqual(['added', 'full', 'known']);
  });
});

describe('a member', () => {
  it('goes with LEAVE, unless it is configured', () => {
    const node = inNetwork();
    node.take('10.1.0.7', { type: TYPE.JOIN, transactionId: 5 });
    expect(node.take('10.1.0.7', { type: TYPE.LEAVE })).toBeUndefined();
    expect(node.take('10.1.0.7', { type: TYPE.LEAVE })).toBe('E_VAN_NOT_OWNER');
    expect(node.take('10.1.0.2', { type: TYPE.LEAVE })).toBe('E_VAN_NOT_OWNER');
    expect(membersOf(node)).toEqual(['10.1.0.2', '10.1.0.3']);
  });

  it('that is silent for 100 s is forgotten; one that joins again is not', () => {
    const node = inNetwork();
    for (const last of [7, 8]) node.take(`10.1.0.${last}`, { type: TYPE.JOIN, transactionId: 5 });
    for (let s = 0; s < 150; s += 30) {
      node.take('10.1.0.8', { type: TYPE.JOIN, transactionId: 5 });
      node.wait(30_000);
    }
    expect(membersOf(node)).toEqual(['10.1.0.2', '10.1.0.3', '10.1.0.8']);
  });
});

describe('one configured member', () => {
  it('is enough for all to find each other, under loss', () => {
    const random = new SeededRandom(3);
    const underlay = new SimulatedUnderlay(random);
    underlay.conditions = { delayMs: 1, jitterMs: 5, loss: 0.2, duplication: 0.1 };
    const seed = new IpAddress();
    seed.setIpv4(0x0a00_0001);
    const hosts = Array.from({ length: 12 }, (_, i) => {
      const replicator = new VanMembers(i === 0 ? {} : { configured: new Map([[NETWORK, [seed]]]) });
      const address = 0x0a00_0001 + i;
      const host = new SimulatedHost({ underlay, random, address, replicator, onDelivery: () => undefined });
      return { host, replicator, address };
    });
    hosts.forEach(({ host }, i) => host.place(NETWORK, Uint8Array.of(2, 0, 0, 0, 1, i)));
    underlay.run(240_000);
    for (const { replicator, address: own } of hosts) {
      const known = replicator.targets(NETWORK).map(({ address }) => address.word0);
      expect(known.sort()).toEqual(hosts.map(({ address }) => address).filter((address) => address !== own));
    }
  });
});

describe('delivery groups', () => {
  it('take the low 24 bits of the instance', () => {
    expect(deliveryGroup(0x0102a3)).toBe(0xef0102a3);
    expect(new DeliveryGroups().targets(0x0102a3).map(({ address }) => address.toString())).toEqual(['239.1.2.163']);
  });

  it('are asked with one message, and have no members to join', () => {
    const address = IpAddress.parse(OWN);
    const replicator = new DeliveryGroups();
    const resolver = new VanResolver({ address, replicator, random32: () => 1 });
    const node = new TestSwitch();
    Object.assign(node, { resolver });
    node.arrive(LOCAL_MAC);
    node.resolve(TestSwitch.frame(REMOTE_MAC, LOCAL_MAC));
    expect(node.sent().map(({ to, message }) => [to, message!.type])).toEqual([
      ['239.1.2.163', TYPE.LEARN_REPLY],
      ['239.1.2.163', TYPE.LEARN_REQUEST],
    ]);
    expect(node.take('10.1.0.2', { type: TYPE.JOIN })).toBeUndefined();
    expect(node.take('10.1.0.2', { type: TYPE.LEAVE })).toBeUndefined();
  });
});
