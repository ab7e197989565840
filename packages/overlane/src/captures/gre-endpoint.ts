/** GRE for files, where packets with and without a key stand side by side. */
import { gre } from '@overlane/nvgre';
import type { Encapsulation, Fault, PacketBuffer, TunnelMetadata } from '@overlane/wire';

/** Network of a packet without key: `decap` writes frames only, so that no other is taken for it. */
const KEYLESS_NETWORK = 0;

/** GRE that sends a key, and receives frames with a key and without, as Linux's `gretap` sends them by default. */
export class GreEndpoint implements Encapsulation {
  readonly name = 'gre';
  readonly #keyed: gre.GreEncapsulation;
  readonly #keyless: gre.GreEncapsulation;

  /** An endpoint for both. */
  constructor(options: gre.GreOptions) {
    this.#keyed = new gre.GreEncapsulation(options);
    this.#keyless = new gre.GreEncapsulation({ ...options, keylessNetwork: KEYLESS_NETWORK });
  }

  /** With a key: 28 octets over IPv4, 48 over IPv6. */
  overhead(family: 4 | 6): number {
    return this.#keyed.overhead(family);
  }

  /** As `GreEncapsulation.encapsulate`, with a key. */
  encapsulate(packet: PacketBuffer, tunnel: TunnelMetadata, emit: (packet: PacketBuffer) => void): Fault | undefined {
    return this.#keyed.encapsulate(packet, tunnel, emit);
  }

  /** As `GreEncapsulation.decapsulate`; a packet without key belongs to network 0. */
  decapsulate(packet: PacketBuffer, tunnel: TunnelMetadata): Fault | undefined {
    const { bytes, start, end } = packet;
    const fault = this.#keyed.decapsulate(packet, tunnel);
    if (fault !== 'E_GRE_KEY_MISSING') return fault;
    return this.#keyless.decapsulate(packet.reset(bytes, start, end), tunnel);
  }
}
