/** A slow path of few fields, and a plain scan that shares nothing with it: what tests of the cache hold it against. */
import fc from 'fast-check';
import type { Match } from '../../src/index.js';
import { FlowKey, type FlowMask, Schema } from '../../src/index.js';

const plain = { maskable: true, meaning: 'some bits' } as const;

/** Where from, two addresses, two ports. */
export const SMALL_SCHEMA = new Schema({
  words: 4,
  stageEnds: [1, 3, 4],
  fields: [
    { name: 'in_port', offset: 0, width: 32, format: 'decimal', ...plain },
    { name: 'src', offset: 32, width: 32, format: 'ip', ...plain },
    { name: 'dst', offset: 64, width: 32, format: 'ip', ...plain },
    { name: 'sport', offset: 96, width: 16, format: 'decimal', ...plain },
    { name: 'dport', offset: 112, width: 16, format: 'decimal', ...plain },
  ],
  closure: [],
});

/** A packet, field by field in the order of the schema. */
export type Packet = readonly [inPort: number, src: number, dst: number, sport: number, dport: number];
/** Of each field the first `lengths[i]` bits of `packet[i]` are to be met. */
export interface SmallRule {
  readonly packet: Packet;
  readonly lengths: Packet;
  readonly result: number;
}

const WIDTHS: Packet = [32, 32, 32, 16, 16];
const ADDRESSES = [0, 0x0a00_0001, 0x0a00_0101, 0x0a01_0001, 0x0b00_0001, 0x8a00_0001, 0xffff_ffff];
const PORTS = [0, 80, 81, 443, 0x8050, 0xffff];

export const packets: fc.Arbitrary<Packet> = fc.tuple(
  fc.constantFrom(1, 2, 3),
  fc.constantFrom(...ADDRESSES),
  fc.constantFrom(...ADDRESSES),
  fc.constantFrom(...PORTS),
  fc.constantFrom(...PORTS),
);

export const rules: fc.Arbitrary<SmallRule> = fc.record({
  packet: packets,
  lengths: fc.tuple(
    fc.constantFrom(0, 0, 32),
    fc.constantFrom(0, 1, 8, 9, 15, 24, 31, 32),
    fc.constantFrom(0, 1, 8, 9, 15, 24, 31, 32),
    fc.constantFrom(0, 0, 1, 9, 15, 16),
    fc.constantFrom(0, 0, 1, 9, 15, 16),
  ),
  result: fc.nat(3),
});

/** The answer of the first rule that is met, or -1: by arithmetic on plain numbers. */
export function scan(list: readonly SmallRule[], packet: Packet): number {
  const isMet = ({ packet: wanted, lengths }: SmallRule) =>
    packet.every((value, i) => {
      const free = 2 ** (WIDTHS[i]! - lengths[i]!);
      return Math.floor(value / free) === Math.floor(wanted[i]! / free);
    });
  return list.find(isMet)?.result ?? -1;
}

/** A key for a packet. */
export function toKey(packet: Packet): FlowKey {
  const key = new FlowKey(SMALL_SCHEMA);
  key.words.set(toWords(packet));
  return key;
}

/** The packet of a key. */
export function toPacket({ words }: { readonly words: Int32Array }): Packet {
  return [words[0]! >>> 0, words[1]! >>> 0, words[2]! >>> 0, words[3]! >>> 16, words[3]! & 0xffff];
}

function toWords([inPort, src, dst, sport, dport]: Packet): Int32Array {
  return Int32Array.of(inPort, src, dst, (sport << 16) | dport);
}

/** The keys that a rule matches, as `invalidate` takes them. */
export function toMatch({ packet, lengths }: SmallRule): Match {
  const mask = toWords(lengths.map((length, i) => prefix(length, WIDTHS[i]!)) as unknown as Packet);
  return { value: toWords(packet).map((value, i) => value & mask[i]!), mask, ranges: [] };
}

/** Word by word, notes the bits up to the first that fails in each rule it passes over, and all bits of the one it takes. */
export function trackedScan(list: readonly SmallRule[], key: FlowKey, mask: FlowMask): number {
  for (const rule of list) {
    const { value, mask: wanted } = toMatch(rule);
    const word = value.findIndex((bits, i) => ((key.words[i]! ^ bits) & wanted[i]!) !== 0);
    if (word < 0) {
      wanted.forEach((bits, i) => mask.consult(i, bits));
      return rule.result;
    }
    const failing = Math.clz32((key.words[word]! ^ value[word]!) & wanted[word]!);
    mask.consult(word, wanted[word]! & (-1 << (31 - failing)));
  }
  return -1;
}

function prefix(length: number, width: number): number {
  return length === 0 ? 0 : ((-1 << (width - length)) >>> 0) & (width === 16 ? 0xffff : -1);
}
