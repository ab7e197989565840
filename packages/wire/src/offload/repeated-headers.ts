/** Whether a packet out of a tunnel is the one before it again, but for what counts on from packet to packet. */
import { ipHeaderLength } from '../mtu.js';
import type { ChecksumState } from '../packet-buffer.js';
import { recentView } from '../recent-view.js';
import type { FlowPacket } from './flow-packet.js';
import { UDP_CHECKSUM_AT } from './inner-transport.js';

const IPV4_PLAIN = 0x45;

/**
 * True if all headers of the wrapped packet at `at` up to the ports of the frame inside are octet by octet those of the packet at
 * `before`, which was valid and of which `inner` tells, IPv4 identifications apart: then it is as valid, and came out of the
 * same tunnel. Both lie in the array of `recentView`. False may mean that it would take more than a look.
 */
export function repeatsHeaders(before: number, at: number, inner: FlowPacket, outerChecksum: ChecksumState): boolean {
  const shift = at - before;
  const { network, transport } = inner;
  const family = recentView.getUint8(before) === IPV4_PLAIN ? 4 : 6;
  const carrier = before + ipHeaderLength(family);
  if (family === 4 ? !repeatsIpv4(before, at) : !repeatsOctets(before, at, carrier - before)) return false;
  // A checksum that nobody has verified yet would have to be; over IPv6 zero is one, too.
  const hasNone = family === 4 && recentView.getUint16(carrier + shift + UDP_CHECKSUM_AT) === 0;
  if (!hasNone && outerChecksum !== 'verified') return false;
  if (!repeatsOctets(carrier, carrier + shift, network - carrier)) return false;
  const isPlain = recentView.getUint8(network) === IPV4_PLAIN;
  if (
    isPlain ? !repeatsIpv4(network, network + shift) : !repeatsOctets(network, network + shift, transport - network)
  ) {
    return false;
  }
  return recentView.getInt32(transport) === recentView.getInt32(transport + shift);
}

/** All but the identification; the checksum is right if it makes up for the other one. */
function repeatsIpv4(before: number, at: number): boolean {
  const fragmentBefore = recentView.getInt32(before + 4);
  const fragment = recentView.getInt32(at + 4);
  const protocolBefore = recentView.getInt32(before + 8);
  const protocol = recentView.getInt32(at + 8);
  return (
    recentView.getInt32(before) === recentView.getInt32(at) &&
    recentView.getInt32(before + 12) === recentView.getInt32(at + 12) &&
    recentView.getInt32(before + 16) === recentView.getInt32(at + 16) &&
    ((fragmentBefore ^ fragment) & 0xffff) === 0 &&
    (protocolBefore ^ protocol) >>> 16 === 0 &&
    addHalves(fragmentBefore, protocolBefore) === addHalves(fragment, protocol)
  );
}

/** One's-complement sum of the upper half of `a` and the lower half of `b`. */
function addHalves(a: number, b: number): number {
  const total = (a >>> 16) + (b & 0xffff);
  return (total & 0xffff) + (total >>> 16);
}

function repeatsOctets(before: number, at: number, length: number): boolean {
  let i = 0;
  for (; i + 4 <= length; i += 4) if (recentView.getInt32(before + i) !== recentView.getInt32(at + i)) return false;
  for (; i < length; i++) if (recentView.getUint8(before + i) !== recentView.getUint8(at + i)) return false;
  return true;
}
