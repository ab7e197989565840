/** The flow cache: hits on whole keys, and on megaflows spread over ever more masks. */
import type { FlowCache, FlowKey } from '@overlane/classifier';
import type { Operation } from '../measure.js';
import type { BenchCase } from '../suite.js';
import { type MegaflowSet, datapathOn, fillCache, mapsOf, megaflowSet } from './megaflow-sets.js';
import { Packets } from './packets.js';
import { GROUP, PACKETS } from './rule-sets.js';

const RESIDENT_FLOWS = [1000, 4000, 8000] as const;
const MEGAFLOWS = 8000;
const MASKS = [1, 8, 30, 100] as const;

/** Rows for resident microflows, and for megaflows over ever more masks. */
export const cacheCases: readonly BenchCase[] = [
  ...RESIDENT_FLOWS.map(microflowCase),
  ...MASKS.map(megaflowCase),
  ...MASKS.map(popularMegaflowCase),
];

function microflowCase(flows: number): BenchCase {
  return {
    name: `microflow hit, ${flows} flows`,
    does: 'FlowCache.lookup of a key filled from 20 octets, its hash computed each time',
    tier: 'data path',
    perCall: GROUP,
    setup: () => hitMicroflows(megaflowSet(flows, 1)),
    map: { does: 'Map keyed by the joined fields, text made each time', setup: () => hitMaps(megaflowSet(flows, 1)) },
    openvswitch: {
      operation: 'emc',
      does: 'emc_lookup of packets that are in it, hash of the 5-tuple computed each time',
      program: datapathOn(flows, 1),
    },
  };
}

function megaflowCase(masks: number): BenchCase {
  return {
    name: `megaflow hit, ${namesOf(masks)}`,
    does: 'FlowCache.lookup without microflows of a key filled from 20 octets',
    tier: 'data path',
    perCall: GROUP,
    setup: () => hitMegaflows(megaflowSet(MEGAFLOWS, masks)),
    scan: {
      does: 'a Map keyed by the joined fields for each mask, one after the other',
      setup: () => numbersByMaps(megaflowSet(MEGAFLOWS, masks)),
    },
    openvswitch: {
      operation: 'dpcls',
      does: `dpcls_lookup of ${GROUP} packets`,
      program: datapathOn(MEGAFLOWS, masks),
    },
  };
}

/** Some megaflows have most of the packets, so masks are tried in the order of their hits. */
function popularMegaflowCase(masks: number): BenchCase {
  return {
    name: `megaflow hit by Zipf's law, ${namesOf(masks)}`,
    does: 'FlowCache.lookup without microflows of a key filled from 20 octets, the most popular masks first',
    tier: 'data path',
    perCall: GROUP,
    setup: () => hitMegaflows(megaflowSet(MEGAFLOWS, masks, 'zipf')),
    scan: {
      does: 'a Map keyed by the joined fields for each mask, one after the other',
      setup: () => numbersByMaps(megaflowSet(MEGAFLOWS, masks, 'zipf')),
    },
    openvswitch: {
      operation: 'dpcls ranked',
      does: `dpcls_lookup of ${GROUP} packets, subtables sorted by hits`,
      program: datapathOn(MEGAFLOWS, masks, 'zipf'),
    },
  };
}

function namesOf(masks: number): string {
  return masks === 1 ? '1 mask' : `${masks} masks`;
}

/** Calls answer 1 for each hit, as the peer does: which flows are resident differs. */
function hitMicroflows(set: MegaflowSet): Operation {
  const { cache, keys } = fillCache(set, { entries: 8192, insertInverse: 1 });
  const packets = new Packets(repeated(residentKeys(cache, keys)));
  const { key } = packets;
  return (index) => {
    const end = (index + 1) * GROUP;
    let hits = 0;
    for (let i = index * GROUP; i < end; i++) {
      packets.load(i);
      if (cache.lookup(key, 64, 1) !== undefined) hits++;
    }
    return hits;
  };
}

/** Keys that the microflow cache holds once all have been looked up a few times. */
function residentKeys(cache: FlowCache<number>, keys: readonly FlowKey[]): FlowKey[] {
  for (let round = 0; round < 4; round++) for (const key of keys) cache.lookup(key);
  return keys.filter((key) => {
    const before = cache.stats().microflowHits;
    cache.lookup(key);
    return cache.stats().microflowHits > before;
  });
}

/** As many as a row has packets, in an order that is no pattern: neighbours in it are far apart in the list. */
function repeated(keys: readonly FlowKey[]): FlowKey[] {
  return Array.from({ length: PACKETS }, (_, i) => keys[(i * 7919) % keys.length]!);
}

function hitMaps(set: MegaflowSet): Operation {
  const find = mapsOf(set);
  return overPackets(set, (packet) => (find(packet) >= 0 ? 1 : 0));
}

function numbersByMaps(set: MegaflowSet): Operation {
  const find = mapsOf(set);
  // The peer numbers megaflows from 1.
  return overPackets(set, (packet) => find(packet) + 1);
}

function overPackets(
  { megaflows, order }: MegaflowSet,
  answer: (packet: MegaflowSet['megaflows'][number]['packet']) => number,
): Operation {
  const packets = order.map((i) => megaflows[i]!.packet);
  return (index) => {
    const end = (index + 1) * GROUP;
    let sum = 0;
    for (let i = index * GROUP; i < end; i++) sum += answer(packets[i]!);
    return sum;
  };
}

function hitMegaflows(set: MegaflowSet): Operation {
  const { cache, keys } = fillCache(set, { entries: 0 });
  const packets = new Packets(set.order.map((i) => keys[i]!));
  const { key } = packets;
  return (index) => {
    const end = (index + 1) * GROUP;
    let sum = 0;
    for (let i = index * GROUP; i < end; i++) {
      packets.load(i);
      sum += cache.lookup(key, 64, 1)! + 1;
    }
    return sum;
  };
}
