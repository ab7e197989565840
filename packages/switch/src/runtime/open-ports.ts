/** Opens the ports that a configuration asks for, on the memory of one thread. */
import {
  Arena,
  ARENA_BYTES,
  EthernetUnderlay,
  MTU_MAX,
  type MonotonicClock,
  PacketUnderlay,
  type PollablePort,
  TapPort,
  UnderlaySocket,
  slotSize,
} from '@overlane/netio';
import { PacketBuffer } from '@overlane/wire';
import type { SwitchPlan } from '../build-switch.js';
import type { PortConfig, SwitchConfig } from '../config.js';

/** A port on a real interface, with its own counters. */
export interface InterfacePort extends PollablePort {
  /** Counters as plain fields. */
  readonly statistics: object;
}

/** Frames read from a port at once if they may have 64 KiB: so many of all ports together, and at least two of each. */
const SUPER_FRAMES = 512;
const SUPER_BATCH_MAX = 16;
const SUPER_BATCH_MIN = 2;
/** The kernel's page. */
const PAGE = 4096;

/** The memory of a switch's thread: what is usual, and room for super-frames on each port that takes them. */
export function mapArena({ ports }: SwitchConfig): Arena {
  const large = ports.filter(({ offload }) => offload === 'segmentation').length;
  // One more slot per port, for frames from elsewhere.
  const octets = large * (superBatch(ports) + 1) * slotSize(MTU_MAX);
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
  return new UnderlaySocket({
    ...common,
    offload: underlay.offload === 'segmentation' && transport.protocol === 'udp' ? 'segmentation' : 'none',
    ...('zeroChecksumIpv6' in encapsulation && { zeroChecksumIpv6: encapsulation.zeroChecksumIpv6 }),
  });
}

/** Opens a tenant's port and brings its device up. @throws NetioError */
export function openTapPort(
  { name, mtu, offload }: PortConfig,
  plan: SwitchPlan,
  ports: readonly PortConfig[],
  arena: Arena,
): TapPort {
  const batch = offload === 'segmentation' ? { batch: superBatch(ports) } : {};
  const tap = new TapPort({ name, mtu: mtu ?? plan.innerMtu, offload, arena, ...batch });
  try {
    tap.bringUp();
  } catch (error) {
    tap.close();
    throw error;
  }
  return tap;
}

function superBatch(ports: readonly PortConfig[]): number {
  const share = Math.floor(SUPER_FRAMES / ports.length);
  return Math.max(SUPER_BATCH_MIN, Math.min(SUPER_BATCH_MAX, share));
}
