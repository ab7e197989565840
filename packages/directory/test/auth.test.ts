import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { message as messages } from '../src/arbitraries.js';
import {
  CookieMint,
  DATAGRAM_LENGTH_MAX,
  KeyRing,
  ReplayWindow,
  TYPE,
  deriveHostKey,
  makeKeyId,
  message,
  paddingFor,
  paddingToFull,
  parseKey,
  seal,
  source,
  verify,
} from '../src/index.js';
import { hmacSha256 } from '../src/node.js';

const bytesOf = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'));
const KEY = bytesOf('000102030405060708090a0b0c0d0e0f');

const PING = {
  type: TYPE.PING,
  txidHi: 1,
  txidLo: 2,
  keyId: makeKeyId(1, 17),
  time: 3,
  tag: message.UNSEALED,
} as const;

describe('host keys', () => {
  it('hmacSha256 is that of RFC 4231 test case 2, however it is cut in two', () => {
    const text = Buffer.from('what do ya want for nothing?');
    for (let cut = 0; cut <= text.length; cut++) {
      expect(
        Buffer.from(hmacSha256(Buffer.from('Jefe'), text.subarray(0, cut), text.subarray(cut))).toString('hex'),
      ).toBe('5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843');
    }
  });

  it('come from the master of their epoch, and two epochs are valid at a time', () => {
    const next = KEY.map((octet) => octet ^ 0xff);
    const ring = new KeyRing({
      hmac: hmacSha256,
      masters: new Map([
        [1, KEY],
        [2, next],
      ]),
      keysMax: 2,
    });
    for (const host of [17, 18, 17, 19]) {
      expect(ring.keyOf(makeKeyId(1, host))).toEqual(deriveHostKey(hmacSha256, KEY, host));
      expect(ring.keyOf(makeKeyId(2, host))).toEqual(deriveHostKey(hmacSha256, next, host));
      expect(ring.keyOf(makeKeyId(3, host))).toBeUndefined();
    }
    expect(
      () =>
        new KeyRing({
          hmac: hmacSha256,
          masters: new Map([
            [1, KEY],
            [2, KEY],
            [3, KEY],
          ]),
        }),
    ).toThrow(/two epochs/);
    expect(() => new KeyRing({ hmac: hmacSha256, masters: new Map([[256, KEY]]) })).toThrow(/0\.\.255/);
    expect(() => new KeyRing({ hmac: hmacSha256, masters: new Map([[1, KEY.subarray(1)]]) })).toThrow(/15 octets/);
  });
});

describe('the tag', () => {
  it('of a PING, computed by another implementation', () => {
    const datagram = message.encode(PING);
    seal(hmacSha256, KEY, 'toServer', datagram);
    // python3: hmac.new(key, b'\x01' + datagram[:-16], 'sha256').hexdigest()[:32]
    expect(Buffer.from(datagram).toString('hex')).toBe(
      '4f44010800020000' + '0000000100000002' + '0100001100000003' + '9bf2b9c3877549369168e9f3f6f217dd',
    );
  });

  it('refuses every flipped bit, the other direction and another key', () => {
    fc.assert(
      fc.property(messages(), fc.nat(), (value, where) => {
        const datagram = message.encode({ ...value, tag: message.UNSEALED });
        seal(hmacSha256, KEY, 'toServer', datagram);
        if (!verify(hmacSha256, KEY, 'toServer', datagram)) throw new Error('refuses its own tag');
        if (verify(hmacSha256, KEY, 'toClient', datagram)) throw new Error('takes a reply for a request');
        if (verify(hmacSha256, KEY.subarray(1), 'toServer', datagram)) throw new Error('takes any key');
        datagram[(where >>> 3) % datagram.length]! ^= 1 << (where & 7);
        if (verify(hmacSha256, KEY, 'toServer', datagram)) throw new Error('takes a flipped bit');
      }),
    );
  });
});

describe('the replay window', () => {
  it('takes a datagram once within 30 s of the clock, also where the clock turns over', () => {
    const start = 2 ** 32 - 5;
    const window = new ReplayWindow();
    expect(window.admit(1, 2, 3, (start + 31) >>> 0, start)).toBe('E_OLD_CLOCK_SKEW');
    expect(window.admit(1, 2, 3, start - 31, start)).toBe('E_OLD_CLOCK_SKEW');
    expect(window.admit(1, 2, 3, (start + 30) >>> 0, start)).toBeUndefined();
    for (let second = 0; second <= 60; second++) {
      expect(window.admit(1, 2, 3, (start + 30) >>> 0, (start + second) >>> 0)).toBe('E_OLD_REPLAYED');
    }
    expect(window.admit(1, 2, 3, (start + 30) >>> 0, (start + 61) >>> 0)).toBe('E_OLD_CLOCK_SKEW');
    expect(window.admit(1, 2, 3, (start + 61) >>> 0, (start + 61) >>> 0)).toBeUndefined();
  });

  it('never takes one twice, whatever else comes: when it is full it refuses', () => {
    const word = fc.integer({ min: 0, max: 40 });
    const arrivals = fc.array(
      fc.record({
        keyId: fc.nat({ max: 1 }),
        hi: word,
        lo: word,
        skew: fc.integer({ min: -31, max: 31 }),
        passes: fc.nat({ max: 3 }),
      }),
      { maxLength: 300, size: 'max' },
    );
    fc.assert(
      fc.property(arrivals, (list) => {
        const window = new ReplayWindow({ capacity: 64 });
        const taken = new Set<string>();
        let now = 1_000_000;
        for (const { keyId, hi, lo, skew, passes } of list) {
          now += passes;
          const name = `${keyId} ${hi} ${lo} ${now + skew}`;
          if (window.admit(keyId, hi, lo, now + skew, now) !== undefined) continue;
          if (Math.abs(skew) > 30) throw new Error('took a datagram from outside the window');
          if (taken.has(name)) throw new Error(`took ${name} twice`);
          taken.add(name);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('says that it is full, and has room again later', () => {
    const window = new ReplayWindow({ capacity: 32 });
    for (let i = 0; i < 32; i++) expect(window.admit(1, 0, i, 100, 100)).toBeUndefined();
    expect(window.admit(1, 0, 32, 100, 100)).toBe('E_OLD_REPLAY_WINDOW_FULL');
    expect(window.admit(1, 0, 31, 100, 100)).toBe('E_OLD_REPLAYED');
    expect(window.admit(1, 0, 32, 131, 131)).toBeUndefined();
  });
});

describe('anonymous lookups', () => {
  it('are padded to 72 octets and 80 per question, within a datagram', () => {
    const lengthOf = (count: number, cookie: Uint8Array | undefined, padding: number): number => {
      const questions = Array.from({ length: count }, () => ({
        key: parseKey(7, '10.1.2.3'),
        flags: 0,
        knownVersion: 0,
      }));
      const envelope = { txidHi: 0, txidLo: 0, keyId: 0, time: 0, tag: undefined };
      return message.encode({
        type: TYPE.LOOKUP,
        ...envelope,
        source: source.INFRASTRUCTURE,
        questions,
        cookie,
        padding,
      }).length;
    };
    for (let count = 1; count <= 16; count++) {
      for (const cookie of [undefined, new Uint8Array(16)]) {
        const cookieLength = cookie === undefined ? 0 : 16;
        const length = lengthOf(count, cookie, paddingFor(count, cookieLength));
        expect(length).toBe(Math.min(72 + 80 * count, DATAGRAM_LENGTH_MAX));
        // Room for a reply with one locator for each question, up to 14.
        if (count <= 14) expect(length).toBeGreaterThanOrEqual(36 + 72 * count);
        expect(lengthOf(count, cookie, paddingToFull(count, cookieLength))).toBe(DATAGRAM_LENGTH_MAX);
      }
    }
  });

  it('prove their address with a cookie, for one to two hours', () => {
    let secrets = 0;
    const newSecret = (): Uint8Array => new Uint8Array(32).fill(secrets++);
    const mint = new CookieMint({ hmac: hmacSha256, newSecret }, 0);
    const here = Uint8Array.of(10, 0, 0, 1);
    const cookie = mint.issue(here, 4000, 0).slice(0, 16);
    expect(mint.verify(here, 4000, cookie, 0, 0)).toBe(true);
    expect(mint.verify(here, 4001, cookie, 0, 0)).toBe(false);
    expect(mint.verify(Uint8Array.of(10, 0, 0, 2), 4000, cookie, 0, 0)).toBe(false);
    expect(mint.verify(here, 4000, cookie, 0, 3_600_000)).toBe(true);
    expect(mint.verify(here, 4000, cookie, 0, 7_200_000)).toBe(false);
    const late = mint.issue(here, 4000, 7_200_000).slice(0, 16);
    expect(mint.verify(here, 4000, late, 0, 20_000_000)).toBe(false);
  });
});
