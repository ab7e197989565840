/**
 * NetLord as an `Encapsulation`: Ethernet, VLAN tag and IPv4 around a tenant's frame, in place, and all rules for what a
 * server receives. The outer Ethernet header is part of the protocol, so packets on the underlay side start there.
 *
 * In a `TunnelMetadata` the outer addresses are what the IPv4 header has: `source` the MAC address space, `destination` egress
 * port and tenant (`toAddress`). `vlan` is the path and `nextHopHigh`, `nextHopLow` an edge switch's MAC: the egress edge switch
 * on encapsulation, the one that the packet came from on decapsulation.
 */
import {
  type EcnMode,
  type Encapsulation,
  type Fault,
  type PacketBuffer,
  type TunnelMetadata,
  MAC_LENGTH,
  combineFrameEcn,
  encapsulateEcn,
  ethernet,
  ipv4,
  ipv6,
  read16,
  readInt32,
  requireOctets,
} from '@overlane/wire';
import { type AddressPlan, ADDRESS_PLAN, isForwardable, portOf, tenantIdOf } from './address-plan.js';
import {
  DEFAULT_VID,
  FRAME_HEADER_LENGTH,
  HEADER_LENGTH,
  INNER_FRAME_LENGTH_MIN,
  IP_PROTOCOL,
  TAGGED_FRAME_HEADER_LENGTH,
  TTL_SENT,
  isVid,
} from './constants.js';
import type { NetlordFault } from './faults.js';
import * as frame from './frame.js';
import * as header from './header.js';

/** Configuration of one server's endpoint. */
export interface NetlordOptions {
  /** MAC of the edge switch that the server is connected to, 6 octets: the outer source. */
  readonly edgeMac: Uint8Array;
  /** Port of that edge switch; packets for another are refused. Default: not known, all are taken. */
  readonly port?: number;
  /** Tenants with virtual machines here; others are refused. Read on every packet, so it may change. Default: all. */
  readonly tenants?: Pick<ReadonlySet<number>, 'has'>;
  /** How addresses are shared between port and tenant. Default 8 port bits, ports 1..126. */
  readonly plan?: AddressPlan;
  /** TTL to send, 1..255. Default 2: one edge switch routes the packet, and a second would drop it. */
  readonly ttl?: number;
  /** Longest outer IP packet to send, in octets: the MTU of the physical network. Default 65,535. */
  readonly pathMtu?: number;
  /** ECN towards the outer header (RFC 6040 §4.3). Default `normal`: our egress combines the two. */
  readonly ecnMode?: EcnMode;
  /**
   * Where the outer DSCP comes from: the `inner` IP packet, 0 if there is none, or `tunnel.dscp` (RFC 2983). Default `inner`:
   * the fabric belongs to whoever runs the servers, and may queue by the tenants' classes.
   */
  readonly dscp?: 'inner' | 'tunnel';
}

const IP_LENGTH_MAX = 0xffff;
const ECN_MASK = 3;

/** NetLord over commodity switches. Stateless; allocates nothing per packet. */
export class NetLordEncapsulation implements Encapsulation {
  readonly name = 'netlord';
  readonly startsWith = 'ethernet';
  readonly #edgeMacHigh: number;
  readonly #edgeMacLow: number;
  readonly #port: number | undefined;
  readonly #tenants: Pick<ReadonlySet<number>, 'has'> | undefined;
  readonly #plan: AddressPlan;
  readonly #ttl: number;
  readonly #pathMtu: number;
  readonly #ecnMode: EcnMode;
  readonly #isDscpCopied: boolean;

  /** An endpoint; every option but the edge switch has a default. @throws CodecError E_FIELD_RANGE unless that is a MAC */
  constructor(options: NetlordOptions) {
    const { edgeMac, port, tenants, plan = ADDRESS_PLAN, pathMtu = IP_LENGTH_MAX, ecnMode = 'normal' } = options;
    requireOctets(header.PROTOCOL, 'edgeMac', edgeMac, MAC_LENGTH);
    this.#edgeMacHigh = read16(edgeMac, 0);
    this.#edgeMacLow = readInt32(edgeMac, 2);
    this.#port = port;
    this.#tenants = tenants;
    this.#plan = plan;
    this.#ttl = options.ttl ?? TTL_SENT;
    this.#pathMtu = Math.min(pathMtu, IP_LENGTH_MAX);
    this.#ecnMode = ecnMode;
    this.#isDscpCopied = options.dscp !== 'tunnel';
  }

  /** 34 octets, the paper's figure: the VLAN tag belongs to the path, and physical networks carry it on top of their MTU. */
  overhead(_family: 4 | 6): number {
    return FRAME_HEADER_LENGTH;
  }

  /**
   * As `Encapsulation.encapsulate`; emits exactly one packet, which starts at its Ethernet header. A `vlan` of 0 is the one that
   * spans everything; `network` and `ttl` say nothing here. Needs 38 octets of headroom. VLAN tags of the frame are carried along.
   */
  encapsulate(
    packet: PacketBuffer,
    tunnel: TunnelMetadata,
    emit: (packet: PacketBuffer) => void,
  ): NetlordFault | undefined {
    const { bytes, start, end } = packet;
    if (end - start < INNER_FRAME_LENGTH_MIN) return 'E_NL_INNER_TRUNCATED';
    const malformed = ethernet.check(bytes, start, end);
    if (malformed !== undefined) return malformed;
    const { source, destination, vlan, nextHopHigh, nextHopLow } = tunnel;
    if (source.family !== 4 || destination.family !== 4) return 'E_ADDRESS_FAMILY_MISMATCH';
    const address = destination.word0;
    if (!isForwardable(address >>> 24, this.#plan)) return 'E_NL_PORT';
    const vid = vlan === 0 ? DEFAULT_VID : vlan;
    if (!isVid(vid)) return 'E_NL_VLAN_ID';
    const totalLength = HEADER_LENGTH + end - start;
    if (totalLength > this.#pathMtu) return 'E_MTU_EXCEEDED';
    if (start < TAGGED_FRAME_HEADER_LENGTH) return 'E_BUFFER_NO_HEADROOM';
    const inner = readTos(bytes, start, end);
    const dscp = this.#isDscpCopied ? inner & ~ECN_MASK : tunnel.dscp << 2;
    const tos = dscp | encapsulateEcn(inner & ECN_MASK, this.#ecnMode);
    const at = packet.prepend(TAGGED_FRAME_HEADER_LENGTH);
    // The TCI is the bare VLAN identifier: priority is for the fabric's switches to give, by DSCP.
    frame.writeEthernet(bytes, at, nextHopHigh, nextHopLow, this.#edgeMacHigh, this.#edgeMacLow, vid);
    const ip = start - HEADER_LENGTH;
    header.writeHeader(bytes, ip, tos, totalLength, vid, this.#ttl, IP_PROTOCOL.DATA, source.word0, address);
    emit(packet);
    packet.trimFront(TAGGED_FRAME_HEADER_LENGTH);
    return undefined;
  }

  /**
   * As `Encapsulation.decapsulate`, for a packet that starts at its Ethernet header. An NL-ARP message that came as a unicast
   * is left in `packet` with `tunnel.control` set, for NL-ARP to check. `tunnel.network` is the tenant. On `E_NL_UNKNOWN_TENANT`
   * and what follows it `tunnel` is filled in, so that the sender can be told.
   */
  decapsulate(packet: PacketBuffer, tunnel: TunnelMetadata): Fault | undefined {
    const { bytes, start, end } = packet;
    const fault = frame.check(bytes, start, end, this.#plan);
    if (fault !== undefined) return fault;
    const at = frame.readHeaderOffset(bytes, start);
    const address = header.readAddress(bytes, at);
    if (this.#port !== undefined && portOf(address, this.#plan) !== this.#port) return 'E_NL_NOT_MY_PORT';
    const tos = header.readTos(bytes, at);
    tunnel.network = tenantIdOf(address, this.#plan);
    tunnel.source.read(bytes, at + 12, 4);
    tunnel.destination.setIpv4(address);
    tunnel.dscp = tos >>> 2;
    tunnel.ecn = tos & ECN_MASK;
    tunnel.ttl = header.readTtl(bytes, at);
    tunnel.entropy = 0;
    tunnel.ecnAnomaly = 'none';
    tunnel.control = header.readProtocol(bytes, at) === IP_PROTOCOL.NL_ARP;
    tunnel.nextHopHigh = read16(bytes, start + MAC_LENGTH);
    tunnel.nextHopLow = readInt32(bytes, start + MAC_LENGTH + 2);
    tunnel.vlan = header.readVid(bytes, at);
    if (this.#tenants !== undefined && !this.#tenants.has(tunnel.network)) return 'E_NL_UNKNOWN_TENANT';
    packet.start = at + HEADER_LENGTH;
    packet.end = at + header.readTotalLength(bytes, at);
    return tunnel.control ? undefined : combineFrameEcn(bytes, packet.start, packet.end, tunnel);
  }
}

/** The octet of DSCP and ECN of the IP packet in a frame that has passed `ethernet.check`; 0 if there is none. */
function readTos(bytes: Uint8Array, offset: number, end: number): number {
  const network = offset + ethernet.readHeaderLength(bytes, offset);
  const version = bytes[network]! >>> 4;
  switch (read16(bytes, network - 2)) {
    case ethernet.ETHER_TYPE.IPV4:
      return version === 4 && end - network >= ipv4.HEADER_LENGTH ? ipv4.readTos(bytes, network) : 0;
    case ethernet.ETHER_TYPE.IPV6:
      return version === 6 && end - network >= ipv6.HEADER_LENGTH ? ipv6.readTrafficClass(bytes, network) : 0;
    default:
      return 0;
  }
}
