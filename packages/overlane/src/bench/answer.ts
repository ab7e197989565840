import { createHeapMeter, heapPerOperation } from './heap.js';
import { type Clock, type Operation, sumOfResults, timeRound, warmUp } from './measure.js';
import type { HeapAnswer, Request, RoundAnswer, VersionAnswer, WarmAnswer } from './protocol.js';
import type { Suite } from './suite.js';

/** The prefix of operations done with layouts: `layout:ipv4 read`. */
export const LAYOUT_PREFIX = 'layout:';

/** Answers requests about the operations of `suite`, ours and those with layouts, each set up when first asked for. */
export function createAnswerer(suite: Suite, clock: Clock) {
  const ready = new Map<string, Operation>();
  const operationOf = (name: string): Operation => {
    const operation = ready.get(name) ?? setUp(suite, name);
    ready.set(name, operation);
    return operation;
  };
  return async (request: Request): Promise<WarmAnswer | RoundAnswer | HeapAnswer | VersionAnswer> => {
    if (request.do === 'version') return { version: process.version };
    const operation = operationOf(request.operation);
    if (request.do === 'warm') {
      const sum = sumOfResults(operation);
      return { sum, nsPerOp: warmUp(operation, request.ms * 1e6, clock) };
    }
    if (request.do === 'round') return { nsPerOp: timeRound(operation, request.iterations, clock) };
    const meter = createHeapMeter();
    try {
      return { heapPerOp: await heapPerOperation(operation, meter) };
    } finally {
      meter.close();
    }
  };
}

function setUp(suite: Suite, name: string): Operation {
  const layout = name.startsWith(LAYOUT_PREFIX);
  const wanted = layout ? name.slice(LAYOUT_PREFIX.length) : name;
  const found = suite.cases.find((row) => row.name === wanted);
  const setup = layout ? found?.layout?.setup : found?.setup;
  if (setup === undefined) throw new Error(`suite ${suite.name} has no operation '${name}'`);
  return setup();
}
