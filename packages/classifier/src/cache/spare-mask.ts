import { FlowMask } from '../key/flow-mask.js';
import type { Schema } from '../schema/schema.js';

/** A mask to lend to the slow path. It is away while that runs, so that a call within a call takes another. */
export class SpareMask {
  readonly #schema: Schema;
  #mask: FlowMask | undefined;

  /** Masks of keys of that schema. */
  constructor(schema: Schema) {
    this.#schema = schema;
  }

  /** An empty mask. Allocates only within a call. */
  take(): FlowMask {
    const mask = this.#mask ?? new FlowMask(this.#schema);
    this.#mask = undefined;
    mask.clear();
    return mask;
  }

  /** Takes a mask back. */
  giveBack(mask: FlowMask): void {
    this.#mask = mask;
  }
}
