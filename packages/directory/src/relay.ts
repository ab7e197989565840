/**
 * Packets for stations that have just moved away: their old host sends each on, once, while the news spreads. So open
 * connections live through a migration.
 */
import type { ResolvedMapping } from './client/events.js';
import { packKey } from './key.js';
import type { Locator, MappingKey } from './model.js';

/** Milliseconds for which packets to a station that left are sent on. */
export const RELAY_HOLD_MS = 2000;
/** Stations that left and are remembered; of more, the one that left first is forgotten. */
export const RELAY_STATIONS = 4096;

/** What a relay stands on. */
export interface RelayOptions {
  /** Where a key is now, as far as this host knows: `ClientCore.peek`. */
  readonly find: (key: MappingKey, nowMs: number) => ResolvedMapping | undefined;
  /** Whether a locator is this host itself. */
  readonly isOwn: (locator: Locator) => boolean;
  /** Default {@link RELAY_HOLD_MS}. */
  readonly holdMs?: number;
  /** Default {@link RELAY_STATIONS}. */
  readonly maxStations?: number;
}

/** Whether somebody has sent the packet on before: a mark in its outer header, which the embedder writes and reads. */
export type RelayMark = 'direct' | 'relayed';

/** The decision of one host, without I/O. Report the stale use as well: relaying only bridges the time until it is corrected. */
export class Relay {
  /** Packets sent on. */
  relayed = 0;
  /** Packets that were not, because they had been before: two hosts hold each other for the new place. */
  refused = 0;
  readonly #options: RelayOptions;
  readonly #holdMs: number;
  readonly #maxStations: number;
  // In the order of departure, so the first are over first.
  readonly #untilMs = new Map<string, number>();

  /** A relay that knows of no departure. */
  constructor(options: RelayOptions) {
    this.#options = options;
    this.#holdMs = options.holdMs ?? RELAY_HOLD_MS;
    this.#maxStations = options.maxStations ?? RELAY_STATIONS;
  }

  /** Stations that are remembered. */
  get size(): number {
    return this.#untilMs.size;
  }

  /** The station with `key` has left this host. */
  departed(key: MappingKey, nowMs: number): void {
    const name = nameOf(key);
    this.#untilMs.delete(name);
    for (const [first, untilMs] of this.#untilMs) {
      if (untilMs > nowMs && this.#untilMs.size < this.#maxStations) break;
      this.#untilMs.delete(first);
    }
    this.#untilMs.set(name, nowMs + this.#holdMs);
  }

  /** The station with `key` is on this host again. */
  arrived(key: MappingKey): void {
    this.#untilMs.delete(nameOf(key));
  }

  /**
   * Where to send on a packet that came for `key`, which isn't here: mark it as relayed. `undefined`: drop it, because it is
   * marked already, the station did not just leave, or nobody knows a place other than this host. Allocates a name.
   */
  relayTo(key: MappingKey, mark: RelayMark, nowMs: number): Locator | undefined {
    const untilMs = this.#untilMs.get(nameOf(key));
    if (untilMs === undefined || nowMs >= untilMs) return undefined;
    if (mark === 'relayed') {
      this.refused++;
      return undefined;
    }
    const place = this.#options.find(key, nowMs)?.locators.find((locator) => !this.#options.isOwn(locator));
    if (place !== undefined) this.relayed++;
    return place;
  }
}

function nameOf(key: MappingKey): string {
  return String.fromCharCode(...packKey(key));
}
