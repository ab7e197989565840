/** Keys as octets, for tables and stores, and as text, for people. */
import {
  CodecError,
  MAC_LENGTH,
  copyOctets,
  formatIpv4,
  formatIpv6,
  formatMac,
  parseIpv4,
  parseIpv6,
  parseMac,
  read16,
  read32,
  write32,
  writeOctets,
} from '@overlane/wire';
import type { MappingKey } from './model.js';
import { KIND } from './old1/constants.js';
import { ADDRESS_LENGTH } from './old1/octets.js';

/** Octets of a packed key: tenant (4), kind (1), address (16). */
export const PACKED_KEY_LENGTH = 21;

const MAC_TEXT = /^[0-9a-f]{2}(?::[0-9a-f]{2}){5}$/i;

/** An address and its kind, as keys, locators and sources hold it. */
export interface KindedAddress {
  /** Kind of address, see `KIND`. */
  readonly kind: number;
  /** The address at the end of 16 octets, zeros in front. */
  readonly addr: Uint8Array;
}

/** Reads an IPv4, IPv6 or MAC address. @throws CodecError E_ADDRESS_SYNTAX */
export function parseAddress(text: string): KindedAddress {
  const addr = new Uint8Array(ADDRESS_LENGTH);
  if (MAC_TEXT.test(text)) {
    addr.set(parseMac(text), ADDRESS_LENGTH - MAC_LENGTH);
    return { kind: KIND.MAC, addr };
  }
  if (text.includes(':')) return { kind: KIND.IPV6, addr: parseIpv6(text) };
  write32(addr, ADDRESS_LENGTH - 4, parseIpv4(text));
  return { kind: KIND.IPV4, addr };
}

/** Text of an address: dotted, RFC 5952 or colons by its kind; `-` for the infrastructure. */
export function formatAddress({ kind, addr }: KindedAddress): string {
  switch (kind) {
    case KIND.IPV4:
      return formatIpv4(read32(addr, ADDRESS_LENGTH - 4));
    case KIND.IPV6:
      return formatIpv6(addr);
    case KIND.MAC:
      return formatMac(addr, ADDRESS_LENGTH - MAC_LENGTH);
    default:
      return '-';
  }
}

/** The key of an address in a tenant: `parseKey(7, '10.1.2.3')`. @throws CodecError E_ADDRESS_SYNTAX, E_FIELD_RANGE */
export function parseKey(tenant: number, address: string): MappingKey {
  if (!Number.isInteger(tenant) || tenant < 0 || tenant > 0xffff_ffff) {
    const detail = { protocol: 'old1', field: 'tenant', expected: '0..2^32-1', actual: tenant };
    throw new CodecError('E_FIELD_RANGE', detail, `tenant must be an integer in 0..2^32-1, got ${tenant}`);
  }
  return { tenant, ...parseAddress(address) };
}

/** Text of a key: `tenant/address`. */
export function formatKey(key: MappingKey): string {
  return `${key.tenant}/${formatAddress(key)}`;
}

/** Writes the 21 octets of a key; their order is that of (tenant, kind, address). Returns the offset behind them. */
export function packKeyInto(key: MappingKey, out: Uint8Array, offset: number): number {
  write32(out, offset, key.tenant);
  out[offset + 4] = key.kind;
  writeOctets(out, offset + 5, key.addr);
  return offset + PACKED_KEY_LENGTH;
}

/** The 21 octets of a key in new memory. */
export function packKey(key: MappingKey): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(PACKED_KEY_LENGTH);
  packKeyInto(key, out, 0);
  return out;
}

/** The key whose 21 octets start at `offset`. Nothing is checked. */
export function unpackKey(bytes: Uint8Array, offset = 0): MappingKey {
  return {
    tenant: read32(bytes, offset),
    kind: bytes[offset + 4]!,
    addr: copyOctets(bytes, offset + 5, ADDRESS_LENGTH),
  };
}

/** The key as a string for `Map`: equal keys give equal strings. Not for people. Allocates the string. */
export function keyString({ tenant, kind, addr }: MappingKey): string {
  return String.fromCharCode(
    tenant >>> 16,
    tenant & 0xffff,
    kind,
    read16(addr, 0),
    read16(addr, 2),
    read16(addr, 4),
    read16(addr, 6),
    read16(addr, 8),
    read16(addr, 10),
    read16(addr, 12),
    read16(addr, 14),
  );
}
