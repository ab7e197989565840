import { describe, expect, it } from '@jest/globals';
import { PacketBuffer, parseMac, write32 } from '@overlane/wire';
import { TYPE } from '../src/van/index.js';
import { SeededRandom } from '../src/van/simulation/index.js';
import { LOCAL_MAC, NETWORK, REMOTE_MAC, TestSwitch } from './van-switch.js';

const random = new SeededRandom(99);
const anybody = (): string => `10.2.${random.below(256)}.${random.below(256)}`;
const anyMac = (): Uint8Array => {
  const mac = new Uint8Array(6);
  write32(mac, 2, random.word());
  return mac;
};
const macText = (mac: Uint8Array): string => [...mac].map((octet) => octet.toString(16).padStart(2, '0')).join(':');

describe('a hostile peer', () => {
  it('that asks without end gets an answer every 50 ms', () => {
    const node = TestSwitch.withSender();
    node.arrive();
    node.sent();
    let answers = 0;
    for (let i = 0; i < 20_000; i++) {
      node.take('10.2.0.1', { mac: parseMac(LOCAL_MAC), transactionId: random.word() >>> 0 });
      answers += node.sent().length;
      if (i % 20 === 19) node.wait(1);
    }
    expect(answers).toBe(1000 / 50);
  });

  it('that asks as everybody gets no more answers than there are pairs to remember', () => {
    const node = TestSwitch.withSender({ ratePairs: 64 });
    node.arrive();
    node.sent();
    let answers = 0;
    for (let i = 0; i < 20_000; i++) {
      node.take(anybody(), { mac: parseMac(LOCAL_MAC) });
      answers += node.sent().length;
      if (i % 100 === 99) node.wait(1);
    }
    expect(answers).toBeLessThanOrEqual((200 / 50) * 64);
    expect(answers).toBeGreaterThan(64);
  });

  it('that answers what nobody asked fills no table', () => {
    const node = TestSwitch.withSender();
    node.resolve();
    for (let i = 0; i < 5000; i++) {
      const transactionId = i % 2 === 0 ? 0 : random.word() >>> 0;
      node.take(anybody(), { type: TYPE.LEARN_REPLY, mac: anyMac(), transactionId, generation: i });
    }
    expect(node.resolver.size).toBe(1);
  });

  it('that sends to VMs which are not here is told within the limits, and forgotten', () => {
    const node = TestSwitch.withSender({ ratePairs: 64 });
    let told = 0;
    for (let i = 0; i < 20_000; i++) {
      node.misdeliver(anybody(), macText(anyMac()));
      told += node.sent().length;
      if (i % 100 === 99) node.wait(1);
    }
    expect(told).toBeLessThanOrEqual((200 / 100) * 64);
    expect(node.resolver.size).toBe(0);
  });

  it('that claims a VM again and again makes us speak ten times a second at most', () => {
    const node = TestSwitch.withSender();
    node.arrive();
    node.sent();
    let spoken = 0;
    for (let i = 0; i < 2000; i++) {
      node.take('10.2.0.1', { type: TYPE.LEARN_REPLY, mac: parseMac(LOCAL_MAC), generation: 10 + 10 * i });
      node.resolve(TestSwitch.frame(REMOTE_MAC, LOCAL_MAC));
      spoken += node.sent().filter(({ to, message }) => to === '10.1.0.2' && message?.type === TYPE.LEARN_REPLY).length;
      node.wait(1);
    }
    expect(spoken).toBeGreaterThan(0);
    expect(spoken).toBeLessThanOrEqual(21);
  });
});

describe('a hostile tenant', () => {
  it('that scans its network fills its share, holds what may be held, and asks at a bounded rate', () => {
    const node = TestSwitch.withSender({ stationsPerInstance: 100, heldOctets: 1000 });
    let asked = 0;
    for (let i = 0; i < 7000; i++) {
      node.resolve(TestSwitch.frame(macText(anyMac())));
      asked += node.sent().filter(({ to }) => to === '10.1.0.2').length;
      node.wait(1);
    }
    expect(node.resolver.size).toBeGreaterThan(90);
    expect(node.resolver.size).toBeLessThanOrEqual(100);
    expect(asked).toBeLessThanOrEqual(4 * 100 * (7000 / 3500));
    const full = node.resolver.faults.of('E_VAN_TABLE_FULL');
    node.resolve(TestSwitch.frame(REMOTE_MAC), NETWORK + 1);
    expect(node.resolver.faults.of('E_VAN_TABLE_FULL')).toBe(full);
  });
});

describe('limits', () => {
  it('of the outbox: what has no room is dropped and counted', () => {
    const node = TestSwitch.withSender({ outbox: 20 });
    for (let i = 0; i < 50; i++) node.resolve(TestSwitch.frame(`02:00:00:00:01:${(i + 10).toString()}`));
    expect(node.resolver.faults.of('E_VAN_OVERLOAD')).toBe(30);
    expect(node.sent()).toHaveLength(40);
    expect(node.resolver.faults.snapshot()).toEqual({ E_VAN_OVERLOAD: 30 });
  });

  it('of local VMs: one more is not told to anybody', () => {
    const node = TestSwitch.withSender({ localStations: 3 });
    node.arrive();
    node.sent();
    node.arrive(REMOTE_MAC);
    expect([node.sent(), node.resolver.faults.of('E_VAN_TABLE_FULL')]).toEqual([[], 1]);
  });

  it('of tombstones: the oldest makes room', () => {
    const node = TestSwitch.withSender({ tombstones: 2 });
    const macs = ['02:00:00:00:02:01', '02:00:00:00:02:02', '02:00:00:00:02:03'];
    for (const mac of macs) {
      node.arrive(mac);
      node.depart(mac, '10.1.0.9');
      node.wait(1);
    }
    node.sent();
    for (const mac of macs) node.misdeliver('10.1.0.2', mac);
    expect(node.sent().map(({ message }) => message!.hint)).toEqual([false, true, true]);
  });

  it('of peers: none are remembered if that is the wish', () => {
    const node = TestSwitch.withSender({ peersPerStation: 0 });
    node.arrive();
    node.take('10.1.0.2', { mac: parseMac(LOCAL_MAC) });
    node.sent();
    node.depart();
    expect(node.sent()).toEqual([]);
    const frame = PacketBuffer.from(TestSwitch.frame('ff:ff:ff:ff:ff:ff', LOCAL_MAC));
    node.resolver.arrived(NETWORK, frame, node.nowMs);
    expect(node.sent()).toHaveLength(2);
  });
});
