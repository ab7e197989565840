import { read32 } from '@overlane/wire';
import { IP_TOS, IP_TTL, IPV6_FLOWINFO, IPV6_HOPLIMIT, SOL_IP, SOL_IPV6, SOL_UDP, UDP_GRO } from './linux.js';

/** Octets of `struct cmsghdr`: length 0 (64 bits), level 8, type 12; the data follows. */
const HEADER_LENGTH = 16;

/** What the kernel says about the IP header that a socket has taken off. Reused for every packet. */
export class OuterHeaderFields {
  /** TTL or hop limit, 0..255; 0 if the kernel did not say. */
  ttl = 0;
  /** IPv4: type of service, 0..255. IPv6: traffic class and flow label, 28 bits. 0 if the kernel did not say. */
  classAndLabel = 0;
  /** Octets of each datagram but the last if the kernel has joined several (UDP_GRO); else 0. */
  segmentSize = 0;

  /**
   * Reads the control messages in `bytes[offset..offset + length)`; `words` is the same memory. Unknown ones are
   * passed over, a length that cannot be ends the reading.
   */
  read(bytes: Uint8Array, words: Uint32Array, offset: number, length: number): void {
    this.ttl = 0;
    this.classAndLabel = 0;
    this.segmentSize = 0;
    const end = offset + length;
    while (end - offset >= HEADER_LENGTH) {
      const size = words[offset >>> 2]!;
      if (size <= HEADER_LENGTH || size > end - offset) return;
      const level = words[(offset >>> 2) + 2]!;
      const type = words[(offset >>> 2) + 3]!;
      const data = offset + HEADER_LENGTH;
      if (level === SOL_IP) {
        // IP_TTL is an int and IP_TOS one octet; in little-endian order the first octet is the value of both.
        if (type === IP_TTL) this.ttl = bytes[data]!;
        else if (type === IP_TOS) this.classAndLabel = bytes[data]!;
      } else if (level === SOL_IPV6) {
        if (type === IPV6_HOPLIMIT) this.ttl = bytes[data]!;
        else if (type === IPV6_FLOWINFO) this.classAndLabel = read32(bytes, data) & 0x0fffffff;
      } else if (level === SOL_UDP && type === UDP_GRO && size >= HEADER_LENGTH + 4) {
        this.segmentSize = words[data >>> 2]! & 0xffff;
      }
      offset += (size + 7) & ~7;
    }
  }
}
