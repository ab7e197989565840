/** The DOVE header, its extensions and their options, as a codec in three tiers. */
export * from './constants.js';
export * from './extensions.js';
export * from './fragment.js';
export * from './header.js';
export * from './options.js';
export * from './view.js';
