/**
 * NL-ARP at scale: what its table takes, how many messages an agent stores, a whole data centre of agents, and hostile messages.
 *
 *     node --expose-gc bench/nl-arp.mjs [table | here | datacentre | hostile, default all] [servers or messages]
 *
 * Runs the built package. `table` fails unless a million entries fit 64 MiB; `here` unless one core decodes and stores 164,000
 * HERE a second, which is 1 % of 10 Gb/s; `datacentre` simulates 1,000 servers with 50 VMs each and fails if an entry stays stuck, a
 * frame goes where its sender was corrected about, or broadcasts exceed that rate; `hostile` sends 10,000,000
 * messages and fails if memory grows.
 */
import { nlArp } from '@overlane/netlord';
import { NlArpFleet } from '../dist/nl-arp/simulation/index.js';

const ONLY = process.argv[2];
const COUNT = process.argv[3] === undefined ? undefined : Number(process.argv[3]);
/** 1 % of 10 Gb/s in frames of 512 + 96 bit times (NetLord §4.2). */
const BUDGET = Math.floor(100e6 / 608);
const MIB = 2 ** 20;

const start = () => process.cpuUsage();
const seconds = (started) => process.cpuUsage(started).user / 1e6;

function fail(what) {
  console.error(`failed: ${what}`);
  process.exitCode = 1;
}

function randomOf(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 747_796_405) + 2_891_336_453) | 0;
    const word = Math.imul((state >>> ((state >>> 28) + 4)) ^ state, 277_803_737);
    return (word >>> 22) ^ word;
  };
}

const agent = (limits = {}) =>
  new nlArp.NlArp({ place: { port: 99, edgeHigh: 0x02e0, edgeLow: 99 }, random32: randomOf(1), ...limits });

function table() {
  const entries = 1 << 20;
  globalThis.gc?.();
  const before = process.memoryUsage();
  const one = new nlArp.NlArpTable(entries, 12_345);
  const add = start();
  for (let i = 0; i < entries; i++) {
    const slot = one.add(i % 1000, 7, 0x0200, i, nlArp.STATE.KNOWN);
    one.setPlace(slot, { port: 1 + (i % 100), edgeHigh: 0x02e0, edgeLow: i % 500 }, 1);
  }
  const added = seconds(add);
  const find = start();
  const random = randomOf(2);
  let hits = 0;
  for (let i = 0; i < entries; i++) {
    const at = random() & (entries - 1);
    if (one.find(at % 1000, 7, 0x0200, at) >= 0) hits++;
  }
  const found = seconds(find);
  const after = process.memoryUsage();
  const grown = (after.arrayBuffers - before.arrayBuffers) / MIB;
  if (one.octets !== 64 * MIB || grown > 64.5 || hits !== entries) fail(`a million entries take ${grown} MiB`);
  return {
    entries,
    slots: one.slots,
    arenaMiB: one.octets / MIB,
    arrayBuffersMiB: grown.toFixed(2),
    residentMiB: ((after.rss - before.rss) / MIB).toFixed(1),
    nsPerAdd: ((added / entries) * 1e9).toFixed(0),
    nsPerRandomFind: ((found / entries) * 1e9).toFixed(0),
  };
}

/** HERE messages of 50,000 NICs: new, known, and moved, from octets to entries. */
function here(count = 2_000_000) {
  const nics = 50_000;
  const one = agent();
  const message = new Uint8Array(24);
  const results = {};
  for (const [name, generationOf, portOf] of [
    ['new and repeated', () => 1, () => 3],
    ['moved each time', (i) => 2 + Math.floor(i / nics), (i) => 1 + (Math.floor(i / nics) % 50)],
  ]) {
    const started = start();
    for (let i = 0; i < count; i++) {
      const nic = i % nics;
      nlArp.writeMessage(message, 0, nlArp.OPERATION.HERE, 0, generationOf(i), nic % 1000, portOf(i), 7);
      nlArp.writeVmMac(message, 0, 0x0200, nic);
      nlArp.writeEdgeMac(message, 0, 0x02e0, nic % 25);
      one.takeMessage(message, 0, 24, i / 164);
    }
    const rate = count / seconds(started);
    if (rate < BUDGET) fail(`${name}: ${Math.round(rate)} HERE a second`);
    results[name] = `${(rate / 1e6).toFixed(2)} M/s, ${(rate / BUDGET).toFixed(0)} times the budget of ${BUDGET}/s`;
  }
  return { ...results, entries: one.table.size, faults: JSON.stringify(one.faults.snapshot()) };
}

function datacentre(servers = 1000) {
  const perServer = 50;
  const tenants = servers;
  const vms = servers * perServer;
  const started = start();
  const limits = { entries: 65_536, locals: 256 };
  const fleet = new NlArpFleet({ servers, vms, tenants, seed: 7, limits });
  const { fabric } = fleet;
  const chat = (frames, perMs) => {
    for (let i = 0; i < frames; i++) {
      const from = fleet.below(vms);
      const to = fleet.placeOf(from) < 0 ? -1 : fleet.neighborOf(from);
      if (to >= 0) fleet.send(from, to);
      if (i % perMs === 0) fabric.run(fabric.nowMs + 1);
    }
  };
  // All servers come up within a second, after a power cut, over a network that loses one message in a hundred.
  fabric.conditions = { delayMs: 1, jitterMs: 5, loss: 0.01, duplication: 0.001 };
  for (let vm = 0; vm < vms; vm++) {
    fleet.boot(vm, vm % servers);
    if (vm % 50 === 0) fabric.run(fabric.nowMs + 1);
  }
  chat(50_000, 25);
  fabric.run(8000);
  const storm = fleet.peakBroadcasts;
  const known = fleet.servers.reduce((sum, { nlArp: { table: one } }) => sum + one.size, 0) / servers;
  // Then they move, stop and start while they talk,
  for (let i = 0; i < 4000; i++) {
    const vm = fleet.below(vms);
    if (fleet.placeOf(vm) < 0) fleet.boot(vm, fleet.below(servers));
    else if (i % 8 === 0) fleet.stop(vm);
    else fleet.migrate(vm, fleet.below(servers));
    chat(25, 25);
  }
  // and go on across a partition of two halves, longer than HERE is repeated.
  fabric.isCut = (from, to) => from % 2 !== to % 2;
  for (let i = 0; i < 1000; i++) {
    fleet.migrate(fleet.below(vms), fleet.below(servers));
    chat(25, 25);
  }
  fabric.run(fabric.nowMs + 6000);
  fabric.isCut = () => false;
  fabric.conditions = { delayMs: 1, jitterMs: 0, loss: 0, duplication: 0 };
  fabric.run(fabric.nowMs + 12_000);
  // Everybody is reached again, at the third frame at the latest.
  const pairs = [];
  for (let from = 0; from < vms; from++) {
    const to = fleet.placeOf(from) < 0 ? -1 : fleet.neighborOf(from);
    if (to >= 0) pairs.push([from, to]);
  }
  const correctionsBefore = fleet.corrections;
  let unreached = 0;
  for (let round = 0; round < 3; round++) {
    const first = fleet.frames.length;
    for (const [at, [from, to]] of pairs.entries()) {
      fleet.send(from, to);
      if (at % 100 === 0) fabric.run(fabric.nowMs + 1);
    }
    fabric.run(fabric.nowMs + 200);
    unreached = fleet.frames.slice(first).filter(({ deliveredMs }) => deliveredMs === Infinity).length;
  }
  fabric.run(fabric.nowMs + 12_000);
  const { unsettled, strayed, staleAfterCorrection, corrections, peakBroadcasts } = fleet;
  if (unreached > 0 || unsettled > 0) fail('an entry is stuck');
  if (strayed > 0 || staleAfterCorrection > 0) fail('a frame went where it must not');
  if (peakBroadcasts > BUDGET) fail(`${peakBroadcasts} broadcasts in a second`);
  return {
    ...{ servers, vms, entriesPerServerAfterBoot: known.toFixed(1), bootStormPeakPerSecond: storm, peakBroadcasts },
    linkShareAt10Gbps: `${((peakBroadcasts * 608) / 1e8).toFixed(2)} %`,
    ...{ frames: fleet.frames.length, corrections, correctionsInProbe: corrections - correctionsBefore },
    ...{ unreached, unsettled, strayed, staleAfterCorrection },
    broadcasts: fabric.broadcasts.reduce((sum, count) => sum + (count ?? 0), 0),
    simulatedSeconds: Math.round(fabric.nowMs / 1000),
    processorSeconds: seconds(started).toFixed(0),
    residentMiB: Math.round(process.memoryUsage().rss / MIB),
  };
}

/** Random octets, spoilt messages, and right ones for names nobody has, while tenants scan for NICs that don't exist. */
function hostile(messages = 10_000_000) {
  const one = agent({ entries: 65_536 });
  const random = randomOf(5);
  const bytes = new Uint8Array(64);
  const frame = { bytes, start: 0, end: 60, length: 60, clone: () => frame };
  for (let i = 0; i < 200; i++) one.plug(1, 7, 0x0200, i, 0);
  const memory = () => {
    globalThis.gc?.();
    const { heapUsed, arrayBuffers, external } = process.memoryUsage();
    return (heapUsed + arrayBuffers + external) / MIB;
  };
  let sent = 0;
  const drain = () => {
    while (one.nextEvent() !== undefined) sent++;
  };
  const round = (count, fromMs) => {
    for (let i = 0; i < count; i++) {
      const word = random();
      if (i % 4 === 0) {
        for (let at = 0; at < 24; at++) bytes[at] = random();
      } else {
        const generation = random() & 0xffff;
        nlArp.writeMessage(bytes, 0, 1 + ((word >>> 3) % 3), random() & 3, generation, word & 0xff, 1 + (word & 63), 7);
        nlArp.writeVmMac(bytes, 0, 0x0200, random() & 0x1f_ffff);
        nlArp.writeEdgeMac(bytes, 0, 0x02e0, word & 0xff);
        if (i % 4 === 1) bytes[random() & 23] ^= 1 << (word & 7);
      }
      const nowMs = fromMs + i / 100;
      one.takeMessage(bytes, 0, 20 + (word & 7), nowMs);
      if (i % 3 === 0) one.resolve(word & 0xff, 7, 0x0300, word & 0xffff, frame, nowMs);
      if (i % 5 === 0) one.misdelivered(1, 7, 0x0200, word & 0xffff, 0x0200, random() & 0xffff, nowMs);
      if (i % 64 === 0) {
        one.tick(nowMs);
        drain();
      }
    }
  };
  round(messages / 10, 0);
  const before = memory();
  const started = start();
  round((messages / 10) * 9, messages / 1000);
  const perSecond = ((messages / 10) * 9) / seconds(started);
  const grown = memory() - before;
  if (grown > 1) fail(`memory grew by ${grown.toFixed(1)} MiB`);
  if (one.table.size > 65_536) fail('more entries than allowed');
  return {
    ...{ messages, grownMiB: grown.toFixed(2), totalMiB: before.toFixed(1), entries: one.table.size, sent },
    perSecond: Math.round(perSecond),
    faults: JSON.stringify(one.faults.snapshot()),
  };
}

for (const [name, run] of Object.entries({ table, here, datacentre, hostile })) {
  if (ONLY !== undefined && ONLY !== name) continue;
  console.log(name);
  for (const [what, value] of Object.entries(run(ONLY === undefined ? undefined : COUNT)))
    console.log(`  ${what}: ${value}`);
}
