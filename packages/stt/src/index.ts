/**
 * STT (draft-davie-stt-08): Ethernet frames of up to 64 KiB over IPv4 and IPv6, in segments that look like TCP's.
 * The headers are the namespaces `segment` and `frame`, each a codec in three tiers.
 */
export * from './constants.js';
export * from './faults.js';
export * as frame from './frame/index.js';
export * as segment from './segment/index.js';
export * from './offload/index.js';
export * from './outgoing-frame.js';
export * from './segment-carrier.js';
export * from './segmenter.js';
export * from './warnings.js';
export * from './encapsulation.js';
export * from './reassembly/index.js';
