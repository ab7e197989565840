/**
 * Lookup servers of the location directory. Each holds all mappings in memory and answers alone; a store that is strongly
 * consistent (`@overlane/store`) holds them durably.
 *
 * {@link startLookupServer} is a server on real sockets. {@link LookupServer} is the same without sockets: datagrams in,
 * datagrams out, with store, clock and random bits as arguments.
 */
export { PolicyError, type PolicyRules } from './admit/policy.js';
export { type CancelTimer, type Clock, systemClock } from './clock.js';
export { FOLLOWER_TIMES, type FollowerEvent, type FollowerTimes } from './follow/follower-types.js';
export { MAPPING_PREFIX, type StoreFault, UPDATE_PREFIX, checkStoreEntry, storeKeyOf } from './follow/store-layout.js';
export { type CounterName, Counters } from './lookup/counters.js';
export { type RunningServer, type StartOptions, startLookupServer } from './node/start.js';
export { LookupServer } from './server/lookup-server.js';
export {
  type Peer,
  SERVER_SETTINGS,
  type ServerEvent,
  type ServerParts,
  type ServerSettings,
} from './server/options.js';
export { type Applied, MappingTable, type MappingTableOptions } from './table/mapping-table.js';
export type { HashSeed } from './table/half-sip-hash.js';
export { NO_RECORD } from './table/key-index.js';
export { readChangeKey, valueOf } from './update/authority.js';
export { UPDATE_LIMITS, type UpdateLimits } from './update/update-types.js';
