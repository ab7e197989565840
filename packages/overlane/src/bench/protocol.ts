/**
 * What the measured programs are asked and answer: JSON objects, one a line, one question at a time. Ours
 * (`child.ts`) and those in `peers/` speak the same, so their rounds can alternate.
 */

import type { Figure } from './suite.js';

/** A question to a measured program. */
export type Request =
  | {
      /** Set up the operation, sum up its results over all inputs, and call it for `ms` milliseconds. */
      readonly do: 'warm';
      readonly operation: string;
      readonly ms: number;
    }
  | {
      /** Time that many calls. */
      readonly do: 'round';
      readonly operation: string;
      readonly iterations: number;
    }
  | {
      /** Say what a call leaves on the heap. Our programs only. */
      readonly do: 'heap';
      readonly operation: string;
    }
  | {
      /** Take the figures of that name. Our programs only. */
      readonly do: 'figures';
      readonly operation: string;
      readonly effort: number;
    }
  | {
      /** Say which version of the library is measured. Peers only. */
      readonly do: 'version';
    };

/** Answer to `warm`. */
export interface WarmAnswer {
  /** Sum of the results over all inputs. */
  readonly sum: number;
  /** Nanoseconds per call, roughly. */
  readonly nsPerOp: number;
}

/** Answer to `round`. */
export interface RoundAnswer {
  readonly nsPerOp: number;
}

/** Answer to `heap`. */
export interface HeapAnswer {
  /** Octets per call. */
  readonly heapPerOp: number;
}

/** Answer to `figures`. */
export interface FiguresAnswer {
  readonly figures: readonly Figure[];
}

/** Answer to `version`. */
export interface VersionAnswer {
  readonly version: string;
}
