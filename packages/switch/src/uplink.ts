import {
  type Encapsulation,
  type Fault,
  type IpAddress,
  type Locator,
  type PacketBuffer,
  type Path,
  TunnelMetadata,
  flowHash,
} from '@overlane/wire';
import type { Egress } from './egress.js';

/** A way to other endpoints. */
export interface Underlay {
  /** Where tunnel packets leave and arrive. */
  readonly egress: Egress;
  /** Address of our endpoint on it. */
  readonly address: IpAddress;
}

/** The way out: chooses underlay and path, and wraps frames. */
export class Uplink {
  /** The underlays, at most one per address family is of use. */
  readonly underlays: Underlay[] = [];
  readonly #encapsulation: Encapsulation;
  readonly #path: Path;
  readonly #tunnel = new TunnelMetadata();
  #target: Egress | undefined;
  readonly #emit = (outer: PacketBuffer): void => this.#target?.send(outer);

  /** An uplink without underlays. */
  constructor(encapsulation: Encapsulation, path: Path) {
    this.#encapsulation = encapsulation;
    this.#path = path;
  }

  /**
   * Wraps `payload`, a frame of `network` or a message of the control protocol, and sends it to `locator`. Its octets must
   * stay as they are until the flush; what the underlay refuses it counts itself.
   */
  send(payload: PacketBuffer, network: number, locator: Locator, kind: 'frame' | 'control'): Fault | undefined {
    const underlay = this.#underlayTo(locator.address.family);
    if (underlay === undefined) return 'E_SWITCH_NO_UNDERLAY';
    const tunnel = this.#tunnel;
    tunnel.network = network;
    tunnel.control = kind === 'control';
    tunnel.source.copy(underlay.address);
    tunnel.destination.copy(locator.address);
    this.#path.select(flowHash(payload.bytes, payload.start, payload.end), locator, tunnel);
    this.#target = underlay.egress;
    return this.#encapsulation.encapsulate(payload, tunnel, this.#emit);
  }

  /** As {@link send}, and hands the packets over at once: `payload` may be used again. */
  sendNow(payload: PacketBuffer, network: number, locator: Locator, kind: 'frame' | 'control'): Fault | undefined {
    const fault = this.send(payload, network, locator, kind);
    this.#target?.flush();
    return fault;
  }

  #underlayTo(family: 4 | 6): Underlay | undefined {
    for (const underlay of this.underlays) if (underlay.address.family === family) return underlay;
    return undefined;
  }
}
