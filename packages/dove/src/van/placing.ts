/**
 * VMs that come and go, and what a switch tells about them. Who is right is decided by the generation of a placement
 * alone: a switch on which a VM appears counts one more than what it knew, and tells everybody.
 *
 * Choice: a switch believes a newer claim to one of its own VMs, as EVPN does (RFC 7432 §15), and takes the VM back when it
 * speaks here.
 *
 * Choice: whoever knows a generation that isn't older *teaches* the newcomer, with an UNLEARN whose hint is the newcomer
 * itself; it then counts one more, and tells everybody again. So the order holds although nothing carries a VM's past
 * from host to host, even if the old host has crashed.
 */
import type { VanFault } from './faults.js';
import { latestOf, nextGeneration } from './generation.js';
import type { Target } from './outbox.js';
import { NOWHERE, type Place } from './placement.js';
import { sendReply, sendUnlearn } from './speech.js';
import type { SwitchState } from './switch-state.js';

/** A VM has appeared on this host. Nothing happens if it was here. */
export function arrive(state: SwitchState, network: number, high: number, low: number, nowMs: number): void {
  const { locals, remotes, tombstones } = state;
  if (locals.find(network, high, low) >= 0) return;
  const learned = remotes.forget(network, high, low);
  const buried = tombstones.exhume(network, high, low);
  const slot = locals.arrive(network, high, low, nextGeneration(latestOf(learned, buried)), nowMs);
  if (slot < 0) {
    state.faults.add('E_VAN_TABLE_FULL');
    return;
  }
  if (locals.countOf(network) === 1) state.membership?.enter(network, nowMs);
  announce(state, slot);
}

/**
 * A frame of this VM came from this host, where it isn't known to be. So we were wrong to believe another switch; but if two
 * VMs have one address, each frame of theirs would make us tell everybody, so this counts once per 100 ms.
 */
export function reclaim(state: SwitchState, network: number, high: number, low: number, nowMs: number): void {
  if (state.unlearns.take(network, high, low, state.own, nowMs) === 'refused') return;
  arrive(state, network, high, low, nowMs);
}

/**
 * Another switch claims the VM in a local slot, with a newer generation. Right after its arrival that is word of its past,
 * so we count on from there; later it is news, and the VM has left.
 */
export function yieldTo(state: SwitchState, slot: number, place: Place, nowMs: number): VanFault | undefined {
  const { locals, limits, unlearns, own } = state;
  if (nowMs - locals.arrivedMsOf(slot) >= limits.settleMs) {
    depart(state, slot, place, nowMs);
    return undefined;
  }
  const verdict = unlearns.take(locals.networkOf(slot), locals.highOf(slot), locals.lowOf(slot), own, nowMs);
  if (verdict === 'refused') return 'E_VAN_RATE';
  locals.setGeneration(slot, nextGeneration(place.generation));
  announce(state, slot);
  return 'E_VAN_STALE';
}

/** The VM in a local slot has left, for `to` or nobody knows where; those who sent to it are told. */
export function depart(state: SwitchState, slot: number, to: Place | undefined, nowMs: number): void {
  const { locals, tombstones } = state;
  const network = locals.networkOf(slot);
  const high = locals.highOf(slot);
  const low = locals.lowOf(slot);
  const place = to ?? { locator: NOWHERE, generation: locals.generationOf(slot), flags: 0 };
  const peers = locals.peersOf(slot);
  locals.depart(slot);
  tombstones.bury(network, high, low, place, nowMs);
  if (peers.length > 0) sendUnlearn(state, network, peers, high, low, place);
  if (locals.countOf(network) === 0) state.membership?.leave(network);
}

/** Tells all switches of the instance that the VM in a local slot is here. */
export function announce(state: SwitchState, slot: number): void {
  answer(state, slot, 'members', 0);
}

/** Says that the VM in a local slot is here. */
export function answer(state: SwitchState, slot: number, target: Target, transactionId: number): void {
  const { locals, limits, own } = state;
  const network = locals.networkOf(slot);
  const generation = locals.generationOf(slot);
  const place = { locator: own, generation, flags: 0, lifetimeS: limits.lifetimeS };
  sendReply(state, network, target, locals.highOf(slot), locals.lowOf(slot), transactionId, place);
}
