/**
 * VMs that come and go, and what a switch tells about them. Who is right is decided by the generation of a placement
 * alone: a switch on which a VM appears counts one more than what it knew, and tells everybody.
 *
 * Choice: whoever knows a generation that isn't older *teaches* the newcomer, with an UNLEARN whose hint is the newcomer
 * itself; it then counts one more, and tells everybody again. So the order holds although nothing carries a VM's past
 * from host to host, even if the old host has crashed.
 */
import { FLAG, TYPE, type VanType } from './constants.js';
import type { VanFault } from './faults.js';
import { latestOf, nextGeneration } from './generation.js';
import { writeMacWords, writeMessage } from './message.js';
import type { Target } from './outbox.js';
import type { Placement } from './placement.js';
import type { SwitchState } from './switch-state.js';
import { NOWHERE } from './tombstones.js';

/** A VM has appeared on this host. Nothing happens if it was here. */
export function arrive(state: SwitchState, network: number, high: number, low: number, nowMs: number): void {
  const { locals, remotes, tombstones } = state;
  if (locals.find(network, high, low) >= 0) return;
  const learned = remotes.forget(network, high, low);
  const buried = tombstones.exhume(network, high, low);
  const slot = locals.arrive(network, high, low, nextGeneration(latestOf(learned, buried)));
  if (slot < 0) {
    state.faults.add('E_VAN_TABLE_FULL');
    return;
  }
  if (locals.countOf(network) === 1) state.membership?.enter(network, nowMs);
  announce(state, slot);
}

/** The VM in a local slot has left, to `place` or nobody knows where; those who sent to it are told. */
export function depart(state: SwitchState, slot: number, place: Placement | undefined, nowMs: number): void {
  const { locals, tombstones } = state;
  const network = locals.networkOf(slot);
  const high = locals.highOf(slot);
  const low = locals.lowOf(slot);
  const generation = place?.generation ?? locals.generationOf(slot);
  const locator = place?.locator ?? NOWHERE;
  const peers = locals.peersOf(slot);
  locals.depart(slot);
  tombstones.bury(network, high, low, locator, generation, nowMs);
  if (peers.length > 0) sendUnlearn(state, network, peers, high, low, locator, generation);
  if (locals.countOf(network) === 0) state.membership?.leave(network);
}

/** Tells all switches of the instance that the VM in a local slot is here. */
export function announce(state: SwitchState, slot: number): void {
  sendReply(state, slot, 'members', 0);
}

/** Says that the VM in a local slot is here. */
export function sendReply(state: SwitchState, slot: number, target: Target, transactionId: number): void {
  const { locals, limits, own } = state;
  const generation = locals.generationOf(slot);
  const network = locals.networkOf(slot);
  const high = locals.highOf(slot);
  const low = locals.lowOf(slot);
  send(state, network, target, TYPE.LEARN_REPLY, 0, transactionId, high, low, limits.lifetimeS, own, generation);
}

/** Says that a VM is not here, but at `locator` if that isn't NOWHERE. */
export function sendUnlearn(
  state: SwitchState,
  network: number,
  target: Target,
  high: number,
  low: number,
  locator: number,
  generation: number,
): void {
  const flags = locator === NOWHERE ? 0 : FLAG.HINT;
  send(state, network, target, TYPE.UNLEARN, flags, state.random32(), high, low, 0, locator, generation);
}

/** Teaches the switch at `place` the generation that it has to count with, if it is right and the VM is there. */
export function teach(
  state: SwitchState,
  network: number,
  high: number,
  low: number,
  place: Placement,
  known: Pick<Placement, 'locator' | 'generation'>,
  nowMs: number,
): VanFault {
  const { locator } = place;
  const isSamePlace = known.locator === locator;
  if (isSamePlace && known.generation === place.generation) return 'E_VAN_STALE';
  if (state.unlearns.take(network, high, low, locator, nowMs) === 'refused') return 'E_VAN_STALE';
  const generation = isSamePlace ? known.generation : nextGeneration(known.generation);
  sendUnlearn(state, network, locator, high, low, locator, generation);
  return 'E_VAN_STALE';
}

function send(
  state: SwitchState,
  network: number,
  target: Target,
  type: VanType,
  flags: number,
  transactionId: number,
  high: number,
  low: number,
  lifetimeS: number,
  locator: number,
  generation: number,
): void {
  const message = state.outbox.addControl(network, target);
  if (message === undefined) return;
  writeMessage(message, 0, type, flags | FLAG.EXTENSIONS, transactionId, lifetimeS, locator, generation);
  writeMacWords(message, 0, high, low);
}
