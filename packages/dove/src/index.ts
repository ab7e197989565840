/**
 * OTV and DOVE: Ethernet in UDP, with a version, fragmentation above UDP and extensions in bits that OTV reserves. Codecs
 * are the namespaces `otv` and `dove`; `DoveEncapsulation` speaks either. VAN, the control protocol by which endpoints find each
 * other's stations, is the namespace `van`.
 */
export * as dove from './dove/index.js';
export * as otv from './otv/index.js';
export * as van from './van/index.js';
export * from './constants.js';
export * from './encapsulation.js';
export * from './faults.js';
export * from './fragments/index.js';
export * from './packet-too-big.js';
