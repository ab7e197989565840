/**
 * GRE (RFC 2784, RFC 2890): the header codec in three tiers, the window of sequence numbers, and the encapsulation of
 * Ethernet frames or IP packets. The module itself is the codec.
 */
export * from './constants.js';
export * from './encapsulation.js';
export * from './faults.js';
export * from './header.js';
export * from './sequence-window.js';
export * from './view.js';
