/**
 * A thin reference switch for overlay networks: it joins ports and five exchangeable roles (encapsulation, resolver,
 * replicator, path, queue) and knows none of the protocols. This entry is pure: it runs on the in-memory fabric, in
 * tests, browsers and simulators. `@overlane/switch/runtime` runs the same switch on real Linux interfaces.
 */
export * from './counters.js';
export * from './ledger.js';
export * from './mac-table.js';
export * from './memory-fabric.js';
export * from './memory-port.js';
export type { Allocate } from './offload.js';
export * as presets from './presets.js';
export * from './roles/drop-queue.js';
export * from './roles/ecmp-path.js';
export * from './roles/flood-and-learn.js';
export * from './roles/ingress-replication.js';
export * from './switch.js';
export * from './switch-options.js';
export * from './build-switch.js';
export * from './config.js';
export { ENCAPSULATION_NAMES, type SwitchTransport } from './encapsulations.js';
export * from './parse-config.js';
