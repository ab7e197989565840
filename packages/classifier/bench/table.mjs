// Speed of the rule table on generated rule sets, on the built package; each case in a process of its own:
//   node packages/classifier/bench/table.mjs [--json] [--sets acl,fw,ipc,tenant] [--sizes 1000,10000,64000]
// M/s are million lookups per second; `linear` is a scan of the same rules; megaflows are distinct answers of 20,000 packets.
import { spawnSync } from 'node:child_process';
import { cpus, loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { FlowKey, FlowMask, RuleTable, matchesKey } from '@overlane/classifier';
import { createRandom, generateRules, generateTrace, loadHeader, matchOfTuple } from '@overlane/classifier/generator';

const PACKETS = 20_000;
const WARM_UPS = 3;
const ROUNDS = 5;
const ROUND_US = 140_000;

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    sets: { type: 'string', default: 'acl,fw,ipc,tenant' },
    sizes: { type: 'string', default: '1000,10000,64000' },
    case: { type: 'string' },
  },
});

const median = (numbers) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1];

/** Processor time of this process in microseconds: others on the machine matter less to it than to the clock on the wall. */
const busyUs = () => {
  const { user, system } = process.cpuUsage();
  return user + system;
};

/** Calls per microsecond of `run`, which makes so many and returns something; the median of the rounds. */
function rate(calls, run) {
  let kept = 0;
  const rates = [];
  let before = 0;
  let all = 0;
  for (let round = -WARM_UPS; round < ROUNDS; round++) {
    if (round === 0) before = process.memoryUsage().heapUsed;
    const start = busyUs();
    let done = 0;
    for (; busyUs() - start < ROUND_US; done += calls) kept ^= run();
    if (round < 0) continue;
    all += done;
    rates.push(done / (busyUs() - start));
  }
  const octets = (process.memoryUsage().heapUsed - before) / all;
  return { rate: median(rates), spread: (Math.max(...rates) - Math.min(...rates)) / median(rates), octets, kept };
}

/** Headers in one array, of which `next` fills one key as a parser would: the words that a packet has, in order. */
class Packets {
  key = new FlowKey();
  #words;
  #values;
  #at = 0;

  constructor(headers) {
    const keys = headers.map((header) => {
      loadHeader(header, this.key);
      return this.key.words.slice();
    });
    this.#words = [...this.key.words.keys()].filter((word) => keys.some((key) => key[word] !== 0));
    this.#values = Int32Array.from(keys.flatMap((key) => this.#words.map((word) => key[word])));
    this.key.clear();
  }

  next() {
    const { words } = this.key;
    for (let i = 0; i < this.#words.length; i++) words[this.#words[i]] = this.#values[this.#at++];
    if (this.#at === this.#values.length) this.#at = 0;
  }
}

function load(profile, size) {
  const rules = generateRules({ profile, count: size, random: createRandom(1) });
  const packets = new Packets(generateTrace(rules, { count: PACKETS, random: createRandom(2) }));
  return { rules: rules.map((rule) => ({ priority: rule.priority, match: matchOfTuple(rule), action: 0 })), packets };
}

function build(rules) {
  const table = new RuleTable();
  const start = busyUs();
  for (const rule of rules) table.add(rule);
  return { table, buildMs: (busyUs() - start) / 1000 };
}

const cases = {
  untracked({ rules, packets }) {
    const { table } = build(rules);
    return rate(PACKETS, () => {
      let sum = 0;
      for (let i = 0; i < PACKETS; i++) {
        packets.next();
        sum += table.lookup(packets.key);
      }
      return sum;
    });
  },
  tracked({ rules, packets }) {
    const { table } = build(rules);
    const mask = new FlowMask();
    return rate(PACKETS, () => {
      let sum = 0;
      for (let i = 0; i < PACKETS; i++) {
        mask.clear();
        packets.next();
        sum += table.lookupTracked(packets.key, mask);
      }
      return sum;
    });
  },
  linear({ rules, packets }) {
    return rate(200, () => {
      let sum = 0;
      for (let i = 0; i < 200; i++) {
        packets.next();
        sum += rules.findIndex(({ match }) => matchesKey(match, packets.key.words));
      }
      return sum;
    });
  },
  shape({ rules, packets }) {
    const { table, buildMs } = build(rules);
    const { tuples, longestChain, octets } = table.stats();
    const megaflows = new Set();
    const masks = new Set();
    const mask = new FlowMask();
    let bits = 0;
    const headers = new Set();
    const { words } = packets.key;
    for (let i = 0; i < PACKETS; i++) {
      mask.clear();
      packets.next();
      headers.add(words.join());
      table.lookupTracked(packets.key, mask);
      mask.closePrerequisites();
      bits += mask.bitCount;
      masks.add(mask.words.join());
      megaflows.add(`${mask.words} ${words.map((word, i) => word & mask.words[i])}`);
    }
    const octetsPerRule = octets / rules.length;
    const perPacket = { headers: headers.size, megaflows: megaflows.size, masks: masks.size, bits: bits / PACKETS };
    return { rules: rules.length, buildMs, tuples, longestChain, octetsPerRule, ...perPacket };
  },
  update({ rules }) {
    const { table } = build(rules);
    const half = rules.filter((_, i) => i % 2 === 0);
    const time = (ids, change) => {
      let longestUs = 0;
      const start = busyUs();
      for (const id of ids) {
        const before = busyUs();
        change(id);
        longestUs = Math.max(longestUs, busyUs() - before);
      }
      return { perMs: (ids.length * 1000) / (busyUs() - start), longestUs };
    };
    const ids = table
      .list()
      .filter((_, i) => i % 2 === 0)
      .map(({ id }) => id);
    const removed = time(ids, (id) => table.remove(id));
    const added = time(half, (rule) => table.add(rule));
    return {
      removesPerMs: removed.perMs,
      addsPerMs: added.perMs,
      longestPauseUs: Math.max(removed.longestUs, added.longestUs),
    };
  },
};

if (values.case !== undefined) {
  const [set, size, name] = values.case.split('/');
  console.log(JSON.stringify(cases[name](load(set, Number(size)))));
} else {
  const rows = [];
  for (const set of values.sets.split(',')) {
    for (const size of values.sizes.split(',')) {
      const row = { set, size: Number(size) };
      for (const name of Object.keys(cases)) {
        const words = [...process.execArgv, fileURLToPath(import.meta.url), '--case', `${set}/${size}/${name}`];
        const child = spawnSync(process.execPath, words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
        if (child.status !== 0) process.exit(child.status ?? 1);
        row[name] = JSON.parse(child.stdout);
      }
      rows.push(row);
      if (!values.json) console.log(line(row));
    }
  }
  const machine = { cpu: cpus()[0].model, node: process.version, load: loadavg()[0] };
  if (values.json) console.log(JSON.stringify({ machine, rows }, null, 2));
  else console.log(machine);
}

function line({ set, size, untracked, tracked, linear, shape, update }) {
  return [
    `${set} ${size}`.padEnd(13),
    `untracked ${untracked.rate.toFixed(2)} M/s (${Math.round(untracked.rate / linear.rate)}x linear)`,
    `tracked ${tracked.rate.toFixed(2)} M/s (spread ${Math.round(tracked.spread * 100)} %, ${tracked.octets.toFixed(1)} octets allocated)`,
    `${shape.tuples} tuples, chain ${shape.longestChain}, ${Math.round(shape.octetsPerRule)} octets a rule`,
    `build ${Math.round(shape.buildMs)} ms`,
    `${shape.megaflows} megaflows, ${shape.masks} masks, ${Math.round(shape.bits)} bits`,
    `${Math.round(update.addsPerMs)} adds, ${Math.round(update.removesPerMs)} removes a ms, longest ${Math.round(update.longestPauseUs)} us`,
  ].join(' | ');
}
