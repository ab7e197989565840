/**
 * VXLAN (RFC 7348): the header codec in three tiers, and the encapsulation that puts Ethernet frames into UDP over IPv4
 * and IPv6. VXLAN-GPE is the namespace `gpe`.
 *
 * The module itself is the codec: `import * as vxlan from '@overlane/vxlan'`.
 */
export * from './constants.js';
export * from './encapsulation.js';
export * from './faults.js';
export * from './header.js';
export * from './view.js';
export * as gpe from './gpe.js';
