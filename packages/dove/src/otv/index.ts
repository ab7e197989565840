/** The OTV header (draft-hasmit-otv-04) as a codec in three tiers. */
export * from './header.js';
export * from './view.js';
