/** The directory client on real sockets, and HMAC-SHA256 on `node:crypto`. */
export { hmacSha256 } from './node-hmac.js';
