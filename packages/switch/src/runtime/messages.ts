import type { PortConfig, SwitchConfig } from '../config.js';
import type { SwitchSnapshot } from '../switch-options.js';

/** Counters of a switch on real interfaces. */
export interface RunningSwitchSnapshot extends SwitchSnapshot {
  /** What the interfaces themselves counted, by port name: errors of the system by their names, among others. */
  readonly interfaces: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

/** What the main thread asks of the worker. */
export type WorkerRequest =
  | { readonly kind: 'snapshot'; readonly id: number }
  | { readonly kind: 'add port'; readonly id: number; readonly port: PortConfig }
  | { readonly kind: 'remove port'; readonly id: number; readonly device: string }
  | { readonly kind: 'stop' };

/** What the worker tells the main thread: about itself, or in answer to the request with the same id. */
export type WorkerReply =
  | {
      readonly kind: 'ready';
      readonly wakeFd: number;
      readonly config: SwitchConfig;
      readonly devices: readonly string[];
    }
  | { readonly kind: 'answer'; readonly id: number; readonly answer: WorkerAnswer }
  | { readonly kind: 'refused'; readonly id: number; readonly code: string; readonly message: string }
  | { readonly kind: 'stopped'; readonly snapshot: RunningSwitchSnapshot }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string };

/** Counters, the name of the device that was made, or nothing. */
export type WorkerAnswer = RunningSwitchSnapshot | string | undefined;
