/** NetLord for files: one place in a network that has neither agents nor switches. */
import { DEFAULT_VID, NetLordEncapsulation, type NetlordOptions, toAddress } from '@overlane/netlord';
import {
  type Encapsulation,
  type Fault,
  type PacketBuffer,
  TunnelMetadata,
  parseMac,
  read16,
  readInt32,
} from '@overlane/wire';

/** Where packets come from and go to, by everything that NetLord's headers say. */
export interface NetlordPlace {
  /** MAC address space of the tenant, 0..2^32-1. Default 0x01000000, the first that an operator would give out. */
  readonly macAsId?: number;
  /** Port of the egress edge switch, 1..126. Default 1. */
  readonly edgePort?: number;
  /** VLAN of the path, 1..4094. Default 1, the tree that spans everything. */
  readonly vlan?: number;
  /** MAC of the ingress edge switch, the outer source. Default 02:e0:00:00:00:01. */
  readonly ingressEdge?: Uint8Array;
  /** MAC of the egress edge switch, the outer destination. Default 02:e0:00:00:00:02. */
  readonly egressEdge?: Uint8Array;
  /** TTL to send. Default 2. */
  readonly outerTtl?: number;
  /** Whether the outer DSCP is the `inner` packet's, the default, or that of the `tunnel`. */
  readonly dscp?: NetlordOptions['dscp'];
  /** Longest outer IP packet, in octets. Default 65,535. */
  readonly pathMtu?: number;
}

/** Wraps frames for one server and unwraps those for any. */
export class NetlordEndpoint implements Encapsulation {
  readonly name = 'netlord';
  readonly startsWith = 'ethernet';
  readonly #codec: NetLordEncapsulation;
  readonly #outer = new TunnelMetadata();
  readonly #port: number;

  /** An endpoint between two edge switches. @throws CodecError E_FIELD_RANGE unless the edge switches have MACs */
  constructor(place: NetlordPlace) {
    const { macAsId = 0x0100_0000, edgePort = 1, vlan = DEFAULT_VID, outerTtl, dscp = 'inner', pathMtu } = place;
    const { ingressEdge = parseMac('02:e0:00:00:00:01'), egressEdge = parseMac('02:e0:00:00:00:02') } = place;
    this.#codec = new NetLordEncapsulation({
      edgeMac: ingressEdge,
      dscp,
      ...(outerTtl === undefined ? {} : { ttl: outerTtl }),
      ...(pathMtu === undefined ? {} : { pathMtu }),
    });
    this.#port = edgePort;
    this.#outer.source.setIpv4(macAsId);
    this.#outer.vlan = vlan;
    this.#outer.nextHopHigh = read16(egressEdge, 0);
    this.#outer.nextHopLow = readInt32(egressEdge, 2);
  }

  /** 34 octets: the VLAN tag is the path's. */
  overhead(family: 4 | 6): number {
    return this.#codec.overhead(family);
  }

  /** As `NetLordEncapsulation.encapsulate`; the network is the tenant. */
  encapsulate(packet: PacketBuffer, tunnel: TunnelMetadata, emit: (packet: PacketBuffer) => void): Fault | undefined {
    this.#outer.destination.setIpv4(toAddress(this.#port, tunnel.network));
    this.#outer.dscp = tunnel.dscp;
    return this.#codec.encapsulate(packet, this.#outer, emit);
  }

  /** As `NetLordEncapsulation.decapsulate`, for every tenant and port. */
  decapsulate(packet: PacketBuffer, tunnel: TunnelMetadata): Fault | undefined {
    return this.#codec.decapsulate(packet, tunnel);
  }
}
