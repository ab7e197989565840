/**
 * NVGRE as an `Encapsulation`: outer IP and NVGRE headers around an Ethernet frame, in place, and the rules N1 to
 * N13 of the specification on the way in.
 */
import {
  type EcnMode,
  type Encapsulation,
  type Fault,
  type PacketBuffer,
  type TunnelMetadata,
  combineFrameEcn,
  encapsulateEcn,
  ethernet,
  flowId,
  ipHeaderLength,
  openOuterIp,
  prependOuterIp,
  readFrameEcn,
} from '@overlane/wire';
import { HEADER_LENGTH, VSID_MAX, VSID_MIN, VSID_VENDOR } from './constants.js';
import type { NvgreFault } from './faults.js';
import { IP_PROTOCOL } from './gre/constants.js';
import { check, readFlowId, readVsid, writeHeader } from './header.js';

/** Configuration of one NVGRE endpoint. */
export interface NvgreOptions {
  /** VSIDs served here; others are refused (N10). Read on every packet, so it may change. Default: all. */
  readonly networks?: ReadonlySet<number>;
  /**
   * Whether VSID 0xffffff, vendor-specific traffic between endpoints, can be sent and received as a network of that
   * number, whatever `networks` says. The sender SHOULD know the far end's vendor (RFC 7637 §3.4). Default `refused`.
   */
  readonly vendorVsid?: 'accepted' | 'refused';
  /** Longest outer IP packet to send, in octets. Default 65,535: what the length field can say. */
  readonly pathMtu?: number;
  /** ECN towards the outer header (RFC 6040 §4.3). Default `normal`: our egress combines the two. */
  readonly ecnMode?: EcnMode;
}

const IP_LENGTH_MAX = 0xffff;

/** NVGRE over IPv4 and IPv6. Stateless; allocates nothing per packet. */
export class NvgreEncapsulation implements Encapsulation {
  readonly name = 'nvgre';
  readonly #networks: ReadonlySet<number> | undefined;
  readonly #isVendorAccepted: boolean;
  readonly #vsidMax: number;
  readonly #pathMtu: number;
  readonly #ecnMode: EcnMode;

  /** An NVGRE endpoint; every option has a default. */
  constructor(options: NvgreOptions = {}) {
    const { networks, vendorVsid = 'refused', pathMtu = IP_LENGTH_MAX, ecnMode = 'normal' } = options;
    this.#networks = networks;
    this.#isVendorAccepted = vendorVsid === 'accepted';
    this.#vsidMax = this.#isVendorAccepted ? VSID_VENDOR : VSID_MAX;
    this.#pathMtu = Math.min(pathMtu, IP_LENGTH_MAX);
    this.#ecnMode = ecnMode;
  }

  /** 28 octets over IPv4, 48 over IPv6. */
  overhead(family: 4 | 6): number {
    return ipHeaderLength(family) + HEADER_LENGTH;
  }

  /**
   * As `Encapsulation.encapsulate`; emits exactly one packet. Inner VLAN tags are always stripped (RFC 7637 §3.3),
   * and the FlowID comes from `tunnel.entropy`.
   */
  encapsulate(
    packet: PacketBuffer,
    tunnel: TunnelMetadata,
    emit: (packet: PacketBuffer) => void,
  ): NvgreFault | undefined {
    const { bytes, start, end } = packet;
    if (end - start < ethernet.HEADER_LENGTH) return 'E_NVGRE_INNER_TRUNCATED';
    const malformed = ethernet.check(bytes, start, end);
    if (malformed !== undefined) return malformed;
    const vsid = tunnel.network;
    if (!(Number.isInteger(vsid) && vsid >= VSID_MIN && vsid <= this.#vsidMax)) return 'E_NVGRE_VSID_RANGE';
    const family = tunnel.destination.family;
    if (tunnel.source.family !== family) return 'E_ADDRESS_FAMILY_MISMATCH';
    const tags = ethernet.readHeaderLength(bytes, start) - ethernet.HEADER_LENGTH;
    const overhead = this.overhead(family);
    if (end - start - tags + overhead > this.#pathMtu) return 'E_MTU_EXCEEDED';
    if (start + tags < overhead) return 'E_BUFFER_NO_HEADROOM';
    if (tags !== 0) ethernet.stripTags(packet, tags);
    const ecn = encapsulateEcn(readFrameEcn(bytes, packet.start, end), this.#ecnMode);
    writeHeader(bytes, packet.prepend(HEADER_LENGTH), vsid, flowId(tunnel.entropy));
    prependOuterIp(packet, tunnel, IP_PROTOCOL, ecn);
    emit(packet);
    packet.trimFront(overhead);
    return undefined;
  }

  /** As `Encapsulation.decapsulate`; rules N1 to N13 in order. `tunnel.entropy` is the FlowID, 0..255. */
  decapsulate(packet: PacketBuffer, tunnel: TunnelMetadata): Fault | undefined {
    const badIp = openOuterIp(packet, tunnel, IP_PROTOCOL);
    if (badIp !== undefined) return badIp;
    const { bytes, start, end } = packet;
    const badHeader = check(bytes, start, end);
    if (badHeader !== undefined) return badHeader;
    const vsid = readVsid(bytes, start);
    const badVsid = this.#checkVsid(vsid);
    if (badVsid !== undefined) return badVsid;
    const inner = start + HEADER_LENGTH;
    if (end - inner < ethernet.HEADER_LENGTH) return 'E_NVGRE_INNER_TRUNCATED';
    if (ethernet.readTagged(bytes, inner)) return 'E_NVGRE_INNER_VLAN';
    tunnel.network = vsid;
    tunnel.entropy = readFlowId(bytes, start);
    packet.start = inner;
    return combineFrameEcn(bytes, inner, end, tunnel);
  }

  #checkVsid(vsid: number): NvgreFault | undefined {
    if (vsid === VSID_VENDOR) return this.#isVendorAccepted ? undefined : 'E_NVGRE_VENDOR_VSID';
    return this.#networks === undefined || this.#networks.has(vsid) ? undefined : 'E_NVGRE_UNKNOWN_VSID';
  }
}
