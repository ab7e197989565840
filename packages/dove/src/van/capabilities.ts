/** Which switches understand extension headers, as far as they said. Past the limit the one noted first is forgotten. */
export class Capabilities {
  readonly #limit: number;
  readonly #extensions = new Map<number, boolean>();

  /** Knows nobody; remembers at most `limit` switches. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Notes what the switch at `locator` said. */
  note(locator: number, extensions: boolean): void {
    if (this.#extensions.get(locator) === extensions) return;
    if (this.#extensions.size >= this.#limit && !this.#extensions.has(locator)) {
      for (const first of this.#extensions.keys()) {
        this.#extensions.delete(first);
        break;
      }
    }
    this.#extensions.set(locator, extensions);
  }

  /** True if the switch said that it understands extension headers. */
  takesExtensions(locator: number): boolean {
    return this.#extensions.get(locator) === true;
  }
}
