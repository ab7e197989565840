/** What network cards do for a switch, in software: unfinished checksums, segmentation, coalescing. */
export * from './finish-checksum.js';
export {
  type PacketStart,
  TCP_CHECKSUM_AT,
  UDP_CHECKSUM_AT,
  findNetwork,
  ipPacketEnd,
  isTransport,
  networkOffset,
  transportPseudoHeader,
} from './inner-transport.js';
export * from './segment-coalescer.js';
export type { RunOutcome, RunWays } from './run-cutter.js';
export { ScratchRing, type ScratchOptions } from './scratch-ring.js';
export * from './segment-cutter.js';
export * from './segment-length.js';
export * from './software-offload.js';
export {
  OCTETS_MAX as SUPER_DATAGRAM_OCTETS_MAX,
  SEGMENTS_MAX as SUPER_DATAGRAM_SEGMENTS_MAX,
  writeDatagramLengths,
} from './super-datagram.js';
