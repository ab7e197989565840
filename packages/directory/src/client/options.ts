import type { Hmac } from '../auth/hmac.js';
import type { AuthMode } from '../auth/keys.js';

/** How a client proves who it is, and has servers prove it. */
export interface ClientAuth {
  /** What is authenticated. */
  readonly mode: AuthMode;
  /** This host, 0..2^24-1. */
  readonly hostId: number;
  /** Epoch of the key, 0..255. */
  readonly keyEpoch: number;
  /** This host's key; not copied. */
  readonly key: Uint8Array;
  /** HMAC-SHA256. */
  readonly hmac: Hmac;
}

/** Settings of a client that have a default. */
export interface ClientSettings {
  /** Servers asked at once. Default 2. */
  readonly k?: number;
  /** Longest wait for a resolution, in ms. Default 100. */
  readonly deadlineMs?: number;
  /** Times that servers are asked before the deadline. Default 3. */
  readonly rounds?: number;
  /** Most cached entries; the least recently used go first. Default 65,536: 72 MB with one locator each. */
  readonly maxEntries?: number;
  /** How long an expired entry may still be used while no server answers, in ms. Default one hour. */
  readonly maxStaleMs?: number;
  /** Life of "there is no such address", in ms. Default 1,000. */
  readonly negativeTtlMs?: number;
  /** Most resolutions and updates waiting at once; more fail with LIMIT. Default 65,536. */
  readonly maxRequests?: number;
  /** Wait for the reply to an update before another server is tried, in ms. Default 2,000. */
  readonly updateTimeoutMs?: number;
  /** Servers tried with an update. Default 3. */
  readonly updateAttempts?: number;
  /** Stale reports per second in all; for one sender and key it is one. Default 100. */
  readonly staleRate?: number;
  /** Whether a correction may create an entry that isn't cached. Default false. */
  readonly acceptUnsolicited?: boolean;
  /** Whether tenants above 2^24-1 are allowed. Default false. */
  readonly wideTenant?: boolean;
}

/** Everything a client needs. */
export interface ClientOptions extends ClientSettings {
  /** Number of servers; they are known as 0..servers-1. */
  readonly servers: number;
  /** Keys. Without them the mode is `none`. */
  readonly auth?: ClientAuth;
  /** Random 32-bit numbers, 0..2^32-1, from a CSPRNG: transaction ids are made of them. */
  readonly random32: () => number;
  /** The clock of the world, Unix seconds. Servers refuse updates when it is off by more than 30 s. */
  readonly unixSeconds: () => number;
}

/** The settings with all defaults filled in. */
export type FullSettings = Required<ClientSettings>;

/** Fills in defaults. @throws RangeError for a setting that makes no sense */
export function fillSettings(options: ClientOptions): FullSettings {
  const settings: FullSettings = {
    k: options.k ?? 2,
    deadlineMs: options.deadlineMs ?? 100,
    rounds: options.rounds ?? 3,
    maxEntries: options.maxEntries ?? 65_536,
    maxStaleMs: options.maxStaleMs ?? 3_600_000,
    negativeTtlMs: options.negativeTtlMs ?? 1000,
    maxRequests: options.maxRequests ?? 65_536,
    updateTimeoutMs: options.updateTimeoutMs ?? 2000,
    updateAttempts: options.updateAttempts ?? 3,
    staleRate: options.staleRate ?? 100,
    acceptUnsolicited: options.acceptUnsolicited ?? false,
    wideTenant: options.wideTenant ?? false,
  };
  for (const name of [
    'k',
    'deadlineMs',
    'rounds',
    'maxEntries',
    'maxRequests',
    'updateTimeoutMs',
    'updateAttempts',
  ] as const) {
    if (!(settings[name] >= 1)) throw new RangeError(`${name} must be at least 1, got ${settings[name]}`);
  }
  for (const name of ['maxStaleMs', 'negativeTtlMs', 'staleRate'] as const) {
    if (!(settings[name] >= 0)) throw new RangeError(`${name} must not be negative, got ${settings[name]}`);
  }
  if (!(Number.isInteger(options.servers) && options.servers >= 1)) throw new RangeError('a client needs a server');
  return settings;
}
