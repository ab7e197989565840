import type { Logger } from 'pino';
import type { ServerEvent } from '../server/options.js';

type EventName = ServerEvent['event'];

/** How much each event matters, and what it says; `undefined`: counters are enough. */
const LINES: Readonly<Record<EventName, readonly ['info' | 'warn' | 'error', string] | undefined>> = {
  synced: ['info', 'all mappings are loaded'],
  newEpoch: ['warn', 'the store was restored or rebuilt; everything is loaded anew'],
  relist: ['warn', 'the watch begins anew'],
  repaired: ['warn', 'events were lost; anti-entropy has mended the table'],
  unavailable: ['error', 'the store does not answer; lookups go on'],
  badEntry: ['warn', 'an entry of the store is no mapping'],
  tableFull: ['error', 'the table is full; some mappings are not known here'],
  ownerAlarm: ['warn', 'a host claims an address that another one owns'],
  drained: ['info', 'drained'],
  applied: undefined,
};

/** The same event is logged once a second at most. */
const PAUSE_MS = 1000;

/** Writes events to a log. */
export function createEventLog(log: Logger, nowMs: () => number): (event: ServerEvent) => void {
  const last = new Map<EventName, { atMs: number; suppressed: number }>();
  return (event) => {
    const line = LINES[event.event];
    if (line === undefined) return;
    const before = last.get(event.event);
    if (before !== undefined && nowMs() - before.atMs < PAUSE_MS) {
      before.suppressed++;
      return;
    }
    last.set(event.event, { atMs: nowMs(), suppressed: 0 });
    const [level, text] = line;
    log[level](
      before === undefined || before.suppressed === 0 ? event : { ...event, suppressed: before.suppressed },
      text,
    );
  };
}
