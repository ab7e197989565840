import type { Arena } from './arena.js';
import { NetioError, systemError } from './errors.js';
import { readInterfaceName, writeInterfaceRequest } from './interface-control.js';
import {
  EINVAL,
  ENOENT,
  EPERM,
  IFF_NO_PI,
  IFF_TAP,
  IFF_VNET_HDR,
  O_CLOEXEC,
  O_NONBLOCK,
  O_RDWR,
  TUNSETIFF,
  TUNSETOFFLOAD,
  TUNSETVNETHDRSZ,
} from './linux.js';
import type { SystemCalls } from './sys.js';

/** Octets of `struct virtio_net_hdr`, which says what of a frame is left to an offload. All zero: nothing. */
export const VNET_HEADER_LENGTH = 10;

const DEVICE = '/dev/net/tun';

/** An attached TAP device, and its name as the kernel has it. The caller closes `fd`. @throws NetioError */
export function openTap(name: string, arena: Arena, system: SystemCalls): { fd: number; name: string } {
  // First the name: a bad one should not cost the right to open the device.
  writeInterfaceRequest(arena.bytes, arena.scratch, name);
  const fd = system.open(DEVICE, O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) throw openError(system.errno(), name);
  try {
    arena.halfWords[(arena.scratch + 16) >>> 1] = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR;
    const address = arena.address(arena.scratch);
    if (system.ioctl(fd, TUNSETIFF, address) < 0) throw attachError(system.errno(), name);
    const actual = readInterfaceName(arena.bytes, arena.scratch);
    arena.words[arena.scratch >>> 2] = VNET_HEADER_LENGTH;
    // A persistent device keeps what its last owner set. No offloads: frames come whole, with their checksums.
    if (system.ioctl(fd, TUNSETVNETHDRSZ, address) < 0 || system.ioctl(fd, TUNSETOFFLOAD, 0) < 0) {
      throw systemError(system.errno(), actual, 'configure the device');
    }
    return { fd, name: actual };
  } catch (error) {
    system.close(fd);
    throw error;
  }
}

function openError(errno: number, name: string): NetioError {
  const remedy =
    errno === ENOENT
      ? 'load the TUN driver (modprobe tun), or give the container the device'
      : `run as root, or in a user namespace (unshare -Urn) with ${DEVICE} readable and writable`;
  return systemError(errno, name, `open ${DEVICE}`, remedy);
}

function attachError(errno: number, name: string): NetioError {
  if (errno === EINVAL) {
    const fact = 'an interface of this name exists and is no free TAP (EINVAL); choose another name';
    return new NetioError('E_NETIO_DEVICE_BUSY', name, fact, 'EINVAL');
  }
  const remedy =
    errno === EPERM ? 'creating it needs CAP_NET_ADMIN in this network namespace (root, or unshare -Urn)' : undefined;
  return systemError(errno, name, 'attach to the TAP device', remedy);
}
