/** The reassembly store and its shapes. */
export * from './shapes.js';
export { ReassemblyStore, SEGMENT_CHARGE } from './store.js';
