/**
 * The tunnel protocols of the command line, one entry each. A new one joins here: `encap`, `decap` and `dissect` take
 * their names, ports, ranges and options from this table.
 */
import { DoveEncapsulation, INSTANCE_ID_MAX, PORT as DOVE_PORT } from '@overlane/dove';
import { doveBindings, otvBinding } from '@overlane/dove/layout';
import { GeneveEncapsulation, PORT as GENEVE_PORT, VNI_MAX as GENEVE_VNI_MAX } from '@overlane/geneve';
import { geneveBinding } from '@overlane/geneve/layout';
import type { Binding, DissectOptions } from '@overlane/layout';
import { IP_PROTOCOL as NETLORD_IP_PROTOCOL, tenantIdMax } from '@overlane/netlord';
import { NETLORD_IPV4_HEADERS, NL_ARP_ETHER_TYPES, netlordBindings } from '@overlane/netlord/layout';
import { NvgreEncapsulation, VSID_MAX, VSID_MIN, gre } from '@overlane/nvgre';
import { greBinding, nvgreBinding } from '@overlane/nvgre/layout';
import { PORT as STT_PORT, SttEncapsulation } from '@overlane/stt';
import { sttBindings } from '@overlane/stt/layout';
import { PORT, PORT_GPE, VNI_MAX, VxlanEncapsulation } from '@overlane/vxlan';
import { vxlanBinding, vxlanGpeBinding } from '@overlane/vxlan/layout';
import { type ChecksumPolicy, type Encapsulation, tcp, udp } from '@overlane/wire';
import { ALL_NETWORKS, NO_NETWORKS } from './all-networks.js';
import { GreEndpoint } from './gre-endpoint.js';
import { NetlordEndpoint, type NetlordPlace } from './netlord-endpoint.js';

/** What an endpoint is told, the same for every protocol; one that has no such thing ignores it. */
export interface EndpointOptions extends NetlordPlace {
  /** Destination port to send to and to accept; `undefined`: the protocol's own. */
  readonly port?: number;
  /** Longest outer IP packet, in octets; `undefined`: 1500 where frames can be cut, else what its length field can say. */
  readonly pathMtu?: number;
  /** Whether inner VLAN tags stay. Default `stripped`: tags are taken out, and refused on the way in. */
  readonly innerVlan?: 'kept' | 'stripped';
  /** UDP checksum to send; `undefined`: the protocol's default for the address family. */
  readonly checksum?: ChecksumPolicy;
  /** Whether a carrier over IPv6 may come without checksum. Default `refused`. */
  readonly zeroChecksumIpv6?: udp.ZeroChecksum;
  /** Number of the first frame, 0..2^32-1; `undefined`: 1. */
  readonly firstPacketId?: number;
  /** Overlay to send, 0..2^24-1; `undefined`: 1. All are accepted. */
  readonly overlayId?: number;
}

/** Options that mean something to some protocols only. */
export type EndpointSetting =
  'innerVlan' | 'checksum' | 'firstPacketId' | 'overlayId' | 'macAsId' | 'edgePort' | 'vlan';

/** What wraps and unwraps; one that puts frames together counts those that it couldn't. */
export interface TunnelEndpoint extends Encapsulation {
  /** Frames in assembly, and given up since the start for time and for memory. */
  readonly reassembly?: { readonly size: number; readonly timedOut: number; readonly evicted: number };
}

/** One tunnel protocol. */
export interface TunnelProtocol {
  /** Name on the command line and in dissections. */
  readonly name: string;
  /** Protocol number of the outer IP header. */
  readonly ipProtocol: number;
  /**
   * Destination ports by which it is recognised unless the user names others; empty for a protocol without ports, and
   * for one that is recognised on the ports that the user names only.
   */
  readonly ports: readonly number[];
  /**
   * For protocols without ports: `asked` if it is recognised only where the user says so, in the place of the one that
   * is `always` behind the same IP protocol, since the octets can't tell the two apart.
   */
  readonly recognised: 'always' | 'asked';
  /** How a dissector walks through it. */
  readonly bindings: readonly Binding[];
  /** Where a dissector finds it, if not behind `ipProtocol`. */
  readonly places?: Pick<DissectOptions, 'etherTypes' | 'ipv4Headers'>;
  /** What wraps and unwraps; absent for a protocol that is dissected only. */
  readonly endpoint?: {
    /** Least and largest network identifier. */
    readonly networks: readonly [number, number];
    /** What its ends are: `addresses` of IP, or `edges`, where the protocol writes the outer Ethernet header too. */
    readonly ends: 'addresses' | 'edges';
    /** The options that it doesn't ignore, among those that not all protocols have. */
    readonly settings: readonly EndpointSetting[];
    /** Makes one. */
    create(options: EndpointOptions): TunnelEndpoint;
  };
}

const vxlan: TunnelProtocol = {
  name: 'vxlan',
  ipProtocol: udp.IP_PROTOCOL,
  // Choice: not 8472, OTV's port. The Linux device uses it unless told otherwise, but no octet tells the two apart.
  ports: [PORT],
  recognised: 'always',
  bindings: [vxlanBinding as Binding],
  endpoint: {
    networks: [0, VNI_MAX],
    ends: 'addresses',
    settings: ['innerVlan', 'checksum'],
    create: ({ checksum, innerVlan, ...options }) =>
      new VxlanEncapsulation({
        ...options,
        ...bothFamilies(checksum),
        keepInnerVlan: innerVlan === 'kept' ? ALL_NETWORKS : NO_NETWORKS,
      }),
  },
};

const vxlanGpe: TunnelProtocol = {
  name: 'vxlan-gpe',
  ipProtocol: udp.IP_PROTOCOL,
  ports: [PORT_GPE],
  recognised: 'always',
  bindings: [vxlanGpeBinding as Binding],
};

const geneve: TunnelProtocol = {
  name: 'geneve',
  ipProtocol: udp.IP_PROTOCOL,
  ports: [GENEVE_PORT],
  recognised: 'always',
  bindings: [geneveBinding as Binding],
  endpoint: {
    networks: [0, GENEVE_VNI_MAX],
    ends: 'addresses',
    settings: ['innerVlan', 'checksum'],
    create: ({ checksum, innerVlan, ...options }) =>
      new GeneveEncapsulation({
        ...options,
        ...bothFamilies(checksum),
        stripInnerVlan: innerVlan === 'kept' ? NO_NETWORKS : ALL_NETWORKS,
      }),
  },
};

const plainGre: TunnelProtocol = {
  name: 'gre',
  ipProtocol: gre.IP_PROTOCOL,
  ports: [],
  recognised: 'always',
  bindings: [greBinding as Binding],
  endpoint: {
    networks: [0, gre.KEY_MAX],
    ends: 'addresses',
    settings: [],
    create: ({ pathMtu }) => new GreEndpoint(pathMtu === undefined ? {} : { pathMtu }),
  },
};

const nvgre: TunnelProtocol = {
  name: 'nvgre',
  ipProtocol: gre.IP_PROTOCOL,
  ports: [],
  recognised: 'asked',
  bindings: [nvgreBinding as Binding],
  endpoint: {
    networks: [VSID_MIN, VSID_MAX],
    ends: 'addresses',
    settings: [],
    create: ({ pathMtu }) => new NvgreEncapsulation(pathMtu === undefined ? {} : { pathMtu }),
  },
};

const stt: TunnelProtocol = {
  name: 'stt',
  ipProtocol: tcp.IP_PROTOCOL,
  ports: [STT_PORT],
  recognised: 'always',
  bindings: sttBindings(),
  endpoint: {
    // Context ids have 64 bits; a number holds those below 2^53.
    networks: [0, Number.MAX_SAFE_INTEGER],
    ends: 'addresses',
    settings: ['firstPacketId'],
    create: ({ port, pathMtu, firstPacketId }) =>
      new SttEncapsulation({
        ...(port === undefined ? {} : { port }),
        ...(pathMtu === undefined ? {} : { pathMtu }),
        ...(firstPacketId === undefined ? {} : { firstPacketId }),
      }),
  },
};

/** Frames without an instance; `decap` writes frames only, so that no other is taken for it. */
const INSTANCELESS_NETWORK = 0;

const dove: TunnelProtocol = {
  name: 'dove',
  ipProtocol: udp.IP_PROTOCOL,
  ports: [DOVE_PORT],
  recognised: 'always',
  bindings: doveBindings.filter((binding) => binding !== otvBinding) as readonly Binding[],
  endpoint: {
    networks: [0, INSTANCE_ID_MAX],
    ends: 'addresses',
    settings: ['overlayId'],
    create: (options) => createDove('dove', options),
  },
};

const otv: TunnelProtocol = {
  name: 'otv',
  ipProtocol: udp.IP_PROTOCOL,
  // Its port is DOVE's, whose version 0 is OTV.
  ports: [],
  recognised: 'always',
  bindings: [otvBinding as Binding],
  endpoint: {
    networks: [0, INSTANCE_ID_MAX],
    ends: 'addresses',
    settings: ['overlayId'],
    create: (options) => createDove('otv', { pathMtu: IP_LENGTH_MAX, ...options }),
  },
};

const netlord: TunnelProtocol = {
  name: 'netlord',
  ipProtocol: NETLORD_IP_PROTOCOL.DATA,
  ports: [],
  recognised: 'asked',
  bindings: netlordBindings as unknown as readonly Binding[],
  places: { ipv4Headers: NETLORD_IPV4_HEADERS, etherTypes: NL_ARP_ETHER_TYPES },
  endpoint: {
    networks: [0, tenantIdMax()],
    ends: 'edges',
    settings: ['macAsId', 'edgePort', 'vlan'],
    create: (options) => new NetlordEndpoint(options),
  },
};

const IP_LENGTH_MAX = 0xffff;

function createDove(
  mode: 'dove' | 'otv',
  { port, pathMtu, overlayId, zeroChecksumIpv6 }: EndpointOptions,
): DoveEncapsulation {
  return new DoveEncapsulation({
    mode,
    overlays: ALL_NETWORKS,
    networkWithoutInstance: INSTANCELESS_NETWORK,
    // Whoever asks for a file of DOVE packets means to read them as such.
    takesExtensions: () => true,
    ...(port === undefined ? {} : { port }),
    ...(pathMtu === undefined ? {} : { pathMtu }),
    ...(overlayId === undefined ? {} : { overlayId }),
    ...(zeroChecksumIpv6 === undefined ? {} : { zeroChecksumIpv6 }),
  });
}

function bothFamilies(checksum: ChecksumPolicy | undefined): {
  readonly checksumIpv4?: ChecksumPolicy;
  readonly checksumIpv6?: ChecksumPolicy;
} {
  return checksum === undefined ? {} : { checksumIpv4: checksum, checksumIpv6: checksum };
}

/** A protocol that can wrap and unwrap. */
export type EndpointProtocol = TunnelProtocol & Required<Pick<TunnelProtocol, 'endpoint'>>;

/** All protocols, in the order of help texts. */
export const TUNNEL_PROTOCOLS: readonly TunnelProtocol[] = [
  vxlan,
  vxlanGpe,
  geneve,
  plainGre,
  nvgre,
  stt,
  dove,
  otv,
  netlord,
];

/** Whether it is found by a destination port. */
export function hasPorts({ ipProtocol }: TunnelProtocol): boolean {
  return ipProtocol === udp.IP_PROTOCOL || ipProtocol === tcp.IP_PROTOCOL;
}

/** Those that `encap` and `decap` offer. */
export const ENDPOINT_PROTOCOLS: readonly EndpointProtocol[] = TUNNEL_PROTOCOLS.filter(isEndpoint);

/** Whether it can wrap and unwrap. */
export function isEndpoint(protocol: TunnelProtocol): protocol is EndpointProtocol {
  return protocol.endpoint !== undefined;
}
