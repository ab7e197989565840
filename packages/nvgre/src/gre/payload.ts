/** What GRE carries: Ethernet frames (transparent Ethernet bridging) or IP packets, behind one shape. */
import {
  type TunnelMetadata,
  type WireFault,
  combineFrameEcn,
  decapsulateEcn,
  ecnAnomaly,
  ethernet,
  ipv4,
  ipv6,
  readFrameEcn,
} from '@overlane/wire';
import { PROTOCOL_TYPE } from './constants.js';
import type { GreFault } from './faults.js';

/** One kind of payload. All ranges are `bytes[offset..end)`; all but `check` want that it has passed. */
export interface Payload {
  /** Whether this protocol type announces it. */
  isType(protocolType: number): boolean;
  /** Why the range can't be this payload, as far as a tunnel must know. */
  check(bytes: Uint8Array, offset: number, end: number): GreFault | undefined;
  /** The protocol type that announces it. */
  readProtocolType(bytes: Uint8Array, offset: number): number;
  /** ECN codepoint, Not-ECT where there is none. */
  readEcn(bytes: Uint8Array, offset: number, end: number): number;
  /** Combines it with `tunnel.ecn` in place (RFC 6040 §4.2). */
  combineEcn(bytes: Uint8Array, offset: number, end: number, tunnel: TunnelMetadata): WireFault | undefined;
}

/** Frames without FCS, VLAN tags kept. */
export const ETHERNET_PAYLOAD: Payload = {
  isType: (protocolType) => protocolType === PROTOCOL_TYPE.ETHERNET,
  check: (bytes, offset, end) =>
    end - offset < ethernet.HEADER_LENGTH ? 'E_GRE_INNER_TRUNCATED' : ethernet.check(bytes, offset, end),
  readProtocolType: () => PROTOCOL_TYPE.ETHERNET,
  readEcn: readFrameEcn,
  combineEcn: combineFrameEcn,
};

/** IPv4 and IPv6 packets; of their headers only version and length are looked at. */
export const IP_PAYLOAD: Payload = {
  isType: (protocolType) => protocolType === PROTOCOL_TYPE.IPV4 || protocolType === PROTOCOL_TYPE.IPV6,
  check: (bytes, offset, end) => {
    const version = offset < end ? bytes[offset]! >>> 4 : 4;
    if (version !== 4 && version !== 6) return 'E_GRE_BAD_PROTOCOL';
    const needed = version === 4 ? ipv4.HEADER_LENGTH : ipv6.HEADER_LENGTH;
    return end - offset < needed ? 'E_GRE_INNER_TRUNCATED' : undefined;
  },
  readProtocolType: (bytes, offset) => (isIpv4(bytes, offset) ? PROTOCOL_TYPE.IPV4 : PROTOCOL_TYPE.IPV6),
  readEcn: (bytes, offset) => (isIpv4(bytes, offset) ? ipv4 : ipv6).readEcn(bytes, offset),
  combineEcn: (bytes, offset, _end, tunnel) => {
    const ip = isIpv4(bytes, offset) ? ipv4 : ipv6;
    const inner = ip.readEcn(bytes, offset);
    tunnel.ecnAnomaly = ecnAnomaly(inner, tunnel.ecn);
    const combined = decapsulateEcn(inner, tunnel.ecn);
    if (combined === 'E_ECN_DROP') return combined;
    if (combined !== inner) ip.writeEcn(bytes, offset, combined);
    return undefined;
  },
};

function isIpv4(bytes: Uint8Array, offset: number): boolean {
  return bytes[offset]! >>> 4 === 4;
}
