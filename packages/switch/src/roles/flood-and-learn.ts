import { IpAddress, type Locator, type PacketBuffer, type Resolver, type TunnelMetadata } from '@overlane/wire';
import { MacTable, type MacTableOptions } from '../mac-table.js';

const FAMILY = 0;
const WORD = 1;
const VALUE_WORDS = 5;
const SOURCE_MAC = 6;

/**
 * The Resolver of plain VXLAN (RFC 7348 §4): a frame that arrives from an endpoint shows where its source MAC lives; an
 * unknown destination is flooded. One bounded table per network, so tenants can't push out each other's addresses.
 */
export class FloodAndLearnResolver implements Resolver {
  readonly #options: MacTableOptions;
  readonly #tables = new Map<number, MacTable>();
  #generation = 0;
  readonly #answer: { readonly address: IpAddress } = { address: new IpAddress() };

  /** A resolver that knows nothing yet; the options hold for the table of each network. */
  constructor(options: MacTableOptions = {}) {
    this.#options = options;
  }

  /** Grows with every station that is new, moved, gone or aged. */
  get generation(): number {
    return this.#generation;
  }

  /** The endpoint that the destination MAC was last seen behind, or `unknown`. */
  resolve(network: number, frame: PacketBuffer): Locator | 'unknown' {
    const table = this.#tables.get(network);
    if (table === undefined) return 'unknown';
    const slot = table.find(frame.bytes, frame.start);
    if (slot < 0) return 'unknown';
    const at = slot * VALUE_WORDS;
    const { values } = table;
    const { address } = this.#answer;
    address.family = values[at + FAMILY] === 4 ? 4 : 6;
    address.word0 = values[at + WORD]!;
    address.word1 = values[at + WORD + 1]!;
    address.word2 = values[at + WORD + 2]!;
    address.word3 = values[at + WORD + 3]!;
    return this.#answer;
  }

  /** Learns the source MAC of `frame`; false if it is new and the table of its network is full. */
  observe(frame: PacketBuffer, { network, source }: TunnelMetadata, nowMs: number): boolean {
    const table = this.#tableOf(network);
    const outcome = table.learn(frame.bytes, frame.start + SOURCE_MAC, nowMs);
    if (outcome === 'full') return false;
    const at = table.learned * VALUE_WORDS;
    const { values } = table;
    if (outcome === 'refreshed' && isAt(values, at, source)) return true;
    this.#generation++;
    values[at + FAMILY] = source.family;
    values[at + WORD] = source.word0;
    values[at + WORD + 1] = source.word1;
    values[at + WORD + 2] = source.word2;
    values[at + WORD + 3] = source.word3;
    return true;
  }

  /** Forgets the source MAC of `frame`. */
  arrived(network: number, frame: PacketBuffer): void {
    if (this.#tables.get(network)?.forget(frame.bytes, frame.start + SOURCE_MAC) === true) this.#generation++;
  }

  /** Sweeps aged addresses. Costs a pass over the tables. */
  tick(nowMs: number): void {
    for (const table of this.#tables.values()) if (table.expire(nowMs) > 0) this.#generation++;
  }

  /** Addresses learned in a network. */
  size(network: number): number {
    return this.#tables.get(network)?.size ?? 0;
  }

  // The caller serves a bounded set of networks, so this map is bounded too.
  #tableOf(network: number): MacTable {
    let table = this.#tables.get(network);
    if (table === undefined) {
      table = new MacTable(VALUE_WORDS, this.#options);
      this.#tables.set(network, table);
    }
    return table;
  }
}

/** Whether the value at `values[at..]` is `address`. */
function isAt(values: Int32Array, at: number, address: IpAddress): boolean {
  return (
    values[at + FAMILY] === address.family &&
    values[at + WORD] === address.word0 &&
    values[at + WORD + 1] === address.word1 &&
    values[at + WORD + 2] === address.word2 &&
    values[at + WORD + 3] === address.word3
  );
}
