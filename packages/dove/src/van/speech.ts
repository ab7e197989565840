/** What switches and proxies say, one function per kind of message. */
import { FLAG, TYPE, type VanType } from './constants.js';
import type { VanFault } from './faults.js';
import { nextGeneration } from './generation.js';
import { writeMacWords, writeMessage } from './message.js';
import type { Outbox, Target } from './outbox.js';
import type { RateLimiter } from './rate-limiter.js';
import { NOWHERE, NO_PLACE, type Place, type Placement, areProxies } from './placement.js';

/** Who speaks. */
export interface Speaker {
  readonly outbox: Outbox;
  readonly unlearns: RateLimiter;
  random32(): number;
}

/** Asks where a VM is. `flags`: what the asker is and can do. */
export function sendRequest(
  outbox: Outbox,
  network: number,
  target: Target,
  high: number,
  low: number,
  transactionId: number,
  flags: number,
): void {
  const nowhere = { ...NO_PLACE, flags, lifetimeS: 0 };
  send(outbox, network, target, TYPE.LEARN_REQUEST, transactionId, high, low, nowhere);
}

/** Says that a VM is at `place`; with transaction 0 to whom it may concern. */
export function sendReply(
  { outbox }: Speaker,
  network: number,
  target: Target,
  high: number,
  low: number,
  transactionId: number,
  place: Placement,
): void {
  send(outbox, network, target, TYPE.LEARN_REPLY, transactionId, high, low, place);
}

/** Says that a VM is not here, but at `place` if that isn't NOWHERE. */
export function sendUnlearn(
  { outbox, random32 }: Speaker,
  network: number,
  target: Target,
  high: number,
  low: number,
  place: Place,
): void {
  const flags = place.locator === NOWHERE ? 0 : (place.flags & FLAG.PROXY) | FLAG.HINT;
  send(outbox, network, target, TYPE.UNLEARN, random32(), high, low, { ...place, flags, lifetimeS: 0 });
}

/**
 * Teaches the switch at `place` the generation that it has to count with, if it is right and the VM is there. Returns the
 * fault of the message that we learn from it: its placement isn't newer than the one known. Choice: two proxies that name
 * one generation are two ways to one place, and need no lesson.
 */
export function teach(
  speaker: Speaker,
  network: number,
  high: number,
  low: number,
  place: Place,
  known: Place,
  nowMs: number,
): VanFault {
  const { locator } = place;
  const isSamePlace = known.locator === locator;
  const isSamePlacement = known.generation === place.generation && (isSamePlace || areProxies(known, place));
  if (isSamePlacement) return 'E_VAN_STALE';
  if (speaker.unlearns.take(network, high, low, locator, nowMs) === 'refused') return 'E_VAN_STALE';
  const generation = isSamePlace ? known.generation : nextGeneration(known.generation);
  sendUnlearn(speaker, network, locator, high, low, { ...place, generation });
  return 'E_VAN_STALE';
}

function send(
  outbox: Outbox,
  network: number,
  target: Target,
  type: VanType,
  transactionId: number,
  high: number,
  low: number,
  { locator, generation, flags, lifetimeS }: Placement,
): void {
  const message = outbox.addControl(network, target);
  if (message === undefined) return;
  writeMessage(message, 0, type, flags | FLAG.EXTENSIONS, transactionId, lifetimeS, locator, generation);
  writeMacWords(message, 0, high, low);
}
