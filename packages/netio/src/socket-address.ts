import { IpAddress, write16 } from '@overlane/wire';
import { AF_INET, AF_INET6 } from './linux.js';

/** Octets of `struct sockaddr_in`: family 0, port 2, address 4. */
export const SOCKADDR_IN_LENGTH = 16;
/** Octets of `struct sockaddr_in6`: family 0, port 2, flow information 4, address 8, scope 24. */
export const SOCKADDR_IN6_LENGTH = 28;
/** Offset of the port in either. */
export const SOCKADDR_PORT = 2;

/** Octets of the socket address of a family. */
export function socketAddressLength(family: 4 | 6): 16 | 28 {
  return family === 4 ? SOCKADDR_IN_LENGTH : SOCKADDR_IN6_LENGTH;
}

/** Offset of the IP address in the socket address of a family. */
export function socketAddressOffset(family: 4 | 6): 4 | 8 {
  return family === 4 ? 4 : 8;
}

/** Writes the socket address of `address` and `port` at `bytes[offset..]` and returns its length. Scope is 0. */
export function writeSocketAddress(bytes: Uint8Array, offset: number, address: IpAddress, port: number): number {
  const length = socketAddressLength(address.family);
  bytes.fill(0, offset, offset + length);
  // The family is the only field in host order, which is little-endian on all supported machines.
  bytes[offset] = address.family === 4 ? AF_INET : AF_INET6;
  write16(bytes, offset + SOCKADDR_PORT, port);
  address.write(bytes, offset + socketAddressOffset(address.family));
  return length;
}
