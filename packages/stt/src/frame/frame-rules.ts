/** The rules about a whole STT frame: its header, and what the header says about the inner frame. */
import { ExtensionWalk, ethernet, ipv4, ipv6, read16, tcp, udp } from '@overlane/wire';
import { INNER_LENGTH_MIN } from '../constants.js';
import type { SttFrameFault } from '../faults.js';
import {
  FLAG,
  type FlagBitOrder,
  HEADER_LENGTH,
  VERSION,
  l4OffsetMin,
  readFlags,
  readL4Offset,
} from './frame-header.js';

const walk = new ExtensionWalk();

/**
 * Rules F1 to F5 in order, for the whole STT frame `bytes[offset..end)`: header and inner Ethernet frame. Never throws or
 * allocates; at most eight IPv6 extension headers are walked.
 */
export function checkFrame(
  bytes: Uint8Array,
  offset: number,
  end: number,
  order: FlagBitOrder = 'lsb',
): SttFrameFault | undefined {
  if (end - offset < HEADER_LENGTH) return 'E_STT_FRAME_TOO_SHORT';
  if (bytes[offset] !== VERSION) return 'E_STT_UNSUPPORTED_VERSION';
  const flags = readFlags(bytes, offset, order);
  const partial = (flags & FLAG.CHECKSUM_PARTIAL) !== 0;
  if (partial && (flags & FLAG.CHECKSUM_VERIFIED) !== 0) return 'E_STT_FLAGS_CONFLICT';
  const inner = offset + HEADER_LENGTH;
  if (end - inner < INNER_LENGTH_MIN) return 'E_STT_INNER_TRUNCATED';
  return partial ? checkOffload(bytes, inner, end, flags, readL4Offset(bytes, offset)) : undefined;
}

/**
 * Rules F4 and F5 for the inner frame `bytes[inner..end)`, of at least 14 octets: the L4 offset lies within it, and a TCP
 * or UDP header as the flags say is there.
 *
 * Choice: F5 asks too that the IP header ends at the L4 offset, and that the packet is whole, no fragment, and holds the TCP or UDP header. Otherwise
 * the checksum would be completed over octets that it does not cover.
 */
export function checkOffload(
  bytes: Uint8Array,
  inner: number,
  end: number,
  flags: number,
  l4Offset: number,
): Extract<SttFrameFault, 'E_STT_BAD_L4_OFFSET' | 'E_STT_OFFLOAD_MISMATCH'> | undefined {
  const isTcp = (flags & FLAG.TCP) !== 0;
  const transport = inner + l4Offset;
  const headerLength = isTcp ? tcp.HEADER_LENGTH : udp.HEADER_LENGTH;
  if (l4Offset < l4OffsetMin(flags) || transport + headerLength > end) return 'E_STT_BAD_L4_OFFSET';
  const protocol = isTcp ? tcp.IP_PROTOCOL : udp.IP_PROTOCOL;
  const network = inner + ethernet.HEADER_LENGTH;
  const etherType = read16(bytes, network - 2);
  const agrees =
    (flags & FLAG.IPV4) !== 0
      ? etherType === ethernet.ETHER_TYPE.IPV4 && isIpv4Around(bytes, network, end, transport, protocol, headerLength)
      : etherType === ethernet.ETHER_TYPE.IPV6 && isIpv6Around(bytes, network, end, transport, protocol, headerLength);
  return agrees ? undefined : 'E_STT_OFFLOAD_MISMATCH';
}

function isIpv4Around(
  bytes: Uint8Array,
  at: number,
  end: number,
  transport: number,
  protocol: number,
  headerLength: number,
): boolean {
  return (
    ipv4.check(bytes, at, end) === undefined &&
    ipv4.readProtocol(bytes, at) === protocol &&
    !ipv4.readIsFragment(bytes, at) &&
    at + ipv4.readHeaderLength(bytes, at) === transport &&
    transport + headerLength <= at + ipv4.readTotalLength(bytes, at)
  );
}

function isIpv6Around(
  bytes: Uint8Array,
  at: number,
  end: number,
  transport: number,
  protocol: number,
  headerLength: number,
): boolean {
  return (
    ipv6.check(bytes, at, end) === undefined &&
    walk.walk(bytes, at) === undefined &&
    walk.protocol === protocol &&
    !walk.isFragment &&
    walk.offset === transport &&
    transport + headerLength <= at + ipv6.HEADER_LENGTH + ipv6.readPayloadLength(bytes, at)
  );
}
