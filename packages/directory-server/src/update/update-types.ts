/** What goes into the queue of updates and comes out of it. */
import type { StoreEntry, StoreTxn } from '@overlane/store';
import type { Verdict } from './authority.js';
import type { Outcome, Update } from './update.js';

/** Limits of the queue. */
export interface UpdateLimits {
  /** Changes in a transaction, at most. Default 32. */
  readonly batchMax: number;
  /** How long a change waits for others while no transaction is under way, in ms; with each that is, as long again. Default 2. */
  readonly batchWaitMs: number;
  /** Transactions under way at once. Default 32: a store writes several at once, and each waits for the disk. */
  readonly inFlightMax: number;
  /** Updates that wait, at most; more get OVERLOADED. Default 4,096. */
  readonly queueMax: number;
  /** After how long without an answer of the store updates are refused. Default 1,000 ms. */
  readonly storeTimeoutMs: number;
}

/** Defaults of {@link UpdateLimits}. */
export const UPDATE_LIMITS: UpdateLimits = {
  batchMax: 32,
  batchWaitMs: 2,
  inFlightMax: 32,
  queueMax: 4096,
  storeTimeoutMs: 1000,
};

/** A transaction to be done, and the updates in it. */
export interface Batch<Peer> {
  /** What the store is to do. */
  readonly txn: StoreTxn;
  /** Whose changes these are. */
  readonly updates: readonly Update<Peer>[];
  /** When it was made. */
  readonly sinceMs: number;
  /** Verdicts by update and change, valid if the compares hold. */
  readonly verdicts: readonly (readonly Verdict[])[];
  /** Keys that will remember these updates. */
  readonly remembered: readonly Uint8Array[];
}

/** A key as the store has it now. */
export interface Learnt {
  readonly key: Uint8Array;
  readonly entry: Pick<StoreEntry, 'value' | 'modRevision'> | undefined;
  readonly revision: bigint;
}

/** An update that is over. */
export interface Done<Peer> {
  readonly update: Update<Peer>;
  /** For each change; empty if `code` says that all of it failed. */
  readonly outcomes: readonly Outcome[];
  readonly code: number;
}

/** What follows from the end of a transaction. */
export interface Settled<Peer> {
  readonly done: readonly Done<Peer>[];
  /** What the store has, to be known at once. */
  readonly learnt: readonly Learnt[];
  /** Keys that now remember an update, to be deleted when nobody repeats it any more. */
  readonly remembered: readonly Uint8Array[];
}
