import { read16 } from '@overlane/wire';
import { FLAG, type FlagBitOrder, readFlagsOctet, readL4Offset, readMss, readVlanValid } from './frame-header.js';

/** Oddities that a receiver accepts and counts; bits of what `readWarnings` returns, apart from the segment's. */
export const WARNING = {
  /** Reserved flag bits are set: perhaps the far end has the other bit order. */
  RESERVED_FLAG_BITS: 0x10,
  /** The reserved octet or the padding is not 0. */
  RESERVED_OCTETS: 0x20,
  /** IPv4, TCP, L4 offset or MSS are set while P is clear. */
  OFFLOAD_FIELDS_WITHOUT_PARTIAL: 0x40,
  /** PCP or VLAN id are set while V is clear. */
  VLAN_FIELDS_WITHOUT_VALID: 0x80,
} as const;

/** What is odd about the header, as bits of `WARNING`; 0 if nothing is. */
export function readWarnings(bytes: Uint8Array, offset: number, order: FlagBitOrder = 'lsb'): number {
  const octet = readFlagsOctet(bytes, offset, order);
  const partial = (octet & FLAG.CHECKSUM_PARTIAL) !== 0;
  const offloadFields = (octet & (FLAG.IPV4 | FLAG.TCP)) | readL4Offset(bytes, offset) | readMss(bytes, offset);
  const tci = read16(bytes, offset + 6);
  return (
    ((octet & 0xf0) !== 0 ? WARNING.RESERVED_FLAG_BITS : 0) |
    (bytes[offset + 3] !== 0 || read16(bytes, offset + 16) !== 0 ? WARNING.RESERVED_OCTETS : 0) |
    (!partial && offloadFields !== 0 ? WARNING.OFFLOAD_FIELDS_WITHOUT_PARTIAL : 0) |
    (!readVlanValid(bytes, offset) && tci !== 0 ? WARNING.VLAN_FIELDS_WITHOUT_VALID : 0)
  );
}
