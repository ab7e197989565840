import type { PacketBuffer, Port, Queue, SoftwareOffload } from '@overlane/wire';
import { PortCounters } from './counters.js';
import type { Ledger } from './ledger.js';
import { takesSegments } from './offload.js';

/** A port with its queue and counters: where packets leave. */
export class Egress {
  /** The port itself. */
  readonly port: Port;
  /** Counters of both directions. */
  readonly counters: PortCounters;
  /** Whether frames of several TCP segments are welcome, so that joining them pays. */
  readonly takesSegments: boolean;
  /** The same for UDP datagrams. */
  readonly takesDatagrams: boolean;
  readonly #queue: Queue;
  readonly #software: SoftwareOffload;
  readonly #ledger: Ledger;
  #dirty = false;
  #pieces = 0;
  readonly #handPiece = (piece: PacketBuffer): void => {
    this.#pieces++;
    this.#hand(piece);
  };

  /** Packets that `port` refuses go to `queue`; what it can't finish, `software` does. */
  constructor(port: Port, queue: Queue, software: SoftwareOffload, ledger: Ledger) {
    this.port = port;
    this.counters = new PortCounters(ledger);
    this.takesSegments = takesSegments(port, 'tcp4');
    this.takesDatagrams = takesSegments(port, 'udp');
    this.#queue = queue;
    this.#software = software;
    this.#ledger = ledger;
  }

  /**
   * Sends `packet`, behind what the queue holds. The octets must stay as they are until `flush`. What is left to do on it is
   * left to the port if that can do it, else done here: an unfinished checksum in place, and then `packet` is an ordinary
   * one; segments in other memory.
   */
  send(packet: PacketBuffer): void {
    if (!packet.isUnfinished || this.port.canFinish?.(packet) === true) {
      this.#hand(packet);
      return;
    }
    this.#pieces = 0;
    const fault = this.#software.run(packet, this.#handPiece);
    if (fault === undefined) this.#ledger.cut += this.#pieces - 1;
    else this.counters.countDropped(fault);
  }

  /** Hands over what was sent since the last flush. */
  flush(): void {
    if (!this.#dirty) return;
    this.#dirty = false;
    const lost = this.port.flush();
    if (lost > 0) this.counters.countFault('E_SWITCH_SEND_FAILED', lost);
  }

  /** Offers the packets that the queue holds to the port again, and flushes. Call once a turn. */
  drain(): void {
    let held = this.#queue.peek();
    while (held !== undefined && this.port.send(held)) {
      this.#count(held.length);
      // The port may still point at the held packet's octets, which `take` lets go of.
      this.flush();
      this.#dropHeld();
      held = this.#queue.peek();
    }
  }

  /** Drops what the queue holds: the port is taken out. */
  discard(): void {
    while (this.#queue.peek() !== undefined) {
      this.counters.countDropped('E_SWITCH_PORT_REMOVED');
      this.#dropHeld();
    }
  }

  #hand(packet: PacketBuffer): void {
    const length = packet.length;
    if (this.#queue.peek() === undefined && this.port.send(packet)) {
      this.#count(length);
    } else if (this.#queue.offer(packet)) {
      this.#ledger.queued++;
    } else {
      this.counters.countDropped('E_SWITCH_QUEUE_FULL');
    }
  }

  #dropHeld(): void {
    this.#queue.take();
    this.#ledger.queued--;
  }

  #count(length: number): void {
    this.counters.countSent(length);
    this.#dirty = true;
  }
}
