import { describe, expect, it } from '@jest/globals';
import { IpAddress, PacketBuffer, parseMac } from '@overlane/wire';
import { TYPE, VanMembers, VanResolver } from '../src/van/index.js';
import { EMPTY, LOCAL_MAC, NETWORK, OWN, REMOTE_MAC, SENDER_MAC, TestSwitch, answer, locatorOf } from './van-switch.js';

const REQUEST = { type: TYPE.LEARN_REQUEST, mac: parseMac(REMOTE_MAC), locator: 0, generation: 0 };

describe('an unknown destination', () => {
  it('is asked for at all members, and its frame waits', () => {
    const node = TestSwitch.withSender();
    expect(node.resolve()).toBe('pending');
    const sent = node.sent();
    expect(sent.map(({ to }) => to)).toEqual(['10.1.0.2', '10.1.0.3']);
    for (const { message } of sent) expect(message).toMatchObject({ ...REQUEST, extensions: true });
    expect(sent[0]!.message!.transactionId).not.toBe(0);
  });

  it('is asked for four times, with waits of 100, 200, 400 and 800 ms, under one transaction', () => {
    const node = TestSwitch.withSender();
    node.resolve();
    const { message: first } = node.sent()[0]!;
    const times: number[] = [];
    for (let ms = 1; ms <= 3000; ms++) {
      node.wait(1);
      for (const { to, message } of node.sent()) {
        expect(message).toEqual(first);
        if (to === '10.1.0.2') times.push(ms);
      }
    }
    expect(times).toEqual([100, 300, 700]);
  });

  it('is given up for 2 s after 1.5 s, with all of its frames', () => {
    const node = TestSwitch.withSender();
    node.resolve();
    node.resolve();
    node.wait(1499);
    expect(node.resolver.faults.of('E_VAN_NO_ANSWER')).toBe(0);
    node.wait(1);
    expect(node.resolver.faults.of('E_VAN_NO_ANSWER')).toBe(2);
    node.sent();
    node.wait(1999);
    expect(node.resolve()).toBe('pending');
    expect(node.sent()).toEqual([]);
    expect(node.resolver.faults.of('E_VAN_NO_ANSWER')).toBe(3);
    node.wait(1);
    expect([node.resolver.size, node.resolve()]).toEqual([0, 'pending']);
    expect(node.sent()).toHaveLength(2);
  });

  it('holds eight frames, and the oldest makes room', () => {
    const node = TestSwitch.withSender();
    for (let i = 0; i < 11; i++) node.resolve(TestSwitch.frame(REMOTE_MAC, SENDER_MAC, i));
    expect(node.resolver.faults.of('E_VAN_QUEUE')).toBe(3);
    const { message } = node.sent()[0]!;
    node.take('10.1.0.3', answer(message!, '10.1.0.3', 1));
    const frames = node.sent();
    expect(frames.map(({ to, frame }) => [to, frame!.at(-1)])).toEqual(
      [3, 4, 5, 6, 7, 8, 9, 10].map((payload) => ['10.1.0.3', payload]),
    );
  });

  it('holds no more octets than allowed', () => {
    const node = TestSwitch.withSender({ heldOctets: 45 });
    for (let i = 0; i < 3; i++) node.resolve();
    expect(node.resolver.faults.of('E_VAN_QUEUE')).toBe(1);
  });

  it('keeps what a held frame says of checksum and segments', () => {
    const node = TestSwitch.withSender();
    const packet = PacketBuffer.from(TestSwitch.frame(), 30);
    Object.assign(packet, { checksum: 'partial', checksumStart: 40, checksumField: 46, segmentType: 'tcp4' });
    packet.segmentSize = 1000;
    node.resolver.resolve(NETWORK, packet, 0);
    const { message } = node.sent()[0]!;
    node.take('10.1.0.2', answer(message!, '10.1.0.2', 1));
    const held = node.resolver.nextEvent()!.payload;
    expect(held).toMatchObject({ checksum: 'partial', segmentType: 'tcp4', segmentSize: 1000, start: 128 });
    expect([held.checksumStart - held.start, held.checksumField - held.start]).toEqual([10, 16]);
  });

  it('is refused where its instance has its share of stations', () => {
    const node = TestSwitch.withSender({ stationsPerInstance: 2, stations: 3 });
    const other = (last: string): Uint8Array => TestSwitch.frame(`02:00:00:00:01:0${last}`);
    for (const last of ['1', '2', '3']) node.resolve(other(last));
    for (const last of ['1', '2']) node.resolve(other(last), NETWORK + 1);
    expect([node.resolver.size, node.resolver.faults.of('E_VAN_TABLE_FULL')]).toEqual([3, 2]);
    node.wait(4000);
    expect(node.resolver.size).toBe(0);
  });
});

describe('an answer', () => {
  it('is taken with its transaction only', () => {
    const node = TestSwitch.withSender();
    node.resolve();
    const { message } = node.sent()[0]!;
    const reply = answer(message!, '10.1.0.2', 1);
    expect(node.take('10.1.0.2', { ...reply, transactionId: (message!.transactionId ^ 1) >>> 0 })).toBe(
      'E_VAN_UNSOLICITED',
    );
    expect(node.take('10.1.0.2', { ...reply, mac: parseMac('02:00:00:00:00:09') })).toBe('E_VAN_UNSOLICITED');
    expect(node.take('10.1.0.2', reply, NETWORK + 1)).toBe('E_VAN_UNSOLICITED');
    expect(node.take('10.1.0.2', reply)).toBeUndefined();
    expect(node.resolve()).toBe('10.1.0.2');
  });

  it('is taken late, too', () => {
    const node = TestSwitch.withSender();
    node.resolve();
    const { message } = node.sent()[0]!;
    node.wait(2000);
    expect(node.take('10.1.0.2', answer(message!, '10.1.0.2', 1))).toBeUndefined();
    expect(node.resolve()).toBe('10.1.0.2');
  });

  it.each([
    ['10.1.0.2', true],
    ['0.0.0.0', true],
    ['10.1.0.1', false],
    ['224.0.0.1', false],
    ['255.255.255.255', false],
    ['127.0.0.1', false],
  ])('may name %s: %s', (locator, good) => {
    const node = TestSwitch.withSender();
    node.resolve();
    const { message } = node.sent()[0]!;
    expect(node.take('10.1.0.2', answer(message!, locator, 1))).toBe(good ? undefined : 'E_VAN_LOCATOR');
    expect(node.resolve()).toBe(good ? '10.1.0.2' : 'pending');
  });

  it('holds for its lifetime, even in use', () => {
    const node = TestSwitch.withSender();
    node.learn('10.1.0.2', 1, 3);
    node.wait(2999);
    expect(node.resolve()).toBe('10.1.0.2');
    node.wait(1);
    expect([node.resolver.size, node.resolve()]).toEqual([0, 'pending']);
  });

  it('is not used past its end, even where ticks are late', () => {
    const node = TestSwitch.withSender();
    node.learn('10.1.0.2', 1, 3);
    node.nowMs += 3000;
    expect(node.resolve()).toBe('pending');
  });

  it('without lifetime holds until it was idle for 300 s', () => {
    const node = TestSwitch.withSender();
    node.learn('10.1.0.2', 1, 0);
    for (let i = 0; i < 10; i++) {
      node.wait(299_999);
      expect(node.resolve()).toBe('10.1.0.2');
    }
    node.wait(300_000);
    expect(node.resolver.size).toBe(0);
  });

  it('tells what the peer understands', () => {
    const node = TestSwitch.withSender();
    const peer = IpAddress.parse('10.1.0.2');
    expect(node.resolver.takesExtensions(peer)).toBe(false);
    node.learn();
    expect(node.resolver.takesExtensions(peer)).toBe(true);
    node.wait(4000);
    node.take('10.1.0.2', { type: TYPE.LEARN_REPLY, generation: 6 });
    expect(node.resolver.takesExtensions(peer)).toBe(false);
  });

  it('replaces what is known if its generation is newer, by serial numbers', () => {
    const node = TestSwitch.withSender();
    const reply = (generation: number, at: string): string | undefined =>
      node.take(at, { type: TYPE.LEARN_REPLY, locator: locatorOf(at), generation });
    node.learn('10.1.0.2', 0xffff_fffe);
    expect(reply(0xffff_fffd, '10.1.0.3')).toBe('E_VAN_STALE');
    expect(reply(0xffff_fffe, '10.1.0.3')).toBe('E_VAN_STALE');
    expect(reply(0xffff_fffe, '10.1.0.2')).toBeUndefined();
    expect(node.resolve()).toBe('10.1.0.2');
    expect(reply(1, '10.1.0.3')).toBeUndefined();
    expect(node.resolve()).toBe('10.1.0.3');
    expect(reply(0xffff_ffff, '10.1.0.2')).toBe('E_VAN_STALE');
    expect(reply(0x8000_0001, '10.1.0.4')).toBe('E_VAN_STALE');
    expect(reply(0x8000_0000, '10.1.0.4')).toBeUndefined();
  });

  it('that nobody asked for adds nothing to the table', () => {
    const node = TestSwitch.withSender();
    expect(node.take('10.1.0.2', { type: TYPE.LEARN_REPLY, generation: 1 })).toBeUndefined();
    expect(node.resolver.size).toBe(0);
  });

  it('to all is taken while one asks', () => {
    const node = TestSwitch.withSender();
    node.resolve();
    node.sent();
    expect(node.take('10.1.0.3', { type: TYPE.LEARN_REPLY, generation: 1 })).toBeUndefined();
    expect(node.sent().map(({ to, frame }) => [to, frame?.length])).toEqual([['10.1.0.3', 20]]);
  });
});

describe('a question', () => {
  it('is answered for the VMs that are here, by unicast', () => {
    const node = TestSwitch.withSender();
    node.arrive();
    node.sent();
    const mac = parseMac(LOCAL_MAC);
    expect(node.take('10.1.0.9', { mac, transactionId: 77 })).toBeUndefined();
    expect(node.sent()).toEqual([
      {
        network: NETWORK,
        to: '10.1.0.9',
        message: {
          ...EMPTY,
          type: TYPE.LEARN_REPLY,
          mac,
          transactionId: 77,
          extensions: true,
          lifetimeS: 300,
          locator: locatorOf(OWN),
          generation: 1,
        },
      },
    ]);
    expect(node.take('10.1.0.9', { transactionId: 77 })).toBeUndefined();
    expect(node.take('10.1.0.9', { mac, transactionId: 77 }, NETWORK + 1)).toBeUndefined();
    expect(node.sent()).toEqual([]);
  });

  it('is answered once per 50 ms and switch', () => {
    const node = TestSwitch.withSender();
    node.arrive();
    node.sent();
    const mac = parseMac(LOCAL_MAC);
    expect(node.take('10.1.0.9', { mac })).toBeUndefined();
    expect(node.take('10.1.0.9', { mac })).toBe('E_VAN_RATE');
    expect(node.take('10.1.0.8', { mac })).toBeUndefined();
    node.wait(50);
    expect(node.take('10.1.0.9', { mac })).toBeUndefined();
  });

  it('of our own, which a delivery group gave back, is nothing', () => {
    const node = TestSwitch.withSender();
    node.arrive();
    node.sent();
    expect(node.take(OWN, { mac: parseMac(LOCAL_MAC) })).toBeUndefined();
    expect(node.sent()).toEqual([]);
  });
});

describe('IPv6', () => {
  it('has no room in control messages', () => {
    const node = TestSwitch.withSender();
    expect(node.take('fd00::1', {})).toBe('E_ADDRESS_FAMILY_MISMATCH');
    const options = { address: IpAddress.parse('fd00::1'), replicator: new VanMembers(), random32: () => 0 };
    expect(() => new VanResolver(options)).toThrow(TypeError);
  });
});
