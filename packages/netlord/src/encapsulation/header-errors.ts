/** The errors of the header codec, out of line so that what runs per packet stays small. */
import { type CodecError, fieldError, read16, requireInteger, truncatedError } from '@overlane/wire';
import { type AddressPlan, isPort, tenantIdMax } from './address-plan.js';
import { HEADER_LENGTH, IP_PROTOCOL, MAC_AS_ID_MAX, VID_MAX, VID_MIN, isVid, totalLengthMin } from './constants.js';
import type { NetlordHeaderFault } from './faults.js';
import type { NetlordHeader } from './header.js';

/** Protocol name. */
export const PROTOCOL = 'netlord';

const LENGTH_MAX = 0xffff;

/** Throws unless the header can be written. @throws CodecError as `encodeInto` of the header codec */
export function requireHeader(header: NetlordHeader, plan: AddressPlan): void {
  const { protocol, port, tci, totalLength } = header;
  requireInteger(PROTOCOL, 'dscp', header.dscp, 63);
  requireInteger(PROTOCOL, 'ecn', header.ecn, 3);
  if (!isProtocol(protocol)) throw fieldError('E_NL_PROTOCOL', PROTOCOL, 'protocol', 9, '253 or 254', protocol);
  requireInteger(PROTOCOL, 'ttl', header.ttl, 255, 'E_NL_TTL');
  if (header.ttl === 0) throw fieldError('E_NL_TTL', PROTOCOL, 'ttl', 8, '1..255', 0);
  if (!isPort(port, plan)) throw fieldError('E_NL_PORT', PROTOCOL, 'port', 16, portRange(plan), port);
  requireInteger(PROTOCOL, 'tenantId', header.tenantId, tenantIdMax(plan), 'E_NL_TENANT_RANGE');
  requireInteger(PROTOCOL, 'macAsId', header.macAsId, MAC_AS_ID_MAX, 'E_NL_MAC_AS_ID_RANGE');
  requireInteger(PROTOCOL, 'tci', tci, 0xffff, 'E_NL_VLAN_ID');
  if (!isVid(tci & 0xfff)) throw vidError(4, tci & 0xfff);
  requireInteger(PROTOCOL, 'totalLength', totalLength, LENGTH_MAX, 'E_FIELD_RANGE');
  if (totalLength < totalLengthMin(protocol)) throw innerError(0, protocol, totalLength);
}

/** The error for a fault that `check` found; `tci` is that of the frame's tag, or -1 without one. */
export function refused(
  fault: NetlordHeaderFault,
  bytes: Uint8Array,
  offset: number,
  end: number,
  tci: number,
): CodecError {
  const octet = (at: number): number => bytes[offset + at]!;
  switch (fault) {
    case 'E_NL_HEADER':
      return fieldError(fault, PROTOCOL, 'version and IHL', offset, 0x45, octet(0));
    case 'E_NL_CHECKSUM':
      return fieldError(fault, PROTOCOL, 'checksum', offset + 10, 'that of the header', read16(bytes, offset + 10));
    case 'E_NL_PROTOCOL':
      return fieldError(fault, PROTOCOL, 'protocol', offset + 9, '253 or 254', octet(9));
    case 'E_NL_FRAGMENT':
      return fieldError(fault, PROTOCOL, 'flags and offset', offset + 6, 'DF alone', read16(bytes, offset + 6));
    case 'E_NL_TTL':
      return fieldError(fault, PROTOCOL, 'ttl', offset + 8, '1..255', 0);
    case 'E_NL_PORT':
      return fieldError(fault, PROTOCOL, 'port', offset + 16, 'a forwardable first octet', octet(16));
    case 'E_NL_VLAN_ID': {
      const identification = read16(bytes, offset + 4);
      return tci === -1 || tci === identification
        ? vidError(offset + 4, identification & 0xfff)
        : fieldError(fault, PROTOCOL, 'identification', offset + 4, `the tag's ${tci}`, identification);
    }
    case 'E_NL_INNER_TRUNCATED':
      return innerError(offset, octet(9), read16(bytes, offset + 2));
    default: {
      const left = end - offset;
      if (left < HEADER_LENGTH) return truncatedError(fault, PROTOCOL, offset, HEADER_LENGTH, left);
      return truncatedError(fault, PROTOCOL, offset, read16(bytes, offset + 2), left, 'totalLength');
    }
  }
}

function isProtocol(protocol: number): boolean {
  return protocol === IP_PROTOCOL.DATA || protocol === IP_PROTOCOL.NL_ARP;
}

function portRange({ portBits, widePorts }: AddressPlan): string {
  const unit = 2 ** (portBits - 8);
  const usual = `${unit}..${127 * unit - 1}`;
  return widePorts === 'accepted' ? `${usual} or ${128 * unit}..${224 * unit - 1}` : usual;
}

function vidError(offset: number, vid: number): CodecError {
  return fieldError('E_NL_VLAN_ID', PROTOCOL, 'vid', offset, `${VID_MIN}..${VID_MAX}`, vid);
}

function innerError(offset: number, protocol: number, totalLength: number): CodecError {
  const least = `at least ${totalLengthMin(protocol)}`;
  return fieldError('E_NL_INNER_TRUNCATED', PROTOCOL, 'totalLength', offset + 2, least, totalLength);
}
