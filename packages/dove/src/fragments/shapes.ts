/** What goes into the reassembly store and what comes out of it. */
import type { IpAddress } from '@overlane/wire';

/** One fragment without its data: the key of its datagram, and its place. May be reused: the store copies what it needs. */
export interface Fragment {
  /** Outer source address. */
  source: IpAddress;
  /** Outer destination address. */
  destination: IpAddress;
  /** Overlay, 0..2^24-1. */
  overlayId: number;
  /** Virtual network, 0..2^24-1. */
  instanceId: number;
  /** Whether it is a piece of a control message; such pieces are never joined with those of frames. */
  control: boolean;
  /** Identification, any 32 bits. */
  identification: number;
  /** Where the data starts in the datagram, in octets: a multiple of 8. */
  offset: number;
  /** Whether more fragments follow. */
  more: boolean;
  /** Outer TOS or traffic class. */
  tos: number;
}

/** Limits of one store. */
export interface ReassemblyOptions {
  /** Milliseconds from the first fragment of a datagram until it is given up, and that a key stays banned. Default 1000. */
  readonly timeoutMs?: number;
  /** Most fragments held of one datagram, 1..256. Default 64: what 65,535 octets need on a path of 1,280. */
  readonly fragmentLimit?: number;
  /** Most datagrams in assembly, banned keys included. Default 1024. */
  readonly datagramLimit?: number;
  /** Octets of memory for their data, at least 64 KiB: one datagram always fits. Default 16 MiB. */
  readonly memoryLimit?: number;
  /**
   * Delivered datagrams that stay intact at once: one is overwritten only after so many more have been delivered. Each
   * takes 64 KiB beside the limit. Default 32: whoever sends in batches needs as many as one batch can complete.
   */
  readonly deliveries?: number;
}

/** A datagram that has been put together, `bytes[start..end)`. The store's memory. */
export interface DeliveredDatagram {
  /** The same array for every datagram of a store, with 128 octets of headroom in front of `start`. */
  readonly bytes: Uint8Array;
  /** Offset of its first octet. */
  readonly start: number;
  /** Offset behind its last octet. */
  readonly end: number;
  /** DSCP of the fragment at offset 0, 0..63. */
  readonly dscp: number;
  /** CE (3) if any fragment had it, else the codepoint of the fragment at offset 0 (RFC 3168 §5.3). */
  readonly ecn: number;
}
