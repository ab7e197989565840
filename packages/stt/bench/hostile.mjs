/**
 * Hostile segments through the receiver, attack by attack: time per segment, and memory against the bound.
 *
 *     node --expose-gc bench/hostile.mjs [segments per attack, default 200000] [attack, default all]
 *
 * Runs the built package. Segments are made in batches, and only `decapsulate` is timed. Where an attack is about the
 * store, checksums count as verified below, so that nothing but reassembly is measured; `random` and `mutated` verify.
 * Fails if anything throws, or if the memory bound doesn't hold.
 */
import { PacketBuffer, TunnelMetadata, checksum } from '@overlane/wire';
import { SttEncapsulation } from '@overlane/stt';

const PER_ATTACK = Number(process.argv[2] ?? 200_000);
const ONLY = process.argv[3];
const HIGH_MARK = 4 << 20;
const BATCH = 256;
const SLOT = 2048;
const HEADERS = 40;
const WHOLE = 65_535;

const arena = new Uint8Array(BATCH * SLOT);
const windows = Array.from({ length: BATCH }, () => new PacketBuffer(arena));
const view = new DataView(arena.buffer);

/** Numbers that look random and are the same in every run. */
let state = 1;
function random(limit) {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return Math.floor((state / 2 ** 32) * limit);
}

/** Writes a segment into slot `slot`; its payload follows from where it is in the frame. */
function write(slot, { id, frameLength = WHOLE, offset, length, port = 50_000 }) {
  const at = slot * SLOT;
  view.setUint32(at, 0x4500_0000 + HEADERS + length);
  view.setUint32(at + 4, 0x4000);
  view.setUint32(at + 8, 0x4006_0000);
  view.setUint32(at + 12, 0xc000_0201);
  view.setUint32(at + 16, 0xc000_0202);
  view.setUint16(at + 10, checksum.compute(arena, at, at + 20));
  view.setUint16(at + 20, port);
  view.setUint16(at + 22, 7471);
  view.setUint16(at + 24, frameLength);
  view.setUint16(at + 26, offset);
  view.setUint32(at + 28, id);
  view.setUint32(at + 32, 0x5010_0000);
  view.setUint32(at + 36, 0);
  for (let i = 0; i < length; i++) arena[at + HEADERS + i] = offset + i < 18 ? 0 : offset + i;
  return windows[slot].reset(arena, at, at + HEADERS + length);
}

function finish(packet) {
  const at = packet.start + 20;
  const pseudoHeader = checksum.pseudoHeaderV4(arena, packet.start, 6, packet.end - at);
  view.setUint16(at + 16, checksum.compute(arena, at, packet.end, pseudoHeader));
  return packet;
}

/** The bits of a 12-bit number the other way round: neighbours come far apart. */
function reverse(n) {
  let reversed = 0;
  for (let bit = 0; bit < 12; bit++) reversed |= ((n >>> bit) & 1) << (11 - bit);
  return reversed;
}

/** Packet ids that share one hash chain under the default seed: what an attacker could choose without `hashSeed`. */
function collidingIds(count) {
  const mix = (hash, word) => {
    let k = Math.imul(word, 0xcc9e2d51);
    k = Math.imul((k << 15) | (k >>> 17), 0x1b873593);
    const h = hash ^ k;
    return (Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64) | 0;
  };
  const chain = (id) => {
    const hash = mix(mix(mix(mix(0, id | 0), 50_000), 0xc000_0201 | 0), 0xc000_0202 | 0);
    return (hash ^ (hash >>> 15)) & 2047;
  };
  const ids = [];
  for (let id = 0; ids.length < count; id++) if (chain(id) === 7) ids.push(id);
  return ids;
}

const collisions = collidingIds(2048);
const LAST = WHOLE - 1460;

/** Each makes segment `n` in a slot. `verified`: nobody sums it again. */
const attacks = {
  'good: frames in order, 1460 octets': (slot, n) => {
    const offset = (n % 45) * 1460;
    return write(slot, { id: Math.floor(n / 45), offset, length: Math.min(1460, WHOLE - offset) });
  },
  'good: 1,000 frames in turns': (slot, n) => {
    const offset = (Math.floor(n / 1000) % 3) * 1000;
    return write(slot, { id: (n % 1000) + 1000 * Math.floor(n / 3000), frameLength: 3000, offset, length: 1000 });
  },
  'random octets': (slot) => {
    const at = slot * SLOT;
    const length = random(1500);
    for (let i = 0; i < length; i += 4) view.setUint32(at + i, random(2 ** 32));
    arena[at] = random(8) === 0 ? arena[at] : 0x45;
    return windows[slot].reset(arena, at, at + length);
  },
  'mutated segments of good frames': (slot, n) => {
    const offset = (n % 45) * 1460;
    const packet = finish(write(slot, { id: Math.floor(n / 45), offset, length: Math.min(1460, WHOLE - offset) }));
    for (let i = random(4); i > 0; i--) arena[packet.start + random(packet.length)] = random(256);
    // Half of them with a right checksum around it, so that they come through to the store.
    return random(2) === 0 ? finish(packet) : packet;
  },
  'random segments': (slot) => {
    const frameLength = 18 + random(WHOLE - 17);
    const offset = random(frameLength);
    const length = 1 + random(Math.min(1460, frameLength - offset));
    return write(slot, { id: random(512), frameLength: random(4) === 0 ? frameLength : WHOLE, offset, length });
  },
  'one octet each, in order': (slot, n) => write(slot, { id: n >>> 12, offset: n & 4095, length: 1 }),
  'one octet each, in order up to a hole': (slot, n) =>
    write(slot, { id: n >>> 12, offset: (n & 4095) === 4095 ? LAST : n & 4095, length: 1 }),
  'many holes, ascending': (slot, n) => write(slot, { id: n >>> 12, offset: (n & 4095) * 16, length: 1 }),
  'many holes, descending': (slot, n) => write(slot, { id: n >>> 12, offset: 65_520 - (n & 4095) * 16, length: 1 }),
  'many holes, bits reversed': (slot, n) => write(slot, { id: n >>> 12, offset: reverse(n & 4095) * 16, length: 1 }),
  'many holes, 1,024 frames in turns': (slot, n) =>
    write(slot, { id: n & 1023, offset: (reverse((n >>> 10) & 4095) * 16 + (n >>> 22)) & 0xffff, length: 1 }),
  'many contexts, one octet': (slot, n) => write(slot, { id: n, offset: 0, length: 1 }),
  'many contexts, 1460 octets': (slot, n) => write(slot, { id: n, offset: 0, length: 1460 }),
  'many contexts of one hash chain': (slot, n) => write(slot, { id: collisions[n & 2047], offset: 0, length: 1 }),
  'overlaps of 1460 octets over holes': (slot, n) =>
    n % 4 === 0
      ? write(slot, { id: 1, offset: (reverse((n >>> 2) & 4095) * 16) % LAST, length: 1 })
      : write(slot, { id: 1, offset: random(LAST), length: 1460 }),
  'duplicates of 1460 octets': (slot, n) => write(slot, { id: n % 2, offset: 1460 * ((n >>> 1) % 40), length: 1460 }),
  'late duplicates of whole frames': (slot, n) =>
    write(slot, { id: Math.floor(n / 3), frameLength: 2000, offset: n % 3 === 0 ? 0 : 1000, length: 1000 }),
  'a new frame whenever the lane may change': (slot, n) =>
    write(slot, { id: Math.floor(n / 65) * 2 + (n % 65 > 32 ? 1 : 0), offset: (n % 65) * 1000, length: 1000 }),
  'never the last segment': (slot, n) => write(slot, { id: Math.floor(n / 44), offset: (n % 44) * 1460, length: 1460 }),
};
const VERIFYING = /random octets|mutated/;

const collect = globalThis.gc ?? (() => undefined);
const rows = [];
let failed = false;
for (const [name, make] of Object.entries(attacks)) {
  if (ONLY !== undefined && !name.includes(ONLY)) continue;
  collect();
  const before = process.memoryUsage();
  const endpoint = new SttEncapsulation();
  const { reassembly: store } = endpoint;
  const tunnel = new TunnelMetadata();
  const outcomes = new Map();
  const batches = [];
  let chargedMax = 0;
  let heldMax = 0;
  // First a tenth to warm up, not counted.
  const from = -Math.ceil(PER_ATTACK / 10 / BATCH) * BATCH;
  for (let n = from; n < PER_ATTACK; n += BATCH) {
    for (let slot = 0; slot < BATCH; slot++) {
      const packet = make(slot, n - from + slot);
      if (!VERIFYING.test(name)) packet.checksum = 'verified';
    }
    const nowMs = (n - from) / 1000;
    const start = process.hrtime.bigint();
    for (let slot = 0; slot < BATCH; slot++) {
      const outcome = endpoint.decapsulate(windows[slot], tunnel, nowMs) ?? 'delivered';
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    }
    const ns = Number(process.hrtime.bigint() - start);
    store.takeEvents();
    if (n >= 0) batches.push(ns / BATCH);
    chargedMax = Math.max(chargedMax, store.charged);
    if ((n & 0xffff) === 0) heldMax = Math.max(heldMax, process.memoryUsage().arrayBuffers - before.arrayBuffers);
  }
  collect();
  const after = process.memoryUsage();
  const held = Math.max(heldMax, after.arrayBuffers - before.arrayBuffers);
  const ok = chargedMax <= HIGH_MARK && store.byteLength <= 1.1 * HIGH_MARK;
  failed ||= !ok;
  batches.sort((a, b) => a - b);
  const mean = batches.reduce((a, b) => a + b, 0) / batches.length;
  const main = [...outcomes].sort(([, a], [, b]) => b - a).slice(0, 3);
  rows.push({
    attack: name,
    'ns mean': Math.round(mean),
    'ns p99': Math.round(batches[Math.floor(batches.length * 0.99)]),
    'ns worst batch': Math.round(batches.at(-1)),
    'charged % of mark': Math.round((chargedMax / HIGH_MARK) * 100),
    'held % of mark': Math.round((held / HIGH_MARK) * 1000) / 10,
    'heap kB': Math.round((after.heapUsed - before.heapUsed) / 1024),
    ok,
    outcomes: main.map(([outcome, count]) => `${outcome.replace('E_STT_REASM_', '')} ${count}`).join(', '),
  });
}
console.log(`${PER_ATTACK} segments per attack; ns per segment, batches of ${BATCH}; Node ${process.version}`);
console.table(rows);
console.log(`store: ${new SttEncapsulation().reassembly.byteLength} octets, bound ${1.1 * HIGH_MARK}`);
process.exitCode = failed ? 1 : 0;
