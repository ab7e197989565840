/** The configuration of one switch. */

/** ECN towards the outer header (RFC 6040 §4.3). */
export interface EcnConfig {
  /** `normal`: our egress combines the two; `compatibility`: the far end may not. Default `normal`. */
  readonly ecnMode: 'normal' | 'compatibility';
}

/** What tunnels over UDP have in common. */
export interface UdpTunnelConfig extends EcnConfig {
  /** UDP destination port, sent and accepted. Default 4789 for VXLAN, 6081 for Geneve. */
  readonly port: number;
  /** UDP checksum sent over IPv4. Default `zero` for VXLAN, `computed` for Geneve. */
  readonly checksumIpv4: 'zero' | 'computed';
  /** UDP checksum sent over IPv6. Default `computed`. */
  readonly checksumIpv6: 'zero' | 'computed';
  /** Whether IPv6 peers may send a zero UDP checksum (RFC 6936). Default `refused`. */
  readonly zeroChecksumIpv6: 'refused' | 'accepted';
}

/** VXLAN (RFC 7348). */
export interface VxlanConfig extends UdpTunnelConfig {
  /** The encapsulation. */
  readonly type: 'vxlan';
}

/** Geneve (RFC 8926). */
export interface GeneveConfig extends UdpTunnelConfig {
  /** The encapsulation. */
  readonly type: 'geneve';
}

/** NVGRE (RFC 7637). */
export interface NvgreConfig extends EcnConfig {
  /** The encapsulation. */
  readonly type: 'nvgre';
}

/** Plain GRE (RFC 2784, RFC 2890) with the network as key. */
export interface GreConfig extends EcnConfig {
  /** The encapsulation. */
  readonly type: 'gre';
  /** Whether a checksum is sent. Default `none`. */
  readonly checksum: 'none' | 'computed';
}

/** STT (draft-davie-stt-08). */
export interface SttConfig extends EcnConfig {
  /** The encapsulation. */
  readonly type: 'stt';
  /** Destination port in TCP syntax, sent and accepted. Default 7471. */
  readonly port: number;
}

/** DOVE, with VAN instead of flooding: switches ask each other where a station is. Over IPv4 only. */
export interface DoveConfig extends EcnConfig {
  /** The encapsulation. */
  readonly type: 'dove';
  /** UDP destination port, sent and accepted. Default 8472. */
  readonly port: number;
  /** Overlay, 0..16777215, the same on all switches. Default 1. */
  readonly overlayId: number;
}

/** Which network of which tenant a network number stands for. */
export interface NetlordSpaceConfig {
  /** One of `networks`: this switch's own number, never sent. */
  readonly network: number;
  /** Tenant, 0..16777215. */
  readonly tenant: number;
  /** MAC address space within the tenant (MAC_AS_ID), 0..4294967295. */
  readonly macAsId: number;
  /** Address and prefix of the tenant's router in it, such as `10.0.0.1/24`. Default: it is not routed. */
  readonly router?: string | undefined;
  /** Stations that the router reaches, and that ARP may be answered for. Default: none. */
  readonly stations?: readonly { readonly address: string; readonly mac: string }[] | undefined;
}

/** NetLord: the switch is the agent (NLA) of one server. Its underlay is of type `ethernet`. */
export interface NetlordConfig extends EcnConfig {
  /** The encapsulation. */
  readonly type: 'netlord';
  /** MAC of the edge switch that the server is connected to; by port p if the address of the underlay is p.x.y.z. */
  readonly edge: string;
  /** What the networks are, each once. */
  readonly spaces: readonly NetlordSpaceConfig[];
  /** VLANs (2..4094) towards each other edge switch, as SPAIN's plan has them. Default: none; all goes by VLAN 1. */
  readonly reach: readonly { readonly edge: string; readonly vlans: readonly number[] }[];
  /** MAC of all tenants' routers, the same at all agents. Default 02:4e:4c:00:00:01. */
  readonly routerMac: string;
  /** Whose ARP requests the switch answers: for the routers' addresses, or for all stations named here, too. Default `router`. */
  readonly arpProxy: 'router' | 'stations';
  /** Mean time between chirps on a VLAN, in milliseconds, the same at all agents. Default 2,500. */
  readonly chirpPeriodMs: number;
}

/** How a switch wraps frames. */
export type EncapsulationConfig =
  VxlanConfig | GeneveConfig | NvgreConfig | GreConfig | SttConfig | DoveConfig | NetlordConfig;

/** A virtual network that a switch serves. */
export interface NetworkConfig {
  /** Network identifier: VNI 0..16777215, VSID 4096..16777214, GRE key 0..4294967295, or context id 0..2^53-1. */
  readonly network: number;
  /**
   * Addresses of the far endpoints that get a copy of broadcasts. DOVE switches need one or a few of them: they tell of the
   * others. Default: none.
   */
  readonly peers: readonly string[];
  /** Keep VLAN tags inside the tunnel instead of stripping them (VXLAN and Geneve). Default false. */
  readonly keepInnerVlan: boolean;
}

/**
 * What a switch and the other side of a port leave to each other: nothing; unfinished transport checksums; or packets of up
 * to 64 KiB as well, that have yet to be cut into segments.
 */
export type OffloadConfig = 'none' | 'checksum' | 'segmentation';

/** The physical side of a switch. */
export interface UnderlayConfig {
  /**
   * `socket`: the kernel routes; works wherever the host can send packets. `packet`: a packet socket on one Ethernet
   * interface, through which super-frames pass uncut. `tun`: a device of its own, which the host routes `address` to; with Linux
   * 6.17 or later super-frames pass VXLAN and Geneve uncut, too. `ethernet`: whole Ethernet frames by one interface, for encapsulations that
   * write them (NetLord) and for no others. Default `socket`.
   */
  readonly type: 'socket' | 'packet' | 'tun' | 'ethernet';
  /** Address of this endpoint, IPv4 or IPv6. One of the host's, except for `tun`: there it must be none of them. */
  readonly address: string;
  /** Path MTU of the underlay, in octets. Default 1500. */
  readonly mtu: number;
  /**
   * Name of the interface, for types `packet` (default: the one that has the address), `ethernet` (no default) and `tun` (the
   * device to make, default `vtep%d`, which the kernel numbers).
   */
  readonly device?: string | undefined;
  /**
   * What is left to the kernel and the network card. Default `segmentation` for `packet` and `tun`; `none` for `ethernet`. Sockets can leave
   * runs of datagrams only, and by default `none`: on a veth pair they would arrive uncut, which not every peer understands.
   */
  readonly offload?: OffloadConfig | undefined;
  /**
   * For type `tun`: who cuts super-frames inside of UDP tunnels, the kernel, if it knows how, or the switch, for network cards
   * that get it wrong. Default `kernel`.
   */
  readonly tunnelSegmentation?: 'kernel' | 'switch' | undefined;
}

/** A TAP device that a switch makes and attaches to a network. */
export interface PortConfig {
  /** Kind of port. */
  readonly type: 'tap';
  /** Name of the device, 1 to 15 characters. */
  readonly name: string;
  /** The network that the port is attached to; one of `networks`. */
  readonly network: number;
  /**
   * Source addresses that the port may use, 1 to 64. Frames from others are dropped, as `E_SWITCH_SPOOF` or the system's own
   * name for it (`E_DOVE_SPOOF`). Default: all; NetLord has none, because its NICs are named by their addresses.
   */
  readonly macs?: readonly string[] | undefined;
  /** MTU of the device, in octets. Default: what fits the underlay. */
  readonly mtu?: number | undefined;
  /** What the device's kernel and the switch leave to each other. Default `segmentation`. */
  readonly offload: OffloadConfig;
}

/** Limits of the flow cache, in which decisions are kept apart by port and network: each such pair is a partition. */
export interface FlowsConfig {
  /** Whole keys remembered in front of the megaflows: a power of two up to 65,536, or 0 for none. Default 8,192. */
  readonly microflows: number;
  /** Megaflows held, 1..1,048,576, about 160 octets each. Default 16,384. */
  readonly maxFlows: number;
  /** Megaflows held of a partition, at most `maxFlows`. Default `maxFlows`, but 16,384 at most. */
  readonly maxFlowsPerPartition?: number | undefined;
  /** Masks held of a partition, 1..1,024: the most places where a packet's megaflow is looked for. Default 128. */
  readonly maxMasks: number;
  /** Milliseconds until a megaflow without packets goes, 1..86,400,000. Default 10,000. */
  readonly idleMs: number;
  /**
   * Decisions of a partition that are kept per second, and at once after a pause; each 1..1,000,000,000. Those above are made
   * packet by packet, and counted. Default 20,000 and 2,000.
   */
  readonly upcallsPerSecond: number;
  /** See `upcallsPerSecond`. */
  readonly upcallBurst: number;
}

/** A configuration with every default filled in. */
export interface SwitchConfig {
  /** Name for logs. */
  readonly name: string;
  /** How frames are wrapped. */
  readonly encapsulation: EncapsulationConfig;
  /** The physical side. */
  readonly underlay: UnderlayConfig;
  /** Networks served, 1 to 65,536. */
  readonly networks: readonly NetworkConfig[];
  /** Ports of tenants, 1 to 1,024. */
  readonly ports: readonly PortConfig[];
  /** Size and ageing of each network's address tables. */
  readonly learning: {
    /** Addresses per network. Default 4,096. */
    readonly capacity: number;
    /**
     * Milliseconds until an address that was not seen is forgotten; DOVE switches know their stations, and forget none. Default
     * 300,000.
     */
    readonly ageingMs: number;
  };
  /** Limits of the flow cache. */
  readonly flows: FlowsConfig;
  /** File to record the underlay packets in, as pcap. */
  readonly capture?: string | undefined;
}

/** A configuration as it is written in a file: what has a default may be left out. */
export interface SwitchConfigFile {
  /** Name for logs. */
  readonly name?: string;
  /** How frames are wrapped. */
  readonly encapsulation?: {
    readonly [Type in EncapsulationConfig as Type['type']]: Pick<Type, 'type'> & Partial<Type>;
  }[EncapsulationConfig['type']];
  /** The physical side. */
  readonly underlay: Pick<UnderlayConfig, 'address'> & Partial<UnderlayConfig>;
  /** Networks served. */
  readonly networks: readonly (Pick<NetworkConfig, 'network'> & Partial<NetworkConfig>)[];
  /** Ports of tenants. */
  readonly ports: readonly (Pick<PortConfig, 'name' | 'network'> & Partial<PortConfig>)[];
  /** Size and ageing of each network's address tables. */
  readonly learning?: Partial<SwitchConfig['learning']>;
  /** Limits of the flow cache. */
  readonly flows?: Partial<FlowsConfig>;
  /** File to record the underlay packets in, as pcap. */
  readonly capture?: string;
}
