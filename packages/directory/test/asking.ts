/** What the tests of the client have in common: two addresses, who asks, and how to wait for what comes of it. */
import { type MappingKey, type Outcome, parseKey } from '../src/index.js';
import { hmacSha256 } from '../src/node.js';
import { Simulation, placeOf } from './simulation.js';

export const A = parseKey(7, '10.1.2.3');
export const B = parseKey(7, '10.1.2.4');
export const ME = parseKey(7, '10.1.2.9');
export const KEYS = { hmac: hmacSha256, key: new Uint8Array(32).fill(7) };

export const ask = (
  sim: Simulation,
  key: MappingKey,
  freshness: 'cached' | 'confirmed' = 'cached',
  from = ME,
): Outcome => {
  const outcome = sim.client.resolve(key, from, freshness, sim.nowMs);
  sim.pump();
  return outcome;
};

/** What came of a call: a place, or a failure. */
export const resultOf = (sim: Simulation, outcome: Outcome): string => {
  if (outcome.state === 'failed') return outcome.code;
  if (outcome.state === 'resolved') return `${placeOf(outcome.mapping)}${outcome.mapping.stale ? ' stale' : ''}`;
  const found = sim.events.find((event) => 'request' in event && event.request === outcome.request);
  if (found?.type === 'resolved') return `${placeOf(found.mapping)}${found.mapping.stale ? ' stale' : ''}`;
  return found?.type === 'failed' ? found.code : 'nothing yet';
};

export const askAndWait = (sim: Simulation, key: MappingKey, ms = 200): string => {
  const outcome = ask(sim, key);
  sim.run(ms);
  return resultOf(sim, outcome);
};

/** A simulation in which all servers know that A is at place 1. */
export const calm = (options = {}, keys?: typeof KEYS): Simulation => {
  const sim = new Simulation(1, options, keys);
  sim.store.put(A, 1);
  for (const server of sim.servers) server.follow(1);
  return sim;
};
