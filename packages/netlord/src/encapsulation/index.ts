/** NetLord's encapsulation: what the addresses say, the codecs `header` (IPv4) and `frame` (with Ethernet), and identifiers. */
export * as frame from './frame.js';
export * as header from './header.js';
export * from './address-plan.js';
export * from './constants.js';
export * from './encapsulation.js';
export * from './faults.js';
export * from './mac-as-ids.js';
export * from './view.js';
export type { NetlordFrame } from './frame.js';
export type { NetlordHeader } from './header.js';
