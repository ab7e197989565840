/** NL-ARP: how agents learn where VMs are. The module itself is the codec of the message. */
export * from './message.js';
export * from './message-constants.js';
export * from './message-faults.js';
export * from './message-frames.js';
export * from './message-view.js';
