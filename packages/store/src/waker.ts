/** Lets loops sleep until something happens. */
export class Waker {
  readonly #sleepers = new Set<() => void>();

  /** Wakes everyone who sleeps now. */
  wake(): void {
    for (const wake of [...this.#sleepers]) wake();
  }

  /** Resolves at the next `wake`, when `signal` aborts, or after `timeoutMs`: whichever is first. Never rejects. */
  async sleep(signal?: AbortSignal, timeoutMs?: number): Promise<void> {
    if (signal?.aborted) return;
    await new Promise<void>((resolve) => {
      const timer = timeoutMs === undefined ? undefined : setTimeout(wake, timeoutMs).unref();
      const sleepers = this.#sleepers;
      function wake(): void {
        clearTimeout(timer);
        signal?.removeEventListener('abort', wake);
        sleepers.delete(wake);
        resolve();
      }
      sleepers.add(wake);
      signal?.addEventListener('abort', wake);
    });
  }
}
