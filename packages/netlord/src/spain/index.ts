/**
 * SPAIN: many paths through a fabric of plain Ethernet switches, each a VLAN that is free of loops. Offline, `findPaths` and `packPaths`
 * make VLANs from a topology and `verifyVlans` proves them; online, a {@link SpainPath} chooses one per flow.
 */
export * from './constants.js';
export * from './reach.js';
export * from './spain-path.js';
