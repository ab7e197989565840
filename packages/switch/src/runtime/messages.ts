import type { SwitchSnapshot } from '../switch.js';

/** What the main thread asks of the worker. */
export type WorkerRequest = { readonly kind: 'snapshot'; readonly id: number } | { readonly kind: 'stop' };

/** What the worker tells the main thread. */
export type WorkerReply =
  | { readonly kind: 'ready'; readonly wakeFd: number; readonly devices: readonly string[] }
  | { readonly kind: 'snapshot'; readonly id: number; readonly snapshot: SwitchSnapshot }
  | { readonly kind: 'stopped'; readonly snapshot: SwitchSnapshot }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string };
