/** The client without sockets: `ClientCore`, its options and its events. */
export * from './client-core.js';
export type { StaleUse } from './corrections.js';
export * from './events.js';
export type { ClientAuth, ClientOptions, ClientSettings } from './options.js';
export type { Freshness } from './query.js';
