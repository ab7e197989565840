/** Time as an argument, so that all of a server runs in a simulator. */

/** Ends a timer that has not gone off yet. */
export type CancelTimer = () => void;

/** A clock with timers. */
export interface Clock {
  /** Milliseconds that never go back. */
  monotonicMs(): number;
  /** Seconds since 1970, for the times in datagrams. */
  unixS(): number;
  /** Calls `wake` once, `delayMs` from now. */
  setTimer(delayMs: number, wake: () => void): CancelTimer;
  /** Lets everything else that is due run first. */
  yield(): Promise<void>;
}

/** The clock of this machine. Its timers do not keep the process alive. */
export const systemClock: Clock = {
  monotonicMs: () => performance.now(),
  unixS: () => Math.floor(Date.now() / 1000),
  setTimer: (delayMs, wake) => {
    const timer = setTimeout(wake, delayMs);
    timer.unref();
    return () => clearTimeout(timer);
  },
  yield: () => new Promise((resolve) => setImmediate(resolve)),
};

/** Resolves `delayMs` from now, or at once when `signal` is aborted. */
export function sleep(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const end = (): void => {
      cancel();
      signal.removeEventListener('abort', end);
      resolve();
    };
    const cancel = clock.setTimer(delayMs, end);
    signal.addEventListener('abort', end);
  });
}
