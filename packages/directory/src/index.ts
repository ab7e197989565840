/**
 * The location directory: its data model, the codec of its protocol OLD/1, and what clients and servers share.
 * Pure: time, randomness, HMAC and I/O are arguments. `@overlane/directory/node` is the client on real sockets.
 */
export * from './auth/index.js';
export * from './change-request.js';
export * from './client/index.js';
export * from './errors.js';
export * from './key.js';
export * from './model.js';
export * from './old1/index.js';
export * from './proxy/neighbor-proxy.js';
export * from './relay.js';
