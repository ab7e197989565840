/** NL-ARP: how agents learn where VMs are. The module itself is the codec of the message. */
export * from './message.js';
export * from './message-constants.js';
export * from './message-faults.js';
export * from './message-frames.js';
export * from './message-view.js';
export * from './faults.js';
export * from './nl-arp.js';
export * from './options.js';
export type { NlArpEvent } from './outbox.js';
export * from './table.js';
