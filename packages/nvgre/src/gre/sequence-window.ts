/**
 * Which sequence numbers a receiver accepts (RFC 2890 §2.2), as a state machine without time or memory of packets.
 *
 * The standard: the receiver MUST use the number to establish the order of packets, and a packet that is out of sequence
 * SHOULD be silently discarded. Out of sequence are the last number accepted and the 2^31-1 before it, modulo 2^32; all
 * others are accepted, the next number and those after a gap alike. A flow (tunnel and key) begins at 0, so its receiver
 * begins as if 2^32-1 had been the last. Packets without the field are in sequence and never get here. Call `accept`
 * when the rest of the packet has proved good: only packets that were decapsulated count.
 *
 * Choice: a packet behind a gap is accepted at once. RFC 2890 allows a buffer that waits for the missing ones (MAY), and
 * bounds that wait (MUST); without a buffer nothing waits, and late packets are lost.
 */
import { SEQUENCE_NUMBER_MAX } from './constants.js';

/** How a window starts, and recovers. */
export interface SequenceWindowOptions {
  /** The number taken for the last one accepted. Default 2^32-1: the flow begins at 0. */
  readonly last?: number;
  /**
   * After this many refusals in a row, each number one above that before it, the sender is taken to have started again,
   * and the next in that row is accepted. Choice: never by default, as in RFC 2890; then only `reset` helps.
   */
  readonly resetAfter?: number;
}

/** The acceptance window of one flow. */
export class SequenceWindow {
  readonly #resetAfter: number;
  #last: number;
  #gap = 0;
  #refused = 0;
  #refusals = 0;

  /** A window for a flow that has just begun, unless `options` say otherwise. */
  constructor({ last = SEQUENCE_NUMBER_MAX, resetAfter = Infinity }: SequenceWindowOptions = {}) {
    this.#last = last;
    this.#resetAfter = resetAfter;
  }

  /** The last number accepted, 0..2^32-1. */
  get last(): number {
    return this.#last;
  }

  /** How many numbers the last accepted packet skipped: packets lost or late. 0 after a reset. */
  get gap(): number {
    return this.#gap;
  }

  /** Takes the number of a good packet, 0..2^32-1: `undefined` if it is accepted, or else the fault to drop it for. */
  accept(sequenceNumber: number): 'E_GRE_OUT_OF_SEQUENCE' | undefined {
    // Signed distance from the number that is due: all that lies behind that one is old.
    const ahead = (sequenceNumber - this.#last - 1) | 0;
    if (ahead < 0 && !this.#isRestart(sequenceNumber)) return 'E_GRE_OUT_OF_SEQUENCE';
    this.#last = sequenceNumber;
    this.#gap = Math.max(0, ahead);
    this.#refusals = 0;
    return undefined;
  }

  /** Begins again: `last` is taken for the last number accepted. Default: the flow begins at 0. */
  reset(last: number = SEQUENCE_NUMBER_MAX): void {
    this.#last = last;
    this.#gap = 0;
    this.#refusals = 0;
  }

  #isRestart(sequenceNumber: number): boolean {
    const inRow = this.#refusals !== 0 && ((sequenceNumber - this.#refused) | 0) === 1;
    this.#refused = sequenceNumber;
    this.#refusals = inRow ? this.#refusals + 1 : 1;
    return this.#refusals > this.#resetAfter;
  }
}
