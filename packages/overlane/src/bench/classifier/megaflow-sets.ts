/** Megaflows with given masks and packets for them, for us and as files for Open vSwitch. */
import { FLOW_SCHEMA, FlowCache, FlowKey, FlowMask, buildMatch } from '@overlane/classifier';
import { type Random, createRandom } from '@overlane/classifier/generator';
import type { PeerProgram } from '../suite.js';
import { PACKETS } from './rule-sets.js';

const IP_SRC = (FLOW_SCHEMA.field('ip_src').offset >>> 5) + 3;
const IP_DST = (FLOW_SCHEMA.field('ip_dst').offset >>> 5) + 3;
const TCP = 6;
const [SHORTEST, LONGEST] = [8, 32];
const PORT_MAX = 0xffff;
const ADDRESS_MAX = 0xffff_ffff;
const ZIPF_EXPONENT = 1.1;

/** Which bits a megaflow depends on: leading bits of the addresses, all of the ports or none. */
interface Lengths {
  readonly source: number;
  readonly destination: number;
  readonly sourcePort: number;
  readonly destinationPort: number;
}

/** The same fields of a packet. */
type Packet = Lengths;

/** A set of megaflows, each with a packet that it holds, and the packets of a row. */
export interface MegaflowSet {
  readonly megaflows: readonly { readonly lengths: Lengths; readonly packet: Packet }[];
  /** Numbers of megaflows, from 0, in the order of the packets. */
  readonly order: readonly number[];
}

/** How often packets of each megaflow come: all the same, or of the rank r in proportion to r^-1.1. */
export type Popularity = 'uniform' | 'zipf';

/** `flows` megaflows spread evenly over `masks` masks. The same in every process. */
export function megaflowSet(flows: number, masks: number, popularity: Popularity = 'uniform'): MegaflowSet {
  const random = createRandom(masks);
  const chosen = chooseLengths(masks, random);
  const megaflows = Array.from({ length: flows }, (_, i) => ({
    lengths: chosen[i % masks]!,
    packet: {
      source: integerBetween(random, 0, ADDRESS_MAX),
      destination: integerBetween(random, 0, ADDRESS_MAX),
      sourcePort: integerBetween(random, 0, PORT_MAX),
      destinationPort: integerBetween(random, 0, PORT_MAX),
    },
  }));
  const choose = popularity === 'zipf' ? byRank(flows, random) : () => integerBetween(random, 0, flows - 1);
  return { megaflows, order: Array.from({ length: PACKETS }, choose) };
}

/** Draws numbers below `count`, each in proportion to its rank to the power of -1.1. */
function byRank(count: number, random: Random): () => number {
  const sums: number[] = [];
  for (let rank = 1, sum = 0; rank <= count; rank++) sums.push((sum += rank ** -ZIPF_EXPONENT));
  return () => {
    const drawn = random() * sums.at(-1)!;
    let low = 0;
    for (let high = count - 1; low < high;) {
      const middle = (low + high) >> 1;
      if (sums[middle]! < drawn) low = middle + 1;
      else high = middle;
    }
    return low;
  };
}

function chooseLengths(count: number, random: Random): Lengths[] {
  const chosen = new Map<string, Lengths>();
  while (chosen.size < count) {
    const lengths = {
      source: integerBetween(random, SHORTEST, LONGEST),
      destination: integerBetween(random, SHORTEST, LONGEST),
      sourcePort: 16 * integerBetween(random, 0, 1),
      destinationPort: 16 * integerBetween(random, 0, 1),
    };
    chosen.set(Object.values(lengths).join(), lengths);
  }
  return [...chosen.values()];
}

/** A cache with the megaflows of a set, whose results are their numbers, and a key per megaflow. */
export function fillCache(
  { megaflows }: MegaflowSet,
  microflow: { readonly entries: number; readonly insertInverse?: number },
): { readonly cache: FlowCache<number>; readonly keys: FlowKey[] } {
  const megaflow = { maxMasks: 1024 };
  const cache = new FlowCache<number>(FLOW_SCHEMA, { slowPath: () => -1, seed: 1, microflow, megaflow });
  const keys = megaflows.map(({ packet }) => keyOf(packet));
  megaflows.forEach(({ lengths }, i) => {
    if (!cache.insert(keys[i]!, maskOf(lengths), i)) throw new Error('no room for a megaflow');
  });
  return { cache, keys };
}

function keyOf({ source, destination, sourcePort, destinationPort }: Packet): FlowKey {
  const ports = { l4_src: sourcePort, l4_dst: destinationPort };
  const key = FlowKey.from({ in_port: 1, packet_kind: 'eth', eth_type: 0x0800, ip_proto: TCP, ...ports });
  key.words[IP_SRC] = source;
  key.words[IP_DST] = destination;
  return key;
}

function maskOf({ source, destination, sourcePort, destinationPort }: Lengths): FlowMask {
  const ports = { ...(sourcePort !== 0 && { l4_src: 0 }), ...(destinationPort !== 0 && { l4_dst: 0 }) };
  const always = { in_port: 0, recirc_id: 0, packet_kind: 0, ip_frag: 0 };
  const { mask } = buildMatch({ ...always, eth_type: 0x0800, ip_proto: TCP, ...ports });
  const flowMask = new FlowMask();
  flowMask.words.set(mask);
  flowMask.words[IP_SRC] = prefixMask(source);
  flowMask.words[IP_DST] = prefixMask(destination);
  flowMask.closePrerequisites();
  return flowMask;
}

/** A `Map` per mask, keyed by text: the straightforward cache. Returns the number of a packet's megaflow. */
export function mapsOf({ megaflows }: MegaflowSet): (packet: Packet) => number {
  const maps = new Map<Lengths, Map<string, number>>();
  for (const [i, { lengths, packet }] of megaflows.entries()) {
    const map = maps.get(lengths) ?? new Map<string, number>();
    maps.set(lengths, map.set(textOf(packet, lengths), i));
  }
  return (packet) => {
    for (const [lengths, map] of maps) {
      const found = map.get(textOf(packet, lengths));
      if (found !== undefined) return found;
    }
    return -1;
  };
}

function textOf(packet: Packet, lengths: Lengths): string {
  const source = packet.source & prefixMask(lengths.source);
  const destination = packet.destination & prefixMask(lengths.destination);
  const sourcePort = lengths.sourcePort === 0 ? 0 : packet.sourcePort;
  const destinationPort = lengths.destinationPort === 0 ? 0 : packet.destinationPort;
  return `1,2048,6,${source},${destination},${sourcePort},${destinationPort}`;
}

/** Open vSwitch's datapath caches with the megaflows and packets of a set. */
export function datapathOn(flows: number, masks: number, popularity?: Popularity): PeerProgram {
  return {
    source: 'ovs_datapath',
    files: [
      () => megaflowSet(flows, masks, popularity).megaflows.map(formatMegaflow).join('\n'),
      () => {
        const { megaflows, order } = megaflowSet(flows, masks, popularity);
        return order.map((i) => `${Object.values(megaflows[i]!.packet).join(' ')} ${TCP}`).join('\n');
      },
    ],
  };
}

function formatMegaflow({ lengths, packet }: MegaflowSet['megaflows'][number]): string {
  const masks = {
    source: prefixMask(lengths.source),
    destination: prefixMask(lengths.destination),
    sourcePort: lengths.sourcePort === 0 ? 0 : PORT_MAX,
    destinationPort: lengths.destinationPort === 0 ? 0 : PORT_MAX,
  };
  const fields = Object.entries(masks).map(([name, mask]) => {
    const value = packet[name as keyof Packet] & mask;
    return `${(value >>> 0).toString(16)}/${(mask >>> 0).toString(16)}`;
  });
  return `${fields.join(' ')} ${TCP}`;
}

function prefixMask(length: number): number {
  return length === 0 ? 0 : -1 << (32 - length);
}

function integerBetween(random: Random, lo: number, hi: number): number {
  return lo + Math.floor(random() * (hi - lo + 1));
}
