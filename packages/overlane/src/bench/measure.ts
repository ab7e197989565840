/**
 * How an operation is timed: warm-up until the compiler has settled, then rounds of a fixed number of calls over
 * varying inputs. The results are summed up and looked at, so nothing can be optimised away.
 */

/** Inputs of every operation. A power of two, and far more than a branch predictor or a constant folder remembers. */
export const INPUTS = 1024;

/** One call on input `index`, 0..INPUTS-1. Returns an integer 0..2^31-1 that depends on the octets it worked on. */
export type Operation = (index: number) => number;

/** Time in nanoseconds from any fixed point. */
export type Clock = () => number;

/** Calls `operation` `iterations` times, input after input, and returns the sum of its results modulo 2^32, signed. */
export function runBatch(operation: Operation, iterations: number): number {
  let sum = 0;
  for (let i = 0; i < iterations; i++) sum = (sum + operation(i & (INPUTS - 1))) | 0;
  return sum;
}

/** Sum of the results over all inputs. Equal for two programs that read the same thing out of the same octets. */
export function sumOfResults(operation: Operation): number {
  let sum = 0;
  for (let i = 0; i < INPUTS; i++) sum += operation(i);
  return sum;
}

/** Calls `operation` for at least `nanoseconds`, in batches that double, and returns the time of a call in the last. */
export function warmUp(operation: Operation, nanoseconds: number, clock: Clock): number {
  const start = clock();
  let nsPerOp = 0;
  for (let iterations = 1, elapsed = 0; elapsed < nanoseconds; iterations *= 2) {
    nsPerOp = timeRound(operation, iterations, clock);
    elapsed = clock() - start;
  }
  return nsPerOp;
}

/** Nanoseconds per call over one batch. */
export function timeRound(operation: Operation, iterations: number, clock: Clock): number {
  const start = clock();
  keep(runBatch(operation, iterations));
  return (clock() - start) / iterations;
}

/** Calls that take about `nanoseconds` in all: at least one. */
export function iterationsFor(nsPerOp: number, nanoseconds: number): number {
  return Math.max(1, Math.round(nanoseconds / Math.max(nsPerOp, 0.1)));
}

/** Middle value; the upper one of two. Precondition: `values` has one at least. */
export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!;
}

const kept = new Int32Array(1);

/** Makes a result something the program needs. */
export function keep(value: number): void {
  kept[0]! ^= value;
}
