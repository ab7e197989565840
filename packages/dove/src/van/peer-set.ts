import { enlarged } from './station-table.js';

const NONE = -1;
const FIRST_LENGTH = 4;

/**
 * The switches that a VM exchanged traffic with, most recent first; past the limit the one that was silent longest is
 * forgotten. Locators are IPv4 addresses as signed integers. Noting the same switch twice in a row costs one comparison,
 * another one a look-up. Memory: about 50 octets per switch.
 */
export class PeerSet {
  readonly #limit: number;
  readonly #places = new Map<number, number>();
  #locators = new Int32Array(FIRST_LENGTH);
  #newer = new Int32Array(FIRST_LENGTH);
  #older = new Int32Array(FIRST_LENGTH);
  #newest = NONE;
  #oldest = NONE;

  /** An empty set for at most `limit` switches, at least 1. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Switches in the set. */
  get size(): number {
    return this.#places.size;
  }

  /** Notes traffic with `locator`. */
  note(locator: number): void {
    if (this.#newest !== NONE && this.#locators[this.#newest] === locator) return;
    let place = this.#places.get(locator);
    if (place === undefined) place = this.#admit(locator);
    else this.#unlink(place);
    this.#linkNewest(place);
  }

  /** All of them, most recent first, in new memory. */
  list(): Int32Array {
    const all = new Int32Array(this.#places.size);
    for (let place = this.#newest, i = 0; place !== NONE; place = this.#older[place]!)
      all[i++] = this.#locators[place]!;
    return all;
  }

  /** A place for a new locator, not yet linked. */
  #admit(locator: number): number {
    let place = this.#places.size;
    if (place >= this.#limit) {
      place = this.#oldest;
      this.#unlink(place);
      this.#places.delete(this.#locators[place]!);
    } else if (place === this.#locators.length) {
      this.#locators = enlarged(this.#locators, place * 2);
      this.#newer = enlarged(this.#newer, place * 2);
      this.#older = enlarged(this.#older, place * 2);
    }
    this.#locators[place] = locator;
    this.#places.set(locator, place);
    return place;
  }

  #linkNewest(place: number): void {
    this.#newer[place] = NONE;
    this.#older[place] = this.#newest;
    if (this.#newest === NONE) this.#oldest = place;
    else this.#newer[this.#newest] = place;
    this.#newest = place;
  }

  #unlink(place: number): void {
    const newer = this.#newer[place]!;
    const older = this.#older[place]!;
    if (newer === NONE) this.#newest = older;
    else this.#older[newer] = older;
    if (older === NONE) this.#oldest = newer;
    else this.#newer[older] = newer;
  }
}
