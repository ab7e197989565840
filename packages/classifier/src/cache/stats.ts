import type { Schema } from '../schema/schema.js';
import { formatMatch } from '../text/format.js';
import type { FlowStore } from './flow-store.js';
import type { MegaflowCache } from './megaflow-cache.js';
import type { MicroflowCache } from './microflow-cache.js';

/** What a {@link FlowCache} did and holds. */
export interface FlowCacheStats {
  /** Lookups; every one is one of the next three. */
  readonly lookups: number;
  readonly microflowHits: number;
  readonly megaflowHits: number;
  readonly misses: number;
  /** Subtables searched by lookups that no microflow answered. */
  readonly probes: number;
  /** Hits on megaflows from before a change: told unconcerned by the change log, or by the slow path, or made anew. */
  readonly spared: number;
  readonly confirmed: number;
  readonly replaced: number;
  /** In mode `eventual`, hits that were answered unchecked; megaflows that `maintain` asked the slow path about; of these wrong. */
  readonly stale: number;
  readonly swept: number;
  readonly withdrawn: number;
  /** Of mode `eventual`: megaflows with few packets that `maintain`, being late, left to their next packet. */
  readonly deferred: number;
  /** How long the latest complete round of `maintain` took, in milliseconds: credits come, and idle megaflows go, so much late. */
  readonly roundMs: number;
  /** Misses answered without caching, because their partition had too many. */
  readonly uncached: number;
  /** Megaflows made, of these in place of another evicted, refused for want of room, and gone idle. */
  readonly inserted: number;
  readonly evicted: number;
  readonly refused: number;
  readonly expired: number;
  /** Masks demoted for being of no use, and megaflows that took a wider one for it. */
  readonly demotions: number;
  readonly damped: number;
  /** Megaflows, partitions and masks now; the most masks of a partition. */
  readonly flows: number;
  readonly partitions: number;
  readonly masks: number;
  readonly mostMasks: number;
  /** Entries written to the microflow cache, and whether it is bypassed now, for it rarely hit. */
  readonly microflowInserted: number;
  readonly microflowBypassed: boolean;
  /** Octets held by partitions and their filters; records and microflows come on top and do not grow. */
  readonly partitionMemory: number;
}

/** One megaflow, for people. */
export interface Megaflow<Result> {
  /** The keys it holds, as rule text; formatted when asked for. */
  readonly text: string;
  /** The same: keys with `key & mask === value`. Copies. */
  readonly value: Int32Array;
  readonly mask: Int32Array;
  readonly result: Result;
  readonly packets: number;
  readonly octets: number;
  readonly createdMs: number;
  /** When it last had a packet, modulo 2^32, signed. */
  readonly usedMs: number;
  /** Whether it was found or made under the rules as they are; if not, its next packet decides. */
  readonly isCurrent: boolean;
}

/** What a call of `maintain` did. */
export interface MaintainReport {
  /** Megaflows looked at, and of these gone idle. */
  readonly visited: number;
  readonly expired: number;
  /** Whether this call came to the end of a round over all megaflows. */
  readonly isRoundComplete: boolean;
}

/** All megaflows of a cache whose rules have changed `generation` times. */
export function* listMegaflows<Result>(
  schema: Schema,
  store: FlowStore<Result>,
  megaflows: MegaflowCache,
  generation: number,
): IterableIterator<Megaflow<Result>> {
  for (let flow = 0; flow < store.highWater; flow++) {
    if (store.owner[flow]! < 0) continue;
    const value = new Int32Array(schema.words);
    const mask = new Int32Array(schema.words);
    megaflows.readRegion(flow, value, mask);
    yield {
      get text() {
        return formatMatch({ value, mask, ranges: [] }, schema);
      },
      value,
      mask,
      result: store.results[flow]!,
      packets: store.packets(flow),
      octets: store.octets(flow),
      createdMs: store.createdMs[flow]!,
      usedMs: store.usedMs(flow),
      isCurrent: store.generation(flow) === generation,
    };
  }
}

/** Tells `credit` of the packets that a megaflow had since it was last told. */
export function tellUse<Result>(
  store: FlowStore<Result>,
  flow: number,
  credit: ((result: Result, packets: number, octets: number) => void) | undefined,
): void {
  const { credited, results } = store;
  const packets = store.packets(flow);
  const octets = store.octets(flow);
  if (packets === credited[2 * flow]) return;
  const newPackets = packets - credited[2 * flow]!;
  const newOctets = octets - credited[2 * flow + 1]!;
  credited[2 * flow] = packets;
  credited[2 * flow + 1] = octets;
  credit?.(results[flow]!, newPackets, newOctets);
}

/** Places of the counters of a cache in one array of doubles: exact to 2^53, and no allocation when they grow. */
export const COUNTER = {
  MEGAFLOW_HITS: 0,
  MISSES: 1,
  SPARED: 2,
  CONFIRMED: 3,
  REPLACED: 4,
  INSERTED: 5,
  EXPIRED: 6,
  STALE: 7,
  SWEPT: 8,
  WITHDRAWN: 9,
  UNCACHED: 10,
  DEFERRED: 11,
} as const;

/** The statistics of a cache. Costs the number of partitions. */
export function readStats(
  counters: Float64Array,
  store: FlowStore<unknown>,
  microflows: MicroflowCache,
  megaflows: MegaflowCache,
  roundMs: number,
): FlowCacheStats {
  const { directory, damping, evictions, refusals } = megaflows;
  const masks = directory.partitions.map((partition) => partition?.subtables.count ?? 0);
  const microflowHits = microflows.hits;
  const megaflowHits = counters[COUNTER.MEGAFLOW_HITS]!;
  const misses = counters[COUNTER.MISSES]!;
  return {
    lookups: microflowHits + megaflowHits + misses,
    microflowHits,
    megaflowHits,
    misses,
    probes: directory.probes,
    spared: counters[COUNTER.SPARED]!,
    confirmed: counters[COUNTER.CONFIRMED]!,
    replaced: counters[COUNTER.REPLACED]!,
    stale: counters[COUNTER.STALE]!,
    swept: counters[COUNTER.SWEPT]!,
    withdrawn: counters[COUNTER.WITHDRAWN]!,
    deferred: counters[COUNTER.DEFERRED]!,
    roundMs,
    uncached: counters[COUNTER.UNCACHED]!,
    inserted: counters[COUNTER.INSERTED]!,
    evicted: evictions,
    refused: refusals,
    expired: counters[COUNTER.EXPIRED]!,
    demotions: damping.demotions,
    damped: damping.damped,
    flows: store.size,
    partitions: directory.size,
    masks: masks.reduce((sum, count) => sum + count, 0),
    mostMasks: masks.reduce((most, count) => Math.max(most, count), 0),
    microflowInserted: microflows.inserted,
    microflowBypassed: microflows.bypassed,
    partitionMemory: directory.memory,
  };
}
