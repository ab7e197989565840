/** Counters and gauges of a lookup server for Prometheus. */
import { Counter, Gauge, Registry, collectDefaultMetrics } from 'prom-client';
import type { CounterName } from '../lookup/counters.js';
import type { LookupServer } from '../server/lookup-server.js';

const PREFIX = 'overlane_directory_';

/** Help text of each counter. */
const COUNTERS: Readonly<Record<CounterName, string>> = {
  datagrams: 'Datagrams received',
  questions: 'Questions answered',
  found: 'Questions answered with a mapping',
  notFound: 'Questions answered NOT_FOUND, absent and denied',
  denied: 'Questions whose asker may not know',
  notModified: 'Questions whose asker had the present version',
  truncated: 'Replies that could not hold all answers',
  dropsSyncing: 'Lookups not answered because the table is not whole yet',
  shed: 'Lookups dropped because they had waited too long',
  fresh: 'Lookups confirmed with the store',
  challenges: 'Lookups answered with a cookie',
  changes: 'Changes committed',
  refusedChanges: 'Changes refused',
  ownerAlarms: 'Changes and reports about an address that another host owns',
  staleReports: 'Stale reports taken',
  uselessReports: 'Stale reports for which nothing could be done',
  corrections: 'CORRECT sent, repetitions included',
  unacknowledged: 'Corrections that nobody acknowledged',
  repairs: 'Mappings that anti-entropy mended; alert if above 0',
  relists: 'Times that everything was listed again',
  storeFailures: 'Calls that the store did not answer',
  retriedBatches: 'Transactions repeated because a compare failed',
};

/** Values of the moment. */
const GAUGES: Readonly<Record<string, readonly [help: string, of: (server: LookupServer) => number]>> = {
  mappings: ['Mappings in memory', ({ table }) => table.size],
  tombstones: ['Deletions remembered', ({ table }) => table.tombstones],
  table_octets: ['Octets of the table', ({ table }) => table.octets],
  store_epoch: ['Generation of the store', ({ stamp }) => stamp.epoch],
  store_revision: ['Revision of the store that the table shows', ({ stamp }) => stamp.revision],
  store_lag_ms: ['Milliseconds since the store was last heard of', ({ lagMs }) => lagMs],
  pending_updates: ['Updates that are not over', ({ pendingUpdates }) => pendingUpdates],
  ready: ['1 if the server is worth to be asked', ({ isReady }) => Number(isReady)],
};

/** A registry that reads `server` when it is asked. `unsent` counts the replies that the socket could not send. */
export function createMetrics(server: LookupServer, unsent: () => number): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const addCounter = (name: string, help: string, read: () => number): void => {
    new Counter({
      name: `${PREFIX}${name}_total`,
      help,
      registers: [registry],
      collect() {
        this.reset();
        this.inc(read());
      },
    });
  };
  for (const name of Object.keys(COUNTERS) as CounterName[]) {
    addCounter(toSnakeCase(name), COUNTERS[name], () => server.counters[name]);
  }
  addCounter('unsent_replies', 'Replies that could not be sent', unsent);
  new Counter({
    name: `${PREFIX}faults_total`,
    help: 'Datagrams refused, by the name of the fault',
    labelNames: ['fault'],
    registers: [registry],
    collect() {
      this.reset();
      for (const [fault, count] of server.counters.faults) this.inc({ fault }, count);
    },
  });
  for (const [name, [help, read]] of Object.entries(GAUGES)) {
    new Gauge({
      name: `${PREFIX}${name}`,
      help,
      registers: [registry],
      collect() {
        this.set(read(server));
      },
    });
  }
  return registry;
}

function toSnakeCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
