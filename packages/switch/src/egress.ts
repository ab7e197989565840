import type { PacketBuffer, Port, Queue } from '@overlane/wire';
import { PortCounters } from './counters.js';

/** A port with its queue and counters: where packets leave. */
export class Egress {
  /** The port itself. */
  readonly port: Port;
  /** Counters of both directions. */
  readonly counters = new PortCounters();
  readonly #queue: Queue;
  #dirty = false;

  /** Packets that `port` refuses go to `queue`. */
  constructor(port: Port, queue: Queue) {
    this.port = port;
    this.#queue = queue;
  }

  /** Sends `packet`, behind what the queue holds. The octets must stay as they are until `flush`. */
  send(packet: PacketBuffer): void {
    const length = packet.length;
    if (this.#queue.peek() !== undefined || !this.port.send(packet)) {
      if (!this.#queue.offer(packet)) this.counters.countFault('E_SWITCH_QUEUE_FULL');
      return;
    }
    this.#count(length);
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
      this.#queue.take();
      held = this.#queue.peek();
    }
  }

  #count(length: number): void {
    this.counters.txPackets++;
    this.counters.txOctets += length;
    this.#dirty = true;
  }
}
