/** Transport checksums, which cover parts of the IP header around them. */
import { type Fault, checksum, icmpv6, tcp, udp } from '@overlane/wire';
import type { DissectContext, OpenLayer } from '../dissector.js';

/** UDP, with the rules for zero (RFC 768, RFC 6935 §5). */
export function verifyUdp(
  { destinationPort, length }: { readonly destinationPort: number; readonly length: number },
  context: DissectContext,
): Fault | undefined {
  const ip = enclosingIp(context);
  if (ip === undefined) return undefined;
  const zeroAllowed = ip.protocol === 'ipv4' || isAllowed(context.options.allowZeroChecksumIpv6, destinationPort);
  const pseudoHeader = pseudoHeaderOf(context, ip, udp.IP_PROTOCOL, length);
  return udp.checkChecksum(context.bytes, context.offset, pseudoHeader, zeroAllowed ? 'accepted' : 'refused');
}

/** TCP. */
export function verifyTcp(_: unknown, context: DissectContext): Fault | undefined {
  const ip = enclosingIp(context);
  if (ip === undefined) return undefined;
  const { bytes, offset, end } = context;
  return tcp.checkChecksum(bytes, offset, end, pseudoHeaderOf(context, ip, tcp.IP_PROTOCOL, end - offset));
}

/** ICMPv6, whose checksum covers the pseudo-header too (RFC 4443 §2.3). */
export function verifyIcmpv6(_: unknown, context: DissectContext): Fault | undefined {
  const ip = enclosingIp(context);
  if (ip === undefined) return undefined;
  const { bytes, offset, end } = context;
  return icmpv6.checkChecksum(bytes, offset, end, pseudoHeaderOf(context, ip, icmpv6.IP_PROTOCOL, end - offset));
}

/**
 * The IP header whose addresses go into the pseudo-header; `undefined` if the packet doesn't hold it: the walk started
 * behind it, or a routing header has segments left and the final destination stands elsewhere (RFC 8200 §8.1).
 */
function enclosingIp({ outer }: DissectContext): OpenLayer | undefined {
  const layer = [...outer]
    .reverse()
    .find(
      ({ protocol, record }) =>
        protocol === 'ipv4' || protocol === 'ipv6' || (protocol === 'ipv6-routing' && record['segmentsLeft'] !== 0),
    );
  return layer?.protocol === 'ipv6-routing' ? undefined : layer;
}

function pseudoHeaderOf({ bytes }: DissectContext, ip: OpenLayer, protocol: number, length: number): number {
  return ip.protocol === 'ipv4'
    ? checksum.pseudoHeaderV4(bytes, ip.offset, protocol, length)
    : checksum.pseudoHeaderV6(bytes, ip.offset, protocol, length);
}

function isAllowed(allowed: boolean | readonly number[] = false, port: number): boolean {
  return typeof allowed === 'boolean' ? allowed : allowed.includes(port);
}
