/**
 * Geneve (RFC 8926): the header codec with its options in three tiers, typed options without a registry, and the
 * encapsulation that puts Ethernet frames into UDP over IPv4 and IPv6.
 *
 * The module itself is the codec: `import * as geneve from '@overlane/geneve'`.
 */
export * from './constants.js';
export * from './encapsulation.js';
export * from './faults.js';
export * from './header.js';
export * from './option-codecs.js';
export * from './options.js';
export * from './view.js';
