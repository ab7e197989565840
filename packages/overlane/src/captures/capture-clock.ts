/** The clock of a capture, for what waits for later packets: reassembly. */

/** Tells the time by the packets' timestamps. Starts at 1970 and never goes back, even where the file does. */
export class CaptureClock {
  #nowMs = 0;

  /** The time of a packet, in milliseconds since 1970; without a timestamp no time has passed. */
  advance(timeUs: number | undefined): number {
    if (timeUs !== undefined) this.#nowMs = Math.max(this.#nowMs, timeUs / 1000);
    return this.#nowMs;
  }
}
