import { Worker } from 'node:worker_threads';
import { wakePoller } from '@overlane/netio';
import type { SwitchConfig } from '../config.js';
import type { RunningSwitchSnapshot, WorkerReply, WorkerRequest } from './messages.js';

/** A switch could not be started, or its worker died. `code` is the cause's, such as `E_NETIO_NO_PERMISSION`. */
export class SwitchError extends Error {
  override readonly name = 'SwitchError';
  /** Name of the cause. */
  readonly code: string;

  /** An error with the code and message of its cause. */
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** A switch at work on its own thread. */
export interface RunningSwitch {
  /** Names of the TAP devices that it made, in the order of the configuration. */
  readonly devices: readonly string[];
  /** Counters now. @throws SwitchError if the worker has died */
  snapshot(): Promise<RunningSwitchSnapshot>;
  /** Closes all ports and ends the worker. Returns the last counters; the same ones when called again. */
  stop(): Promise<RunningSwitchSnapshot>;
  /** Settles when the worker has ended: rejects if it died. */
  readonly ended: Promise<RunningSwitchSnapshot>;
}

/**
 * Starts the switch that `config` describes on real interfaces, in a worker thread. Its devices go when it stops, and
 * with the process in any case. @throws SwitchError with the code of the cause
 */
export function startSwitch(config: SwitchConfig): Promise<RunningSwitch> {
  const worker = new Worker(new URL('./worker.js', import.meta.url), { workerData: config });
  const waiting = new Map<number, { resolve(s: RunningSwitchSnapshot): void; reject(error: Error): void }>();
  let nextId = 0;
  let wakeFd = -1;
  let hasEnded = false;
  const ask = (request: WorkerRequest): void => {
    if (hasEnded) return;
    worker.postMessage(request);
    if (wakeFd >= 0) wakePoller(wakeFd);
  };

  return new Promise((resolveStart, rejectStart) => {
    let settle: { resolve(s: RunningSwitchSnapshot): void; reject(error: Error): void };
    const ended = new Promise<RunningSwitchSnapshot>((resolve, reject) => {
      settle = { resolve, reject };
    });
    // Callers need not watch `ended`; those who do get the error.
    ended.catch(() => undefined);
    const fail = (error: SwitchError): void => {
      hasEnded = true;
      for (const { reject } of waiting.values()) reject(error);
      waiting.clear();
      rejectStart(error);
      settle.reject(error);
    };
    const running = (devices: readonly string[]): RunningSwitch => ({
      devices,
      ended,
      snapshot: () =>
        new Promise((resolve, reject) => {
          if (hasEnded) reject(new SwitchError('E_SWITCH_ENDED', 'the switch has ended'));
          else waiting.set(nextId, { resolve, reject });
          ask({ kind: 'snapshot', id: nextId++ });
        }),
      stop: () => {
        ask({ kind: 'stop' });
        return ended;
      },
    });
    worker.on('message', (message: WorkerReply) => {
      switch (message.kind) {
        case 'ready':
          wakeFd = message.wakeFd;
          resolveStart(running(message.devices));
          break;
        case 'snapshot':
          waiting.get(message.id)?.resolve(message.snapshot);
          waiting.delete(message.id);
          break;
        case 'stopped':
          hasEnded = true;
          settle.resolve(message.snapshot);
          for (const { resolve } of waiting.values()) resolve(message.snapshot);
          waiting.clear();
          break;
        case 'failed':
          fail(new SwitchError(message.code, message.message));
      }
    });
    worker.on('error', (error) => fail(new SwitchError('E_SWITCH_WORKER', error.message)));
    worker.on('exit', (code) => {
      if (!hasEnded) fail(new SwitchError('E_SWITCH_WORKER', `the switch's worker ended with status ${code}`));
    });
  });
}
