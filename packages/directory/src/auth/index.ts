/** Who is talking: host keys, tags, the replay window, and the rules for those who show no key. */
export * from './anonymous.js';
export * from './hmac.js';
export * from './keys.js';
export * from './replay-window.js';
export * from './tag.js';
