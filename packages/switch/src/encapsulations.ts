/** The encapsulations that a configuration can name, one entry each: range of networks, endpoint, and underlay. */
import { DoveEncapsulation, INSTANCE_ID_MAX } from '@overlane/dove';
import { GeneveEncapsulation } from '@overlane/geneve';
import type { FrameTypes, UnderlayTransport } from '@overlane/netio';
import { AgentEncapsulation, IP_PROTOCOL, NetworkMap, nlArp } from '@overlane/netlord';
import { NvgreEncapsulation, VSID_MAX, VSID_MIN, gre } from '@overlane/nvgre';
import { ReassemblyStore, SttEncapsulation } from '@overlane/stt';
import { VNI_MAX, VxlanEncapsulation } from '@overlane/vxlan';
import { type Encapsulation, type IpAddress, type Locator, innerIpMtu, parseMac } from '@overlane/wire';
import type { EncapsulationConfig, SwitchConfig, UnderlayConfig } from './config.js';
import type { Allocate } from './offload.js';
import { netlordProblems } from './netlord-problems.js';
import { dove, netlord } from './presets.js';
import type { SwitchRoles } from './switch-options.js';

/** What every endpoint is told. */
export interface EndpointSettings {
  /** Networks served. */
  readonly networks: ReadonlySet<number>;
  /** Networks whose inner VLAN tags stay. */
  readonly keepInnerVlan: ReadonlySet<number>;
  /** Path MTU of the underlay, in octets. */
  readonly pathMtu: number;
  /** 32 random bits, 0..2^32-1, for protocols that number their packets or hash what strangers send. */
  readonly random: number;
  /** Called before memory that emitted packets lie in is used again. */
  readonly beforeReuse: () => void;
  /** Gives memory in the array of the ports' packets, for good; copies within one array leave no garbage. */
  readonly allocate?: Allocate | undefined;
}

/** What a whole system is told beside that. */
export interface SystemSettings extends EndpointSettings {
  /** Our endpoint. */
  readonly address: IpAddress;
  /** Endpoints by network. */
  readonly peers: ReadonlyMap<number, readonly Locator[]>;
  /** Any 32 bits, anew on each call. */
  random32(): number;
}

/** What tunnel packets travel in: IP, for whose next hops the underlay cares, or Ethernet frames of these types. */
export type SwitchTransport = UnderlayTransport | { readonly protocol: 'ethernet'; readonly types: FrameTypes };

/** A field of a configuration, and what is wrong with it. */
export interface ConfigProblem {
  /** Names and indices that lead to the field. */
  readonly path: (string | number)[];
  /** What it may hold. */
  readonly message: string;
}

/** The underlays of encapsulations over IP. */
export const IP_UNDERLAYS: readonly UnderlayConfig['type'][] = ['socket', 'packet', 'tun'];

/** One encapsulation, as configurations see it. */
export interface EncapsulationEntry<Config extends EncapsulationConfig> {
  /** Lowest and highest network identifier. */
  readonly networks: readonly [number, number];
  /** Address families of the underlay. */
  readonly families: readonly (4 | 6)[];
  /** Types of underlay. Default: those of IP. */
  readonly underlays?: readonly UnderlayConfig['type'][];
  /** What becomes of VLAN tags inside the tunnel: as configured per network, or always the same. */
  readonly innerVlan: 'configured' | 'kept' | 'stripped';
  /** What is wrong with a configuration whose fields are right one by one. */
  problems?(config: Config, all: SwitchConfig): readonly ConfigProblem[];
  /** Makes an endpoint. */
  create(config: Config, settings: EndpointSettings): Encapsulation;
  /** Makes all five roles, where the protocol finds stations by itself. Absent: flood and learn. */
  createSystem?(config: Config, settings: SystemSettings): SwitchRoles;
  /** What its packets travel in. */
  transport(config: Config): SwitchTransport;
  /** MTU for tenants' devices on an underlay of `pathMtu`, with `overhead` octets in front of the inner frame. */
  innerMtu(pathMtu: number, overhead: number): number;
}

/** Octets for STT's segments or DOVE's fragments under way: 32 frames of full length between two flushes. */
const SEGMENT_MEMORY = 2 << 20;

type Table = {
  readonly [Type in EncapsulationConfig['type']]: EncapsulationEntry<Extract<EncapsulationConfig, { type: Type }>>;
};

/** All encapsulations, by the `type` of their configuration. */
export const ENCAPSULATIONS: Table = {
  vxlan: {
    networks: [0, VNI_MAX],
    families: [4, 6],
    innerVlan: 'configured',
    create: ({ type: _type, ...config }, settings) => new VxlanEncapsulation({ ...config, ...settings }),
    transport: ({ port }) => ({ protocol: 'udp', port }),
    innerMtu: innerIpMtu,
  },
  geneve: {
    networks: [0, VNI_MAX],
    families: [4, 6],
    innerVlan: 'configured',
    create: ({ type: _type, ...config }, { networks, keepInnerVlan, pathMtu }) => {
      const stripInnerVlan = new Set([...networks].filter((network) => !keepInnerVlan.has(network)));
      return new GeneveEncapsulation({ ...config, networks, stripInnerVlan, pathMtu });
    },
    transport: ({ port }) => ({ protocol: 'udp', port }),
    innerMtu: innerIpMtu,
  },
  nvgre: {
    networks: [VSID_MIN, VSID_MAX],
    families: [4, 6],
    innerVlan: 'stripped',
    create: ({ ecnMode }, { networks, pathMtu }) => new NvgreEncapsulation({ ecnMode, networks, pathMtu }),
    transport: () => ({ protocol: gre.IP_PROTOCOL }),
    innerMtu: innerIpMtu,
  },
  gre: {
    networks: [0, gre.KEY_MAX],
    families: [4, 6],
    innerVlan: 'kept',
    create: ({ ecnMode, checksum }, { networks, pathMtu }) =>
      new gre.GreEncapsulation({ ecnMode, checksum, networks, pathMtu }),
    transport: () => ({ protocol: gre.IP_PROTOCOL }),
    innerMtu: innerIpMtu,
  },
  stt: {
    networks: [0, Number.MAX_SAFE_INTEGER],
    families: [4, 6],
    innerVlan: 'kept',
    create: ({ ecnMode, port }, { networks, pathMtu, random, beforeReuse, allocate }) =>
      new SttEncapsulation({
        ecnMode,
        port,
        networks,
        pathMtu,
        firstPacketId: random,
        hashSeed: random,
        // What a port can't finish, the switch does: so nothing is done twice, or too early.
        superFrames: 'whereTheyFit',
        innerChecksum: 'kept',
        egressMtu: pathMtu,
        beforeReuse,
        ...(allocate && {
          scratch: allocate(SEGMENT_MEMORY),
          frameMemory: allocate(ReassemblyStore.memoryLength()),
        }),
      }),
    transport: ({ port }) => ({ protocol: 'tcp-syntax', port }),
    // STT cuts frames itself: tenants keep the MTU of the underlay.
    innerMtu: (pathMtu) => pathMtu,
  },
  dove: {
    networks: [0, INSTANCE_ID_MAX],
    families: [4],
    innerVlan: 'kept',
    create: ({ type: _type, ...config }, { networks, pathMtu }) =>
      new DoveEncapsulation({ ...config, networks, pathMtu }),
    createSystem: ({ type: _type, ...config }, { allocate, ...settings }) =>
      dove({ ...config, ...settings, ...(allocate && { scratch: allocate(SEGMENT_MEMORY) }) }),
    transport: ({ port }) => ({ protocol: 'udp', port }),
    innerMtu: innerIpMtu,
  },
  netlord: {
    networks: [0, Number.MAX_SAFE_INTEGER],
    families: [4],
    underlays: ['ethernet'],
    innerVlan: 'kept',
    problems: netlordProblems,
    create: ({ edge, spaces, ecnMode }, { pathMtu }) =>
      new AgentEncapsulation(new NetworkMap(spaces), { edgeMac: parseMac(edge), pathMtu, ecnMode }),
    createSystem: ({ type: _type, reach, spaces, ...config }, { address, pathMtu, random32 }) =>
      netlord({
        ...config,
        ...{ address, pathMtu, random32, networks: spaces },
        reach: reach.map(({ edge, vlans }) => ({ edge: parseMac(edge), vlans })),
      }),
    transport: () => ({
      protocol: 'ethernet',
      types: { etherTypes: [nlArp.ETHER_TYPE], ipProtocols: Object.values(IP_PROTOCOL) },
    }),
    // The inner Ethernet header is one of the 34 octets.
    innerMtu: (pathMtu, overhead) => pathMtu - overhead,
  },
};

/** Names of the encapsulations that run over any IP network, as `encapsulation.type` of a configuration takes them. */
export const ENCAPSULATION_NAMES = (Object.keys(ENCAPSULATIONS) as EncapsulationConfig['type'][]).filter(
  (type): type is Exclude<typeof type, 'netlord'> => ENCAPSULATIONS[type].underlays === undefined,
);

/** The entry for a configuration. */
export function encapsulationEntry<Config extends EncapsulationConfig>(config: Config): EncapsulationEntry<Config> {
  // The table pairs each type with its own configuration, which the compiler can't follow through the index.
  return ENCAPSULATIONS[config.type] as unknown as EncapsulationEntry<Config>;
}
