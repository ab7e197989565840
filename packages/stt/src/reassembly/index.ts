/** The reassembly store and its shapes. */
export * from './shapes.js';
export { SEGMENT_CHARGE } from './limits.js';
export { ReassemblyStore } from './store.js';
