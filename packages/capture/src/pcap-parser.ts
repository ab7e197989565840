import type { ByteQueue } from './byte-queue.js';
import type { CaptureLimits, PacketParser } from './captured-packet.js';
import { captureError } from './fault.js';
import {
  PCAP_HEADER_LENGTH,
  PCAP_RECORD_HEADER_LENGTH,
  PCAP_VERSION_MAJOR,
  PCAP_VERSION_MINOR,
  type PcapFlavor,
} from './pcap-format.js';

/**
 * Parses a pcap file from its first octet on (draft-ietf-opsawg-pcap §4, §5). Between packets it holds nothing; inside
 * one, at most a record header and `maxPacketLength` octets wait in `input`.
 */
export function* parsePcap(input: ByteQueue, flavor: PcapFlavor, limits: CaptureLimits): PacketParser {
  input.byteOrder = flavor.byteOrder;
  const inMicroseconds = flavor.resolution === 'microseconds';
  while (input.length < PCAP_HEADER_LENGTH) yield undefined;
  requireVersion(input);
  const linkType = readLinkType(input);
  input.skip(PCAP_HEADER_LENGTH);

  for (;;) {
    input.markBoundary();
    while (input.length < PCAP_RECORD_HEADER_LENGTH) yield undefined;
    const seconds = input.read32(0);
    const fraction = input.read32(4);
    const length = input.read32(8);
    const originalLength = Math.max(input.read32(12), length);
    if (length > limits.maxPacketLength) throw packetTooLong('pcap', input.position + 8, limits, length);
    while (input.length < PCAP_RECORD_HEADER_LENGTH + length) yield undefined;
    const bytes = input.copy(PCAP_RECORD_HEADER_LENGTH, length);
    input.skip(PCAP_RECORD_HEADER_LENGTH + length);
    input.markBoundary();
    // Both sums are exact: 2^32 seconds are 4.3e15 microseconds, less than 2^53. A fraction of a second or more adds up.
    const timeUs = seconds * 1e6 + (inMicroseconds ? fraction : Math.floor(fraction / 1000));
    const timestampNs = BigInt(timeUs) * 1000n + BigInt(inMicroseconds ? 0 : fraction % 1000);
    yield { bytes, linkType, timestampNs, timeUs, originalLength, interfaceId: 0 };
  }
}

/** The error for a packet longer than the reader accepts. */
export function packetTooLong(protocol: string, offset: number, limits: CaptureLimits, length: number) {
  const expected = `at most ${limits.maxPacketLength}`;
  return captureError('E_CAPTURE_PACKET_TOO_LONG', protocol, 'capturedLength', offset, expected, length);
}

// Choice: only 2.4, written since 1996. In files before 2.3 the two length fields stand the other way round.
function requireVersion(input: ByteQueue): void {
  const major = input.read16(4);
  const minor = input.read16(6);
  if (major !== PCAP_VERSION_MAJOR || minor !== PCAP_VERSION_MINOR) {
    throw captureError('E_CAPTURE_BAD_VERSION', 'pcap', 'version', 4, '2.4', `${major}.${minor}`);
  }
}

function readLinkType(input: ByteQueue): number {
  const field = input.read32(20);
  // R and Reserved3; the other upper bits say how long a frame check sequence is (§4).
  const reserved = (field & 0x0bff_0000) >>> 0;
  if (reserved !== 0) {
    throw captureError('E_CAPTURE_RESERVED_BITS', 'pcap', 'reserved3', 20, 0, `0x${reserved.toString(16)}`);
  }
  return field & 0xffff;
}
