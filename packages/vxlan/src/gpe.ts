/**
 * VXLAN-GPE header (draft-ietf-nvo3-vxlan-gpe-10 §3), eight octets on its own UDP port, 4790:
 *
 *      0                   1                   2                   3
 *      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *     |R|R|Ver|I|P|B|O|           Reserved            | Next Protocol |
 *     |                      VNI                      |   Reserved    |
 */
import {
  type CodecError,
  fieldError,
  read24,
  requireInteger,
  requireRoom,
  truncatedError,
  write24,
  write32,
} from '@overlane/wire';
import { FLAG_VNI_VALID, HEADER_LENGTH, VNI_MAX } from './constants.js';
import type { VxlanGpeFault } from './faults.js';

/** Protocol name. */
export const PROTOCOL = 'vxlan-gpe';
/** P flag: the next-protocol field is valid. */
export const FLAG_NEXT_PROTOCOL = 0x04;
/** B flag: broadcast, unknown or multicast traffic, replicated at ingress. */
export const FLAG_BUM = 0x02;
/** O flag: an OAM packet, never for tenants. */
export const FLAG_OAM = 0x01;

/** Next-protocol values; 0x80..0xff are shim headers. */
export const NEXT_PROTOCOL = { IPV4: 1, IPV6: 2, ETHERNET: 3, NSH: 4, SHIM_MIN: 0x80 } as const;

/** VXLAN-GPE header, version 0. */
export interface VxlanGpeHeader {
  /** VXLAN network identifier, 0..VNI_MAX. */
  readonly vni: number;
  /** Type of the payload, see `NEXT_PROTOCOL`; `undefined` if the P flag is clear: Ethernet, as in plain VXLAN. */
  readonly nextProtocol: number | undefined;
  /** B flag. */
  readonly bum: boolean;
  /** O flag. */
  readonly oam: boolean;
}

/** Says why `bytes[offset..end)` can't start with a GPE header that this codec knows, or `undefined` if it can. */
export function check(bytes: Uint8Array, offset = 0, end: number = bytes.length): VxlanGpeFault | undefined {
  if (end - offset < HEADER_LENGTH) return 'E_VXLAN_TRUNCATED';
  const flags = bytes[offset]!;
  if ((flags & 0x30) !== 0) return 'E_VXLAN_GPE_UNSUPPORTED_VERSION';
  if ((flags & FLAG_VNI_VALID) === 0) return 'E_VXLAN_VNI_NOT_VALID';
  const nextProtocol = bytes[offset + 3]!;
  if ((flags & FLAG_NEXT_PROTOCOL) === 0) {
    return nextProtocol === 0 ? undefined : 'E_VXLAN_GPE_NEXT_PROTOCOL_WITHOUT_P';
  }
  return isNextProtocol(nextProtocol) ? undefined : 'E_VXLAN_GPE_UNKNOWN_NEXT_PROTOCOL';
}

/** Octets of the header: always 8. Shim headers behind it are the payload's. */
export function readHeaderLength(_bytes: Uint8Array, _offset: number): number {
  return HEADER_LENGTH;
}

/** VNI, 0..VNI_MAX. Precondition of this and all other readers: `check` passed. */
export function readVni(bytes: Uint8Array, offset: number): number {
  return read24(bytes, offset + 4);
}

/** Type of the payload, see `NEXT_PROTOCOL`; Ethernet if the P flag is clear. */
export function readNextProtocol(bytes: Uint8Array, offset: number): number {
  return (bytes[offset]! & FLAG_NEXT_PROTOCOL) === 0 ? NEXT_PROTOCOL.ETHERNET : bytes[offset + 3]!;
}

/** O flag: true if the packet is for OAM, not for a tenant. */
export function readOam(bytes: Uint8Array, offset: number): boolean {
  return (bytes[offset]! & FLAG_OAM) !== 0;
}

/** Writes the VNI, 0..VNI_MAX, of a header that is in place; other octets stay. */
export function writeVni(bytes: Uint8Array, offset: number, vni: number): void {
  write24(bytes, offset + 4, vni);
}

/** Reads a header. Reserved bits are ignored. @throws CodecError with the fault that `check` returns */
export function decode(bytes: Uint8Array, offset = 0, end: number = bytes.length): VxlanGpeHeader {
  const fault = check(bytes, offset, end);
  if (fault !== undefined) throw refused(fault, bytes, offset, end);
  const flags = bytes[offset]!;
  return {
    vni: readVni(bytes, offset),
    nextProtocol: (flags & FLAG_NEXT_PROTOCOL) === 0 ? undefined : bytes[offset + 3]!,
    bum: (flags & FLAG_BUM) !== 0,
    oam: (flags & FLAG_OAM) !== 0,
  };
}

/**
 * Writes all eight octets; returns the offset behind them.
 * @throws CodecError E_VXLAN_VNI_RANGE, E_VXLAN_GPE_UNKNOWN_NEXT_PROTOCOL, E_OUTPUT_TRUNCATED
 */
export function encodeInto(header: VxlanGpeHeader, out: Uint8Array, offset = 0): number {
  const { vni, nextProtocol } = header;
  requireInteger(PROTOCOL, 'vni', vni, VNI_MAX, 'E_VXLAN_VNI_RANGE');
  if (nextProtocol !== undefined && !isNextProtocol(nextProtocol)) throw unknownNextProtocol(3, nextProtocol);
  requireRoom(PROTOCOL, out, offset, HEADER_LENGTH);
  const optional = (header.bum ? FLAG_BUM : 0) | (header.oam ? FLAG_OAM : 0);
  const flags = FLAG_VNI_VALID | (nextProtocol === undefined ? 0 : FLAG_NEXT_PROTOCOL) | optional;
  write32(out, offset, (flags << 24) | (nextProtocol ?? 0));
  write32(out, offset + 4, vni << 8);
  return offset + HEADER_LENGTH;
}

/** Writes the header into new memory. @throws CodecError as `encodeInto` */
export function encode(header: VxlanGpeHeader): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(HEADER_LENGTH);
  encodeInto(header, out);
  return out;
}

function isNextProtocol(value: number): boolean {
  const known = value >= NEXT_PROTOCOL.IPV4 && value <= NEXT_PROTOCOL.NSH;
  return Number.isInteger(value) && (known || (value >= NEXT_PROTOCOL.SHIM_MIN && value <= 0xff));
}

function unknownNextProtocol(offset: number, value: number): CodecError {
  return fieldError('E_VXLAN_GPE_UNKNOWN_NEXT_PROTOCOL', PROTOCOL, 'nextProtocol', offset, '1..4 or 128..255', value);
}

function refused(fault: VxlanGpeFault, bytes: Uint8Array, offset: number, end: number): CodecError {
  switch (fault) {
    case 'E_VXLAN_GPE_UNSUPPORTED_VERSION':
      return fieldError(fault, PROTOCOL, 'version', offset, 0, (bytes[offset]! >>> 4) & 3);
    case 'E_VXLAN_VNI_NOT_VALID':
      return fieldError(fault, PROTOCOL, 'flags', offset, 'a value with bit 0x08 (I) set', bytes[offset]!);
    case 'E_VXLAN_GPE_NEXT_PROTOCOL_WITHOUT_P':
      return fieldError(fault, PROTOCOL, 'nextProtocol', offset + 3, '0 without the P flag', bytes[offset + 3]!);
    case 'E_VXLAN_GPE_UNKNOWN_NEXT_PROTOCOL':
      return unknownNextProtocol(offset + 3, bytes[offset + 3]!);
    default:
      return truncatedError(fault, PROTOCOL, offset, HEADER_LENGTH, end - offset);
  }
}
