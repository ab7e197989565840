/** What a lookup server counts. Plain numbers: the data path adds one and moves on. */

/** Counters by name; they only grow. Faults of datagrams are counted by their names as well. */
export class Counters {
  /** Datagrams received. */
  datagrams = 0;
  /** Questions answered. */
  questions = 0;
  /** Questions answered with a mapping. */
  found = 0;
  /** Questions answered NOT_FOUND, whether absent or denied. */
  notFound = 0;
  /** Questions whose asker may not know; part of `notFound`. */
  denied = 0;
  /** Questions whose asker had the present version. */
  notModified = 0;
  /** Replies that could not hold all answers. */
  truncated = 0;
  /** Lookups not answered because the table is not whole yet. */
  dropsSyncing = 0;
  /** Lookups dropped because they had waited too long. */
  shed = 0;
  /** Lookups that had to be confirmed with the store. */
  fresh = 0;
  /** Lookups answered with a cookie, for their network asks too much. */
  challenges = 0;
  /** Changes committed. */
  changes = 0;
  /** Changes refused. */
  refusedChanges = 0;
  /** Changes refused because somebody else owns the address: perhaps two hosts claim it. */
  ownerAlarms = 0;
  /** Stale reports taken. */
  staleReports = 0;
  /** Stale reports for which nothing could or need be done. */
  uselessReports = 0;
  /** CORRECT sent, repetitions included. */
  corrections = 0;
  /** Corrections that nobody acknowledged. */
  unacknowledged = 0;
  /** Mappings that anti-entropy mended: events were lost. Should stay 0. */
  repairs = 0;
  /** Times that everything was listed again. */
  relists = 0;
  /** Times that the store could not be reached. */
  storeFailures = 0;
  /** Transactions that had to be repeated because a compare failed. */
  retriedBatches = 0;
  /** Datagrams that were refused, by the name of the fault. */
  readonly faults = new Map<string, number>();

  /** Counts a datagram refused with `fault`. */
  fault(fault: string): void {
    this.faults.set(fault, (this.faults.get(fault) ?? 0) + 1);
  }
}

/** Names of the counters that are numbers. */
export type CounterName = { [Name in keyof Counters]: Counters[Name] extends number ? Name : never }[keyof Counters];
