/**
 * NetLord (SIGCOMM 2011): a tenant's Ethernet over commodity switches, hidden in addresses that they forward on already.
 */
export * as edge from './edge/index.js';
export * as nlArp from './nl-arp/index.js';
export * as scale from './scale/index.js';
export * as spain from './spain/index.js';
export * from './agent/index.js';
export * from './encapsulation/index.js';
