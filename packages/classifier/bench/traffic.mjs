// Megaflows, packets and the stopwatch that the benches of the cache share. Runs on the built package.
import { FLOW_SCHEMA, FlowCache, FlowKey, FlowMask, buildMatch } from '@overlane/classifier';
import { createRandom } from '@overlane/classifier/generator';

const WARM_UPS = 3;
const ROUNDS = 5;
const ROUND_MS = 140;
const MEGAFLOWS = 8000;
const TCP = { eth_type: 0x0800, ip_proto: 6 };

/** Numbers that look random and are the same in every run: 0..limit-1. */
export function createNumbers(seed) {
  const random = createRandom(seed);
  return (limit) => Math.floor(random() * limit);
}

/** Masks as prefix lengths: addresses 8..32, ports exact or free; all different. */
export function chooseMasks(count, numbers = createNumbers(1)) {
  const masks = new Map();
  while (masks.size < count) {
    const mask = { src: 8 + numbers(25), dst: 8 + numbers(25), sport: 16 * numbers(2), dport: 16 * numbers(2) };
    masks.set(Object.values(mask).join(), mask);
  }
  return [...masks.values()];
}

/** `count` megaflows spread evenly over masks, each with one packet that it holds. */
export function makeMegaflows(masks, count = MEGAFLOWS, numbers = createNumbers(2)) {
  return Array.from({ length: count }, (_, i) => ({
    mask: masks[i % masks.length],
    packet: { src: numbers(2 ** 32), dst: numbers(2 ** 32), sport: numbers(65_536), dport: numbers(65_536) },
  }));
}

/** The key of such a packet. */
export function keyOf({ src, dst, sport, dport }, inPort = 1) {
  const key = FlowKey.from({ in_port: inPort, packet_kind: 'eth', ...TCP, l4_src: sport, l4_dst: dport });
  key.words[38] = src;
  key.words[42] = dst;
  return key;
}

/** The mask of such lengths, with what every megaflow depends on. */
export function maskOf({ src, dst, sport, dport }) {
  const ports = { ...(sport && { l4_src: 0 }), ...(dport && { l4_dst: 0 }) };
  const { mask } = buildMatch({ in_port: 0, recirc_id: 0, packet_kind: 0, ...TCP, ip_frag: 0, ...ports });
  const flowMask = new FlowMask();
  flowMask.words.set(mask);
  flowMask.words[38] = src && -1 << (32 - src);
  flowMask.words[42] = dst && -1 << (32 - dst);
  flowMask.closePrerequisites();
  return flowMask;
}

/** A cache with these megaflows, whose results are their numbers, and a packet of each. */
export function fillCache(megaflows, options = {}) {
  const cache = new FlowCache(FLOW_SCHEMA, {
    slowPath: () => -1,
    seed: 1,
    ...options,
    megaflow: { maxMasks: 1024, ...options.megaflow },
  });
  const keys = megaflows.map(({ packet }) => keyOf(packet));
  const masks = new Map();
  megaflows.forEach(({ mask }, i) => {
    if (!masks.has(mask)) masks.set(mask, maskOf(mask));
    if (!cache.insert(keys[i], masks.get(mask), i)) throw new Error('no room');
  });
  return { cache, keys };
}

export const median = (numbers) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1];

const cpuMicroseconds = () => {
  const { user, system } = process.cpuUsage();
  return user + system;
};

/**
 * Million operations per second of processor time of `run`, which makes `operations` and returns something: the median of
 * the rounds. Processor time, so that what else the machine does counts less.
 */
export function measure(operations, run) {
  let kept = 0;
  const rates = [];
  for (let round = -WARM_UPS; round < ROUNDS; round++) {
    const start = cpuMicroseconds();
    let done = 0;
    for (; cpuMicroseconds() - start < 1000 * ROUND_MS; done += operations) kept ^= run();
    if (round >= 0) rates.push(done / (cpuMicroseconds() - start));
  }
  return { rate: median(rates), spread: (Math.max(...rates) - Math.min(...rates)) / median(rates), kept };
}

export function shuffled(list, numbers = createNumbers(3)) {
  const copy = [...list];
  for (let i = copy.length - 1; i > 0; i--) {
    const j = numbers(i + 1);
    [copy[i], copy[j]] = [copy[j], copy[i]];
  }
  return copy;
}

/** Keys in random order, popular ones more often: rank r with probability about 1/r^1.1. */
export function zipf(keys, count) {
  const numbers = createNumbers(4);
  const sums = [];
  keys.reduce((sum, _, rank) => (sums[rank] = sum + (rank + 1) ** -1.1), 0);
  return Array.from({ length: count }, () => {
    const at = (numbers(2 ** 32) / 2 ** 32) * sums.at(-1);
    let low = 0;
    for (let high = sums.length - 1; low < high;) {
      const middle = (low + high) >> 1;
      if (sums[middle] < at) low = middle + 1;
      else high = middle;
    }
    return keys[low];
  });
}

/** The words in which such keys differ. */
const [SRC, DST, PORTS] = [38, 42, 45];

/**
 * Packets, small, in the order in which they come: addresses and ports of each are written into one key, again and
 * again, as a parser would. All keys must have the same words, and the same values in all but addresses and ports.
 */
export class Traffic {
  /** Number of packets. */
  length;
  #fields;
  #key = new FlowKey();

  constructor(keys) {
    this.length = keys.length;
    this.#key.copy(keys[0]);
    this.#fields = Int32Array.from(keys.flatMap(({ words }) => [words[SRC], words[DST], words[PORTS]]));
  }

  /** Looks all up. */
  lookUp(cache, nowMs = 1) {
    const fields = this.#fields;
    const key = this.#key;
    const { words } = key;
    let sum = 0;
    for (let i = 0; i < fields.length; i += 3) {
      words[SRC] = fields[i];
      words[DST] = fields[i + 1];
      words[PORTS] = fields[i + 2];
      sum = (sum + cache.lookup(key, 64, nowMs)) | 0;
    }
    return sum;
  }

  /** Makes a string of the words and looks that up. */
  lookUpStrings(map) {
    const fields = this.#fields;
    const { words } = this.#key;
    let sum = 0;
    for (let i = 0; i < fields.length; i += 3) {
      words[SRC] = fields[i];
      words[DST] = fields[i + 1];
      words[PORTS] = fields[i + 2];
      sum = (sum + map.get(nameOf(words))) | 0;
    }
    return sum;
  }
}

/** A key as a joined string. */
export function nameOf(w) {
  return `${w[0]},${w[23]},${w[32]},${w[38]},${w[42]},${w[43]},${w[45]}`;
}

/** Packets in random order, each key about equally often. */
export const uniform = (keys, count = 32_768) =>
  new Traffic(shuffled(Array.from({ length: count }, (_, i) => keys[i % keys.length])));
