/** Whether the host hands packets on from one interface to another, which it has to for a `TunUnderlay`. */
import { networkInterfaces } from 'node:os';
import type { Arena } from './arena.js';
import { NetioError } from './errors.js';
import { O_CLOEXEC, O_RDONLY, O_RDWR } from './linux.js';
import type { SystemCalls } from './sys.js';

const ON = 0x31;

/** Switches forwarding of IPv4 on for `device`; for IPv6 that is a matter of the whole host. */
export function allowForwarding(device: string, family: 4 | 6, arena: Arena, system: SystemCalls): void {
  if (family === 6) return;
  const fd = system.open(settingOf(device, family), O_RDWR | O_CLOEXEC);
  // Where the settings may not be written, `requireForwarding` tells whether they are right already.
  if (fd < 0) return;
  arena.bytes[arena.scratch] = ON;
  system.write(fd, arena.address(arena.scratch), 1);
  system.close(fd);
}

/**
 * Throws if the host forwards no packets of `family` at all: for IPv4 on no interface with an address, where each has a
 * setting of its own, for IPv6 by the setting for all. Settings that cannot be read are taken for right.
 * @throws NetioError E_NETIO_NOT_FORWARDING
 */
export function requireForwarding(subject: string, family: 4 | 6, arena: Arena, system: SystemCalls): void {
  const devices = family === 4 ? ['all', ...Object.keys(networkInterfaces())] : ['all'];
  if (devices.some((device) => isOn(settingOf(device, family), arena, system))) return;
  const setting = family === 4 ? 'net.ipv4.ip_forward=1' : 'net.ipv6.conf.all.forwarding=1';
  const fact = `this host does not forward IPv${family}, so nothing would come or go; switch it on (sysctl -w ${setting})`;
  throw new NetioError('E_NETIO_NOT_FORWARDING', subject, fact);
}

function settingOf(device: string, family: 4 | 6): string {
  return `/proc/sys/net/ipv${family}/conf/${device}/forwarding`;
}

function isOn(path: string, arena: Arena, system: SystemCalls): boolean {
  const fd = system.open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return true;
  const n = system.read(fd, arena.address(arena.scratch), 1);
  system.close(fd);
  return n !== 1 || arena.bytes[arena.scratch] === ON;
}
