/** The ECN field of the IP packet inside an Ethernet frame: what tunnels copy out and combine (RFC 6040). */
import { ECN, decapsulateEcn, ecnAnomaly } from './ecn.js';
import { ETHER_TYPE, readHeaderLength } from './ethernet.js';
import type { WireFault } from './fault.js';
import * as ipv4 from './ipv4.js';
import * as ipv6 from './ipv6.js';
import { read16 } from './octets.js';
import type { TunnelMetadata } from './roles.js';

/**
 * ECN codepoint of the IP packet in the frame `bytes[offset..end)`, which has passed `ethernet.check`; Not-ECT if
 * there is no IP header in it.
 */
export function readFrameEcn(bytes: Uint8Array, offset: number, end: number): number {
  const network = offset + readHeaderLength(bytes, offset);
  switch (ipFamily(bytes, network, end)) {
    case 4:
      return ipv4.readEcn(bytes, network);
    case 6:
      return ipv6.readEcn(bytes, network);
    default:
      return ECN.NOT_ECT;
  }
}

/**
 * Combines the frame's ECN with the outer header's `tunnel.ecn` on leaving a tunnel, in place, and says in `tunnel` if
 * the pair was odd. Frames without IP pass unchanged.
 */
export function combineFrameEcn(
  bytes: Uint8Array,
  offset: number,
  end: number,
  tunnel: TunnelMetadata,
): WireFault | undefined {
  tunnel.ecnAnomaly = 'none';
  // Not-ECT outside says nothing: the frame stays as it is (first column of the table).
  if (tunnel.ecn === ECN.NOT_ECT) return undefined;
  const network = offset + readHeaderLength(bytes, offset);
  const family = ipFamily(bytes, network, end);
  if (family === 0) return undefined;
  const inner = family === 4 ? ipv4.readEcn(bytes, network) : ipv6.readEcn(bytes, network);
  tunnel.ecnAnomaly = ecnAnomaly(inner, tunnel.ecn);
  const combined = decapsulateEcn(inner, tunnel.ecn);
  if (combined === 'E_ECN_DROP') return combined;
  if (combined !== inner) {
    if (family === 4) ipv4.writeEcn(bytes, network, combined);
    else ipv6.writeEcn(bytes, network, combined);
  }
  return undefined;
}

function ipFamily(bytes: Uint8Array, network: number, end: number): 0 | 4 | 6 {
  const etherType = read16(bytes, network - 2);
  const version = bytes[network]! >>> 4;
  if (etherType === ETHER_TYPE.IPV4 && version === 4 && end - network >= ipv4.HEADER_LENGTH) return 4;
  if (etherType === ETHER_TYPE.IPV6 && version === 6 && end - network >= ipv6.HEADER_LENGTH) return 6;
  return 0;
}
