/** What a switch does with the control messages of others. */
import type { Fault, PacketBuffer, TunnelMetadata } from '@overlane/wire';
import { FLAG, TYPE } from './constants.js';
import { isNewer } from './generation.js';
import * as message from './message.js';
import { type Placement, isUsableLocator, readPlacement } from './placement.js';
import { announce, answer, yieldTo } from './placing.js';
import { teach } from './speech.js';
import { readHigh, readLow } from './station-table.js';
import type { SwitchState } from './switch-state.js';

/** The message under way, decoded once. */
interface Incoming {
  readonly network: number;
  readonly source: number;
  readonly high: number;
  readonly low: number;
  readonly transactionId: number;
  readonly place: Placement;
  readonly nowMs: number;
}

/** Takes the message in `packet`, of the network and from the switch that `tunnel` names. */
export function takeControl(
  state: SwitchState,
  packet: PacketBuffer,
  tunnel: TunnelMetadata,
  nowMs: number,
): Fault | undefined {
  if (tunnel.source.family !== 4) return 'E_ADDRESS_FAMILY_MISMATCH';
  const { bytes, start: offset, end } = packet;
  const fault = message.check(bytes, offset, end);
  if (fault !== undefined) return fault;
  const { network } = tunnel;
  const source = tunnel.source.word0;
  // A delivery group may give us our own messages back.
  if (source === state.own) return undefined;
  const at = message.macOffset(offset);
  const transactionId = message.readTransactionId(bytes, offset) | 0;
  const place = readPlacement(bytes, offset, source);
  const incoming: Incoming = {
    network,
    source,
    high: readHigh(bytes, at),
    low: readLow(bytes, at),
    transactionId,
    place,
    nowMs,
  };
  switch (message.readType(bytes, offset)) {
    case TYPE.LEARN_REQUEST:
      return onRequest(state, incoming);
    case TYPE.LEARN_REPLY:
      return onReply(state, incoming);
    case TYPE.UNLEARN:
      return onUnlearn(state, incoming, message.readLocatorWord(bytes, offset));
    case TYPE.JOIN:
      return state.membership?.onJoin(network, source, place.locator, transactionId, place.generation, nowMs);
    case TYPE.LEAVE:
      return state.membership?.onLeave(network, source);
  }
}

/** Only who hosts the VM answers; it knows all of its VMs, so there is no wrong answer. */
function onRequest(state: SwitchState, incoming: Incoming): Fault | undefined {
  const { network, high, low, source, transactionId, nowMs } = incoming;
  const slot = state.locals.find(network, high, low);
  if (slot < 0) return undefined;
  if (state.answers.take(network, high, low, source, nowMs) === 'refused') return 'E_VAN_RATE';
  state.locals.notePeer(slot, source);
  answer(state, slot, source, transactionId);
  return undefined;
}

function onReply(state: SwitchState, incoming: Incoming): Fault | undefined {
  const { network, high, low, transactionId, place, nowMs } = incoming;
  const { locals, tombstones, remotes } = state;
  if (!isUsableLocator(place.locator, state.own)) return 'E_VAN_LOCATOR';
  const isAnnounced = transactionId === 0;
  const local = locals.find(network, high, low);
  if (local >= 0) {
    const generation = locals.generationOf(local);
    if (!isAnnounced) return 'E_VAN_UNSOLICITED';
    if (!isNewer(place.generation, generation)) {
      return teach(state, network, high, low, place, { locator: state.own, generation, flags: 0 }, nowMs);
    }
    return yieldTo(state, local, place, nowMs);
  }
  const buried = tombstones.find(network, high, low);
  const isFollowed = buried >= 0 && tombstones.follow(buried, place);
  const slot = remotes.find(network, high, low);
  const fault = remotes.onReply(network, high, low, transactionId, place, nowMs);
  if (fault === undefined && slot >= 0) {
    state.capabilities.note(place.locator, (place.flags & FLAG.EXTENSIONS) !== 0);
    return undefined;
  }
  if (!isAnnounced) return fault;
  if (fault === 'E_VAN_STALE') {
    return teach(state, network, high, low, place, remotes.placeOf(slot), nowMs);
  }
  if (buried < 0 || isFollowed) return undefined;
  return teach(state, network, high, low, place, tombstones.placeOf(buried), nowMs);
}

function onUnlearn(state: SwitchState, incoming: Incoming, hint: number): Fault | undefined {
  const { network, high, low, source, place, nowMs } = incoming;
  const { locals, remotes } = state;
  const hasHint = (place.flags & FLAG.HINT) !== 0 && hint !== 0;
  const local = locals.find(network, high, low);
  if (local >= 0) {
    if (!hasHint || hint !== state.own) return 'E_VAN_NOT_OWNER';
    if (!isNewer(place.generation, locals.generationOf(local))) return 'E_VAN_STALE';
    // Each lesson makes us speak to everybody.
    if (state.unlearns.take(network, high, low, state.own, nowMs) === 'refused') return 'E_VAN_RATE';
    locals.setGeneration(local, place.generation);
    announce(state, local);
    return undefined;
  }
  // Word that the VM should be here, where it isn't, is as good as none.
  const isElsewhere = hasHint && hint !== state.own;
  if (isElsewhere && !isUsableLocator(hint, state.own)) return 'E_VAN_LOCATOR';
  const generation = hasHint && !isElsewhere ? 0 : place.generation;
  return remotes.onUnlearn(network, high, low, source, generation, isElsewhere ? place : undefined, nowMs);
}
