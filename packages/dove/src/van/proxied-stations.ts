import { type RemoteStationsContext, STATE } from './remote-context.js';
import { RemoteStations } from './remote-stations.js';

/** Those who wait for an answer: the transaction of each, by its locator. */
export type Waiters = ReadonlyMap<number, number>;

const WAITERS_MAX = 64;

/**
 * The stations on one side of a proxy. Those on the other side who ask for one that is not known yet are noted, at most 64
 * per station, and answered when it is; who is not noted asks again.
 */
export class ProxiedStations extends RemoteStations {
  readonly #waiters = new Map<number, Map<number, number>>();
  readonly #answer: (slot: number, waiters: Waiters) => void;

  /** Knows nobody. `answer` is called with those who waited for a station that is learned now. */
  constructor(context: RemoteStationsContext, answer: (slot: number, waiters: Waiters) => void) {
    super(context);
    this.#answer = answer;
  }

  /** Notes that somebody waits for the station in `slot`, which is being asked for. */
  wait(slot: number, source: number, transactionId: number): void {
    const waiters = this.#waiters.get(slot);
    if (waiters === undefined) this.#waiters.set(slot, new Map([[source, transactionId]]));
    else if (waiters.size < WAITERS_MAX || waiters.has(source)) waiters.set(source, transactionId);
  }

  override remove(slot: number): void {
    this.#waiters.delete(slot);
    super.remove(slot);
  }

  protected override settled(slot: number): void {
    const waiters = this.#waiters.get(slot);
    this.#waiters.delete(slot);
    if (waiters !== undefined && this.stateOf(slot) === STATE.LEARNED) this.#answer(slot, waiters);
  }
}
