import { describe, expect, it } from '@jest/globals';
import { IpAddress, PacketBuffer, parseMac } from '@overlane/wire';
import { TYPE } from '../src/van/index.js';
import { LOCAL_MAC, OWN, REMOTE_MAC, TestSwitch, answer, locatorOf, tunnelFrom } from './van-switch.js';

const unlearn = (hint?: string, generation = 0): object => ({
  type: TYPE.UNLEARN,
  hint: hint !== undefined,
  locator: hint === undefined ? 0 : locatorOf(hint),
  generation,
});

describe('UNLEARN', () => {
  it('without a hint makes us ask again', () => {
    const node = TestSwitch.withSender();
    node.learn('10.1.0.2', 5);
    expect(node.take('10.1.0.2', unlearn())).toBeUndefined();
    expect(node.sent()).toEqual([]);
    expect(node.resolve()).toBe('pending');
    expect(node.sent()).toHaveLength(2);
  });

  it('counts only from the switch on file, and not from an older placement', () => {
    const node = TestSwitch.withSender();
    expect(node.take('10.1.0.2', unlearn())).toBe('E_VAN_NOT_OWNER');
    node.learn('10.1.0.2', 5);
    expect(node.take('10.1.0.3', unlearn())).toBe('E_VAN_NOT_OWNER');
    expect(node.take('10.1.0.2', unlearn(undefined, 4))).toBe('E_VAN_STALE');
    expect(node.take('10.1.0.2', unlearn('10.1.0.3', 5))).toBe('E_VAN_STALE');
    expect(node.resolve()).toBe('10.1.0.2');
    expect(node.take('10.1.0.2', unlearn(undefined, 5))).toBeUndefined();
    expect(node.resolve()).toBe('pending');
    expect(node.take('10.1.0.2', unlearn())).toBe('E_VAN_NOT_OWNER');
  });

  it('with a newer hint moves us there, and we ask there alone', () => {
    const node = TestSwitch.withSender();
    node.learn('10.1.0.2', 5);
    expect(node.take('10.1.0.2', unlearn('10.1.0.9', 6))).toBeUndefined();
    expect(node.resolve()).toBe('10.1.0.9');
    const sent = node.sent();
    expect(sent.map(({ to, message }) => [to, message!.type])).toEqual([['10.1.0.9', TYPE.LEARN_REQUEST]]);
    expect(node.take('10.1.0.9', answer(sent[0]!.message!, '10.1.0.9', 6))).toBeUndefined();
    expect(node.resolver.takesExtensions(IpAddress.parse('10.1.0.9'))).toBe(true);
  });

  it('with a hint that nobody confirms is one without, after 1.5 s', () => {
    const node = TestSwitch.withSender();
    node.learn('10.1.0.2', 5, 0);
    node.take('10.1.0.2', unlearn('10.1.0.9', 6));
    node.wait(1499);
    expect(node.resolve()).toBe('10.1.0.9');
    node.wait(1);
    expect(node.resolve()).toBe('pending');
  });

  it.each([OWN, '0.0.0.0'])('with a hint to %s is one without', (hint) => {
    const node = TestSwitch.withSender();
    node.learn('10.1.0.2', 5);
    expect(node.take('10.1.0.2', unlearn(hint, 6))).toBeUndefined();
    expect(node.resolve()).toBe('pending');
  });

  it('with a hint to a group is refused', () => {
    const node = TestSwitch.withSender();
    node.learn('10.1.0.2', 5);
    expect(node.take('10.1.0.2', unlearn('239.1.1.1', 6))).toBe('E_VAN_LOCATOR');
  });
});

describe('a VM that arrives', () => {
  it('is announced to all, as placement 1 if nothing is known', () => {
    const node = TestSwitch.withSender();
    node.arrive();
    const [first, second] = node.sentAboutVms();
    expect([first!.to, second!.to]).toEqual(['10.1.0.2', '10.1.0.3']);
    expect(first!.message).toMatchObject({ type: TYPE.LEARN_REPLY, transactionId: 0, generation: 1 });
    node.arrive();
    expect(node.sent()).toEqual([]);
  });

  it('counts on from where it was known to be', () => {
    const node = TestSwitch.withSender();
    node.learn('10.1.0.2', 0xffff_ffff);
    node.arrive(REMOTE_MAC);
    expect(node.sentAboutVms()[0]!.message!.generation).toBe(1);
    expect(node.resolver.size).toBe(0);
    node.depart(REMOTE_MAC);
    node.arrive(REMOTE_MAC);
    expect(node.sentAboutVms().at(-1)!.message!.generation).toBe(2);
  });

  it('is taught by who knows a newer placement, and tells all again', () => {
    const node = TestSwitch.withSender();
    node.arrive();
    node.sent();
    const mac = parseMac(LOCAL_MAC);
    expect(node.take('10.1.0.2', { ...unlearn(OWN, 9), mac })).toBeUndefined();
    expect(node.sent().map(({ message }) => message!.generation)).toEqual([9, 9]);
    expect(node.take('10.1.0.3', { ...unlearn(OWN, 9), mac })).toBe('E_VAN_STALE');
    expect(node.take('10.1.0.3', { ...unlearn(OWN, 10), mac })).toBe('E_VAN_RATE');
    expect(node.take('10.1.0.3', { ...unlearn('10.1.0.7', 10), mac })).toBe('E_VAN_NOT_OWNER');
    expect(node.take('10.1.0.3', { ...unlearn(), mac })).toBe('E_VAN_NOT_OWNER');
  });

  it('teaches in turn, whatever we know of the VM', () => {
    const claim = { type: TYPE.LEARN_REPLY, mac: parseMac(LOCAL_MAC), locator: locatorOf('10.1.0.9'), generation: 1 };
    const lesson = { type: TYPE.UNLEARN, hint: true, locator: claim.locator };
    const host = TestSwitch.withSender();
    host.arrive();
    host.sent();
    expect(host.take('10.1.0.9', claim)).toBe('E_VAN_STALE');
    expect(host.sent()[0]).toMatchObject({ to: '10.1.0.9', message: { ...lesson, generation: 2 } });
    const left = TestSwitch.withSender();
    left.arrive();
    left.depart();
    left.sent();
    expect(left.take('10.1.0.9', claim)).toBe('E_VAN_STALE');
    expect(left.sent()[0]).toMatchObject({ to: '10.1.0.9', message: { ...lesson, generation: 2 } });
    const sender = TestSwitch.withSender();
    sender.learn('10.1.0.2', 7);
    expect(sender.take('10.1.0.9', { ...claim, mac: parseMac(REMOTE_MAC) })).toBe('E_VAN_STALE');
    expect(sender.sent()[0]).toMatchObject({ to: '10.1.0.9', message: { ...lesson, generation: 8 } });
  });
});

describe('a VM that others claim', () => {
  const claim = { type: TYPE.LEARN_REPLY, mac: parseMac(LOCAL_MAC), generation: 4 };

  it('stays here if it has just come, and counts on from what they say', () => {
    const node = TestSwitch.withSender();
    node.arrive();
    node.sent();
    expect(node.take('10.1.0.9', claim)).toBe('E_VAN_STALE');
    expect(node.sent().map(({ message }) => message!.generation)).toEqual([5, 5]);
    expect(node.take('10.1.0.9', { ...claim, generation: 6 })).toBe('E_VAN_RATE');
    expect(node.sent()).toEqual([]);
  });

  it('is believed to have left later, and is back as soon as it speaks', () => {
    const node = TestSwitch.withSender();
    node.arrive();
    node.wait(1000);
    node.sent();
    expect(node.take('10.1.0.9', claim)).toBeUndefined();
    node.take('10.1.0.2', { mac: parseMac(LOCAL_MAC) });
    expect(node.sent()).toEqual([]);
    node.resolve(TestSwitch.frame(REMOTE_MAC, LOCAL_MAC));
    expect(node.sent()[0]!.message).toMatchObject({ type: TYPE.LEARN_REPLY, generation: 5, transactionId: 0 });
    node.wait(50);
    node.depart();
    node.sent();
    node.resolve(TestSwitch.frame(REMOTE_MAC, LOCAL_MAC));
    expect(node.sentAboutVms().filter(({ message }) => message?.type === TYPE.LEARN_REPLY)).toEqual([]);
  });
});

describe('a VM that departs', () => {
  const withPeers = (): TestSwitch => {
    const node = TestSwitch.withSender();
    node.arrive();
    const frame = PacketBuffer.from(TestSwitch.frame(LOCAL_MAC, REMOTE_MAC));
    node.resolver.observe(frame, tunnelFrom('10.1.0.2'));
    node.take('10.1.0.3', { mac: parseMac(LOCAL_MAC), transactionId: 1 });
    node.sent();
    return node;
  };

  it('is un-learned at once at those who sent to it or asked', () => {
    const node = withPeers();
    node.depart(LOCAL_MAC, '10.1.0.9');
    const sent = node.sentAboutVms();
    expect(sent.map(({ to }) => to)).toEqual(['10.1.0.3', '10.1.0.2']);
    const hint = { type: TYPE.UNLEARN, hint: true, locator: locatorOf('10.1.0.9'), generation: 2 };
    for (const { message } of sent) expect(message).toMatchObject(hint);
  });

  it('is un-learned without a hint if nobody knows where it went', () => {
    const node = withPeers();
    node.depart();
    const plain = { type: TYPE.UNLEARN, hint: false, locator: 0, generation: 1 };
    expect(node.sentAboutVms()[0]!.message).toMatchObject(plain);
  });

  it('has left, too, if another switch has a newer placement', () => {
    const node = withPeers();
    node.wait(1000);
    const claim = { type: TYPE.LEARN_REPLY, mac: parseMac(LOCAL_MAC), generation: 2 };
    expect(node.take('10.1.0.9', claim)).toBeUndefined();
    expect(node.sentAboutVms().map(({ to }) => to)).toEqual(['10.1.0.3', '10.1.0.2']);
    expect(node.take('10.1.0.3', { mac: parseMac(LOCAL_MAC) })).toBeUndefined();
    expect(node.sent()).toEqual([]);
  });
});

describe('a frame for a VM that is not here', () => {
  it('is answered with where it went, once per 100 ms and source, and then without', () => {
    const node = TestSwitch.withSender();
    node.arrive();
    node.depart(LOCAL_MAC, '10.1.0.9');
    node.sent();
    expect(node.misdeliver('10.1.0.2', LOCAL_MAC)).toBe('E_DOVE_NOT_HERE');
    const hint = { type: TYPE.UNLEARN, hint: true, locator: locatorOf('10.1.0.9'), generation: 2 };
    expect(node.sent()).toMatchObject([{ to: '10.1.0.2', message: hint }]);
    node.wait(99);
    node.misdeliver('10.1.0.2', LOCAL_MAC);
    expect(node.sentAboutVms()).toEqual([]);
    node.misdeliver('10.1.0.3', LOCAL_MAC);
    expect(node.sentAboutVms()).toMatchObject([{ to: '10.1.0.3', message: hint }]);
    node.wait(1);
    node.misdeliver('10.1.0.2', LOCAL_MAC);
    expect(node.sentAboutVms()).toMatchObject([
      { to: '10.1.0.2', message: { hint: false, locator: 0, generation: 0 } },
    ]);
  });

  it('is answered with the place that was announced since', () => {
    const node = TestSwitch.withSender();
    node.arrive();
    node.depart();
    node.take('10.1.0.9', { type: TYPE.LEARN_REPLY, mac: parseMac(LOCAL_MAC), generation: 2 });
    node.sent();
    node.misdeliver('10.1.0.2', LOCAL_MAC);
    expect(node.sent()[0]!.message).toMatchObject({ hint: true, locator: locatorOf('10.1.0.9'), generation: 2 });
  });

  it('is answered without a hint when 300 s are over', () => {
    const node = TestSwitch.withSender();
    node.arrive();
    node.depart(LOCAL_MAC, '10.1.0.9');
    node.wait(300_000);
    node.sent();
    node.misdeliver('10.1.0.2', LOCAL_MAC);
    expect(node.sent()[0]!.message).toMatchObject({ hint: false, generation: 0 });
  });

  it('to a group, or from afar over IPv6, is not answered', () => {
    const node = TestSwitch.withSender();
    node.misdeliver('10.1.0.2', 'ff:ff:ff:ff:ff:ff');
    node.misdeliver('fd00::1');
    expect(node.sent()).toEqual([]);
  });

  it('means that a VM which was thought to be here is not', () => {
    const node = TestSwitch.withSender();
    node.arrive();
    node.sent();
    node.misdeliver('10.1.0.2', LOCAL_MAC);
    expect(node.sentAboutVms()).toMatchObject([{ message: { type: TYPE.UNLEARN, hint: false } }]);
    node.take('10.1.0.3', { mac: parseMac(LOCAL_MAC) });
    expect(node.sent()).toEqual([]);
  });
});
