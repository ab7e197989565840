import type { Arena } from './arena.js';
import { NetioError, systemError } from './errors.js';
import { interfaceIndex, readInterfaceName, writeInterfaceRequest } from './interface-control.js';
import * as linux from './linux.js';
import type { SystemCalls } from './sys.js';
import { TUNNEL_VNET_HEADER_LENGTH } from './tunnel-vnet-header.js';
import { type OffloadLevel, VNET_HEADER_LENGTH } from './vnet-header.js';

const DEVICE = '/dev/net/tun';

/** Queues that the TUN driver gives a device (MAX_TAP_QUEUES). */
const QUEUES_MAX = 256;

/**
 * What a TAP port is of its device: the `only` queue of an ordinary one; the `first` of a device with several, which
 * makes it; or a `further` queue of such a device. The kernel spreads flows over the queues.
 */
export type TapQueue = 'only' | 'first' | 'further';

/** An attached TAP device. */
export interface TapDevice {
  /** Its descriptor, which the caller closes. */
  readonly fd: number;
  /** Its name as the kernel has it. */
  readonly name: string;
  /** Whether the kernel knows segmentation of UDP on it (Linux 6.2 and later); false unless it was asked for. */
  readonly udpSegmentation: boolean;
  /**
   * Whether it knows segmentation inside of UDP tunnels (Linux 6.17 and later), and vnet headers are as
   * `tunnel-vnet-header.ts` has them; false unless it was asked for.
   */
  readonly tunnelSegmentation: boolean;
}

/** What a TAP device is asked for: segmentation of `frames` only, or inside of `tunnels` too. */
export type SegmentationDepth = 'frames' | 'tunnels';

/** Attaches to the TAP device `name`, or makes it. Without tunnels if the kernel does not know them. @throws NetioError */
export function openTap(
  name: string,
  offload: OffloadLevel,
  queue: TapQueue,
  arena: Arena,
  system: SystemCalls,
  depth: SegmentationDepth = 'frames',
): TapDevice {
  // First the name: a bad one should not cost the right to open the device.
  writeInterfaceRequest(arena.bytes, arena.scratch, name);
  // Joining a device that is not there would make it.
  if (queue === 'further') interfaceIndex(name, arena, system);
  const fd = system.open(DEVICE, linux.O_RDWR | linux.O_NONBLOCK | linux.O_CLOEXEC);
  if (fd < 0) throw openError(system.errno(), name);
  try {
    writeInterfaceRequest(arena.bytes, arena.scratch, name);
    const flags = linux.IFF_TAP | linux.IFF_NO_PI | linux.IFF_VNET_HDR;
    arena.halfWords[(arena.scratch + 16) >>> 1] = queue === 'only' ? flags : flags | linux.IFF_MULTI_QUEUE;
    const address = arena.address(arena.scratch);
    if (system.ioctl(fd, linux.TUNSETIFF, address) < 0) throw attachError(system.errno(), name, queue);
    const actual = readInterfaceName(arena.bytes, arena.scratch);
    const known = setOffload(system, fd, actual, offload, depth);
    const tunnelSegmentation = (known & linux.TUN_F_UDP_TUNNEL) !== 0;
    arena.words[arena.scratch >>> 2] = tunnelSegmentation ? TUNNEL_VNET_HEADER_LENGTH : VNET_HEADER_LENGTH;
    if (system.ioctl(fd, linux.TUNSETVNETHDRSZ, address) < 0) {
      throw systemError(system.errno(), actual, 'configure the device');
    }
    return { fd, name: actual, udpSegmentation: (known & linux.TUN_F_USO) !== 0, tunnelSegmentation };
  } catch (error) {
    system.close(fd);
    throw error;
  }
}

/**
 * Says what we take unfinished from the device, which a persistent one keeps from its last owner otherwise: as much as
 * the kernel knows. Returns the flags that it took.
 */
function setOffload(
  system: SystemCalls,
  fd: number,
  name: string,
  offload: OffloadLevel,
  depth: SegmentationDepth,
): number {
  const tcp = linux.TUN_F_CSUM | linux.TUN_F_TSO4 | linux.TUN_F_TSO6 | linux.TUN_F_TSO_ECN;
  const all = tcp | linux.TUN_F_USO;
  const flags = { none: 0, checksum: linux.TUN_F_CSUM, segmentation: tcp }[offload];
  if (offload === 'segmentation') {
    for (const more of depth === 'tunnels' ? [all | linux.TUN_F_UDP_TUNNEL, all] : [all]) {
      if (system.ioctl(fd, linux.TUNSETOFFLOAD, more) === 0) return more;
    }
  }
  if (system.ioctl(fd, linux.TUNSETOFFLOAD, flags) < 0) {
    throw systemError(system.errno(), name, `set the device to offload '${offload}'`);
  }
  return flags;
}

function openError(errno: number, name: string): NetioError {
  const remedies = new Map([
    [linux.ENOENT, 'load the TUN driver (modprobe tun), or give the container the device'],
    [linux.EPERM, `run as root, or in a user namespace (unshare -Urn) with ${DEVICE} readable and writable`],
    [linux.EACCES, `run as root, or in a user namespace (unshare -Urn) with ${DEVICE} readable and writable`],
  ]);
  return systemError(errno, name, `open ${DEVICE}`, remedies.get(errno));
}

function attachError(errno: number, name: string, queue: TapQueue): NetioError {
  if (errno === linux.EINVAL) {
    const fact =
      queue === 'only'
        ? 'an interface of this name exists and is no free TAP (EINVAL); choose another name'
        : "an interface of this name exists and is no TAP with several queues (EINVAL); open its first queue with queue: 'first'";
    return new NetioError('E_NETIO_DEVICE_BUSY', name, fact, 'EINVAL');
  }
  if (errno === linux.E2BIG) {
    const fact = `the device has all its ${QUEUES_MAX} queues (E2BIG); open fewer ports on it`;
    return new NetioError('E_NETIO_DEVICE_BUSY', name, fact, 'E2BIG');
  }
  const remedy =
    errno === linux.EPERM
      ? 'creating it needs CAP_NET_ADMIN in this network namespace (root, or unshare -Urn)'
      : undefined;
  return systemError(errno, name, 'attach to the TAP device', remedy);
}
