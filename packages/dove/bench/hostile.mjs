/**
 * Hostile fragments through the receiver, attack by attack: time per fragment, and memory against the bound.
 *
 *     node --expose-gc bench/hostile.mjs [fragments per attack, default 200000] [attack, default all]
 *
 * Runs the built package. Packets are made in batches, and only `decapsulate` is timed. A thousand packets come in a
 * millisecond of the receiver's time. Fails if anything throws, if an outcome is no fault of the package's, or if the
 * memory bound doesn't hold.
 */
import { PacketBuffer, TunnelMetadata, checksum } from '@overlane/wire';
import { DoveEncapsulation } from '@overlane/dove';

const PER_ATTACK = Number(process.argv[2] ?? 200_000);
const ONLY = process.argv[3];
const MEMORY_LIMIT = 16 << 20;
/** Pages, 32 kept deliveries, table of 1024 datagrams with 64 fragments each, and what is due to rounding. */
const HELD_LIMIT = MEMORY_LIMIT + 32 * 65_664 + 600_000;
const BATCH = 256;
const SLOT = 2048;
const HEADERS = 44;
const CHUNK = 1456;
const WHOLE = 45 * CHUNK;

const arena = new Uint8Array(BATCH * SLOT);
const windows = Array.from({ length: BATCH }, () => new PacketBuffer(arena));
const view = new DataView(arena.buffer);

/** Numbers that look random and are the same in every run. */
let state = 1;
function random(limit) {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return Math.floor((state / 2 ** 32) * limit);
}

/** Writes a fragment into slot `slot`; its data follows from where it is in the whole. */
function write(slot, { id, offset, length, more = 1, source = 0xc000_0201, instance = 100, flags = 0x1c }) {
  const at = slot * SLOT;
  view.setUint32(at, 0x4500_0000 + HEADERS + length);
  view.setUint32(at + 4, 0x4000);
  view.setUint32(at + 8, 0x4011_0000);
  view.setUint32(at + 12, source);
  view.setUint32(at + 16, 0xc000_0202);
  view.setUint16(at + 10, checksum.compute(arena, at, at + 20));
  view.setUint32(at + 20, 0xc000_2118);
  view.setUint32(at + 24, (HEADERS - 20 + length) << 16);
  view.setUint32(at + 28, flags * 0x100_0000 + 1);
  view.setUint32(at + 32, instance * 256 + 1);
  view.setUint16(at + 36, 0x0002);
  view.setUint16(at + 38, offset + more);
  view.setUint32(at + 40, id);
  for (let i = 0; i < length; i++) arena[at + HEADERS + i] = (offset + i) >> 3;
  return windows[slot].reset(arena, at, at + HEADERS + length);
}

/** Sums the outer IPv4 header again, so that a spoilt packet is not refused for that. */
function finish(packet) {
  view.setUint16(packet.start + 10, 0);
  view.setUint16(packet.start + 10, checksum.compute(arena, packet.start, packet.start + 20));
  return packet;
}

/** The bits of a 6-bit number the other way round: neighbours come far apart. */
const reverse = (n) => [0, 1, 2, 3, 4, 5].reduce((sum, bit) => sum | (((n >>> bit) & 1) << (5 - bit)), 0);

/** Identifications that share one hash chain under the default seed: what an attacker could choose without `seed`. */
function collidingIds(count) {
  const stir = (hash, word) => {
    const mixed = Math.imul(hash ^ word, 0x9e3779b1);
    return mixed ^ (mixed >>> 15);
  };
  const hashWords = (seed, address, word) => {
    let hash = stir(stir(seed, word), address);
    hash ^= hash >>> 16;
    return Math.imul(hash, 0x45d9f3b) ^ (hash >>> 13);
  };
  const chain = (id) => hashWords(hashWords(0, 0xc000_0201 | 0, id | 0), 0xc000_0202 | 0, 100) & 2047;
  const ids = [];
  for (let id = 0; ids.length < count; id++) if (chain(id) === 7) ids.push(id);
  return ids;
}

const collisions = collidingIds(2048);
const good = (slot, n) => {
  const offset = (n % 45) * CHUNK;
  return write(slot, { id: Math.floor(n / 45), offset, length: CHUNK, more: offset + CHUNK < WHOLE ? 1 : 0 });
};

/** Each makes packet `n` in a slot. */
const attacks = {
  'good: datagrams in order, 1456 octets': good,
  'good: 1,000 datagrams in turns': (slot, n) => {
    const part = Math.floor(n / 1000) % 3;
    const id = (n % 1000) + 1000 * Math.floor(n / 3000);
    return write(slot, { id, offset: part * 1000, length: 1000, more: part < 2 ? 1 : 0 });
  },
  'random octets': (slot) => {
    const at = slot * SLOT;
    const length = random(1500);
    for (let i = 0; i < length; i += 4) view.setUint32(at + i, random(2 ** 32));
    return windows[slot].reset(arena, at, at + length);
  },
  'random octets behind good outer headers': (slot) => {
    const packet = write(slot, { id: 1, offset: 0, length: random(1400) });
    for (let i = packet.start + 28; i < packet.end; i++) arena[i] = random(256);
    arena[packet.start + 28] = [0x18, 0x1a, 0x1c, 0x1e][random(4)];
    view.setUint32(packet.start + 28, view.getUint8(packet.start + 28) * 0x100_0000 + 1);
    arena[packet.start + 35] = random(4) === 0 ? random(256) : random(3);
    return packet;
  },
  'mutated fragments of good datagrams': (slot, n) => {
    const packet = good(slot, n);
    for (let i = random(4); i > 0; i--) arena[packet.start + random(packet.length)] = random(256);
    return finish(packet);
  },
  'random fragments': (slot) =>
    write(slot, {
      ...{ id: random(512), offset: 8 * random(8000), length: 8 * (1 + random(180)), more: random(8) === 0 ? 0 : 1 },
      ...{ instance: random(4), source: 0xc000_0200 + random(4) },
    }),
  'eight octets each, in order': (slot, n) => write(slot, { id: n >>> 6, offset: (n & 63) * 8, length: 8 }),
  'eight octets each, one too many': (slot, n) =>
    write(slot, { id: Math.floor(n / 65), offset: (n % 65) * 8, length: 8 }),
  'holes over the whole range, bits reversed': (slot, n) =>
    write(slot, { id: n >>> 6, offset: reverse(n & 63) * 1024, length: 8 }),
  'holes, 1,024 datagrams in turns': (slot, n) =>
    write(slot, { id: n & 1023, offset: reverse((n >>> 10) & 63) * 1024, length: 8 }),
  'a page for eight octets, 1,024 datagrams in turns': (slot, n) =>
    write(slot, { id: n & 1023, offset: ((n >>> 10) & 15) * 4096, length: 8 }),
  'many datagrams, eight octets': (slot, n) => write(slot, { id: n, offset: 0, length: 8 }),
  'many datagrams, 1456 octets': (slot, n) => write(slot, { id: n, offset: 0, length: CHUNK }),
  'many datagrams of one hash chain': (slot, n) => write(slot, { id: collisions[n & 2047], offset: 0, length: 8 }),
  'overlaps: every key banned': (slot, n) => write(slot, { id: n >>> 1, offset: (n & 1) * 8, length: 16 }),
  'one banned key': (slot, n) => write(slot, { id: 1, offset: (n & 1) * 8, length: 16 }),
  'contradicting ends': (slot, n) => write(slot, { id: n >>> 2, offset: (n & 3) * 8, length: 8, more: n & 1 }),
  'duplicates of 1456 octets': (slot, n) => write(slot, { id: n & 1, offset: CHUNK * ((n >>> 1) % 44), length: CHUNK }),
  'late duplicates of whole datagrams': (slot, n) =>
    write(slot, { id: Math.floor(n / 3), offset: n % 3 === 0 ? 0 : 1000, length: 1000, more: n % 3 === 0 ? 1 : 0 }),
  'never the last fragment': (slot, n) =>
    write(slot, { id: Math.floor(n / 44), offset: (n % 44) * CHUNK, length: CHUNK }),
  'control messages in pieces': (slot, n) =>
    write(slot, { id: n >>> 1, offset: (n & 1) * 16, length: 16, more: (n & 1) ^ 1, flags: 0x1e }),
};

const FAULT = /^(delivered|incomplete|E_[A-Z0-9_]+)$/;
const collect = globalThis.gc ?? (() => undefined);
const rows = [];
let failed = false;
for (const [name, make] of Object.entries(attacks)) {
  if (ONLY !== undefined && !name.includes(ONLY)) continue;
  collect();
  const before = process.memoryUsage();
  const endpoint = new DoveEncapsulation();
  const { reassembly: store } = endpoint;
  const tunnel = new TunnelMetadata();
  const outcomes = new Map();
  const batches = [];
  let heldMax = 0;
  let memoryMax = 0;
  // First a tenth to warm up, not counted.
  const from = -Math.ceil(PER_ATTACK / 10 / BATCH) * BATCH;
  for (let n = from; n < PER_ATTACK; n += BATCH) {
    for (let slot = 0; slot < BATCH; slot++) make(slot, n - from + slot);
    const nowMs = (n - from) / 1000;
    const start = process.hrtime.bigint();
    for (let slot = 0; slot < BATCH; slot++) {
      const outcome = endpoint.decapsulate(windows[slot], tunnel, nowMs) ?? 'delivered';
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    }
    const ns = Number(process.hrtime.bigint() - start);
    if (n >= 0) batches.push(ns / BATCH);
    heldMax = Math.max(heldMax, store.held);
    if ((n & 0xffff) === 0) memoryMax = Math.max(memoryMax, process.memoryUsage().arrayBuffers - before.arrayBuffers);
  }
  collect();
  const after = process.memoryUsage();
  const ok =
    heldMax <= MEMORY_LIMIT &&
    store.size <= 1024 &&
    store.byteLength <= HELD_LIMIT &&
    [...outcomes.keys()].every((outcome) => FAULT.test(outcome));
  failed ||= !ok;
  batches.sort((a, b) => a - b);
  const mean = batches.reduce((a, b) => a + b, 0) / batches.length;
  const main = [...outcomes].sort(([, a], [, b]) => b - a).slice(0, 3);
  rows.push({
    attack: name,
    'ns mean': Math.round(mean),
    'ns p99': Math.round(batches[Math.floor(batches.length * 0.99)]),
    'held % of limit': Math.round((heldMax / MEMORY_LIMIT) * 100),
    'memory MB': Math.round(Math.max(memoryMax, after.arrayBuffers - before.arrayBuffers) / 1e5) / 10,
    'heap kB': Math.round((after.heapUsed - before.heapUsed) / 1024),
    evicted: store.evicted,
    'timed out': store.timedOut,
    ok,
    outcomes: main.map(([outcome, count]) => `${outcome.replace('E_DOVE_', '')} ${count}`).join(', '),
  });
}
const total = rows.length * PER_ATTACK;
console.log(`${total} packets, ${PER_ATTACK} per attack; ns per packet, batches of ${BATCH}; Node ${process.version}`);
console.table(rows);
console.log(`bound: ${MEMORY_LIMIT} octets of data, ${HELD_LIMIT} in all`);
process.exitCode = failed ? 1 : 0;
