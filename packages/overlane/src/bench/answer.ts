import { createHeapMeter, heapPerOperation } from './heap.js';
import { type Clock, type Operation, iterationsFor, sumOfResults, timeRound, warmUp } from './measure.js';
import type { FiguresAnswer, HeapAnswer, Request, RoundAnswer, VersionAnswer, WarmAnswer } from './protocol.js';
import { type FigureCase, OWN_BASELINES, type OwnSide, type Suite } from './suite.js';

/** Length of an interval in which heap growth is measured, in nanoseconds. */
const HEAP_INTERVAL_NS = 100e6;

/** What the operation of a baseline is called here: `layout:ipv4 read`. */
export function baselineOperation(side: OwnSide, name: string): string {
  return `${side}:${name}`;
}

/** Answers requests about the operations of `suite` and its own baselines, each set up when first asked for. */
export function createAnswerer(suite: Suite, clock: Clock) {
  const ready = new Map<string, Operation>();
  const operationOf = (name: string): Operation => {
    const operation = ready.get(name) ?? setUp(suite, name);
    ready.set(name, operation);
    return operation;
  };
  return async (request: Request): Promise<WarmAnswer | RoundAnswer | HeapAnswer | FiguresAnswer | VersionAnswer> => {
    if (request.do === 'version') return { version: process.version };
    if (request.do === 'figures') return { figures: figuresNamed(suite, request.operation)(request.effort) };
    const operation = operationOf(request.operation);
    if (request.do === 'warm') {
      const sum = sumOfResults(operation);
      return { sum, nsPerOp: warmUp(operation, request.ms * 1e6, clock) };
    }
    if (request.do === 'round') return { nsPerOp: timeRound(operation, request.iterations, clock) };
    const meter = createHeapMeter();
    try {
      const calls = iterationsFor(timeRound(operation, 16, clock), HEAP_INTERVAL_NS);
      return { heapPerOp: await heapPerOperation(operation, meter, calls) };
    } finally {
      meter.close();
    }
  };
}

function figuresNamed(suite: Suite, name: string): FigureCase['measure'] {
  const found = suite.figures?.find((each) => each.name === name);
  if (found === undefined) throw new Error(`suite ${suite.name} has no figures '${name}'`);
  return found.measure;
}

function setUp(suite: Suite, name: string): Operation {
  for (const row of suite.cases) {
    if (row.name === name) return row.setup();
    for (const side of OWN_BASELINES) {
      const baseline = row[side];
      if (baseline !== undefined && baselineOperation(side, row.name) === name) return baseline.setup();
    }
  }
  throw new Error(`suite ${suite.name} has no operation '${name}'`);
}
