/**
 * VAN: how DOVE switches learn where a VM is, and un-learn it. The module is the codec of the control message, in three
 * tiers; `VanResolver` and `VanMembers` are the roles of a switch, `VanProxy` joins two sites.
 */
export * from './constants.js';
export * from './faults.js';
export * from './message.js';
export * from './view.js';
