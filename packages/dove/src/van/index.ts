/**
 * VAN: how DOVE switches learn where a VM is, and un-learn it. The module is the codec of the control message, in three
 * tiers; `VanResolver`, `VanMembers` and `DeliveryGroups` are the roles of a switch, `VanProxy` joins two sites.
 */
export * from './constants.js';
export * from './delivery-groups.js';
export * from './fault-counts.js';
export * from './faults.js';
export type { FragmentRoutesLimits } from './fragment-routes.js';
export * from './members.js';
export * from './message.js';
export * from './options.js';
export * from './proxy-options.js';
export * from './proxy.js';
export * from './resolver.js';
export * from './view.js';
