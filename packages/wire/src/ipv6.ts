/**
 * IPv6 header (RFC 8200 §3), 40 octets, and the walk over its extension headers (§4):
 *
 *      0                   1                   2                   3
 *      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *     |Version|   DSCP    |ECN|              Flow Label               |
 *     |         Payload Length        |  Next Header  |   Hop Limit   |
 *     |                      Source Address (16)                      |
 *     |                   Destination Address (16)                    |
 */
import { type WireFault, type CodecError, fieldError, requireInteger, requireOctets, requireRoom } from './fault.js';
import { truncatedError } from './fault.js';
import { IPV6_ADDRESS_LENGTH } from './ip-text.js';
import { copyOctets, read16, write16, write32, writeOctets } from './octets.js';

/** Protocol name. */
export const PROTOCOL = 'ipv6';
/** Octets of the fixed header. */
export const HEADER_LENGTH = 40;

/** IPv6 fixed header. */
export interface Ipv6Header {
  /** Differentiated services code point, 0..63. */
  readonly dscp: number;
  /** ECN codepoint, 0..3. */
  readonly ecn: number;
  /** Flow label, 0..0xfffff (RFC 6437). */
  readonly flowLabel: number;
  /** Octets behind the fixed header, extension headers included. */
  readonly payloadLength: number;
  /** Type of what follows, 0..255. */
  readonly nextHeader: number;
  /** Hop limit, 0..255. */
  readonly hopLimit: number;
  /** Source address, 16 octets. */
  readonly source: Uint8Array;
  /** Destination address, 16 octets. */
  readonly destination: Uint8Array;
}

/** Says why `bytes[offset..end)` can't start with an IPv6 packet, or `undefined`. Extension headers: `ExtensionWalk`. */
export function check(bytes: Uint8Array, offset = 0, end: number = bytes.length): WireFault | undefined {
  const left = end - offset;
  if (left < HEADER_LENGTH) return 'E_IPV6_TRUNCATED';
  if (bytes[offset]! >>> 4 !== 6) return 'E_IPV6_BAD_VERSION';
  return read16(bytes, offset + 4) > left - HEADER_LENGTH ? 'E_IPV6_BAD_PAYLOAD_LENGTH' : undefined;
}

/** Octets of the fixed header: always 40. */
export function readHeaderLength(_bytes: Uint8Array, _offset: number): number {
  return HEADER_LENGTH;
}

/** The traffic class octet: DSCP and ECN. Precondition of this and all other readers: `check` passed. */
export function readTrafficClass(bytes: Uint8Array, offset: number): number {
  return (read16(bytes, offset) >>> 4) & 0xff;
}

/** ECN codepoint, 0..3. */
export function readEcn(bytes: Uint8Array, offset: number): number {
  return (bytes[offset + 1]! >>> 4) & 3;
}

/** Flow label, 0..0xfffff. */
export function readFlowLabel(bytes: Uint8Array, offset: number): number {
  return ((bytes[offset + 1]! & 15) << 16) | read16(bytes, offset + 2);
}

/** Octets behind the fixed header. */
export function readPayloadLength(bytes: Uint8Array, offset: number): number {
  return read16(bytes, offset + 4);
}

/** Type of what follows the fixed header. */
export function readNextHeader(bytes: Uint8Array, offset: number): number {
  return bytes[offset + 6]!;
}

/** Hop limit. */
export function readHopLimit(bytes: Uint8Array, offset: number): number {
  return bytes[offset + 7]!;
}

/** Sets the ECN codepoint, 0..3. */
export function writeEcn(bytes: Uint8Array, offset: number, ecn: number): void {
  bytes[offset + 1] = (bytes[offset + 1]! & 0xcf) | (ecn << 4);
}

/** Reads the fixed header. @throws CodecError E_IPV6_TRUNCATED, E_IPV6_BAD_VERSION, E_IPV6_BAD_PAYLOAD_LENGTH */
export function decode(bytes: Uint8Array, offset = 0, end: number = bytes.length): Ipv6Header {
  const fault = check(bytes, offset, end);
  if (fault !== undefined) throw refused(fault, bytes, offset, end);
  const trafficClass = readTrafficClass(bytes, offset);
  return {
    dscp: trafficClass >>> 2,
    ecn: trafficClass & 3,
    flowLabel: readFlowLabel(bytes, offset),
    payloadLength: readPayloadLength(bytes, offset),
    nextHeader: readNextHeader(bytes, offset),
    hopLimit: readHopLimit(bytes, offset),
    source: copyOctets(bytes, offset + 8, IPV6_ADDRESS_LENGTH),
    destination: copyOctets(bytes, offset + 24, IPV6_ADDRESS_LENGTH),
  };
}

/** Writes the 40 octets; returns the offset behind them. @throws CodecError E_FIELD_RANGE, E_OUTPUT_TRUNCATED */
export function encodeInto(header: Ipv6Header, out: Uint8Array, offset = 0): number {
  requireInteger(PROTOCOL, 'dscp', header.dscp, 63);
  requireInteger(PROTOCOL, 'ecn', header.ecn, 3);
  requireInteger(PROTOCOL, 'flowLabel', header.flowLabel, 0xfffff);
  requireInteger(PROTOCOL, 'payloadLength', header.payloadLength, 0xffff);
  requireInteger(PROTOCOL, 'nextHeader', header.nextHeader, 255);
  requireInteger(PROTOCOL, 'hopLimit', header.hopLimit, 255);
  requireOctets(PROTOCOL, 'source', header.source, IPV6_ADDRESS_LENGTH);
  requireOctets(PROTOCOL, 'destination', header.destination, IPV6_ADDRESS_LENGTH);
  requireRoom(PROTOCOL, out, offset, HEADER_LENGTH);
  const trafficClass = (header.dscp << 2) | header.ecn;
  write32(out, offset, (6 << 28) | (trafficClass << 20) | header.flowLabel);
  write16(out, offset + 4, header.payloadLength);
  out[offset + 6] = header.nextHeader;
  out[offset + 7] = header.hopLimit;
  writeOctets(out, offset + 8, header.source);
  writeOctets(out, offset + 24, header.destination);
  return offset + HEADER_LENGTH;
}

/** Writes the header into new memory. @throws CodecError as `encodeInto` */
export function encode(header: Ipv6Header): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(HEADER_LENGTH);
  encodeInto(header, out);
  return out;
}

function refused(fault: WireFault, bytes: Uint8Array, offset: number, end: number): CodecError {
  const left = end - offset;
  switch (fault) {
    case 'E_IPV6_BAD_VERSION':
      return fieldError(fault, PROTOCOL, 'version', offset, 6, bytes[offset]! >>> 4);
    case 'E_IPV6_BAD_PAYLOAD_LENGTH': {
      const range = `0..${left - HEADER_LENGTH}`;
      return fieldError(fault, PROTOCOL, 'payloadLength', offset + 4, range, readPayloadLength(bytes, offset));
    }
    default:
      return truncatedError(fault, PROTOCOL, offset, HEADER_LENGTH, left);
  }
}
