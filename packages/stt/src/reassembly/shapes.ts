/** What goes into the reassembly store and what comes out of it. */
import type { IpAddress, PacketBuffer } from '@overlane/wire';
import type { SttReassemblyFault } from '../faults.js';

/** Why the store did not keep a segment: rules S10 to S13, and memory (`spec/stt.md` §7, §7.1). */
export type ReassemblyRefusal = Exclude<SttReassemblyFault, 'E_STT_REASM_TIMEOUT'>;

/** Limits of one store. */
export interface ReassemblyOptions {
  /**
   * Whether the source port belongs to the key of a frame. Default true: the draft makes it constant for a frame.
   * False for senders that spread the segments of one frame over ports; deployed receivers leave it out.
   */
  readonly keyIncludesSourcePort?: boolean;
  /** Milliseconds from the first segment of a frame until its context is given up. Default 30,000. */
  readonly timeoutMs?: number;
  /** Octets charged (payload + 128 per segment) that are never exceeded. Default 4 MiB. */
  readonly highMark?: number;
  /** Octets charged down to which contexts are evicted once the high mark would be passed. Default 3 MiB. */
  readonly lowMark?: number;
  /** Most frames in assembly, at least 1. Default 1024. */
  readonly contextLimit?: number;
  /** Most segments stored of one frame. Default 4096. */
  readonly segmentLimit?: number;
  /**
   * Delivered frames that stay intact at once: a frame is overwritten only after so many more have been delivered. Each
   * takes 64 KiB beside the marks. Default 1. Whoever sends in batches needs as many as one batch can complete.
   */
  readonly deliveries?: number;
  /**
   * Memory for frames and their pieces, a window whose octets the store then owns; `ReassemblyStore.memoryLength`
   * octets at least. In the array that packets come in (the arena of the ports), storing a segment allocates nothing, and
   * ports need not copy frames again. Default: memory of its own.
   */
  readonly frameMemory?: PacketBuffer;
  /** Secret start value of the hash over keys, any integer: keeps outsiders from choosing keys that collide. Default 0. */
  readonly hashSeed?: number;
}

/** A frame given up before it was complete. */
export interface ReassemblyEvent {
  /** Why. */
  readonly fault: Extract<SttReassemblyFault, 'E_STT_REASM_TIMEOUT' | 'E_STT_REASM_EVICTED'>;
  /** Outer source address. */
  readonly source: IpAddress;
  /** Outer destination address. */
  readonly destination: IpAddress;
  /** Source port of the first segment, 0..65535. */
  readonly sourcePort: number;
  /** Packet id, 0..2^32-1. */
  readonly packetId: number;
  /** Octets that the frame would have had. */
  readonly frameLength: number;
  /** Octets that had come. */
  readonly received: number;
  /** Segments that had come. */
  readonly segments: number;
}

/** A complete STT frame: frame header and inner Ethernet frame, `bytes[start..end)`. The store's memory. */
export interface DeliveredFrame {
  /** The same array for every frame of a store, see `frameMemory`, with at least 128 octets of headroom in front of `start`. */
  readonly bytes: Uint8Array;
  /** Offset of the frame header. */
  readonly start: number;
  /** Offset behind the inner frame. */
  readonly end: number;
  /** DSCP of the segment at offset 0, 0..63. */
  readonly dscp: number;
  /** CE (3) if any segment had it, else the codepoint of the segment at offset 0 (§8). */
  readonly ecn: number;
}
