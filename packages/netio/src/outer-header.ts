import { write16, write32 } from '@overlane/wire';

/** Octets of an IPv4 header without options (RFC 791 §3.1). */
export const IPV4_LENGTH = 20;
/** Octets of an IPv6 header (RFC 8200 §3). */
export const IPV6_LENGTH = 40;
/** Octets of a UDP header (RFC 768). */
export const UDP_LENGTH = 8;

/**
 * Writes the 20 octets of an IPv4 header at `bytes[offset..]` around its addresses, which must stand at 12 and 16
 * already. Identification 0 and DF, as an atomic datagram has (RFC 6864 §4.1): the kernel hands over whole datagrams.
 */
export function writeIpv4Around(
  bytes: Uint8Array,
  offset: number,
  totalLength: number,
  protocol: number,
  tos: number,
  ttl: number,
): void {
  bytes[offset] = 0x45;
  bytes[offset + 1] = tos;
  write16(bytes, offset + 2, totalLength);
  write32(bytes, offset + 4, 0x4000);
  bytes[offset + 8] = ttl;
  bytes[offset + 9] = protocol;
  write16(bytes, offset + 10, 0);
  let sum = 0;
  for (let i = 0; i < IPV4_LENGTH; i += 2) sum += (bytes[offset + i]! << 8) | bytes[offset + i + 1]!;
  // Ten half-words carry at most 9 over, so two folds are enough.
  sum = (sum & 0xffff) + (sum >>> 16);
  sum = (sum & 0xffff) + (sum >>> 16);
  write16(bytes, offset + 10, ~sum);
}

/**
 * Writes the 40 octets of an IPv6 header at `bytes[offset..]` around its addresses, which must stand at 8 and 24
 * already. `classAndLabel` is the traffic class and flow label, 28 bits.
 */
export function writeIpv6Around(
  bytes: Uint8Array,
  offset: number,
  payloadLength: number,
  nextHeader: number,
  classAndLabel: number,
  hopLimit: number,
): void {
  write32(bytes, offset, 0x60000000 | classAndLabel);
  write16(bytes, offset + 4, payloadLength);
  bytes[offset + 6] = nextHeader;
  bytes[offset + 7] = hopLimit;
}

/** Writes a UDP header at `bytes[offset..]`, checksum 0: whoever asks for it has had the sum verified. */
export function writeUdp(
  bytes: Uint8Array,
  offset: number,
  sourcePort: number,
  destinationPort: number,
  length: number,
): void {
  write16(bytes, offset, sourcePort);
  write16(bytes, offset + 2, destinationPort);
  write16(bytes, offset + 4, length);
  write16(bytes, offset + 6, 0);
}
