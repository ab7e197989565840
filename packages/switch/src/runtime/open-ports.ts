/** Opens the ports that a configuration asks for, on the memory of one thread. */
import {
  Arena,
  ARENA_BYTES,
  EthernetUnderlay,
  type MonotonicClock,
  PacketUnderlay,
  type PollablePort,
  TapPort,
  TunUnderlay,
  UnderlaySocket,
} from '@overlane/netio';
import { PacketBuffer } from '@overlane/wire';
import type { SwitchPlan } from '../build-switch.js';
import type { PortConfig, SwitchConfig } from '../config.js';

/** A port on a real interface, with its own counters. */
export interface InterfacePort extends PollablePort {
  /** Counters as plain fields. */
  readonly statistics: object;
}

/** The kernel's page. */
const PAGE = 4096;

/** The memory of a switch's thread: what is usual, and room for super-frames on each port that takes them. */
export function mapArena({ ports }: SwitchConfig): Arena {
  const large = ports.filter(({ offload }) => offload === 'segmentation').length;
  const octets = large * TapPort.memory({ offload: 'segmentation' });
  return Arena.map(Math.ceil((ARENA_BYTES + octets) / PAGE) * PAGE);
}

/** Gives memory of `arena` for good. */
export function allocateIn(arena: Arena): (octets: number) => PacketBuffer {
  return (octets) => {
    const offset = arena.allocate(octets);
    return new PacketBuffer(arena.bytes, offset, offset + octets);
  };
}

/** Opens the underlay of a switch. @throws NetioError */
export function openUnderlay(
  config: SwitchConfig,
  plan: SwitchPlan,
  arena: Arena,
  clock: MonotonicClock,
): InterfacePort {
  const { underlay, encapsulation } = config;
  const { transport } = plan;
  if (transport.protocol === 'ethernet') {
    // The configuration's check has seen to the device.
    return new EthernetUnderlay({ device: underlay.device!, types: transport.types, mtu: underlay.mtu, arena });
  }
  const common = { local: plan.address, transport, mtu: underlay.mtu, arena };
  if (underlay.type === 'packet') {
    const { device, offload = 'segmentation' } = underlay;
    const timed = { clock: () => clock.nowMs(), ...(device !== undefined && { device }) };
    return new PacketUnderlay({ ...common, ...timed, offload });
  }
  if (underlay.type === 'tun') {
    const { device, offload = 'segmentation' } = underlay;
    const tunnelSegmentation = underlay.tunnelSegmentation === 'switch' ? 'wrapper' : 'kernel';
    return new TunUnderlay({ ...common, offload, tunnelSegmentation, ...(device !== undefined && { device }) });
  }
  return new UnderlaySocket({
    ...common,
    offload: underlay.offload === 'segmentation' && transport.protocol === 'udp' ? 'segmentation' : 'none',
    ...('zeroChecksumIpv6' in encapsulation && { zeroChecksumIpv6: encapsulation.zeroChecksumIpv6 }),
  });
}

/** Opens a tenant's port and brings its device up. @throws NetioError */
export function openTapPort({ name, mtu, offload }: PortConfig, plan: SwitchPlan, arena: Arena): TapPort {
  const tap = new TapPort({ name, mtu: mtu ?? plan.innerMtu, offload, arena });
  try {
    tap.bringUp();
  } catch (error) {
    tap.close();
    throw error;
  }
  return tap;
}
