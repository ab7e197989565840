/**
 * An in-memory fabric: links between stations and switches, and an underlay that routes outer IP packets by their
 * destination. Packets are octets in bounded queues, so a switch on it runs the same code as on real interfaces.
 */
import { type IpAddress, PacketBuffer, type Port, formatIpv4, formatIpv6, ipv4, ipv6 } from '@overlane/wire';

/** Sizes of the ports of a fabric. */
export interface MemoryPortOptions {
  /** Most packets waiting to be received; more are refused. Default 1,024. */
  readonly capacity?: number;
  /** Most packets per `receive`. Default 64. */
  readonly batch?: number;
  /** Free octets in front of received packets. Default 128. */
  readonly headroom?: number;
}

/** One end of an in-memory link. Packets are copied when sent. */
export class MemoryPort implements Port {
  readonly name: string;
  readonly #capacity: number;
  readonly #batch: number;
  readonly #headroom: number;
  readonly #waiting: Uint8Array[] = [];
  #received: PacketBuffer[] = [];
  readonly #deliver: (octets: Uint8Array) => boolean;

  /** A port that gives what is sent to `deliver`, which says whether there was room. */
  constructor(name: string, deliver: (octets: Uint8Array) => boolean, options: MemoryPortOptions = {}) {
    this.name = name;
    this.#deliver = deliver;
    this.#capacity = options.capacity ?? 1024;
    this.#batch = options.batch ?? 64;
    this.#headroom = options.headroom ?? 128;
  }

  /** Puts octets into this port's receive queue; they are not copied. False if it is full. */
  push(octets: Uint8Array): boolean {
    if (this.#waiting.length >= this.#capacity) return false;
    this.#waiting.push(octets);
    return true;
  }

  receive(): number {
    const octets = this.#waiting.splice(0, this.#batch);
    this.#received = octets.map((packet) => PacketBuffer.from(packet, this.#headroom));
    return this.#received.length;
  }

  packet(index: number): PacketBuffer {
    return this.#received[index]!;
  }

  send(packet: PacketBuffer): boolean {
    return this.#deliver(packet.copy());
  }

  flush(): number {
    return 0;
  }

  close(): void {
    this.#waiting.length = 0;
    this.#received = [];
  }
}

/** Two ports joined by a link: what one sends, the other receives. */
export function createMemoryLink(
  names: readonly [string, string],
  options: MemoryPortOptions = {},
): [MemoryPort, MemoryPort] {
  const left: MemoryPort = new MemoryPort(names[0], (octets) => right.push(octets), options);
  const right: MemoryPort = new MemoryPort(names[1], (octets) => left.push(octets), options);
  return [left, right];
}

/** An underlay that delivers outer IP packets by destination address; those to nobody are counted and lost. */
export class MemoryUnderlay {
  /** Packets whose destination has no port here, or that have no valid IP header. */
  unroutable = 0;
  readonly #ports = new Map<string, MemoryPort>();

  /** Attaches an endpoint. */
  attach(name: string, address: IpAddress, options: MemoryPortOptions = {}): MemoryPort {
    const port = new MemoryPort(name, (octets) => this.#route(octets), options);
    this.#ports.set(address.toString(), port);
    return port;
  }

  #route(octets: Uint8Array): boolean {
    const port = this.#ports.get(destinationOf(octets));
    if (port !== undefined) return port.push(octets);
    this.unroutable++;
    return true;
  }
}

function destinationOf(octets: Uint8Array): string {
  if (ipv4.check(octets) === undefined) return formatIpv4(ipv4.readDestination(octets, 0));
  return ipv6.check(octets) === undefined ? formatIpv6(octets, 24) : '';
}
