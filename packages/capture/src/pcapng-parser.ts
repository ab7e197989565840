import type { ByteQueue } from './byte-queue.js';
import type { CapturedPacket, CaptureLimits, PacketParser } from './captured-packet.js';
import { captureError } from './fault.js';
import { packetTooLong } from './pcap-parser.js';
import {
  BLOCK_OVERHEAD,
  BYTE_ORDER_MAGIC,
  ENHANCED_PACKET_BLOCK,
  INTERFACE_DESCRIPTION_BLOCK,
  INTERFACE_DESCRIPTION_FIXED,
  PACKET_BLOCK,
  PACKET_FIXED,
  SECTION_HEADER_BLOCK,
  SECTION_HEADER_FIXED,
  SIMPLE_PACKET_BLOCK,
  SIMPLE_PACKET_FIXED,
  SWAPPED_BYTE_ORDER_MAGIC,
} from './pcapng-format.js';
import { readClockOptions, type CaptureInterface } from './pcapng-interface.js';
import { floorToUs, readClockNs } from './timestamp.js';

/**
 * Parses a pcapng file from its first octet on (draft-ietf-opsawg-pcapng). Blocks of other types, and options other
 * than an interface's clock, are skipped by their length and never stored. A packet is delivered once the length at the
 * end of its block has been found to match.
 */
export function* parsePcapng(input: ByteQueue, limits: CaptureLimits): PacketParser {
  let interfaces: CaptureInterface[] = [];
  for (;;) {
    while (input.length < BLOCK_OVERHEAD) yield undefined;
    const start = input.position;
    const type = input.read32(0);
    if (type === SECTION_HEADER_BLOCK) setByteOrder(input);
    const blockLength = input.read32(4);
    requireBlockLength(start, type, blockLength);
    const end = start + blockLength - 4;

    let packet: CapturedPacket | undefined;
    if (type === SECTION_HEADER_BLOCK) {
      while (input.length < SECTION_HEADER_FIXED) yield undefined;
      requireVersion(input);
      interfaces = [];
    } else if (type === INTERFACE_DESCRIPTION_BLOCK) {
      while (input.length < INTERFACE_DESCRIPTION_FIXED) yield undefined;
      requireInterfaceRoom(input, interfaces.length, limits);
      const linkType = input.read16(8);
      const snapLength = input.read32(12);
      input.skip(INTERFACE_DESCRIPTION_FIXED);
      const clock = yield* readClockOptions(input, end - start - INTERFACE_DESCRIPTION_FIXED);
      interfaces.push({ linkType, snapLength, clock });
    } else if (type === ENHANCED_PACKET_BLOCK || type === PACKET_BLOCK) {
      while (input.length < PACKET_FIXED) yield undefined;
      const interfaceId = type === PACKET_BLOCK ? input.read16(8) : input.read32(8);
      const source = requireInterface(input, interfaces, interfaceId);
      const length = input.read32(20);
      requireLength(input, 20, limits, blockLength - PACKET_FIXED - 4, length);
      while (input.length < PACKET_FIXED + length) yield undefined;
      const timestampNs = readClockNs(source.clock, input.read32(12), input.read32(16));
      packet = {
        bytes: input.copy(PACKET_FIXED, length),
        linkType: source.linkType,
        timestampNs,
        timeUs: floorToUs(timestampNs),
        originalLength: Math.max(input.read32(24), length),
        interfaceId,
      };
    } else if (type === SIMPLE_PACKET_BLOCK) {
      while (input.length < SIMPLE_PACKET_FIXED) yield undefined;
      const source = requireInterface(input, interfaces, 0);
      const originalLength = input.read32(8);
      // The stored length is not in the block: §4.4 derives it from the interface.
      const length = source.snapLength === 0 ? originalLength : Math.min(originalLength, source.snapLength);
      requireLength(input, 8, limits, blockLength - SIMPLE_PACKET_FIXED - 4, length);
      while (input.length < SIMPLE_PACKET_FIXED + length) yield undefined;
      packet = {
        bytes: input.copy(SIMPLE_PACKET_FIXED, length),
        linkType: source.linkType,
        timestampNs: undefined,
        timeUs: undefined,
        originalLength,
        interfaceId: 0,
      };
    }

    input.skip(end - input.position);
    while (input.length < 4) yield undefined;
    const repeated = input.read32(0);
    if (repeated !== blockLength) throw badBlockLength('repeatedBlockLength', end, blockLength, repeated);
    input.skip(4);
    input.markBoundary();
    if (packet !== undefined) yield packet;
  }
}

/** Takes over the byte order of the section at the front of `input` (§4.1). */
function setByteOrder(input: ByteQueue): void {
  input.byteOrder = 'big';
  const magic = input.read32(8);
  if (magic === SWAPPED_BYTE_ORDER_MAGIC) {
    input.byteOrder = 'little';
  } else if (magic !== BYTE_ORDER_MAGIC) {
    const [offset, actual] = [input.position + 8, `0x${magic.toString(16)}`];
    const expected = '0x1a2b3c4d or 0x4d3c2b1a';
    throw captureError('E_CAPTURE_BAD_BYTE_ORDER_MAGIC', 'pcapng', 'byteOrderMagic', offset, expected, actual);
  }
}

/** The fixed part of each block that is read, and both lengths; for others the least that any block has. */
function minimumLength(type: number): number {
  switch (type) {
    case SECTION_HEADER_BLOCK:
      return SECTION_HEADER_FIXED + 4;
    case INTERFACE_DESCRIPTION_BLOCK:
      return INTERFACE_DESCRIPTION_FIXED + 4;
    case ENHANCED_PACKET_BLOCK:
    case PACKET_BLOCK:
      return PACKET_FIXED + 4;
    case SIMPLE_PACKET_BLOCK:
      return SIMPLE_PACKET_FIXED + 4;
    default:
      return BLOCK_OVERHEAD;
  }
}

function requireBlockLength(start: number, type: number, blockLength: number): void {
  const minimum = minimumLength(type);
  if (blockLength < minimum || blockLength % 4 !== 0) {
    throw badBlockLength('blockLength', start + 4, `a multiple of 4 from ${minimum} on`, blockLength);
  }
}

function badBlockLength(field: string, offset: number, expected: number | string, actual: number) {
  return captureError('E_CAPTURE_BAD_BLOCK_LENGTH', 'pcapng', field, offset, expected, actual);
}

/** Refuses packet data that its block (`room` octets) or the reader cannot hold. */
function requireLength(input: ByteQueue, field: number, limits: CaptureLimits, room: number, length: number): void {
  const offset = input.position + field;
  // Padding needs no thought: `room` is a multiple of four.
  if (length > room) throw badBlockLength('capturedLength', offset, `at most ${room}`, length);
  if (length > limits.maxPacketLength) throw packetTooLong('pcapng', offset, limits, length);
}

function requireVersion(input: ByteQueue): void {
  const major = input.read16(12);
  const minor = input.read16(14);
  // Some writers say 1.2; §4.1 asks readers to take it as 1.0.
  if (major !== 1 || (minor !== 0 && minor !== 2)) {
    const [offset, actual] = [input.position + 12, `${major}.${minor}`];
    throw captureError('E_CAPTURE_BAD_VERSION', 'pcapng', 'version', offset, '1.0 or 1.2', actual);
  }
}

function requireInterfaceRoom(input: ByteQueue, count: number, limits: CaptureLimits): void {
  if (count >= limits.maxInterfaces) {
    const expected = `one of at most ${limits.maxInterfaces}`;
    throw captureError('E_CAPTURE_TOO_MANY_INTERFACES', 'pcapng', 'interface', input.position, expected, count + 1);
  }
}

function requireInterface(input: ByteQueue, interfaces: readonly CaptureInterface[], id: number): CaptureInterface {
  const found = interfaces[id];
  if (found === undefined) {
    const expected = `less than ${interfaces.length}`;
    throw captureError('E_CAPTURE_UNKNOWN_INTERFACE', 'pcapng', 'interfaceId', input.position + 8, expected, id);
  }
  return found;
}
