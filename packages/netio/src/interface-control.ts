import { Arena } from './arena.js';
import { optionError, requireOption, systemError } from './errors.js';
import {
  AF_INET,
  IFF_UP,
  SIOCGIFFLAGS,
  SIOCGIFHWADDR,
  SIOCGIFINDEX,
  SIOCGIFMTU,
  SIOCSIFFLAGS,
  SIOCSIFMTU,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
} from './linux.js';
import { MTU_MAX } from './slots.js';
import { loadSystemCalls, type SystemCalls } from './sys.js';

/** Octets of `struct ifreq`: a name of 16 octets, then a union. */
export const IFREQ_LENGTH = 40;
const NAME_LENGTH = 16;

/** Writes a zeroed `struct ifreq` for `name` at `bytes[offset..]`. @throws NetioError E_NETIO_BAD_OPTION */
export function writeInterfaceRequest(bytes: Uint8Array, offset: number, name: string): void {
  requireInterfaceName(name);
  bytes.fill(0, offset, offset + IFREQ_LENGTH);
  for (let i = 0; i < name.length; i++) bytes[offset + i] = name.charCodeAt(i);
}

/** The name in the `struct ifreq` at `bytes[offset..]`. */
export function readInterfaceName(bytes: Uint8Array, offset: number): string {
  let name = '';
  for (let i = 0; i < NAME_LENGTH && bytes[offset + i] !== 0; i++) name += String.fromCharCode(bytes[offset + i]!);
  return name;
}

/** Throws unless Linux would take `name` for an interface. @throws NetioError E_NETIO_BAD_OPTION */
export function requireInterfaceName(name: string): void {
  // dev_valid_name() refuses '/', ':', spaces, '.' and '..'; more than printable ASCII would only confuse tools.
  if (!/^[!-~]{1,15}$/.test(name) || /[/:]/.test(name) || name === '.' || name === '..') {
    throw optionError(
      JSON.stringify(name),
      "an interface name is 1 to 15 visible ASCII characters without '/' and ':'",
    );
  }
}

/**
 * Sets the MTU of interface `name` in the calling thread's network namespace.
 * @throws NetioError E_NETIO_NO_SUCH_DEVICE, E_NETIO_NO_PERMISSION, E_NETIO_BAD_OPTION, E_NETIO_SYSTEM
 */
export function setInterfaceMtu(
  name: string,
  mtu: number,
  arena = Arena.forThread(),
  system = loadSystemCalls(),
): void {
  requireOption(name, 'mtu', mtu, 68, MTU_MAX);
  writeInterfaceRequest(arena.bytes, arena.scratch, name);
  arena.words[(arena.scratch + NAME_LENGTH) >>> 2] = mtu;
  request(system, arena, name, `set an MTU of ${mtu}`, [SIOCSIFMTU]);
}

/**
 * Brings interface `name` up in the calling thread's network namespace.
 * @throws NetioError E_NETIO_NO_SUCH_DEVICE, E_NETIO_NO_PERMISSION, E_NETIO_SYSTEM
 */
export function bringInterfaceUp(name: string, arena = Arena.forThread(), system = loadSystemCalls()): void {
  setInterfaceFlags(name, IFF_UP, arena, system);
}

/** Sets `flags` of interface `name` beside those it has; IFF_UP is one. @throws NetioError as {@link bringInterfaceUp} */
export function setInterfaceFlags(name: string, flags: number, arena: Arena, system: SystemCalls): void {
  writeInterfaceRequest(arena.bytes, arena.scratch, name);
  request(system, arena, name, 'read its flags', [SIOCGIFFLAGS, SIOCSIFFLAGS], () => {
    arena.halfWords[(arena.scratch + NAME_LENGTH) >>> 1]! |= flags;
  });
}

/** Index of interface `name`. @throws NetioError E_NETIO_NO_SUCH_DEVICE, E_NETIO_BAD_OPTION, E_NETIO_SYSTEM */
export function interfaceIndex(name: string, arena: Arena, system: SystemCalls): number {
  writeInterfaceRequest(arena.bytes, arena.scratch, name);
  request(system, arena, name, 'find the interface', [SIOCGIFINDEX]);
  return arena.words[(arena.scratch + NAME_LENGTH) >>> 2]!;
}

/** What an underlay port must know of its interface. */
export interface LinkSettings {
  /** Octets of IP packet that go through it whole. */
  readonly mtu: number;
  /** ARPHRD_ETHER is 1. */
  readonly hardwareType: number;
  /** Its hardware address, six octets. */
  readonly address: Uint8Array;
}

/**
 * MTU and hardware address of interface `name` in the network namespace of the socket `fd`, whatever the thread's is.
 * @throws NetioError E_NETIO_NO_SUCH_DEVICE, E_NETIO_BAD_OPTION, E_NETIO_SYSTEM
 */
export function readLinkSettings(name: string, fd: number, arena: Arena, system: SystemCalls): LinkSettings {
  const union = arena.scratch + NAME_LENGTH;
  const ask = (code: number, action: string): void => {
    writeInterfaceRequest(arena.bytes, arena.scratch, name);
    const result = system.ioctl(fd, code, arena.address(arena.scratch));
    if (result < 0) throw systemError(system.errno(), name, action);
  };
  ask(SIOCGIFMTU, 'read its MTU');
  const mtu = arena.words[union >>> 2]!;
  ask(SIOCGIFHWADDR, 'read its hardware address');
  return { mtu, hardwareType: arena.halfWords[union >>> 1]!, address: arena.bytes.slice(union + 2, union + 8) };
}

/** Makes `requests` in turn on the ifreq in scratch memory, `between` them; any socket will do for them. */
function request(
  system: SystemCalls,
  arena: Arena,
  name: string,
  action: string,
  requests: readonly number[],
  between?: () => void,
): void {
  const fd = system.socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) throw systemError(system.errno(), name, 'open a control socket');
  try {
    for (const [index, code] of requests.entries()) {
      if (index > 0) between?.();
      if (system.ioctl(fd, code, arena.address(arena.scratch)) < 0) {
        const doing = code === SIOCSIFFLAGS ? 'bring it up' : action;
        throw systemError(system.errno(), name, doing);
      }
    }
  } finally {
    system.close(fd);
  }
}
