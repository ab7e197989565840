/**
 * NETLORD (RFC XXXX): the header codec in three tiers. The module itself is the codec: `check` and `read*` for the data
 * path, `decode` and `encode` for everybody else.
 */
export * from './constants.js';
export * from './faults.js';
export * from './header.js';
export * from './view.js';
