import { IpAddress } from '@overlane/wire';
import { type ContextTable, FIELD } from './contexts.js';
import type { ReassemblyEvent } from './shapes.js';

/** Events kept between two calls of `take`. Choice: 64; a flood of dying frames then costs no memory. */
export const EVENTS_MAX = 64;

const NO_EVENTS: readonly ReassemblyEvent[] = Object.freeze([]);

/** What is to be told about frames that were given up. Allocates one object per event kept. */
export class EventLog {
  readonly #contexts: ContextTable;
  #events: ReassemblyEvent[] = [];

  /** A log of events about contexts in this table. */
  constructor(contexts: ContextTable) {
    this.#contexts = contexts;
  }

  /** Notes that `context`, which is still in the table, is about to be given up. */
  add(fault: ReassemblyEvent['fault'], context: number): void {
    if (this.#events.length === EVENTS_MAX) return;
    const contexts = this.#contexts;
    const source = new IpAddress();
    const destination = new IpAddress();
    contexts.readAddresses(context, source, destination);
    this.#events.push({
      fault,
      source,
      destination,
      sourcePort: contexts.get(context, FIELD.FIRST_PORT),
      packetId: contexts.get(context, FIELD.PACKET_ID) >>> 0,
      frameLength: contexts.get(context, FIELD.FRAME_LENGTH),
      received: contexts.get(context, FIELD.RECEIVED),
      segments: contexts.get(context, FIELD.SEGMENTS),
    });
  }

  /** The events so far, which the caller owns from now on. */
  take(): readonly ReassemblyEvent[] {
    if (this.#events.length === 0) return NO_EVENTS;
    const events = this.#events;
    this.#events = [];
    return events;
  }
}
