// The datagrams of fuzz.mjs: hostile ones of every kind, none of them authentic.
import { FLAG, KeyRing, TYPE, header, makeKeyId, message, parseKey, parseLocator, seal } from '@overlane/directory';
import { hmacSha256 } from '@overlane/directory/node';

/** Master key of the server under fire. */
export const MASTER = new Uint8Array(32).fill(0x5a);
const OTHER_MASTER = new Uint8Array(32).fill(0xa5);

/** Makes hostile datagrams, the same for the same seed. Each has its number in the lower half of the transaction id. */
export function createHostile(seed) {
  let state = seed | 0;
  const random = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
  const below = (limit) => random() % limit;
  const templates = makeTemplates();
  const own = new KeyRing({ hmac: hmacSha256, masters: new Map([[1, MASTER]]) });
  const others = new KeyRing({ hmac: hmacSha256, masters: new Map([[1, OTHER_MASTER]]) });
  const number = (bytes, n) => {
    if (bytes.length >= 16) {
      const view = new DataView(bytes.buffer, bytes.byteOffset);
      view.setUint32(8, random() & 0x7fff_ffff);
      view.setUint32(12, n);
    }
    return bytes;
  };
  const noise = (length) => Uint8Array.from({ length }, () => random());
  const template = () => templates[below(templates.length)].slice();
  const change = (bytes, times) => {
    for (let i = 0; i < times; i++) bytes[below(bytes.length)] = below(4) === 0 ? random() : below(8);
    return bytes;
  };
  const kinds = [
    () => change(template(), 1 + below(4)),
    () => change(template(), 1 + below(4)),
    () => template().subarray(0, below(1200)),
    () => Uint8Array.from([...template(), ...noise(below(64))]),
    () => Uint8Array.from([0x4f, 0x44, 1, 1 + below(10), 0, below(64), below(20), below(16), ...noise(below(400))]),
    () => noise(below(below(8) === 0 ? 1500 : 64)),
    () => template(),
  ];
  return (n) => {
    if (below(10) > 0) return number(kinds[below(kinds.length)](), n);
    const bytes = number(template(), n);
    if ((header.readFlags(bytes, 0) & FLAG.AUTH) === 0) return bytes;
    const keyId = header.readKeyId(bytes, 0);
    const how = below(3);
    if (how === 0) seal(hmacSha256, others.keyOf(keyId), 'toServer', bytes);
    else seal(hmacSha256, own.keyOf(keyId), how === 1 ? 'toClient' : 'toServer', bytes);
    if (how === 2) bytes[16 + below(bytes.length - 16)] ^= 1 << below(8);
    return bytes;
  };
}

/** Messages of all types, whole but not authentic: untagged, and with a tag of zeros. */
function makeTemplates() {
  const now = Math.floor(Date.now() / 1000);
  const key = (i) => parseKey(7, `10.0.0.${i}`);
  const questions = (count, flags) =>
    Array.from({ length: count }, (_, i) => ({ key: key(i), flags, knownVersion: i % 3 }));
  const stamp = { epoch: 1, revision: 9 };
  const locators = [parseLocator({ address: '192.0.2.9' })];
  const none = { mac: new Uint8Array(6), flags: 0, locators: [] };
  const changes = [1, 3].map((op) => ({
    op,
    key: key(3),
    expectVersion: 0,
    owner: 17,
    ttl: 60,
    mac: new Uint8Array(6),
    flags: 0,
    locators,
  }));
  changes.push({ op: 2, key: key(4), expectVersion: 0, owner: 0, ttl: 0, ...none });
  changes.push({ op: 5, key: key(5), expectVersion: 0, owner: 18, ttl: 0, mac: new Uint8Array(6), flags: 0, locators });
  const answers = [{ key: key(1), code: 1, version: 3, ttl: 0, ...none }];
  const reply = { flags: 0, code: 0 };
  const cookie = new Uint8Array(16).fill(1);
  const bodies = [
    ...[0, 40, 400].map((padding) => ({
      type: TYPE.LOOKUP,
      source: key(9),
      questions: questions(1, 1),
      cookie: undefined,
      padding,
    })),
    { type: TYPE.LOOKUP, source: key(9), questions: questions(14, 3), cookie: undefined, padding: 400 },
    { type: TYPE.LOOKUP, source: key(9), questions: questions(16, 0), cookie: undefined, padding: 0 },
    { type: TYPE.LOOKUP, source: { ...key(9), tenant: 8 }, questions: questions(2, 0), cookie, padding: 60 },
    { type: TYPE.LOOKUP_REPLY, ...reply, stamp, answers },
    ...changes.map((change) => ({ type: TYPE.UPDATE, changes: [change] })),
    { type: TYPE.UPDATE_REPLY, ...reply, stamp, results: [{ version: 3, code: 0 }] },
    { type: TYPE.CORRECT, flags: 0, stamp, answers },
    { type: TYPE.CORRECT_ACK, code: 0, stamp },
    { type: TYPE.STALE_REPORT, sender: locators[0], questions: questions(2, 0) },
    { type: TYPE.PING },
    { type: TYPE.PONG, ...reply, state: { stamp, lagMs: 0, loadPermille: 0 } },
    { type: TYPE.CHALLENGE, code: 0, cookie },
  ];
  const envelope = { txidHi: 0, txidLo: 0, time: now };
  return bodies.flatMap((body) => [
    message.encode({ ...body, ...envelope, keyId: 0, tag: undefined }),
    ...(message.lengthOf({ ...body, tag: message.UNSEALED }) > 1200
      ? []
      : [message.encode({ ...body, ...envelope, keyId: makeKeyId(1, 17), tag: message.UNSEALED })]),
  ]);
}
