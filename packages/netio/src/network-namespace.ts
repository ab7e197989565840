import { readlinkSync } from 'node:fs';
import { NetioError, systemError } from './errors.js';
import { CLONE_NEWNET, ENOENT, O_CLOEXEC, O_RDONLY } from './linux.js';
import { loadSystemCalls, type SystemCalls } from './sys.js';

/** Where `ip netns add` keeps its namespaces. */
const DIRECTORY = '/var/run/netns/';

/**
 * Moves the calling thread into a network namespace: a name of `ip netns`, or a path such as `/proc/123/ns/net`. Other
 * threads stay, so do this in a worker or use {@link inNetworkNamespace}. Ports opened before stay where they were.
 * @throws NetioError E_NETIO_NO_SUCH_DEVICE (no such namespace), E_NETIO_NO_PERMISSION, E_NETIO_UNSUPPORTED_PLATFORM, E_NETIO_SYSTEM
 */
export function enterNetworkNamespace(nameOrPath: string, system: SystemCalls = loadSystemCalls()): void {
  const fd = openNamespace(nameOrPath, system);
  try {
    enter(fd, nameOrPath, system);
  } finally {
    system.close(fd);
  }
}

/**
 * Runs `action` with the calling thread in a network namespace, returns what it returns, and goes back even if it
 * throws. `action` must be synchronous: what it would await runs after the return.
 * @throws NetioError as {@link enterNetworkNamespace}
 */
export function inNetworkNamespace<T>(nameOrPath: string, action: () => T, system: SystemCalls = loadSystemCalls()): T {
  const home = openNamespace('/proc/thread-self/ns/net', system);
  try {
    enterNetworkNamespace(nameOrPath, system);
    try {
      return action();
    } finally {
      enter(home, 'home namespace', system);
    }
  } finally {
    system.close(home);
  }
}

/** Identity of the calling thread's network namespace; empty where there are none. */
export function networkNamespace(): string {
  try {
    return readlinkSync('/proc/thread-self/ns/net');
  } catch {
    return '';
  }
}

function openNamespace(nameOrPath: string, system: SystemCalls): number {
  const path = nameOrPath.includes('/') ? nameOrPath : DIRECTORY + nameOrPath;
  const fd = system.open(path, O_RDONLY | O_CLOEXEC);
  if (fd >= 0) return fd;
  const errno = system.errno();
  if (errno === ENOENT) {
    throw new NetioError('E_NETIO_NO_SUCH_DEVICE', nameOrPath, `no network namespace at ${path} (ENOENT)`, 'ENOENT');
  }
  throw systemError(errno, nameOrPath, 'open the network namespace');
}

function enter(fd: number, subject: string, system: SystemCalls): void {
  if (system.setns(fd, CLONE_NEWNET) < 0) {
    const remedy = 'it needs CAP_SYS_ADMIN here and over the namespace (root, or the same unshare -Urn)';
    throw systemError(system.errno(), subject, 'enter the network namespace', remedy);
  }
}
