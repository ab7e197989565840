/** A deterministic fabric of NL-ARP agents in memory: for the tests and benches of this package, and for yours. */
export * from './fabric.js';
export * from './fleet.js';
export * from './server.js';
