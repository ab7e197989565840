/** What a lookup server is made of, and its settings with their defaults. */
import type { AuthMode, Hmac, KeyRing } from '@overlane/directory';
import type { StoreBackend } from '@overlane/store';
import type { PolicyRules } from '../admit/policy.js';
import type { Clock } from '../clock.js';
import { FOLLOWER_TIMES, type FollowerTimes } from '../follow/follower-types.js';
import type { FollowerEvent } from '../follow/follower-types.js';
import { UPDATE_LIMITS, type UpdateLimits } from '../update/update-types.js';

/** Where a datagram came from, or goes to. */
export interface Peer {
  /** IP address as text. */
  readonly address: string;
  /** UDP port. */
  readonly port: number;
}

/** Something worth a line in the log. */
export type ServerEvent =
  | FollowerEvent
  /** A host claims an address that another owns, or reports one as stale that it owns itself. */
  | { readonly event: 'ownerAlarm'; readonly hostId: number; readonly key: string }
  | { readonly event: 'drained' };

/** Settings; all have defaults. */
export interface ServerSettings {
  readonly follower: FollowerTimes;
  readonly updates: UpdateLimits;
  /** Most mappings and tombstones in memory. Default 4,194,304. */
  readonly maxMappings: number;
  /** Tenants above 2^24-1 may be written. Default false. */
  readonly wideTenant: boolean;
  /** Hosts that proved themselves may ask about all tenants in the name of the infrastructure. Default false. */
  readonly trustHosts: boolean;
  /** Unauthenticated lookups per second and /24 (IPv6: /56) before cookies are asked for; Infinity: never. Default 10,000. */
  readonly anonRate: number;
  /** Stale reports per second and host. Default 200. */
  readonly staleRate: number;
  /** Lookups per second and host that are confirmed with the store. Default 100. */
  readonly freshRate: number;
  /** How long the store may be silent before answers are marked STALE. Default 60,000 ms. */
  readonly maxLagMs: number;
  /**
   * How long lookups may wait in the socket before they are dropped. Default 50 ms. Choice: half of the time that clients
   * wait; another process that takes the core for a moment makes them wait 5 ms as well.
   */
  readonly shedAfterMs: number;
}

/** Defaults of {@link ServerSettings}. */
export const SERVER_SETTINGS: ServerSettings = {
  follower: FOLLOWER_TIMES,
  updates: UPDATE_LIMITS,
  maxMappings: 4_194_304,
  wideTenant: false,
  trustHosts: false,
  anonRate: 10_000,
  staleRate: 200,
  freshRate: 100,
  maxLagMs: 60_000,
  shedAfterMs: 50,
};

/** What a lookup server works with. */
export interface ServerParts {
  /** The store; it stays the caller's, who closes it. */
  readonly store: StoreBackend;
  readonly clock: Clock;
  /** 32 random bits, unpredictable to others. */
  readonly random32: () => number;
  /** HMAC-SHA256. */
  readonly hmac: Hmac;
  readonly mode: AuthMode;
  /** Keys of all hosts; `undefined` in mode `none`. */
  readonly keys: KeyRing | undefined;
  /** Key epoch of what is sent unasked (CORRECT). */
  readonly keyEpoch: number;
  readonly policy: PolicyRules;
  readonly settings: ServerSettings;
  /** Sends `bytes[0..end)`, which the server writes over as soon as this returns. */
  readonly send: (bytes: Uint8Array, end: number, to: Peer) => void;
  /** Hears of what happens, for logs. */
  readonly tell: (event: ServerEvent) => void;
}
