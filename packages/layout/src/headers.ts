/**
 * Layouts of the headers in `@overlane/wire`, each transcribed from its standard's figure and not from the codec, and
 * the bindings that dissect them.
 */
export * from './headers/bindings.js';
export * from './headers/icmp.js';
export * from './headers/ip.js';
export * from './headers/ipv6-extensions.js';
export * from './headers/link.js';
export * from './headers/transport.js';
