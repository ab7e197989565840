/**
 * Forgets updates that nobody repeats any more. Whoever wrote that an update was done deletes that a minute later; what a
 * server left behind that crashed, others find now and then.
 *
 * Choice: deletions instead of leases. A backend revokes its leases when it closes, which would make a server that is drained
 * forget what its clients may still repeat through another.
 */
import type { StoreBackend } from '@overlane/store';
import { type Clock, sleep } from '../clock.js';
import { UPDATE_PREFIX } from '../follow/store-layout.js';
import { readDoneS } from './update.js';

/** How long an update is remembered, in ms. */
export const REMEMBER_MS = 60_000;
const FORGET_EVERY_MS = 1_000;
const LEFT_BEHIND_EVERY_MS = 600_000;
/** Others' clocks may differ, and they may be late. */
const LEFT_BEHIND_S = 180;
const FORGOTTEN_AT_ONCE = 64;

/** The updates that this server has to forget. */
export class DoneUpdates {
  readonly #store: StoreBackend;
  readonly #clock: Clock;
  readonly #stop = new AbortController();
  #keys: { readonly key: Uint8Array; readonly dueMs: number }[] = [];
  #next = 0;

  /** Nothing to forget yet. */
  constructor(store: StoreBackend, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** Entries that are to be deleted later. */
  get length(): number {
    return this.#keys.length - this.#next;
  }

  /** Takes keys that were written now. */
  add(keys: readonly Uint8Array[]): void {
    const dueMs = this.#clock.monotonicMs() + REMEMBER_MS;
    for (const key of keys) this.#keys.push({ key, dueMs });
  }

  /** Forgets until `stop`. Never rejects: while the store is away it waits. */
  async run(): Promise<void> {
    const { signal } = this.#stop;
    let lookedMs = -Infinity;
    while (!signal.aborted) {
      try {
        await this.#forgetDue();
        if (this.#clock.monotonicMs() - lookedMs >= LEFT_BEHIND_EVERY_MS) {
          lookedMs = this.#clock.monotonicMs();
          await this.#forgetLeftBehind();
        }
      } catch {
        // The follower tells that the store is away; nothing is lost by waiting.
      }
      await sleep(this.#clock, FORGET_EVERY_MS, signal);
    }
  }

  /** Ends `run`. What is left is found by other servers. */
  stop(): void {
    this.#stop.abort();
  }

  async #forgetDue(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const nowMs = this.#clock.monotonicMs();
      let end = this.#next;
      while (end < this.#keys.length && end - this.#next < FORGOTTEN_AT_ONCE && this.#keys[end]!.dueMs <= nowMs) end++;
      if (end === this.#next) break;
      await this.#delete(this.#keys.slice(this.#next, end).map(({ key }) => key));
      this.#next = end;
    }
    this.#keys = this.#keys.slice(this.#next);
    this.#next = 0;
  }

  async #forgetLeftBehind(): Promise<void> {
    for await (const { entries } of this.#store.list(UPDATE_PREFIX)) {
      const oldest = this.#clock.unixS() - LEFT_BEHIND_S;
      const old = entries.filter(({ value }) => readDoneS(value) < oldest).map(({ key }) => key);
      for (let i = 0; i < old.length; i += FORGOTTEN_AT_ONCE) await this.#delete(old.slice(i, i + FORGOTTEN_AT_ONCE));
      if (this.#stop.signal.aborted) return;
    }
  }

  async #delete(keys: readonly Uint8Array[]): Promise<void> {
    await this.#store.txn({ compares: [], ops: keys.map((key) => ({ type: 'delete', key })) });
  }
}
