/**
 * VAN at scale, on a simulated underlay, and the copies of a broadcast.
 *
 *     node --expose-gc bench/van.mjs [isolation | learn | migration | resolve | copies, default all] [packets]
 *
 * Runs the built package. `isolation` sends 10,000,000 packets between instances with the same MACs while VMs move, and
 * fails if one comes out in another instance; `learn` fails if there are more questions than pairs of switch and remote VM,
 * or one frame is sent twice; `migration` fails if a packet is lost for longer than the paper's order allows.
 */
import { IpAddress, PacketBuffer, TunnelMetadata } from '@overlane/wire';
import { DoveEncapsulation, van } from '@overlane/dove';
import { Fleet, SeededRandom } from '../dist/van/simulation/index.js';

const ONLY = process.argv[2];
const PACKETS = process.argv[3] === undefined ? undefined : Number(process.argv[3]);
const MEMBERS = [2, 16, 256];
const FRAME_LENGTH = 64;

/** Seconds of processor time since `start`, which other work on the machine doesn't change much. */
const start = () => process.cpuUsage();
const seconds = (started) => process.cpuUsage(started).user / 1e6;
const perSecond = (count, s) => `${(count / s / 1e6).toFixed(2)} M/s`;

function fail(what) {
  console.error(`failed: ${what}`);
  process.exitCode = 1;
}

function isolation(packets = 10_000_000) {
  const [hosts, instances, vms] = [50, 20, 20];
  const fleet = new Fleet({ hosts, instances, vms, seed: 1 });
  fleet.underlay.conditions = { delayMs: 0.1, jitterMs: 0.2, loss: 0.001, duplication: 0.001 };
  fleet.placeAll();
  const started = start();
  const { random, underlay } = fleet;
  for (let i = 0; i < packets; i++) {
    fleet.send(random.below(instances), random.below(vms), random.below(vms));
    if (i % 64 === 0) underlay.run(underlay.nowMs + 0.1);
    if (i % 5000 === 0) {
      const host = fleet.hosts[random.below(hosts)];
      fleet.place(random.below(instances), random.below(vms), host, i % 10_000 === 0 ? 'told' : 'untold');
    }
    if (fleet.frames.length > 100_000) fleet.forgetFrames();
  }
  underlay.run(underlay.nowMs + 1000);
  const { delivered, strayed, flooded } = fleet;
  if (strayed > 0 || flooded > 0) fail('packets strayed or were flooded');
  if (delivered < 0.95 * packets) fail('too few were delivered');
  const moves = Math.ceil(packets / 5000);
  return { packets, moves, delivered, strayed, flooded, seconds: seconds(started).toFixed(1) };
}

function learn(packets = 50_000) {
  const [hosts, instances, vms] = [1000, 100, 200];
  const fleet = new Fleet({ hosts, instances, vms, seed: 2 });
  const silent = fleet.underlay.isCut;
  fleet.underlay.isCut = () => true;
  fleet.placeAll();
  while (fleet.underlay.nowMs < 1000) fleet.underlay.run(fleet.underlay.nowMs + 100);
  fleet.underlay.isCut = silent;
  globalThis.gc?.();
  const before = process.memoryUsage();
  const { random, underlay } = fleet;
  const pairs = new Set();
  const started = start();
  for (let i = 0; i < packets; i++) {
    const frame = fleet.send(random.below(instances), random.below(vms), random.below(vms));
    if (fleet.placeOf(frame.instance, frame.to) !== frame.host) {
      pairs.add(frame.host.address * 20_000 + frame.instance * 200 + frame.to);
    }
    if (i % 20 === 0) underlay.run(underlay.nowMs + 1);
  }
  underlay.run(underlay.nowMs + 100);
  const s = seconds(started);
  const lost = fleet.frames.filter(({ deliveredAt }) => deliveredAt === undefined).length;
  const floods = fleet.floods.size;
  fleet.forgetFrames();
  globalThis.gc?.();
  const after = process.memoryUsage();
  const grownKib = (after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers) / 1024;
  if (floods > pairs.size || fleet.flooded > 0 || lost > 0)
    fail('more questions than pairs, or frames flooded or lost');
  return {
    ...{ hosts, vms: vms * instances, instances, packets, pairs: pairs.size, floods, requests: fleet.requests },
    ...{
      flooded: fleet.flooded,
      lost,
      requestsPerSecond: perSecond(fleet.requests, s),
      grownMib: (grownKib / 1024).toFixed(0),
    },
  };
}

/** Each flow sends a packet every millisecond; the destination moves 1,000 times. */
function migration(moves = 1000) {
  const [hosts, delayMs] = [10, 0.5];
  const fleet = new Fleet({ hosts, instances: 1, vms: hosts, seed: 3, limits: { peersPerStation: 0 } });
  fleet.underlay.conditions = { delayMs, jitterMs: 0, loss: 0, duplication: 0 };
  fleet.hosts.forEach((host, vm) => fleet.place(0, vm, host));
  const { underlay, random } = fleet;
  const lost = { told: 0, untold: 0 };
  let worst = 0;
  for (let move = 0; move < moves; move++) {
    const notice = move % 2 === 0 ? 'told' : 'untold';
    // What is announced gets lost, so that only the packets themselves show the move.
    underlay.isCut = ({ control, octets }) =>
      control && octets[0] === van.TYPE.LEARN_REPLY && octets[4] + octets[5] + octets[6] + octets[7] === 0;
    fleet.forgetFrames();
    fleet.place(0, 0, fleet.hosts[random.below(hosts)], notice);
    for (let ms = 0; ms < 120; ms++) {
      for (let vm = 1; vm < hosts; vm++) fleet.send(0, vm, 0);
      underlay.run(underlay.nowMs + 1);
    }
    underlay.run(underlay.nowMs + 50);
    const gone = fleet.frames.filter(({ deliveredAt }) => deliveredAt === undefined);
    lost[notice] += gone.length;
    const perFlow = new Map();
    for (const { from } of gone) perFlow.set(from, (perFlow.get(from) ?? 0) + 1);
    worst = Math.max(worst, ...perFlow.values(), 0);
  }
  // At one packet per ms and a round trip of 1 ms: the packet that shows the move, and one more on its way.
  if (worst > 2) fail('a flow lost more than one round trip');
  const flows = moves * (hosts - 1);
  return {
    moves,
    flows,
    lostPerFlowTold: (2 * lost.told) / flows,
    lostPerFlowUntold: (2 * lost.untold) / flows,
    worst,
  };
}

function addresses(count) {
  return Array.from({ length: count }, (_, i) => IpAddress.parse(`10.1.${i >>> 8}.${i & 255}`));
}

/** What a packet to a known VM costs the resolver. The frames come one behind the other in one array, as from a port. */
function resolve(packets = 5_000_000) {
  return Object.fromEntries([500, 20_000].map((known) => [`${known} known`, resolveAmong(known, packets)]));
}

function resolveAmong(known, packets) {
  const replicator = { targets: () => [] };
  const limits = { stations: 65_536, stationsPerInstance: 65_536 };
  const random32 = new SeededRandom(5).word;
  const resolver = new van.VanResolver({ ...limits, address: IpAddress.parse('10.9.9.9'), replicator, random32 });
  const tunnel = new TunnelMetadata();
  tunnel.network = 1;
  tunnel.source.copy(addresses(1)[0]);
  const arena = new Uint8Array(known * FRAME_LENGTH);
  const window = new PacketBuffer(arena);
  const frame = (i) => window.reset(arena, i * FRAME_LENGTH, (i + 1) * FRAME_LENGTH);
  // In another order than their slots.
  for (let i = 0; i < known; i++) {
    const vm = (i * 7919) % known;
    arena.set([2, 0, 0, 0, vm >>> 8, vm & 255, 2, 0, 0, 1, 0, vm % 20], i * FRAME_LENGTH);
  }
  for (let i = 0; i < 20; i++) resolver.arrived(1, frame(i), 0);
  for (let vm = 0; vm < known; vm++) {
    const mac = Uint8Array.of(2, 0, 0, 0, vm >>> 8, vm & 255);
    resolver.resolve(1, PacketBuffer.from(Uint8Array.of(...mac, 2, 0, 0, 1, 0, 0)), 0);
    const flags = { extensions: true, hint: false, proxy: false };
    const place = { transactionId: 0, mac, lifetimeS: 0, locator: 0x0a000001, generation: 1 };
    resolver.onControl(PacketBuffer.from(van.encode({ type: van.TYPE.LEARN_REPLY, ...flags, ...place })), tunnel, 0);
    while (resolver.nextEvent() !== undefined);
  }
  let answered = 0;
  const round = () => {
    const started = start();
    for (let i = 0; i < packets; i++) if (resolver.resolve(1, frame(i % known), 1) !== 'pending') answered++;
    return seconds(started);
  };
  round();
  globalThis.gc?.();
  const heapBefore = process.memoryUsage().heapUsed;
  const s = round();
  const heapOctetsPerPacket = Math.max(0, process.memoryUsage().heapUsed - heapBefore) / packets;
  if (answered !== 2 * packets) fail('a known VM was not found');
  return { resolves: perSecond(packets, s), ns: ((s / packets) * 1e9).toFixed(0), heapOctetsPerPacket };
}

/** Copies of a 1,400-octet broadcast per second: one per member, each in outer headers of its own. */
function copies(packets = 2_000_000) {
  const result = {};
  for (const n of MEMBERS) {
    const [own, ...others] = addresses(n);
    const members = new van.VanMembers({ configured: new Map([[1, others]]) });
    const encapsulation = new DoveEncapsulation();
    const packet = PacketBuffer.from(new Uint8Array(1400).fill(255, 0, 6));
    const tunnel = new TunnelMetadata();
    tunnel.network = 1;
    tunnel.source.copy(own);
    let made = 0;
    const count = () => made++;
    const rounds = Math.ceil(packets / (n - 1));
    const started = start();
    for (let i = 0; i < rounds; i++) {
      for (const { address } of members.targets(1)) {
        tunnel.destination.copy(address);
        encapsulation.encapsulate(packet, tunnel, count);
      }
    }
    if (made !== rounds * (n - 1)) fail('not n - 1 copies');
    result[`${n} members`] = perSecond(made, seconds(started));
  }
  return result;
}

for (const [name, run] of Object.entries({ isolation, learn, migration, resolve, copies })) {
  if (ONLY === undefined || ONLY === 'all' || ONLY === name) console.log(name, run(PACKETS));
}
