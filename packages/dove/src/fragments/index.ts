/** Fragmentation above UDP, and its counterpart. */
export { FragmentCutter } from './cutter.js';
export { Identifications } from './identification.js';
export { type ReassemblyRefusal, ReassemblyStore } from './store.js';
export type { DeliveredDatagram, Fragment, ReassemblyOptions } from './shapes.js';
