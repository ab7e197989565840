/**
 * Laws that codecs and encapsulations keep, as fast-check properties to run against ours or yours, and the headers of
 * this package as their subjects.
 */
export * from './codec-laws.js';
export * from './encapsulation-laws.js';
export * from './law-subjects.js';
