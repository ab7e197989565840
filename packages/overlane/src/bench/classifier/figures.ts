/** What the classifier is asked besides the time of a lookup: changes, memory, and what an attack costs others. */
import { FLOW_SCHEMA, FlowCache, FlowKey, FlowMask, RuleTable, buildMatch } from '@overlane/classifier';
import { matchOfTuple } from '@overlane/classifier/generator';
import { median } from '../measure.js';
import type { Figure, FigureCase } from '../suite.js';
import { fillCache, megaflowSet } from './megaflow-sets.js';
import { keysOf, ruleSet } from './rule-sets.js';
import { fillTable } from './table-cases.js';

/** Length of the churn in milliseconds, of which the first quarter is warm-up. */
const CHURN_MS = 4000;
/** Rounds of the attack. */
const ATTACK_ROUNDS = 61;
const ATTACK_ROUND_MS = 20;
const ATTACK_PER_MS = 1;
const [ATTACKED, ELSEWHERE] = [1, 2];

/** Figures of the classifier. */
export const classifierFigures: readonly FigureCase[] = [
  {
    name: 'update',
    does: 'half of 64,000 acl rules removed and added again, one by one',
    measure: measureUpdates,
  },
  { name: 'memory', does: 'octets per rule of 64,000, and per megaflow of 8,000', measure: measureMemory },
  {
    name: 'churn',
    does: 'classify through the flow cache while 1 % of 10,000 acl rules are replaced per second',
    measure: measureChurn,
  },
  {
    name: 'tuple space explosion',
    does: 'rate that a victim keeps while 8,192 packets of the three-rule attack come again and again, 1,000 a second',
    measure: measureExplosion,
  },
];

function measureUpdates(effort: number): Figure[] {
  const table = fillTable(ruleSet('acl', 64_000));
  const share = Math.max(0.01, effort / 2);
  const some = table.list().filter((_, i) => (i * share) % 1 < share);
  const time = (change: (i: number) => void): { perSecond: number; longestUs: number } => {
    let longestMs = 0;
    const start = performance.now();
    let before = start;
    for (let i = 0; i < some.length; i++) {
      change(i);
      const now = performance.now();
      longestMs = Math.max(longestMs, now - before);
      before = now;
    }
    return { perSecond: (some.length * 1000) / (before - start), longestUs: longestMs * 1000 };
  };
  const removed = time((i) => table.remove(some[i]!.id));
  const added = time((i) => void table.add({ ...some[i]! }));
  return [
    { name: 'rules removed per second at 64,000', value: removed.perSecond, unit: '' },
    { name: 'rules added per second at 64,000', value: added.perSecond, unit: '' },
    { name: 'longest pause of a change', value: Math.max(removed.longestUs, added.longestUs), unit: 'us' },
  ];
}

function measureMemory(): Figure[] {
  const table = fillTable(ruleSet('acl', 64_000));
  const { cache } = fillCache(megaflowSet(8000, 30), { entries: 0 });
  return [
    { name: 'memory per rule', value: table.stats().octets / table.size, unit: 'octets' },
    { name: 'memory per megaflow in partitions', value: cache.stats().partitionMemory / 8000, unit: 'octets' },
  ];
}

function measureChurn(effort: number): Figure[] {
  const set = ruleSet('acl', 10_000);
  const table = new RuleTable<number>();
  const ids = set.rules.map((rule, i) => table.add({ priority: rule.priority, match: matchOfTuple(rule), action: i }));
  const keys = keysOf(set);
  const cache = new FlowCache<number>(FLOW_SCHEMA, {
    slowPath: (key, mask) => {
      const index = table.lookupTracked(key, mask);
      mask.closePrerequisites();
      return index < 0 ? -1 : table.action(index)!;
    },
    // All packets come at once, which the limit is there to stop.
    upcall: false,
    seed: 1,
  });
  const perMs = (0.01 * set.rules.length) / 1000;
  const times: number[] = [];
  const start = performance.now();
  const lengthMs = CHURN_MS * effort;
  let replaced = 0;
  for (let i = 0, now = start; now - start < lengthMs; i++) {
    if ((now - start) * perMs > replaced) {
      const at = (replaced++ * 7919) % ids.length;
      const rule = table.get(ids[at]!);
      table.remove(rule.id);
      ids[at] = table.add({ ...rule });
      cache.invalidate(rule.match);
      now = performance.now();
    }
    cache.classify(keys[i % keys.length]!, 64, now);
    const after = performance.now();
    if (after - start > lengthMs / 4) times.push(after - now);
    now = after;
  }
  times.sort((a, b) => a - b);
  const at = (share: number): number => times[Math.floor(share * (times.length - 1))]! * 1000;
  return [
    { name: 'classify under churn, median', value: at(0.5), unit: 'us' },
    { name: 'classify under churn, p99', value: at(0.99), unit: 'us' },
    { name: 'classify under churn, p99.9', value: at(0.999), unit: 'us' },
  ];
}

/** Three rules of one tenant, each exact in one field, and a deny: every first differing bit makes a mask of its own. */
function attackedTable(): RuleTable<string> {
  const table = new RuleTable<string>();
  const tcp = { eth_type: 0x0800, ip_proto: 6 };
  table.add({ priority: 300, match: buildMatch({ ...tcp, in_port: ATTACKED, l4_dst: 80 }), action: 'allow' });
  table.add({ priority: 200, match: buildMatch({ ...tcp, in_port: ATTACKED, ip_src: '10.0.0.1' }), action: 'allow' });
  table.add({ priority: 100, match: buildMatch({ ...tcp, in_port: ATTACKED, l4_src: 12_345 }), action: 'allow' });
  for (let port = 0; port < 64; port++) {
    table.add({ priority: 50, match: buildMatch({ ...tcp, in_port: ELSEWHERE, l4_dst: port }), action: 'allow' });
  }
  table.add({ priority: 1, match: buildMatch({}), action: 'deny' });
  return table;
}

function cacheOn(table: RuleTable<string>): FlowCache<string> {
  return new FlowCache<string>(FLOW_SCHEMA, {
    slowPath: (key, mask: FlowMask) => {
      const index = table.lookupTracked(key, mask);
      mask.closePrerequisites();
      return table.action(index) ?? 'deny';
    },
    isDrop: (result) => result === 'deny',
    seed: 1,
    // The attack is on the megaflows; microflows and the limit on upcalls would hide its effect.
    microflow: { entries: 0 },
    upcall: false,
  });
}

function packet(inPort: number, source: number, sourcePort: number, destinationPort: number): FlowKey {
  const tcp = { packet_kind: 'eth', eth_type: 0x0800, ip_proto: 6 };
  const key = FlowKey.from({ in_port: inPort, ...tcp, l4_src: sourcePort, l4_dst: destinationPort });
  key.words[(FLOW_SCHEMA.field('ip_src').offset >>> 5) + 3] = source;
  return key;
}

/** All headers that differ from the rules at each first bit: 32 x 16 x 16. */
function attackPackets(): FlowKey[] {
  const packets: FlowKey[] = [];
  for (let a = 0; a < 32; a++) {
    for (let s = 0; s < 16; s++) {
      for (let d = 0; d < 16; d++) {
        packets.push(packet(ATTACKED, 0x0a00_0001 ^ (1 << a), 12_345 ^ (1 << s), 80 ^ (1 << d)));
      }
    }
  }
  return packets;
}

function measureExplosion(effort: number): Figure[] {
  const attack = attackPackets();
  const rounds = Math.max(3, Math.round(ATTACK_ROUNDS * effort));
  const victims = (inPort: number): FlowKey[] =>
    Array.from({ length: 64 }, (_, i) => packet(inPort, 0x0a00_0100 + i, 40_000 + i, inPort === ATTACKED ? 80 : i));
  const kept = (inPort: number): { share: number; mostMasks: number } => {
    const [quiet, attacked] = [cacheOn(attackedTable()), cacheOn(attackedTable())];
    const keys = victims(inPort);
    let nowMs = 0;
    for (const key of attack) attacked.classify(key, 64, nowMs);
    let next = 0;
    const round = (cache: FlowCache<string>, attackers: readonly FlowKey[]): number => {
      const start = performance.now();
      let calls = 0;
      let own = 0;
      for (let now = start; now - start < ATTACK_ROUND_MS; now = performance.now()) {
        for (let i = 0; i < 4096; i++) cache.classify(keys[i & 63]!, 64, nowMs);
        calls += 4096;
        // The attackers' share of the time is theirs; what it does to the victim's lookups is what counts.
        const before = performance.now();
        for (const due = (before - start) * ATTACK_PER_MS; own < due && attackers.length > 0; own++) {
          cache.classify(attackers[next++ % attackers.length]!, 64, nowMs);
        }
      }
      nowMs += ATTACK_ROUND_MS;
      cache.maintain(nowMs);
      return calls / (performance.now() - start);
    };
    round(quiet, []);
    round(attacked, attack);
    const shares = Array.from({ length: rounds }, () => {
      const calm = round(quiet, []);
      return round(attacked, attack) / calm;
    });
    return { share: median(shares), mostMasks: attacked.stats().mostMasks };
  };
  const same = kept(ATTACKED);
  const other = kept(ELSEWHERE);
  return [
    { name: 'rate kept under attack, victim in another partition', value: other.share, unit: '' },
    { name: 'rate kept under attack, victim in the same partition', value: same.share, unit: '' },
    { name: 'most masks of a partition under attack', value: same.mostMasks, unit: '' },
  ];
}
