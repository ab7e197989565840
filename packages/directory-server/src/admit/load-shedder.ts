/**
 * Decides which lookups are not worth answering any more. A socket is a queue, and what is read first has waited longest; so
 * once the queue has stood for longer than clients wait, what is read is dropped until it is empty. The other server that a
 * client asked has answered meanwhile.
 *
 * The length of that queue is the kernel's secret. What shows from outside is whether a turn of the event loop emptied it: a
 * turn that read less than it could did. The queue has stood since the first of the turns that did not.
 */

/** Datagrams that libuv reads from a socket in one turn, at most. */
const READS_PER_TURN = 32;

/** The decision, turn by turn. */
export class LoadShedder {
  readonly #delayMaxMs: number;
  #standingSinceMs = Infinity;
  #turnBeganMs = 0;
  #readThisTurn = 0;

  /** Sheds while the queue has stood for more than `delayMaxMs`. */
  constructor(delayMaxMs: number) {
    this.#delayMaxMs = delayMaxMs;
  }

  /** Tells of one datagram that was read. True if it should be dropped. Call `endTurn` once all callbacks of the turn ran. */
  read(nowMs: number): boolean {
    if (this.#readThisTurn++ === 0) this.#turnBeganMs = nowMs;
    return this.#turnBeganMs - this.#standingSinceMs > this.#delayMaxMs;
  }

  /** The turn is over. */
  endTurn(): void {
    if (this.#readThisTurn < READS_PER_TURN) this.#standingSinceMs = Infinity;
    else if (this.#standingSinceMs === Infinity) this.#standingSinceMs = this.#turnBeganMs;
    this.#readThisTurn = 0;
  }
}
