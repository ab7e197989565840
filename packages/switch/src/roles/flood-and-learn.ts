import { IpAddress, type Locator, type PacketBuffer, type Resolver } from '@overlane/wire';
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
  readonly #answer: { readonly address: IpAddress } = { address: new IpAddress() };

  /** A resolver that knows nothing yet; the options hold for the table of each network. */
  constructor(options: MacTableOptions = {}) {
    this.#options = options;
  }

  /** The endpoint that the destination MAC was last seen behind, or `unknown`. */
  resolve(network: number, frame: PacketBuffer, nowMs: number): Locator | 'unknown' {
    const table = this.#tables.get(network);
    if (table === undefined) return 'unknown';
    const slot = table.find(frame.bytes, frame.start, nowMs);
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
  observe(network: number, frame: PacketBuffer, source: IpAddress, nowMs: number): boolean {
    const table = this.#tableOf(network);
    if (table.learn(frame.bytes, frame.start + SOURCE_MAC, nowMs) === 'full') return false;
    const at = table.learned * VALUE_WORDS;
    const { values } = table;
    values[at + FAMILY] = source.family;
    values[at + WORD] = source.word0;
    values[at + WORD + 1] = source.word1;
    values[at + WORD + 2] = source.word2;
    values[at + WORD + 3] = source.word3;
    return true;
  }

  /** Forgets the source MAC of `frame`. */
  arrived(network: number, frame: PacketBuffer): void {
    this.#tables.get(network)?.forget(frame.bytes, frame.start + SOURCE_MAC);
  }

  /** Sweeps aged addresses. Costs a pass over the tables. */
  tick(nowMs: number): void {
    for (const table of this.#tables.values()) table.expire(nowMs);
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
