import { frame as netlordFrame, header, portOf } from '@overlane/netlord';
import { IpAddress, type PacketBuffer, ethernet, formatMac, isGroupMac, write16, writeOctets } from '@overlane/wire';
import { MemoryPort } from '../src/index.js';

/** A server's place: address p.x.y.z behind port p of the edge switch with that MAC. */
export interface ServerPlace {
  readonly address: string;
  readonly edge: Uint8Array;
}

interface Server extends ServerPlace {
  readonly port: MemoryPort;
}

/**
 * Edge switches with nothing but plain switching and IP forwarding between their ports: a frame for an edge switch's MAC is
 * routed by the first octet of its destination address, a broadcast goes to every other server as it is.
 */
export class NetlordFabric {
  /** Frames that no server is there for. */
  lost = 0;
  /** Every frame sent, as octets, with the place in `attach`'s order of who sent it. */
  readonly sent: { readonly from: number; readonly octets: Uint8Array }[] = [];
  /** Frames for which this is true get lost. */
  isCut: (octets: Uint8Array, from: number, to: number) => boolean = () => false;
  readonly #servers: Server[] = [];

  attach(name: string, place: ServerPlace): MemoryPort {
    const from = this.#servers.length;
    const port = new MemoryPort(name, (packet) => this.#carry(packet, from));
    this.#servers.push({ ...place, port });
    return port;
  }

  #carry(packet: PacketBuffer, from: number): boolean {
    const octets = packet.copy();
    this.sent.push({ from, octets });
    if (isGroupMac(octets, 0)) {
      this.#servers.forEach(({ port }, to) => {
        if (to !== from && !this.isCut(octets, from, to)) port.push(octets);
      });
      return true;
    }
    const fault = netlordFrame.check(octets);
    if (fault !== undefined) throw new Error(`no NetLord frame left server ${from}: ${fault}`);
    const at = netlordFrame.readHeaderOffset(octets, 0);
    const port = portOf(header.readAddress(octets, at));
    const to = this.#servers.findIndex(
      ({ address, edge }) => formatMac(edge) === formatMac(octets) && portOf(IpAddress.parse(address).word0) === port,
    );
    if (to < 0) this.lost++;
    else if (!this.isCut(octets, from, to)) this.#servers[to]!.port.push(this.#route(octets, at, this.#servers[to]!));
    return true;
  }

  /** What an edge switch does: takes the tag off, decrements the TTL, and writes its own MAC and the server's. */
  #route(octets: Uint8Array, at: number, { edge }: Server): Uint8Array {
    header.decrementTtl(octets, at);
    const routed = octets.slice(at - ethernet.HEADER_LENGTH);
    writeOctets(routed, 0, Uint8Array.of(2, 0x50, 0, 0, 0, 1));
    writeOctets(routed, 6, edge);
    write16(routed, 12, ethernet.ETHER_TYPE.IPV4);
    return routed;
  }
}
