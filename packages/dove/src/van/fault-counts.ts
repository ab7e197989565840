import type { VanFault } from './faults.js';

/** How often each fault happened where no caller is told: packets given up later, or refused along with others. */
export class FaultCounts {
  readonly #counts = new Map<VanFault, number>();

  /** Counts one. */
  add(fault: VanFault): void {
    this.#counts.set(fault, (this.#counts.get(fault) ?? 0) + 1);
  }

  /** How often `fault` was counted. */
  of(fault: VanFault): number {
    return this.#counts.get(fault) ?? 0;
  }

  /** Counts by name, in new memory; faults that never happened are left out. */
  snapshot(): Partial<Record<VanFault, number>> {
    return Object.fromEntries(this.#counts);
  }
}
