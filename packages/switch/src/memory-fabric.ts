/**
 * An in-memory fabric: links between stations and switches, and an underlay that routes outer IP packets by their
 * destination. Packets are octets in bounded queues, so a switch on it runs the same code as on real interfaces.
 */
import { type IpAddress, type PacketBuffer, formatIpv4, formatIpv6, ipv4, ipv6 } from '@overlane/wire';
import { MemoryPort, type MemoryPortOptions } from './memory-port.js';

/** Two ports joined by a link: what one sends, the other receives. */
export function createMemoryLink(
  names: readonly [string, string],
  options: MemoryPortOptions = {},
): [MemoryPort, MemoryPort] {
  const left: MemoryPort = new MemoryPort(names[0], (packet) => right.push(packet), options);
  const right: MemoryPort = new MemoryPort(names[1], (packet) => left.push(packet), options);
  return [left, right];
}

/** An underlay that delivers outer IP packets by destination address; those to nobody are counted and lost. */
export class MemoryUnderlay {
  /** Packets whose destination has no port here, or that have no valid IP header. */
  unroutable = 0;
  readonly #ports = new Map<string, MemoryPort>();

  /** Attaches an endpoint. */
  attach(name: string, address: IpAddress, options: MemoryPortOptions = {}): MemoryPort {
    const port = new MemoryPort(name, (packet) => this.#route(packet), { ...options, startsWith: 'ip' });
    this.#ports.set(address.toString(), port);
    return port;
  }

  #route(packet: PacketBuffer): boolean {
    const port = this.#ports.get(destinationOf(packet));
    if (port !== undefined) return port.push(packet);
    this.unroutable++;
    return true;
  }
}

function destinationOf({ bytes, start, end }: PacketBuffer): string {
  if (ipv4.check(bytes, start, end) === undefined) return formatIpv4(ipv4.readDestination(bytes, start));
  return ipv6.check(bytes, start, end) === undefined ? formatIpv6(bytes, start + 24) : '';
}
