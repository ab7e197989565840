/**
 * Octets that an operation leaves on V8's heap: the growth of the used heap over a number of calls, in an interval that
 * no garbage collection touched, divided by the calls. An interval with a collection is thrown away and tried again
 * with fewer calls. What the measurement itself allocates is known from an interval of no calls, and taken off.
 */
import { PerformanceObserver } from 'node:perf_hooks';
import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { type Operation, keep, runBatch } from './measure.js';

/** What the measurement needs from the engine. */
export interface HeapMeter {
  /** Collects garbage now, so that the young generation is empty. */
  collect(): void;
  /** Octets in use on the heap. */
  used(): number;
  /** Collections since the last call. Waits until the engine has told of them. */
  collections(): Promise<number>;
  /** Stops watching. */
  close(): void;
}

const CALLS_MAX = 200_000;
const TRIALS = 5;
const ATTEMPTS_MAX = 40;

/** The meter of this process. */
export function createHeapMeter(): HeapMeter {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  let seen = 0;
  const observer = new PerformanceObserver((list) => (seen += list.getEntries().length));
  observer.observe({ entryTypes: ['gc'] });
  return {
    collect,
    used: () => getHeapStatistics().used_heap_size,
    collections: async () => {
      await new Promise((done) => setTimeout(done, 2));
      const count = seen;
      seen = 0;
      return count;
    },
    close: () => observer.disconnect(),
  };
}

/**
 * Octets per call, to a tenth; 0 below a twentieth of an octet, which is less than one smallest object in 200 calls.
 * The least of five intervals, because compilers and timers of the process allocate now and then. Precondition:
 * `operation` is warm. `callsMax` bounds an interval of slow calls. @throws Error if collections spoil every interval
 */
export async function heapPerOperation(
  operation: Operation,
  meter: HeapMeter,
  callsMax: number = CALLS_MAX,
): Promise<number> {
  let least = Infinity;
  let calls = Math.min(callsMax, CALLS_MAX);
  for (let trials = 0, attempts = 0; trials < TRIALS; attempts++) {
    if (attempts === ATTEMPTS_MAX) throw new Error('garbage collections spoil every interval');
    const own = await growth(operation, 0, meter);
    const grown = await growth(operation, calls, meter);
    if (own === undefined || grown === undefined) {
      calls = Math.max(1, calls >> 1);
      continue;
    }
    trials++;
    least = Math.min(least, Math.max(0, grown - own) / calls);
  }
  return Math.round(least * 10) / 10;
}

async function growth(operation: Operation, calls: number, meter: HeapMeter): Promise<number | undefined> {
  meter.collect();
  await meter.collections();
  const before = meter.used();
  keep(runBatch(operation, calls));
  const after = meter.used();
  return (await meter.collections()) === 0 ? after - before : undefined;
}
