/** A deterministic network of VAN switches in memory: for the tests and benches of this package, and for yours. */
export * from './fleet.js';
export * from './host.js';
export * from './proxy.js';
export * from './random.js';
export * from './underlay.js';
