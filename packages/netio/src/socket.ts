import { IpAddress, type udp } from '@overlane/wire';
import type { Arena } from './arena.js';
import { NetioError, systemError } from './errors.js';
import * as linux from './linux.js';
import { attachFilter, destinationPortFilter, DROP_ALL } from './packet-filter.js';
import { writeSocketAddress } from './socket-address.js';
import type { SystemCalls } from './sys.js';

/** Socket buffers, in octets: a burst of 5,000 packets. The system's default of 208 KiB loses the tail of one batch. */
const BUFFER_BYTES = 8 * 1024 * 1024;

/** Smallest receive buffer the kernel allows: what the sending socket never reads must not pile up. */
const NO_BUFFER_BYTES = 0;

/**
 * A non-blocking socket that receives `protocol` (and `port`, if not 0) on `local`, with the fields of the IP header in
 * control messages; with `joined`, runs of datagrams as one. The caller closes it. @throws NetioError
 */
export function openReceiveSocket(
  system: SystemCalls,
  arena: Arena,
  name: string,
  local: IpAddress,
  protocol: number,
  port: number,
  zeroChecksumIpv6: udp.ZeroChecksum,
  delivery: 'joined' | 'single',
): number {
  const type = port > 0 ? linux.SOCK_DGRAM : linux.SOCK_RAW;
  return openSocket(system, arena, name, local, type, protocol, port, (fd) => {
    const set = (level: number, option: number, what: string) =>
      setOption(system, arena, name, fd, level, option, 1, what);
    if (local.family === 4) {
      set(linux.SOL_IP, linux.IP_RECVTOS, 'ask for the TOS of packets');
      set(linux.SOL_IP, linux.IP_RECVTTL, 'ask for the TTL of packets');
    } else {
      set(linux.SOL_IPV6, linux.IPV6_FLOWINFO, 'ask for the traffic class of packets');
      set(linux.SOL_IPV6, linux.IPV6_RECVHOPLIMIT, 'ask for the hop limit of packets');
      if (port > 0) set(linux.SOL_IPV6, linux.IPV6_V6ONLY, 'leave IPv4 alone');
      if (port > 0 && zeroChecksumIpv6 === 'accepted') {
        set(linux.SOL_UDP, linux.UDP_NO_CHECK6_RX, 'accept datagrams without a checksum');
      }
    }
    if (delivery === 'joined') set(linux.SOL_UDP, linux.UDP_GRO, 'have datagrams joined');
    growBuffers(system, arena, fd, 'receive');
  });
}

/**
 * A non-blocking raw socket that receives segments in TCP syntax for one port, and nothing else. The caller closes it.
 * @throws NetioError
 */
export function openSegmentSocket(
  system: SystemCalls,
  arena: Arena,
  name: string,
  local: IpAddress,
  port: number,
): number {
  const fd = openReceiveSocket(system, arena, name, local, linux.IPPROTO_TCP, 0, 'refused', 'single');
  try {
    attachFilter(system, arena, name, fd, destinationPortFilter(local.family, port));
    return fd;
  } catch (error) {
    system.close(fd);
    throw error;
  }
}

/**
 * A socket that owns an IP protocol, or a port of UDP or TCP, and drops every packet before the protocol sees it, so that
 * the kernel answers none with a reset or an ICMP error. Raw and packet sockets get their copies first. A UDP guard
 * says that it takes super-datagrams: then the kernel neither cuts them to drop them, nor keeps from joining datagrams
 * for who reads them elsewhere. The caller closes it. @throws NetioError
 */
export function openGuard(
  system: SystemCalls,
  arena: Arena,
  name: string,
  local: IpAddress,
  protocol: number,
  port: number,
): number {
  const types = new Map([
    [linux.IPPROTO_TCP, linux.SOCK_STREAM],
    [linux.IPPROTO_UDP, linux.SOCK_DGRAM],
  ]);
  const type = types.get(protocol) ?? linux.SOCK_RAW;
  const fd = openSocket(system, arena, name, local, type, protocol, port, (guard) => {
    attachFilter(system, arena, name, guard, DROP_ALL);
    if (type === linux.SOCK_DGRAM) tryOption(system, arena, guard, linux.SOL_UDP, linux.UDP_GRO, 1);
    if (type !== linux.SOCK_RAW && local.family === 6) {
      setOption(system, arena, name, guard, linux.SOL_IPV6, linux.IPV6_V6ONLY, 1, 'leave IPv4 alone');
    }
  });
  if (type !== linux.SOCK_STREAM || system.listen(fd, 1) === 0) return fd;
  const error = systemError(system.errno(), name, 'take the TCP port');
  system.close(fd);
  throw error;
}

/** A non-blocking raw socket that sends packets with their IP header, from `local`. The caller closes it. @throws NetioError */
export function openSendSocket(system: SystemCalls, arena: Arena, name: string, local: IpAddress): number {
  return openSocket(system, arena, name, local, linux.SOCK_RAW, linux.IPPROTO_RAW, 0, (fd) => {
    const level = local.family === 4 ? linux.SOL_IP : linux.SOL_IPV6;
    const option = local.family === 4 ? linux.IP_HDRINCL : linux.IPV6_HDRINCL;
    setOption(system, arena, name, fd, level, option, 1, 'send packets with their IP header');
    tryOption(system, arena, fd, linux.SOL_SOCKET, linux.SO_RCVBUF, NO_BUFFER_BYTES);
    growBuffers(system, arena, fd, 'send');
  });
}

/**
 * A non-blocking UDP socket that sends from `port` what the kernel cuts into datagrams (UDP_SEGMENT), with DF, and
 * receives nothing. Returns -1 if there can be none, such as for a port in use. The caller closes it.
 */
export function openSegmentedSocket(
  system: SystemCalls,
  arena: Arena,
  name: string,
  local: IpAddress,
  port: number,
): number {
  try {
    return openSocket(system, arena, name, local, linux.SOCK_DGRAM, linux.IPPROTO_UDP, port, (fd) => {
      attachFilter(system, arena, name, fd, DROP_ALL);
      const [level, option] =
        local.family === 4 ? [linux.SOL_IP, linux.IP_MTU_DISCOVER] : [linux.SOL_IPV6, linux.IPV6_MTU_DISCOVER];
      setOption(system, arena, name, fd, level, option, linux.IP_PMTUDISC_DO, 'set DF');
      setOption(system, arena, name, fd, linux.SOL_UDP, linux.UDP_SEGMENT, 0, 'have datagrams cut');
      if (local.family === 6)
        setOption(system, arena, name, fd, linux.SOL_IPV6, linux.IPV6_V6ONLY, 1, 'leave IPv4 alone');
      growBuffers(system, arena, fd, 'send');
    });
  } catch (error) {
    if (NetioError.is(error)) return -1;
    throw error;
  }
}

/** Asks for large socket buffers: past the system's limit as root, else up to it (net.core.rmem_max, wmem_max). */
export function growBuffers(system: SystemCalls, arena: Arena, fd: number, direction: 'send' | 'receive'): void {
  const [force, ask] =
    direction === 'send' ? [linux.SO_SNDBUFFORCE, linux.SO_SNDBUF] : [linux.SO_RCVBUFFORCE, linux.SO_RCVBUF];
  if (tryOption(system, arena, fd, linux.SOL_SOCKET, force, BUFFER_BYTES)) return;
  tryOption(system, arena, fd, linux.SOL_SOCKET, ask, BUFFER_BYTES);
}

/** Opens, configures and then binds, so that no packet arrives before its options are set. */
function openSocket(
  system: SystemCalls,
  arena: Arena,
  name: string,
  local: IpAddress,
  type: number,
  protocol: number,
  port: number,
  configure: (fd: number) => void,
): number {
  const domain = local.family === 4 ? linux.AF_INET : linux.AF_INET6;
  const fd = system.socket(domain, type | linux.SOCK_NONBLOCK | linux.SOCK_CLOEXEC, protocol);
  if (fd < 0) {
    const remedy = 'raw sockets need CAP_NET_RAW in this network namespace (root, or unshare -Urn)';
    const errno = system.errno();
    const denied = errno === linux.EPERM || errno === linux.EACCES;
    throw systemError(errno, name, 'open a socket', denied ? remedy : undefined);
  }
  try {
    configure(fd);
    const length = writeSocketAddress(arena.bytes, arena.scratch, local, port);
    if (system.bind(fd, arena.address(arena.scratch), length) < 0) {
      throw systemError(system.errno(), name, 'bind to the address');
    }
  } catch (error) {
    system.close(fd);
    throw error;
  }
  return fd;
}

/** Sets an option of one int. @throws NetioError which says what was to be done */
export function setOption(
  system: SystemCalls,
  arena: Arena,
  name: string,
  fd: number,
  level: number,
  option: number,
  value: number,
  what: string,
): void {
  if (!tryOption(system, arena, fd, level, option, value)) throw systemError(system.errno(), name, what);
}

/** Sets an option of one int; false if the system refuses. */
export function tryOption(
  system: SystemCalls,
  arena: Arena,
  fd: number,
  level: number,
  option: number,
  value: number,
): boolean {
  arena.words[arena.scratch >>> 2] = value;
  return system.setsockopt(fd, level, option, arena.address(arena.scratch), 4) === 0;
}
