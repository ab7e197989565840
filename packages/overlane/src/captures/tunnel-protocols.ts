/**
 * The tunnel protocols of the command line, one entry each. A new one joins here: `encap`, `decap` and `dissect` take
 * their names, ports, ranges and options from this table.
 */
import type { Binding } from '@overlane/layout';
import { PORT, PORT_GPE, PORT_LINUX_LEGACY, VNI_MAX, VxlanEncapsulation } from '@overlane/vxlan';
import { vxlanBinding, vxlanGpeBinding } from '@overlane/vxlan/layout';
import { type ChecksumPolicy, type Encapsulation, udp } from '@overlane/wire';

/** What an endpoint is told, the same for every protocol; one that has no such thing ignores it. */
export interface EndpointOptions {
  /** Destination port to send to and to accept; `undefined`: the protocol's own. */
  readonly port?: number;
  /** Longest outer IP packet, in octets; `undefined`: what its length field can say. */
  readonly pathMtu?: number;
  /** Networks whose inner VLAN tags stay; `undefined`: none, so they are stripped, and refused on the way in. */
  readonly keepInnerVlan?: ReadonlySet<number>;
  /** Checksum of the carrier to send; `undefined`: the protocol's default for the address family. */
  readonly checksum?: ChecksumPolicy;
  /** Whether a carrier over IPv6 may come without checksum. Default `refused`. */
  readonly zeroChecksumIpv6?: udp.ZeroChecksum;
}

/** One tunnel protocol. */
export interface TunnelProtocol {
  /** Name on the command line and in dissections. */
  readonly name: string;
  /** Protocol number of the outer IP header. */
  readonly ipProtocol: number;
  /** Destination ports by which it is recognised unless the user names others; empty for a protocol without ports. */
  readonly ports: readonly number[];
  /** How a dissector walks through it. */
  readonly binding: Binding;
  /** What wraps and unwraps; absent for a protocol that is dissected only. */
  readonly endpoint?: {
    /** Largest network identifier. */
    readonly networkMax: number;
    /** Makes one. */
    create(options: EndpointOptions): Encapsulation;
  };
}

const vxlan: TunnelProtocol = {
  name: 'vxlan',
  ipProtocol: udp.IP_PROTOCOL,
  // Choice: 8472 too. The Linux device uses it unless told otherwise, and so do systems built on that device.
  ports: [PORT, PORT_LINUX_LEGACY],
  binding: vxlanBinding as Binding,
  endpoint: {
    networkMax: VNI_MAX,
    create: ({ checksum, ...options }) =>
      new VxlanEncapsulation({
        ...options,
        ...(checksum === undefined ? {} : { checksumIpv4: checksum, checksumIpv6: checksum }),
      }),
  },
};

const vxlanGpe: TunnelProtocol = {
  name: 'vxlan-gpe',
  ipProtocol: udp.IP_PROTOCOL,
  ports: [PORT_GPE],
  binding: vxlanGpeBinding as Binding,
};

/** A protocol that can wrap and unwrap. */
export type EndpointProtocol = TunnelProtocol & Required<Pick<TunnelProtocol, 'endpoint'>>;

/** All protocols, in the order of help texts. */
export const TUNNEL_PROTOCOLS: readonly TunnelProtocol[] = [vxlan, vxlanGpe];

/** Those that `encap` and `decap` offer. */
export const ENDPOINT_PROTOCOLS: readonly EndpointProtocol[] = TUNNEL_PROTOCOLS.filter(
  (protocol): protocol is EndpointProtocol => protocol.endpoint !== undefined,
);
