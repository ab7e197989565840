import { describe, it } from '@jest/globals';
import { formatIpv4, formatMac, parseMac } from '@overlane/wire';
import fc from 'fast-check';
import { TYPE } from '../src/van/index.js';
import { NaiveSwitch } from './van-naive-switch.js';
import { OWN, SENDER_MAC, TestSwitch, locatorOf, type Sent, tunnelFrom } from './van-switch.js';

const MACS = ['02:00:00:00:00:01', '02:00:00:00:00:02', '02:00:00:00:00:03'];
const SWITCHES = ['10.1.0.2', '10.1.0.3', '10.1.0.9'];

const mac = fc.constantFrom(...MACS);
const from = fc.constantFrom(...SWITCHES);
const generation = fc.constantFrom(0, 1, 2, 3, 7, 0x7fff_ffff, 0x8000_0000, 0xffff_fffe, 0xffff_ffff);
const transaction = fc.constantFrom('asked', 'asked', 'announced', 'wrong');
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('frame' as const), mac, payload: fc.nat({ max: 255 }) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('reply' as const),
      mac,
      from,
      transaction,
      generation,
      lifetimeS: fc.constantFrom(0, 3, 300),
      proxied: fc.boolean(),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('unlearn' as const),
      mac,
      from,
      hint: fc.option(fc.constantFrom(OWN, ...SWITCHES), { nil: undefined }),
      generation,
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('request' as const), mac, from }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('arrive' as const), mac }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('depart' as const), mac, to: fc.option(from, { nil: undefined }) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('misdelivered' as const), mac, from }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('wait' as const),
      ms: fc.constantFrom(1, 49, 50, 99, 100, 200, 1500, 2000, 10_000, 299_999, 300_000),
    }),
  },
);

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** What was sent, in the words of the naive switch. */
function wordsOf({ to, message, frame }: Sent): string {
  if (message === undefined) return `${to} frame ${frame!.at(-1)!}`;
  const about = formatMac(message.mac);
  const at = message.locator === 0 ? 'nowhere' : formatIpv4(message.locator);
  if (message.type === TYPE.LEARN_REQUEST) return `${to} request ${about}`;
  if (message.type === TYPE.UNLEARN && message.hint !== (message.locator !== 0)) return 'hint without locator';
  return `${to} ${message.type === TYPE.LEARN_REPLY ? 'reply' : 'unlearn'} ${about} ${at} ${message.generation}`;
}

class Pair {
  readonly real = TestSwitch.withSender();
  readonly naive = new NaiveSwitch(OWN, ['10.1.0.2', '10.1.0.3']);

  /** Does the same on both; what each of them answers. */
  run(one: Step): [unknown, unknown] {
    const { real, naive } = this;
    switch (one.kind) {
      case 'frame': {
        if (naive.locals.has(one.mac)) return [0, 0];
        const frame = TestSwitch.frame(one.mac, SENDER_MAC, one.payload);
        return [real.resolve(frame), naive.frame(one.mac, one.payload)];
      }
      case 'reply': {
        const known = naive.remotes.get(one.mac)?.transaction ?? 0x1234;
        const id = one.transaction === 'announced' ? 0 : one.transaction === 'asked' ? known : (known ^ 1) >>> 0;
        const message = {
          type: TYPE.LEARN_REPLY,
          transactionId: id,
          mac: parseMac(one.mac),
          locator: locatorOf(one.from),
        };
        const { generation: count, lifetimeS, proxied } = one;
        return [
          real.take(one.from, { ...message, generation: count, lifetimeS, proxy: proxied }),
          naive.reply(one.mac, id, { at: one.from, generation: count, proxied }, lifetimeS),
        ];
      }
      case 'unlearn': {
        const locator = one.hint === undefined ? 0 : locatorOf(one.hint);
        const message = { type: TYPE.UNLEARN, mac: parseMac(one.mac), hint: locator !== 0, locator };
        return [
          real.take(one.from, { ...message, generation: one.generation }),
          naive.unlearn(one.mac, one.from, one.hint, one.generation),
        ];
      }
      case 'request':
        return [real.take(one.from, { mac: parseMac(one.mac), transactionId: 9 }), naive.request(one.mac, one.from)];
      case 'arrive':
        return [real.arrive(one.mac), naive.arrive(one.mac)];
      case 'depart':
        return [real.depart(one.mac, one.to), naive.depart(one.mac, one.to)];
      case 'misdelivered':
        real.misdeliver(one.from, one.mac);
        return [0, naive.misdelivered(one.mac, one.from) ?? 0];
      case 'wait':
        return [real.wait(one.ms), naive.wait(one.ms)];
    }
  }

  /** Both must have said the same; the naive one then hears under which transactions the real one asks. */
  compare(): void {
    const sent = this.real.sentAboutVms();
    const [said, wanted] = [sent.map(wordsOf).sort(), this.naive.said.sort()];
    if (`${said}` !== `${wanted}`) throw new Error(`said ${said.join(', ')}; should have said ${wanted.join(', ')}`);
    this.naive.said = [];
    for (const { message } of sent) {
      if (message?.type !== TYPE.LEARN_REQUEST) continue;
      const remote = this.naive.remotes.get(formatMac(message.mac));
      const isNew = this.naive.asked.has(formatMac(message.mac));
      if (message.transactionId === 0) throw new Error('a question has no transaction');
      // The last questions before giving up are of an entry that is gone.
      if (remote === undefined) continue;
      if (!isNew && message.transactionId !== remote.transaction) throw new Error('asked again as if anew');
      remote.transaction = message.transactionId;
    }
    for (const asked of this.naive.asked) {
      const isNamed = sent.some(({ message }) => message !== undefined && formatMac(message.mac) === asked);
      if (!isNamed) throw new Error(`${asked} was not asked for`);
    }
    this.naive.asked.clear();
    if (this.real.resolver.size !== this.naive.remotes.size) throw new Error('they know different numbers of VMs');
  }
}

describe('the learn and un-learn machine', () => {
  it('does what a naive one does', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
        const pair = new Pair();
        for (const one of steps) {
          const [real, naive] = pair.run(one);
          if (real !== naive) throw new Error(`${one.kind}: ${String(real)} should be ${String(naive)}`);
          pair.compare();
        }
      }),
    );
  });
});

describe('hostile octets', () => {
  it('are refused by name or do what a message does: control is total', () => {
    const octets = fc.uint8Array({ maxLength: 40 }).map((bytes) => {
      if (bytes.length > 3 && bytes[2]! < 128) bytes.set([1 + (bytes[0]! % 5), bytes[1]!, 0, 24]);
      return bytes;
    });
    fc.assert(
      fc.property(fc.array(fc.tuple(octets, from), { maxLength: 20 }), (messages) => {
        const node = new TestSwitch();
        node.arrive();
        node.resolve();
        for (const [bytes, source] of messages) {
          const packet = TestSwitch.packet(bytes);
          const fault = node.resolver.onControl(packet, tunnelFrom(source, 1), node.nowMs);
          if (fault !== undefined && !/^E_(VAN|DOVE)_/.test(fault)) throw new Error(fault);
          node.wait(1);
          node.sent();
        }
      }),
    );
  });
});
