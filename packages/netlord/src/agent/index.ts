/** The agent of one server: NL-ARP, SPAIN and the encapsulation as answers to the roles of a switch. */
export * from './agent.js';
export * from './encapsulation.js';
export * from './locator.js';
export * from './network-map.js';
export * from './path.js';
export * from './resolver.js';
export * from './router-config.js';
export * from './servers.js';
export * from './virtual-router.js';
