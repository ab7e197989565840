/**
 * Network headers described as lists of fields, in the order of the standard's figure. One description gives a decoder
 * and an encoder of raw wire fields, the RFC-style picture, and a layer in a dissector.
 *
 * A layout is a specification for people and an oracle for tests: it judges nothing but lengths, allocates freely, and
 * leaves the carrying of packets to the hand-written codecs of `@overlane/wire`.
 */
export * from './dissector.js';
export * from './field.js';
export type { JsonRecord } from './format.js';
export * from './header.js';
