/**
 * NVGRE (RFC 7637): the header codec in three tiers, and the encapsulation that puts Ethernet frames into GRE over IPv4
 * and IPv6. GRE itself (RFC 2784, RFC 2890) is the namespace `gre`.
 *
 * The module itself is the codec: `import * as nvgre from '@overlane/nvgre'`.
 */
export * from './constants.js';
export * from './encapsulation.js';
export * from './faults.js';
export * from './header.js';
export * from './view.js';
export * as gre from './gre/index.js';
