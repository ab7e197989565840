import { formatMac } from '@overlane/wire';

/** One thing that a switch knows. */
export interface FibEntry {
  /** VLAN on which it was learned. */
  readonly vlan: number;
  /** MAC as text. */
  readonly mac: string;
  /** Port behind which it is. */
  readonly port: number;
}

/** A forwarding table keyed by VLAN and MAC. When it is full the entry that was refreshed longest ago goes. Entries age. */
export class Fib {
  readonly #capacity: number;
  readonly #ageingMs: number;
  // In the order of their refreshing: a refreshed entry is put in anew.
  readonly #entries = new Map<string, FibEntry & { readonly learnedMs: number }>();

  /** An empty table. */
  constructor(capacity: number, ageingMs: number) {
    this.#capacity = capacity;
    this.#ageingMs = ageingMs;
  }

  /** Notes that the MAC at `bytes[offset..]` is behind `port` on `vlan`. O(1). */
  learn(vlan: number, bytes: Uint8Array, offset: number, port: number, nowMs: number): void {
    const mac = formatMac(bytes, offset);
    const key = `${vlan} ${mac}`;
    this.#entries.delete(key);
    if (this.#entries.size >= this.#capacity) {
      for (const oldest of this.#entries.keys()) {
        this.#entries.delete(oldest);
        break;
      }
    }
    if (this.#capacity > 0) this.#entries.set(key, { vlan, mac, port, learnedMs: nowMs });
  }

  /** The port of the MAC at `bytes[offset..]` on `vlan`, or -1. O(1). */
  find(vlan: number, bytes: Uint8Array, offset: number, nowMs: number): number {
    const entry = this.#entries.get(`${vlan} ${formatMac(bytes, offset)}`);
    return entry !== undefined && this.#isFresh(entry.learnedMs, nowMs) ? entry.port : -1;
  }

  /** All entries that are not too old, oldest first. */
  entries(nowMs: number): readonly FibEntry[] {
    return [...this.#entries.values()]
      .filter(({ learnedMs }) => this.#isFresh(learnedMs, nowMs))
      .map(({ vlan, mac, port }) => ({ vlan, mac, port }));
  }

  #isFresh(learnedMs: number, nowMs: number): boolean {
    return nowMs - learnedMs <= this.#ageingMs;
  }
}
