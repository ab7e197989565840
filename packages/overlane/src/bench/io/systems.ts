/** What the bench compares: ways for frames of one station to reach the other. */
import type { EncapsulationConfig, OffloadConfig } from '@overlane/switch';
import { runIp } from '../../demo/run-ip.js';
import { type Bed, HOSTS, INNER_MTU, STATIONS, UNDERLAY_MTU } from './bed.js';
import { buildOpenVswitch } from './open-vswitch.js';

/** One row of the report. */
export interface System {
  /** Name of the row. */
  readonly name: string;
  /** Who forwards. */
  readonly kind: 'kernel' | 'overlane' | 'Open vSwitch';
  /** What is between the stations. */
  readonly does: string;
  /** Commands that it takes besides `ip` and `iperf3`. */
  readonly tools: readonly string[];
  /** Builds it; the stations have their devices and addresses after that. */
  build(bed: Bed): Promise<void>;
}

const NETWORK = 5001;
/** Tells the kernel of a station to cut and sum everything itself. */
const NO_OFFLOADS = ['tx', 'off', 'tso', 'off', 'gso', 'off', 'gro', 'off'];
const [STATION_1, STATION_2] = STATIONS;
const [HOST_1] = HOSTS;
const ENCAPSULATIONS: readonly EncapsulationConfig['type'][] = ['vxlan', 'geneve', 'nvgre', 'gre', 'stt'];

const VETH: System = {
  name: 'veth',
  kind: 'kernel',
  does: 'a veth pair, no switch',
  tools: [],
  async build(bed) {
    await runIp('', [
      `link add ${STATION_1.device} netns ${STATION_1.namespace} type veth peer name ${STATION_2.device} netns ${STATION_2.namespace}`,
    ]);
    await Promise.all(STATIONS.map((station) => bed.addressStation(station)));
  },
};

/** Both stations on one switch of ours: no encapsulation. */
function plain(offload: OffloadConfig): System {
  return {
    name: `no encapsulation, offload ${offload === 'none' ? 'off' : 'on'}`,
    kind: 'overlane',
    does: `TAP to TAP through one switch, offload ${offload}`,
    tools: ['stdbuf'],
    async build(bed) {
      await bed.addressUnderlay();
      const ports = STATIONS.map(({ device }) => ({ name: device, network: NETWORK, mtu: INNER_MTU, offload }));
      const underlay = { address: HOST_1.address, mtu: UNDERLAY_MTU };
      await bed.startSwitch(HOST_1, { underlay, networks: [{ network: NETWORK }], ports }, STATIONS);
    },
  };
}

/** Who may leave work to others. */
type Offloading = 'on' | 'off' | 'MTU-size frames';

/**
 * A switch of ours on each host. With `MTU-size frames` the stations' devices finish each frame themselves, as those of Open
 * vSwitch's row do, and the switches hand their datagrams to the underlay as they do by default.
 */
function tunnel(type: EncapsulationConfig['type'], offloading: Offloading): System {
  const stations = offloading === 'on' ? 'segmentation' : 'none';
  const offload = offloading === 'off' ? 'none' : 'segmentation';
  return {
    name: offloading === 'MTU-size frames' ? `${type}, MTU-size frames` : `${type}, offload ${offloading}`,
    kind: 'overlane',
    does: `TAP, switch, ${type} on a packet socket, switch, TAP; offload of stations ${stations}, of the underlay ${offload}`,
    tools: ['stdbuf'],
    async build(bed) {
      await bed.addressUnderlay();
      await Promise.all(
        HOSTS.map((host, i) => {
          const station = STATIONS[i]!;
          const config = {
            encapsulation: { type },
            underlay: { type: 'packet', address: host.address, mtu: UNDERLAY_MTU, offload },
            networks: [{ network: NETWORK, peers: [HOSTS[1 - i]!.address] }],
            ports: [{ name: station.device, network: NETWORK, mtu: INNER_MTU, offload: stations }],
          } as const;
          return bed.startSwitch(host, config, [station]);
        }),
      );
    },
  };
}

/** A switch of ours on each host, behind a device that the host routes to: super-frames pass UDP tunnels uncut. */
function routed(type: EncapsulationConfig['type']): System {
  return {
    name: `${type}, tun underlay`,
    kind: 'overlane',
    does: `TAP, switch, ${type} on a device that the kernel routes to, the same back; offload everywhere`,
    tools: ['stdbuf'],
    async build(bed) {
      await bed.addressUnderlay();
      await bed.routeEndpoints();
      await Promise.all(
        HOSTS.map((host, i) => {
          const station = STATIONS[i]!;
          const config = {
            encapsulation: { type },
            underlay: { type: 'tun', address: host.endpoint, mtu: UNDERLAY_MTU },
            networks: [{ network: NETWORK, peers: [HOSTS[1 - i]!.endpoint] }],
            ports: [{ name: station.device, network: NETWORK, mtu: INNER_MTU }],
          } as const;
          return bed.startSwitch(host, config, [station]);
        }),
      );
    },
  };
}

function kernelVxlan(offload: 'on' | 'off'): System {
  return {
    name: `kernel vxlan, offload ${offload}`,
    kind: 'kernel',
    does: `veth, Linux bridge, kernel vxlan, bridge, veth; offload of the stations' devices ${offload}`,
    tools: ['ethtool'],
    async build(bed) {
      await bed.addressUnderlay();
      for (const [i, host] of HOSTS.entries()) {
        await bed.linkStation(STATIONS[i]!, host);
        await runIp(host.namespace, [
          `link add vx mtu ${INNER_MTU} type vxlan id ${NETWORK} dstport 4789 local ${host.address} remote ${HOSTS[1 - i]!.address}`,
          'link add sw0 type bridge',
          'link set p master sw0',
          'link set vx master sw0',
          'link set vx up',
          'link set sw0 up',
        ]);
      }
      if (offload === 'off') await stopOffloads(bed);
    },
  };
}

const OPEN_VSWITCH: System = {
  name: 'Open vSwitch vxlan',
  kind: 'Open vSwitch',
  does: 'veth, Open vSwitch userspace datapath, vxlan, the same back; offload off, which it needs',
  tools: ['ethtool', 'ovs-vswitchd', 'ovsdb-server', 'ovs-vsctl', 'ovsdb-tool'],
  async build(bed) {
    for (const [i, host] of HOSTS.entries()) {
      await bed.linkStation(STATIONS[i]!, host);
      await buildOpenVswitch(bed, host, HOSTS[1 - i]!.address, NETWORK);
    }
    // It reads veth devices without the header that says what the sender left undone.
    await stopOffloads(bed);
  },
};

async function stopOffloads(bed: Bed): Promise<void> {
  for (const { namespace, device } of STATIONS) await bed.run(namespace, ['ethtool', '-K', device, ...NO_OFFLOADS]);
}

/** All rows, in the order of the report. */
export const SYSTEMS: readonly System[] = [
  VETH,
  plain('segmentation'),
  ...ENCAPSULATIONS.map((type) => tunnel(type, 'on')),
  ...(['vxlan', 'geneve'] as const).map(routed),
  kernelVxlan('on'),
  plain('none'),
  ...(['vxlan', 'geneve'] as const).map((type) => tunnel(type, 'MTU-size frames')),
  ...ENCAPSULATIONS.map((type) => tunnel(type, 'off')),
  kernelVxlan('off'),
  OPEN_VSWITCH,
];

/** Rows of a quick run. */
export const QUICK_SYSTEMS: readonly System[] = SYSTEMS.filter(({ name }) =>
  ['no encapsulation, offload on', 'stt, offload on', 'vxlan, MTU-size frames', 'Open vSwitch vxlan'].includes(name),
);
