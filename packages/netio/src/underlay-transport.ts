import type { IpAddress } from '@overlane/wire';
import { optionError, requireOption } from './errors.js';
import { IPPROTO_TCP, IPPROTO_UDP } from './linux.js';

/**
 * What an underlay port receives: datagrams to one UDP port, segments in TCP syntax to one port (STT, which is no TCP:
 * the kernel's TCP is kept from answering them), or one IP protocol (47 for GRE).
 */
export type UnderlayTransport =
  | { readonly protocol: 'udp'; readonly port: number }
  | { readonly protocol: 'tcp-syntax'; readonly port: number }
  | { readonly protocol: number };

/** Number of the IP protocol. */
export function protocolNumber({ protocol }: UnderlayTransport): number {
  switch (protocol) {
    case 'udp':
      return IPPROTO_UDP;
    case 'tcp-syntax':
      return IPPROTO_TCP;
    default:
      return protocol;
  }
}

/** Such as `udp 192.0.2.1:4789`, `tcp [2001:db8::1]:7471` or `protocol 47 on 192.0.2.1`. */
export function underlayName(local: IpAddress, transport: UnderlayTransport): string {
  if (!('port' in transport)) return `protocol ${transport.protocol} on ${local.toString()}`;
  const host = local.family === 4 ? local.toString() : `[${local.toString()}]`;
  return `${transport.protocol === 'udp' ? 'udp' : 'tcp'} ${host}:${transport.port}`;
}

/** Throws unless `local` is one address and `transport` is in range. @throws NetioError E_NETIO_BAD_OPTION */
export function requireEndpoint(name: string, local: IpAddress, transport: UnderlayTransport): void {
  if ('port' in transport) requireOption(name, 'port', transport.port, 1, 0xffff);
  else requireOption(name, 'protocol', transport.protocol, 1, 254);
  if (local.isMulticast || (local.word0 | local.word1 | local.word2 | local.word3) === 0) {
    throw optionError(name, 'local must be the unicast address of an interface');
  }
}
