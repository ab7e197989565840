// The tuple space explosion attack on the flow cache, on the built package:
//   node packages/classifier/bench/explosion.mjs [--json]
// A tenant who may allow one source address, one destination port and one source port, and drops the rest, is sent packets
// that differ from each at every first bit there is: 32 * 16 * 16 masks from three rules. The same 8,192 packets come again and
// again, 1,000 a second, while a victim looks up his own flows. Said is what part of its rate before the attack a victim
// keeps: one in another partition, and one in the attacked partition, with microflows and without.
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { FLOW_SCHEMA, FlowCache } from '@overlane/classifier';
import { Traffic, keyOf, median } from './traffic.mjs';

const ALLOWED = { src: 0x0a00_0001, dst: 0x0b00_0001, sport: 0x3039, dport: 0x0050 };
const ATTACK_RATE = 1000;
const VICTIM_FLOWS = 16;
const WARM_UPS = 3;
const ROUNDS = 11;
const ROUND_MS = 150;

/** Three allow rules and a drop: the bits an answer depends on are those up to the first that differs, rule by rule. */
export function allowList({ words }, mask) {
  const sport = words[45] >>> 16;
  const dport = words[45] & 0xffff;
  mask.words[0] = -1;
  mask.words[1] = -1;
  mask.words[32] = -1 << 16;
  mask.words[43] = (0xff << 24) | 3;
  mask.words[38] = prefixUntil(words[38] ^ ALLOWED.src);
  if (words[38] === (ALLOWED.src | 0)) return 1;
  mask.words[45] = prefixUntil((dport ^ ALLOWED.dport) << 16) >>> 16;
  if (dport === ALLOWED.dport) return 2;
  mask.words[45] |= prefixUntil((sport ^ ALLOWED.sport) << 16);
  return sport === ALLOWED.sport ? 3 : 0;
}

/** A mask down to the first bit that differs; for a difference in the upper half of a word, at most of that. */
function prefixUntil(difference) {
  const length = Math.clz32(difference);
  return length >= 32 ? -1 : -1 << (31 - length);
}

/** One packet for each combination of first differing bits. */
export function attackKeys(inPort) {
  const keys = [];
  for (let src = 0; src < 32; src++) {
    for (let dport = 0; dport < 16; dport++) {
      for (let sport = 0; sport < 16; sport++) {
        keys.push(
          keyOf(
            {
              src: ALLOWED.src ^ (1 << src),
              dst: ALLOWED.dst,
              sport: ALLOWED.sport ^ (1 << sport),
              dport: ALLOWED.dport ^ (1 << dport),
            },
            inPort,
          ),
        );
      }
    }
  }
  return keys;
}

/** A victim's packets: what the first two rules allow. */
export function victimKeys(inPort) {
  return Array.from({ length: VICTIM_FLOWS }, (_, i) =>
    keyOf({ ...ALLOWED, src: i % 2 === 0 ? ALLOWED.src : 0x0c00_0000 + i, sport: 40_000 + i }, inPort),
  );
}

/** A cache with a victim's flows in it, and a way to use it for a while: microseconds of processor time per lookup. */
function serve({ victimPort, entries, attackRate }) {
  const cache = new FlowCache(FLOW_SCHEMA, {
    slowPath: allowList,
    isDrop: (result) => result === 0,
    seed: 1,
    microflow: { entries },
    // The limit on upcalls would keep most of the attack out; what the rest is worth shows without it.
    upcall: false,
  });
  const victims = victimKeys(victimPort);
  const traffic = new Traffic(Array.from({ length: 4096 }, (_, i) => victims[i % VICTIM_FLOWS]));
  const attack = attackKeys(1);
  const state = { cache, sent: 0, maintainedMs: 0 };
  // All of the attack at once, so that the measurement begins with everything it can do.
  if (attackRate > 0) for (const key of attack) cache.classify(key, 64, Math.floor(performance.now()));
  for (const key of victims) cache.classify(key, 64, Math.floor(performance.now()));
  let due = 0;
  state.use = (durationMs) => {
    const cpu = process.cpuUsage();
    const start = performance.now();
    let lookups = 0;
    // The clock of the cache follows the real one; the attack's packets come when they are due.
    for (
      let nowMs = Math.floor(start), latestMs = start;
      nowMs < start + durationMs;
      nowMs = Math.floor(performance.now())
    ) {
      if (traffic.lookUp(cache, nowMs) === 0) throw new Error('the victim is not served');
      lookups += traffic.length;
      due += (attackRate * (nowMs - latestMs)) / 1000;
      latestMs = nowMs;
      for (; due >= 1; due--) cache.classify(attack[state.sent++ % attack.length], 64, nowMs);
      if (nowMs - state.maintainedMs > 10) cache.maintain((state.maintainedMs = nowMs));
    }
    const { user, system } = process.cpuUsage(cpu);
    return (user + system) / lookups;
  };
  return state;
}

/** The same victim with the attack and without, in turns. */
function attacked({ victimPort, entries }) {
  const calm = serve({ victimPort, entries, attackRate: 0 });
  const stormy = serve({ victimPort, entries, attackRate: ATTACK_RATE });
  const rounds = [];
  for (let round = -WARM_UPS; round < ROUNDS; round++) {
    const before = calm.use(ROUND_MS);
    const during = stormy.use(ROUND_MS);
    if (round >= 0) rounds.push({ before: 1 / before, during: 1 / during, kept: before / during });
  }
  const { flows, mostMasks } = stormy.cache.stats();
  const middle = (name) => median(rounds.map((round) => round[name]));
  return {
    before: middle('before'),
    during: middle('during'),
    kept: middle('kept'),
    flows,
    mostMasks,
    sent: stormy.sent,
  };
}

/** Rates in million lookups per second, the part that is kept, and what the cache held at the end. */
export function runExplosion() {
  return {
    'other partition': attacked({ victimPort: 2, entries: 8192 }),
    'other partition, no microflows': attacked({ victimPort: 2, entries: 0 }),
    'same partition': attacked({ victimPort: 1, entries: 8192 }),
    'same partition, no microflows': attacked({ victimPort: 1, entries: 0 }),
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({ options: { json: { type: 'boolean' } } });
  const results = runExplosion();
  if (values.json) process.stdout.write(`${JSON.stringify(results, null, 2)}\n`);
  else console.table(results);
}
