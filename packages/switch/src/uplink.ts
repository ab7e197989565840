import {
  type Encapsulation,
  type Fault,
  type IpAddress,
  type Locator,
  PacketBuffer,
  type Path,
  type RunWays,
  type SoftwareOffload,
  TunnelMetadata,
  flowHash,
} from '@overlane/wire';
import type { PortCounters } from './counters.js';
import type { Egress } from './egress.js';
import type { Ledger } from './ledger.js';

const IP_LENGTH_MAX = 0xffff;

/** A way to other endpoints. */
export interface Underlay {
  /** Where tunnel packets leave and arrive. */
  readonly egress: Egress;
  /** Address of our endpoint on it. */
  readonly address: IpAddress;
}

/** Whose frames the uplink carries. */
export interface Sender {
  /** Where refusals are counted. */
  readonly counters: PortCounters;
  /** Hears that `frame`, whole or a piece cut from it, was refused on the way to an endpoint of `family`. */
  refused?(frame: PacketBuffer, fault: Fault, family: 4 | 6): void;
}

/** The way out: chooses underlay and path, and wraps frames. */
export class Uplink {
  /** The underlays, at most one per address family is of use. */
  readonly underlays: Underlay[] = [];
  readonly #encapsulation: Encapsulation;
  readonly #path: Path;
  readonly #software: SoftwareOffload;
  readonly #ledger: Ledger;
  readonly #tunnel = new TunnelMetadata();
  #target: Egress | undefined;
  #sender: Sender | undefined;
  #pieces = 0;
  #emitted = 0;
  readonly #emit = (outer: PacketBuffer): void => {
    this.#emitted++;
    this.#target?.send(outer);
  };
  readonly #wrap = (payload: PacketBuffer): void => {
    this.#pieces++;
    this.#emitted = 0;
    const fault = this.#encapsulation.encapsulate(payload, this.#tunnel, this.#emit);
    this.#ledger.cut += this.#emitted;
    if (fault === undefined) this.#ledger.cut--;
    else this.#refuse(payload, fault);
  };

  readonly #outer = new PacketBuffer(new Uint8Array(0));
  readonly #noteOuter = (outer: PacketBuffer): void => void this.#outer.reset(outer.bytes, outer.start, outer.end);
  readonly #runs: RunWays = {
    wrap: (segment) => {
      const fault = this.#encapsulation.encapsulate(segment, this.#tunnel, this.#noteOuter);
      if (fault === undefined) return this.#outer;
      this.#refuse(segment, fault);
      return undefined;
    },
    accepts: (datagrams) => this.#target?.port.canFinish?.(datagrams) === true,
    emit: (datagrams) => {
      this.#pieces++;
      this.#target?.send(datagrams);
    },
  };

  /** An uplink without underlays. What neither `encapsulation` nor the underlay can carry unfinished, `software` does before. */
  constructor(encapsulation: Encapsulation, path: Path, software: SoftwareOffload, ledger: Ledger) {
    this.#encapsulation = encapsulation;
    this.#path = path;
    this.#software = software;
    this.#ledger = ledger;
  }

  /**
   * Wraps `payload`, a frame of `network` or a message of the control protocol, and sends it to `locator`. Its octets must
   * stay as they are until the flush. What is refused `sender` is told of; what the underlay refuses it counts itself.
   */
  send(payload: PacketBuffer, network: number, locator: Locator, kind: 'frame' | 'control', sender: Sender): void {
    const underlay = this.#underlayTo(locator.address.family);
    if (underlay === undefined) {
      sender.counters.countDropped('E_SWITCH_NO_UNDERLAY');
      return;
    }
    const tunnel = this.#tunnel;
    tunnel.network = network;
    tunnel.control = kind === 'control';
    tunnel.source.copy(underlay.address);
    tunnel.destination.copy(locator.address);
    this.#path.select(flowHash(payload.bytes, payload.start, payload.end), locator, tunnel);
    this.#target = underlay.egress;
    this.#sender = sender;
    this.#pieces = 0;
    if (!payload.isUnfinished || this.#encapsulation.carriesOffload === true || this.#mayStay(payload, underlay)) {
      this.#wrap(payload);
      return;
    }
    const fault = this.#cut(payload);
    if (fault === 'refused') return;
    if (fault === undefined) this.#ledger.cut += this.#pieces - 1;
    else sender.counters.countDropped(fault);
  }

  /** As {@link send}, and hands the packets over at once: `payload` may be used again. */
  sendNow(payload: PacketBuffer, network: number, locator: Locator, kind: 'frame' | 'control', sender: Sender): void {
    this.send(payload, network, locator, kind, sender);
    this.#target?.flush();
  }

  /** Whether the underlay does inside the tunnel what is left to do on `payload`: then it passes whole. */
  #mayStay(payload: PacketBuffer, { egress, address }: Underlay): boolean {
    const encapsulation = this.#encapsulation;
    if (encapsulation.keepsOffload !== true || egress.port.finishesInside !== true) return false;
    // What the headers make too long for one packet is cut here.
    return payload.length + encapsulation.overhead(address.family) <= IP_LENGTH_MAX && this.#software.prepare(payload);
  }

  /** Sends what is left to do on `payload` as super-datagrams if the underlay takes them, else finished and piece by piece. */
  #cut(payload: PacketBuffer): Fault | 'refused' | undefined {
    // Frames that may stay unfinished get the same tunnel header in front of every segment, whoever cuts them.
    if (this.#encapsulation.keepsOffload === true) {
      const outcome = this.#software.runWrapped(payload, this.#runs);
      if (outcome === 'sent') return undefined;
      if (outcome !== 'unsuited') return outcome;
    }
    return this.#software.run(payload, this.#wrap);
  }

  #refuse(payload: PacketBuffer, fault: Fault): void {
    this.#sender?.counters.countDropped(fault);
    this.#sender?.refused?.(payload, fault, this.#tunnel.destination.family);
  }

  #underlayTo(family: 4 | 6): Underlay | undefined {
    const { underlays } = this;
    // By index: a loop over an iterator is garbage until it is optimized.
    for (let i = 0; i < underlays.length; i++) if (underlays[i]!.address.family === family) return underlays[i];
    return undefined;
  }
}
