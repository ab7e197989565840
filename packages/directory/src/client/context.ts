/** What the parts of a client share. */
import type { StoreStamp } from '../model.js';
import { keyString } from '../key.js';
import type { MappingKey } from '../model.js';
import { KIND } from '../old1/constants.js';
import type { ClientEnvelope } from './envelope.js';
import type { ClientCounters, ClientEvent } from './events.js';
import type { MappingCache } from './mapping-cache.js';
import type { FullSettings } from './options.js';
import type { Outstanding } from './outstanding.js';
import type { ServerPool } from './server-pool.js';
import type { TimerQueue } from './timer-queue.js';

/** The shared state of one client. */
export interface ClientContext {
  readonly settings: FullSettings;
  readonly envelope: ClientEnvelope;
  readonly pool: ServerPool;
  readonly cache: MappingCache;
  readonly timers: TimerQueue;
  readonly outstanding: Outstanding;
  readonly counters: ClientCounters;
  readonly epoch: EpochGuard;
  readonly emit: (event: ClientEvent) => void;
}

/** Names under which a client caches and queries: by key, and by the tenant that asks if it is not the key's own. */
export function viewName(key: MappingKey, askingTenant: number): string {
  const name = keyString(key);
  return askingTenant === key.tenant ? name : name + String.fromCharCode(askingTenant >>> 16, askingTenant & 0xffff);
}

/** The tenant that asks: that of the source; a host that asks for itself sees what the key's tenant sees. */
export function askingTenantOf(source: MappingKey, key: MappingKey): number {
  return source.kind === KIND.INFRASTRUCTURE ? key.tenant : source.tenant;
}

/** Follows the epoch of the store and the newest revision in it that any server has shown. */
export class EpochGuard {
  readonly #onChange: (epoch: number) => void;
  #epoch = -1;
  #revision = 0;

  /** `onChange` is called when a newer epoch takes the place of another. */
  constructor(onChange: (epoch: number) => void) {
    this.#onChange = onChange;
  }

  /** Newest stamp seen; zeros if none was. */
  get newest(): StoreStamp {
    return { epoch: Math.max(0, this.#epoch), revision: this.#revision };
  }

  /** Takes note of a genuine stamp. False if it is of an epoch that is over: what comes with it must not be used. */
  note(stamp: StoreStamp): boolean {
    if (stamp.epoch < this.#epoch) return false;
    if (stamp.epoch > this.#epoch) {
      const isFirst = this.#epoch < 0;
      this.#epoch = stamp.epoch;
      this.#revision = 0;
      if (!isFirst) this.#onChange(stamp.epoch);
    }
    this.#revision = Math.max(this.#revision, stamp.revision);
    return true;
  }
}
