/**
 * Decides which lookups are not worth answering any more. A socket is a queue, and what is read first has waited longest; so
 * once a datagram waits there for longer than clients do, what is read is dropped until the queue is empty. The other server
 * that a client asked has answered meanwhile.
 *
 * How long they wait can't be seen, but it follows from how many wait and how many are read per second (Little's law). To
 * count those that wait costs a system call, so it is done now and then, and only while the queue stands: while turns of the
 * event loop end because they have read as much as they may, not because nothing is left.
 */

/** Datagrams that libuv reads from a socket in one turn, at most. */
const READS_PER_TURN = 32;

/** The decision, datagram by datagram. */
export class LoadShedder {
  readonly #delayMaxMs: number;
  #readThisTurn = 0;
  #readSinceMark = 0;
  #markMs = 0;
  #isStanding = false;
  #isShedding = false;

  /** Sheds when datagrams wait for more than `delayMaxMs`. */
  constructor(delayMaxMs: number) {
    this.#delayMaxMs = delayMaxMs;
  }

  /** True if the last turn has left something in the queue: time to call `measure`. */
  get isStanding(): boolean {
    return this.#isStanding;
  }

  /** Tells of one datagram that was read. True if it should be dropped. */
  read(): boolean {
    this.#readThisTurn++;
    this.#readSinceMark++;
    return this.#isShedding;
  }

  /** All datagrams of a turn of the event loop have been read. */
  endTurn(): void {
    this.#isStanding = this.#readThisTurn >= READS_PER_TURN;
    if (!this.#isStanding) this.#isShedding = false;
    this.#readThisTurn = 0;
  }

  /** Tells that `waiting` datagrams are in the queue. To be called some times a second, with 0 where that is not known. */
  measure(waiting: number, nowMs: number): void {
    const perMs = this.#readSinceMark / Math.max(1, nowMs - this.#markMs);
    this.#isShedding = waiting > this.#delayMaxMs * perMs && waiting > READS_PER_TURN;
    this.#readSinceMark = 0;
    this.#markMs = nowMs;
  }
}
