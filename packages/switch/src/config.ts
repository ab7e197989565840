/** The configuration of one switch. */

/** How a switch wraps frames. */
export interface EncapsulationConfig {
  /** The encapsulation. */
  readonly type: 'vxlan';
  /** UDP destination port, sent and accepted. Default 4789. */
  readonly port: number;
  /** UDP checksum sent over IPv4. Default `zero`. */
  readonly checksumIpv4: 'zero' | 'computed';
  /** UDP checksum sent over IPv6. Default `computed`. */
  readonly checksumIpv6: 'zero' | 'computed';
  /** Whether IPv6 peers may send a zero UDP checksum (RFC 6936). Default `refused`. */
  readonly zeroChecksumIpv6: 'refused' | 'accepted';
  /** RFC 6040 mode towards the outer header. Default `normal`. */
  readonly ecnMode: 'normal' | 'compatibility';
}

/** A virtual network that a switch serves. */
export interface NetworkConfig {
  /** Network identifier (VNI), 0..16777215. */
  readonly network: number;
  /** Addresses of the far endpoints that get a copy of broadcasts. Default: none. */
  readonly peers: readonly string[];
  /** Keep VLAN tags inside the tunnel instead of stripping them. Default false. */
  readonly keepInnerVlan: boolean;
}

/** A TAP device that a switch makes and attaches to a network. */
export interface PortConfig {
  /** Kind of port. */
  readonly type: 'tap';
  /** Name of the device, 1 to 15 characters. */
  readonly name: string;
  /** The network that the port is attached to; one of `networks`. */
  readonly network: number;
  /** MTU of the device, in octets. Default: what fits the underlay. */
  readonly mtu?: number | undefined;
}

/** A configuration with every default filled in. */
export interface SwitchConfig {
  /** Name for logs. */
  readonly name: string;
  /** How frames are wrapped. */
  readonly encapsulation: EncapsulationConfig;
  /** The physical side. */
  readonly underlay: {
    /** Address of this endpoint, IPv4 or IPv6. */
    readonly address: string;
    /** Path MTU of the underlay, in octets. Default 1500. */
    readonly mtu: number;
  };
  /** Networks served, 1 to 65,536. */
  readonly networks: readonly NetworkConfig[];
  /** Ports of tenants, 1 to 1,024. */
  readonly ports: readonly PortConfig[];
  /** Size and ageing of each network's address tables. */
  readonly learning: {
    /** Addresses per network. Default 4,096. */
    readonly capacity: number;
    /** Milliseconds until an address that was not seen is forgotten. Default 300,000. */
    readonly ageingMs: number;
  };
  /** File to record the underlay packets in, as pcap. */
  readonly capture?: string | undefined;
}

/** A configuration as it is written in a file: what has a default may be left out. */
export interface SwitchConfigFile {
  /** Name for logs. */
  readonly name?: string;
  /** How frames are wrapped. */
  readonly encapsulation?: Pick<EncapsulationConfig, 'type'> & Partial<EncapsulationConfig>;
  /** The physical side. */
  readonly underlay: Pick<SwitchConfig['underlay'], 'address'> & Partial<SwitchConfig['underlay']>;
  /** Networks served. */
  readonly networks: readonly (Pick<NetworkConfig, 'network'> & Partial<NetworkConfig>)[];
  /** Ports of tenants. */
  readonly ports: readonly (Pick<PortConfig, 'name' | 'network'> & Partial<PortConfig>)[];
  /** Size and ageing of each network's address tables. */
  readonly learning?: Partial<SwitchConfig['learning']>;
  /** File to record the underlay packets in, as pcap. */
  readonly capture?: string;
}
