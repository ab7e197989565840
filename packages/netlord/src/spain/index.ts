/**
 * SPAIN: many paths through a fabric of plain Ethernet switches, each in a VLAN that is free of loops. Offline, `planPaths`
 * makes VLANs of a topology and `verifyPlan` proves them; online, a `SpainPath` chooses one per flow.
 */
export * from './constants.js';
export * from './find-paths.js';
export * from './pack-paths.js';
export * from './plan.js';
export * from './reach.js';
export * from './seeded-random.js';
export * from './spain-path.js';
export * from './topology.js';
export * from './verify-plan.js';
