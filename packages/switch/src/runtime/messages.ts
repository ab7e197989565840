import type { SwitchSnapshot } from '../switch-options.js';

/** Counters of a switch on real interfaces. */
export interface RunningSwitchSnapshot extends SwitchSnapshot {
  /** What the interfaces themselves counted, by port name: errors of the system by their names, among others. */
  readonly interfaces: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

/** What the main thread asks of the worker. */
export type WorkerRequest = { readonly kind: 'snapshot'; readonly id: number } | { readonly kind: 'stop' };

/** What the worker tells the main thread. */
export type WorkerReply =
  | { readonly kind: 'ready'; readonly wakeFd: number; readonly devices: readonly string[] }
  | { readonly kind: 'snapshot'; readonly id: number; readonly snapshot: RunningSwitchSnapshot }
  | { readonly kind: 'stopped'; readonly snapshot: RunningSwitchSnapshot }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string };
