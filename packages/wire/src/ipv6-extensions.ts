/** The walk over IPv6 extension headers (RFC 8200 §4) to the transport header. */
import type { WireFault } from './fault.js';
import { HEADER_LENGTH, readNextHeader, readPayloadLength } from './ipv6.js';
import { read16 } from './octets.js';

/** Most extension headers walked. Choice: 8, so that a crafted chain costs a bounded time. */
export const EXTENSION_HEADERS_MAX = 8;

/** Next-header values of the extension headers that are walked. */
export const EXTENSION = {
  HOP_BY_HOP: 0,
  ROUTING: 43,
  FRAGMENT: 44,
  AUTHENTICATION: 51,
  DESTINATION_OPTIONS: 60,
  MOBILITY: 135,
  HIP: 139,
  SHIM6: 140,
} as const;

/** Where the walk over extension headers ended. One object is reused for many packets. */
export class ExtensionWalk {
  /** Next-header value of what `offset` points at: a transport protocol, or the payload of a fragment. */
  protocol = 0;
  /** Offset behind the last extension header walked. */
  offset = 0;
  /** True if the packet is a piece of a larger one; an atomic fragment (RFC 6946) is not. */
  isFragment = false;

  /**
   * Walks from the fixed header at `offset`, which has passed `ipv6.check`, within `bytes[offset..end)`. Behind a real
   * fragment header the walk stops: what follows may be no header at all. At most `EXTENSION_HEADERS_MAX` steps.
   */
  walk(bytes: Uint8Array, offset: number): WireFault | undefined {
    const end = offset + HEADER_LENGTH + readPayloadLength(bytes, offset);
    this.protocol = readNextHeader(bytes, offset);
    this.offset = offset + HEADER_LENGTH;
    this.isFragment = false;
    for (let headers = 0; isExtension(this.protocol); headers++) {
      if (headers === EXTENSION_HEADERS_MAX) return 'E_IPV6_TOO_MANY_EXTENSION_HEADERS';
      // Hop-by-hop options may only come first (RFC 8200 §4.1).
      if (this.protocol === EXTENSION.HOP_BY_HOP && headers !== 0) return 'E_IPV6_BAD_EXTENSION_HEADER';
      if (end - this.offset < 8) return 'E_IPV6_BAD_EXTENSION_HEADER';
      const length = extensionLength(this.protocol, bytes[this.offset + 1]!);
      if (end - this.offset < length) return 'E_IPV6_BAD_EXTENSION_HEADER';
      const kind = this.protocol;
      this.protocol = bytes[this.offset]!;
      // Offset and M flag; the two reserved bits between them don't count.
      this.isFragment = kind === EXTENSION.FRAGMENT && (read16(bytes, this.offset + 2) & 0xfff9) !== 0;
      this.offset += length;
      if (this.isFragment) return undefined;
    }
    return undefined;
  }
}

/** True for the extension headers that the walk knows. */
export function isExtension(nextHeader: number): boolean {
  switch (nextHeader) {
    case EXTENSION.HOP_BY_HOP:
    case EXTENSION.ROUTING:
    case EXTENSION.FRAGMENT:
    case EXTENSION.AUTHENTICATION:
    case EXTENSION.DESTINATION_OPTIONS:
    case EXTENSION.MOBILITY:
    case EXTENSION.HIP:
    case EXTENSION.SHIM6:
      return true;
    default:
      return false;
  }
}

/** Octets of an extension header from its length octet: units of eight, but of four for AH (RFC 4302 §2.2). */
export function extensionLength(nextHeader: number, lengthOctet: number): number {
  if (nextHeader === EXTENSION.FRAGMENT) return 8;
  return nextHeader === EXTENSION.AUTHENTICATION ? (lengthOctet + 2) * 4 : (lengthOctet + 1) * 8;
}
