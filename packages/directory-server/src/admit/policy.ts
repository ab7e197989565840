/**
 * Who may learn where somebody is (VL2 §4.3: access control at lookup). A first filter: the data path enforces its own.
 *
 * Within a tenant everybody may ask about everybody, across tenants only where a peering joins the two. On top of that,
 * addresses may be put into groups, and pairs of groups forbidden.
 */
import type { MappingKey } from '@overlane/directory';
import { write32, writeOctets } from '@overlane/wire';
import type { HashSeed } from '../table/half-sip-hash.js';
import { KEY_BLOCK_LENGTH, KeyIndex, NO_RECORD } from '../table/key-index.js';
import { RecordSlab } from '../table/record-slab.js';

/** Rules, as a controller writes them. */
export interface PolicyRules {
  /** Pairs of tenants that may ask about each other. */
  readonly peerings?: readonly (readonly [number, number])[];
  /** Addresses by the name of their group. Those in none are in the group `default`. */
  readonly groups?: Readonly<Record<string, readonly MappingKey[]>>;
  /** Pairs of groups: the first may not ask about the second. */
  readonly deny?: readonly (readonly [string, string])[];
  /** Answer DENIED instead of NOT_FOUND, to find errors. Default false. */
  readonly discloseDenied?: boolean;
}

/** Most groups, so that the bitmap stays below 2 MB. */
export const GROUPS_MAX = 4096;
const DEFAULT_GROUP = 'default';

/** Rules that can't be compiled. */
export class PolicyError extends Error {
  override readonly name = 'PolicyError';
}

/** The compiled rules: a decision looks at two maps and one bit, and allocates nothing. */
export class Policy {
  /** Whether a denied asker is told so. */
  readonly discloseDenied: boolean;
  readonly #peers = new Map<number, Set<number>>();
  readonly #slab = new RecordSlab(KEY_BLOCK_LENGTH + 2);
  readonly #members: KeyIndex;
  readonly #groupCount: number;
  /** A bit for each ordered pair of groups: 1 forbids. */
  readonly #denied: Uint8Array;

  /** Compiles `rules`. @throws PolicyError for more than 4,096 groups, an unknown group, or an address in two groups */
  constructor(rules: PolicyRules, seed: HashSeed) {
    this.discloseDenied = rules.discloseDenied ?? false;
    for (const [a, b] of rules.peerings ?? []) {
      this.#peersOf(a).add(b);
      this.#peersOf(b).add(a);
    }
    this.#members = new KeyIndex(this.#slab, seed);
    const names = [DEFAULT_GROUP, ...Object.keys(rules.groups ?? {}).filter((name) => name !== DEFAULT_GROUP)];
    if (names.length > GROUPS_MAX) throw new PolicyError(`${names.length} groups, at most ${GROUPS_MAX} are possible`);
    this.#groupCount = names.length;
    this.#denied = new Uint8Array(Math.ceil((names.length * names.length) / 8));
    for (const [group, name] of names.entries()) {
      for (const member of rules.groups?.[name] ?? []) this.#addMember(member, group, name);
    }
    const numberOf = (name: string): number => {
      const group = names.indexOf(name);
      if (group < 0) throw new PolicyError(`there is no group '${name}'`);
      return group;
    };
    for (const [from, to] of rules.deny ?? []) this.#deny(numberOf(from), numberOf(to));
  }

  /** True if the source at `source[sourceOffset..]` may learn of the key block at `key[keyOffset..]`. */
  allows(source: Uint8Array, sourceOffset: number, key: Uint8Array, keyOffset: number): boolean {
    const asking = tenantAt(source, sourceOffset);
    const asked = tenantAt(key, keyOffset);
    if (asking !== asked && this.#peers.get(asking)?.has(asked) !== true) return false;
    if (this.#groupCount === 1) return true;
    const pair = this.#groupOf(source, sourceOffset) * this.#groupCount + this.#groupOf(key, keyOffset);
    return (this.#denied[pair >>> 3]! & (1 << (pair & 7))) === 0;
  }

  #peersOf(tenant: number): Set<number> {
    const peers = this.#peers.get(tenant) ?? new Set();
    this.#peers.set(tenant, peers);
    return peers;
  }

  #addMember(member: MappingKey, group: number, name: string): void {
    const block = keyBlockOf(member);
    if (this.#members.find(block, 0) !== NO_RECORD) {
      throw new PolicyError(`an address of tenant ${member.tenant} in group '${name}' is in another group as well`);
    }
    const record = this.#slab.allocate();
    const chunk = this.#slab.chunkOf(record);
    const offset = this.#slab.offsetOf(record);
    writeOctets(chunk, offset, block);
    chunk[offset + KEY_BLOCK_LENGTH] = group >>> 8;
    chunk[offset + KEY_BLOCK_LENGTH + 1] = group & 0xff;
    this.#members.add(record);
  }

  #groupOf(bytes: Uint8Array, offset: number): number {
    const record = this.#members.find(bytes, offset);
    if (record === NO_RECORD) return 0;
    const at = this.#slab.offsetOf(record) + KEY_BLOCK_LENGTH;
    const chunk = this.#slab.chunkOf(record);
    return (chunk[at]! << 8) | chunk[at + 1]!;
  }

  #deny(from: number, to: number): void {
    const pair = from * this.#groupCount + to;
    this.#denied[pair >>> 3]! |= 1 << (pair & 7);
  }
}

/** The 24 octets that a question, an answer or a source about `key` starts with. */
export function keyBlockOf(key: MappingKey): Uint8Array<ArrayBuffer> {
  const block = new Uint8Array(KEY_BLOCK_LENGTH);
  write32(block, 0, key.tenant);
  block[4] = key.kind;
  writeOctets(block, 8, key.addr);
  return block;
}

function tenantAt(bytes: Uint8Array, offset: number): number {
  return ((bytes[offset]! << 24) | (bytes[offset + 1]! << 16) | (bytes[offset + 2]! << 8) | bytes[offset + 3]!) >>> 0;
}
