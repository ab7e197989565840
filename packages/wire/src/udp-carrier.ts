/**
 * UDP as the carrier of a tunnel: the outer IP and UDP headers that VXLAN, Geneve and their kin share, with the
 * checksum rules of RFC 6935/6936 (`spec/outer-headers.md` §5).
 */
import * as checksum from './checksum.js';
import type { EcnMode } from './ecn.js';
import type { Fault, WireFault } from './fault.js';
import { DYNAMIC_PORTS, type PortRange, sourcePort } from './flow-hash.js';
import { ipHeaderLength } from './mtu.js';
import { openOuterIp, outerPseudoHeader, prependOuterIp } from './outer-ip.js';
import { read16, write16, write32 } from './octets.js';
import type { PacketBuffer } from './packet-buffer.js';
import type { TunnelMetadata } from './roles.js';
import * as udp from './udp.js';

/** `computed` sends a real checksum, `zero` none. */
export type ChecksumPolicy = 'computed' | 'zero';

/** What an endpoint of any tunnel over UDP can be configured with. Each protocol has its own defaults for port and checksums. */
export interface UdpTunnelOptions {
  /** UDP destination port, sent and accepted. Default: the protocol's. */
  readonly port?: number;
  /** Networks served here; others are refused. Read on every packet, so it may change. Default: all. */
  readonly networks?: ReadonlySet<number>;
  /** Longest outer IP packet to send, in octets. Default 65,535: what the length field can say. */
  readonly pathMtu?: number;
  /** ECN towards the outer header (RFC 6040 §4.3). Default `normal`: our egress combines the two. */
  readonly ecnMode?: EcnMode;
  /** UDP checksum sent over IPv4. Default: what the protocol asks for. */
  readonly checksumIpv4?: ChecksumPolicy;
  /** UDP checksum sent over IPv6; `zero` is for tunnels whose far end is configured to take it. Default `computed`. */
  readonly checksumIpv6?: ChecksumPolicy;
  /** Whether IPv6 peers may send a zero checksum (RFC 6936 §4). Default `refused`. */
  readonly zeroChecksumIpv6?: udp.ZeroChecksum;
  /** Source ports to spread flows over. Default: the dynamic ports, 49152..65535. */
  readonly sourcePorts?: PortRange;
}

/** What the outer headers of a tunnel over UDP are made with. */
export interface UdpCarrierOptions extends Pick<UdpTunnelOptions, 'sourcePorts' | 'zeroChecksumIpv6'> {
  /** Destination port to send to and to accept, 1..65535. */
  readonly port: number;
  /** The fault for a datagram to another port, such as `E_VXLAN_WRONG_PORT`. */
  readonly wrongPort: Fault;
  /** Checksum to send over IPv4. */
  readonly checksumIpv4: ChecksumPolicy;
  /** Checksum to send over IPv6; `zero` is for tunnels whose far end is configured to take it. */
  readonly checksumIpv6: ChecksumPolicy;
}

/** Writes and checks the outer IP and UDP headers of a tunnel. Stateless; allocates nothing per packet. */
export class UdpCarrier {
  /** The configuration, defaults filled in. */
  readonly options: Required<UdpCarrierOptions>;
  readonly #port: number;

  /** A carrier for one destination port. */
  constructor(options: UdpCarrierOptions) {
    this.#port = options.port;
    this.options = { sourcePorts: DYNAMIC_PORTS, zeroChecksumIpv6: 'refused', ...options };
  }

  /** Octets of the outer IP and UDP headers. */
  overhead(family: 4 | 6): number {
    return ipHeaderLength(family) + udp.HEADER_LENGTH;
  }

  /**
   * Checks the outer headers at the start of `packet`, fills `tunnel` (entropy: the source port) and narrows `packet`
   * to the UDP payload. The checksum is verified unless somebody below has done so (`packet.checksum`).
   */
  open(packet: PacketBuffer, tunnel: TunnelMetadata): Fault | undefined {
    const ipOffset = packet.start;
    const fault = openOuterIp(packet, tunnel, udp.IP_PROTOCOL);
    if (fault !== undefined) return fault;
    const { bytes, start, end } = packet;
    // The rules of `udp.check` in place: calling it costs 5 ns more, because V8's budget for inlining is spent by now.
    if (end - start < udp.HEADER_LENGTH) return 'E_UDP_TRUNCATED';
    const length = read16(bytes, start + 4);
    if (length < udp.HEADER_LENGTH || length > end - start) return 'E_UDP_BAD_LENGTH';
    if (read16(bytes, start + 2) !== this.#port) return this.options.wrongPort;
    // The usual VXLAN packet has no checksum to verify.
    const hasNone = read16(bytes, start + 6) === 0 && tunnel.source.family === 4;
    if (packet.checksum === 'unverified' && !hasNone) {
      const wrong = this.#checkChecksum(bytes, ipOffset, start, length, tunnel.source.family);
      if (wrong !== undefined) return wrong;
    }
    tunnel.entropy = read16(bytes, start);
    packet.start = start + udp.HEADER_LENGTH;
    packet.end = start + length;
    return undefined;
  }

  /**
   * Prepends UDP and IP headers for `tunnel` in front of `packet`, the UDP payload. Precondition: headroom for
   * `overhead` octets, and a datagram of at most 65,535 octets. Costs a pass over the payload if a checksum is sent, but over
   * the headers only if one inside of it is left unfinished.
   */
  wrap(packet: PacketBuffer, tunnel: TunnelMetadata, ecn: number): void {
    const family = tunnel.destination.family;
    const { bytes } = packet;
    const at = packet.prepend(udp.HEADER_LENGTH);
    const length = packet.length;
    write16(bytes, at, sourcePort(tunnel.entropy, this.options.sourcePorts));
    write16(bytes, at + 2, this.options.port);
    write32(bytes, at + 4, length << 16);
    prependOuterIp(packet, tunnel, udp.IP_PROTOCOL, ecn);
    const policy = family === 4 ? this.options.checksumIpv4 : this.options.checksumIpv6;
    if (policy === 'computed') {
      const pseudoHeader = outerPseudoHeader(bytes, packet.start, family, udp.IP_PROTOCOL, length);
      if (packet.innerStart === 0) udp.writeChecksum(bytes, at, pseudoHeader);
      else writeChecksumAround(packet, at, pseudoHeader);
    }
  }

  #checkChecksum(
    bytes: Uint8Array,
    ipOffset: number,
    offset: number,
    length: number,
    family: 4 | 6,
  ): WireFault | undefined {
    const zero = family === 4 ? 'accepted' : this.options.zeroChecksumIpv6;
    const pseudoHeader = outerPseudoHeader(bytes, ipOffset, family, udp.IP_PROTOCOL, length);
    return udp.checkChecksum(bytes, offset, pseudoHeader, zero);
  }
}

/**
 * Writes the UDP checksum, at `at`, of a packet with work left inside. One that is yet to be cut gets the sum of the
 * pseudo-header, for whoever cuts it. Else the checksum is final: once the inner one is finished, all it covers sums up to
 * the complement of what its field holds now.
 */
function writeChecksumAround(packet: PacketBuffer, at: number, pseudoHeader: number): void {
  const { bytes, checksumStart, checksumField } = packet;
  if (packet.segmentType !== 'none') {
    write16(bytes, at + 6, pseudoHeader);
    return;
  }
  const inner = checksum.complement(read16(bytes, checksumField));
  const finished = checksum.complement(checksum.sum(bytes, at, checksumStart, checksum.add(pseudoHeader, inner)));
  write16(bytes, at + 6, finished || 0xffff);
}
