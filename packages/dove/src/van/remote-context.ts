import type { FaultCounts } from './fault-counts.js';
import type { VanLimits } from './options.js';
import type { Outbox, Target } from './outbox.js';

/** Answer of `resolve`: the frame is held until an answer comes. Slots are 0 and above. */
export const PENDING = -1;
/** Answer of `resolve`: the frame is dropped, and counted by its reason. */
export const DROPPED = -2;

/** What a station is in: nobody answered lately, we have asked, or we know. */
export const STATE = { NEGATIVE: 1, LEARNING: 2, LEARNED: 3 } as const;

/** What the machine needs from around it. */
export interface RemoteStationsContext {
  readonly limits: VanLimits;
  readonly outbox: Outbox;
  readonly faults: FaultCounts;
  /** Any 32 bits, anew on each call. */
  random32(): number;
  /** Flag bits of our questions. */
  readonly flags: number;
  /** Whom to ask. */
  readonly askedOf: Target;
}
