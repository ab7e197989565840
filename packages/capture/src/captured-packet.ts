/** One packet of a capture file. A plain object in new memory that belongs to the caller and stays valid. */
export interface CapturedPacket {
  /**
   * The captured octets, from the link layer header on. New memory per packet, since callers keep, sort and compare
   * packets, and reading a file is not the data path. A frame check sequence, where captured, stands at the end.
   */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** What the first octets are, 0..65535: one of the `LINKTYPE_*` constants or another value of their registry. */
  readonly linkType: number;
  /**
   * Nanoseconds since 1970-01-01 00:00:00 UTC; finer resolutions are rounded down. Can be negative through
   * `if_tsoffset`. `undefined` for a Simple Packet Block, which has no time.
   */
  readonly timestampNs: bigint | undefined;
  /** The same in whole microseconds, rounded down; exact within 2^53 µs of 1970, that is until the year 2255. */
  readonly timeUs: number | undefined;
  /**
   * Length of the packet on the network, at least `bytes.length`. Choice: a smaller value in the file is raised to it,
   * as draft-ietf-opsawg-pcap §5 allows.
   */
  readonly originalLength: number;
  /** Which interface of the section saw the packet, from 0. Always 0 in pcap; restarts with each pcapng section. */
  readonly interfaceId: number;
}

/** What a reader holds at most. */
export interface CaptureLimits {
  /** Longest packet to accept, in octets. */
  readonly maxPacketLength: number;
  /** Most interfaces per pcapng section. */
  readonly maxInterfaces: number;
}

/** Parser of one format: yields packets, and `undefined` whenever it needs more input. Throws on a fault. */
export type PacketParser = Generator<CapturedPacket | undefined, never, undefined>;
