/** The directory client on real sockets, and HMAC-SHA256 on `node:crypto`. */
export * from './node/directory-client.js';
export { hmacSha256 } from './node/hmac-sha256.js';
export { createRandom32 } from './node/random.js';
