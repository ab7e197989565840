/** Numbers of the pcap file format, version 2.4 (draft-ietf-opsawg-pcap §4, §5). */

/** Magic number of a file with timestamps in microseconds, in the byte order of its writer. */
export const PCAP_MAGIC_MICROSECONDS = 0xa1b2c3d4;
/** Magic number of a file with timestamps in nanoseconds. */
export const PCAP_MAGIC_NANOSECONDS = 0xa1b23c4d;
/** Octets of the File Header. */
export const PCAP_HEADER_LENGTH = 24;
/** Octets in front of each packet. */
export const PCAP_RECORD_HEADER_LENGTH = 16;
/** Version that all current files have. */
export const PCAP_VERSION_MAJOR = 2;
/** Minor version that goes with it. */
export const PCAP_VERSION_MINOR = 4;
/** Longest packet that readers of the format accept: tcpdump's MAXIMUM_SNAPLEN, in octets. */
export const MAX_SNAP_LENGTH = 262_144;

/** Byte order of the numbers in a file's headers. */
export type ByteOrder = 'big' | 'little';
/** Unit of the fraction of a pcap timestamp. */
export type TimestampResolution = 'microseconds' | 'nanoseconds';

/** What the magic number of a pcap file says. */
export interface PcapFlavor {
  readonly byteOrder: ByteOrder;
  readonly resolution: TimestampResolution;
}

/**
 * The flavor that the first four octets announce, read as a big-endian number; `undefined` if it is not pcap.
 *
 * Choice: draft-ietf-opsawg-pcap §4.1 lists the octets of the two byte orders the wrong way round. This follows §4
 * (the number in the writer's byte order), as libpcap and Wireshark do.
 */
export function readFlavor(magic: number): PcapFlavor | undefined {
  switch (magic) {
    case PCAP_MAGIC_MICROSECONDS:
      return { byteOrder: 'big', resolution: 'microseconds' };
    case PCAP_MAGIC_NANOSECONDS:
      return { byteOrder: 'big', resolution: 'nanoseconds' };
    case 0xd4c3b2a1:
      return { byteOrder: 'little', resolution: 'microseconds' };
    case 0x4d3cb2a1:
      return { byteOrder: 'little', resolution: 'nanoseconds' };
    default:
      return undefined;
  }
}
