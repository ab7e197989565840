import type { Arena } from './arena.js';
import { systemError } from './errors.js';
import * as linux from './linux.js';
import { attachFilter, type FilterInstruction } from './packet-filter.js';
import { growBuffers, setOption } from './socket.js';
import type { SystemCalls } from './sys.js';

/** `struct sockaddr_ll`: family 0, protocol 2 (network order), interface 4. */
const SOCKADDR_LL_LENGTH = 20;

/** What a packet socket says about a frame beside its octets: a vnet header in front, or VLAN tags in a control message. */
export type FrameDescription = 'vnet-header' | 'vlan-tag';

/**
 * A non-blocking packet socket on one interface, for the frames that pass `filter` and those sent. Frames sent by others on
 * this machine do not show. The caller closes it. @throws NetioError
 */
export function openPacketSocket(
  system: SystemCalls,
  arena: Arena,
  name: string,
  interfaceIndex: number,
  filter: readonly FilterInstruction[],
  description: FrameDescription,
): number {
  // Protocol 0: without a bind it receives nothing, so nothing slips in before the filter is attached.
  const type = linux.SOCK_RAW | linux.SOCK_NONBLOCK | linux.SOCK_CLOEXEC;
  const fd = system.socket(linux.AF_PACKET, type, 0);
  if (fd < 0) {
    const remedy = 'packet sockets need CAP_NET_RAW in this network namespace (root, or unshare -Urn)';
    const errno = system.errno();
    throw systemError(errno, name, 'open a packet socket', errno === linux.EPERM ? remedy : undefined);
  }
  try {
    attachFilter(system, arena, name, fd, filter);
    const set = (option: number, what: string) => setOption(system, arena, name, fd, linux.SOL_PACKET, option, 1, what);
    if (description === 'vnet-header') set(linux.PACKET_VNET_HDR, 'have offloads described');
    else set(linux.PACKET_AUXDATA, 'have VLAN tags told');
    set(linux.PACKET_IGNORE_OUTGOING, 'leave out frames on their way out');
    growBuffers(system, arena, fd, 'receive');
    growBuffers(system, arena, fd, 'send');
    const { bytes, halfWords, words, scratch } = arena;
    bytes.fill(0, scratch, scratch + SOCKADDR_LL_LENGTH);
    halfWords[scratch >>> 1] = linux.AF_PACKET;
    // All protocols: a socket for one of them is served after the kernel's own filters, which may drop its frames.
    bytes[scratch + 3] = linux.ETH_P_ALL;
    words[(scratch + 4) >>> 2] = interfaceIndex;
    if (system.bind(fd, arena.address(scratch), SOCKADDR_LL_LENGTH) < 0) {
      throw systemError(system.errno(), name, 'bind to the interface');
    }
    return fd;
  } catch (error) {
    system.close(fd);
    throw error;
  }
}

/** Frames that the kernel has dropped since the last call because the socket's buffer was full (`tpacket_stats`). */
export function readQueueOverflow(system: SystemCalls, arena: Arena, fd: number): number {
  const { words, scratch } = arena;
  words[scratch >>> 2] = 8;
  words[(scratch + 12) >>> 2] = 0;
  const [value, length] = [arena.address(scratch + 8), arena.address(scratch)];
  const result = system.getsockopt(fd, linux.SOL_PACKET, linux.PACKET_STATISTICS, value, length);
  return result < 0 ? 0 : words[(scratch + 12) >>> 2]!;
}
