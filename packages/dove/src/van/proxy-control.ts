/** What a proxy does with control messages: everything it tells one side, it tells as itself. */
import type { Fault } from '@overlane/wire';
import { FLAG, TYPE } from './constants.js';
import { isNewer } from './generation.js';
import * as message from './message.js';
import { type Placement, isUsableLocator, readPlacement } from './placement.js';
import type { ProxiedStations } from './proxied-stations.js';
import { type ProxyState, type Side, answerAsProxy } from './proxy-state.js';
import { STATE } from './remote-context.js';
import { sendReply, sendUnlearn, teach } from './speech.js';
import { readHigh, readLow } from './station-table.js';

/** The message under way, decoded once. */
interface Incoming {
  readonly network: number;
  readonly source: number;
  readonly side: Side;
  readonly high: number;
  readonly low: number;
  readonly transactionId: number;
  readonly place: Placement;
  readonly nowMs: number;
}

/** Takes the message `bytes[offset..end)` that came from `source`. */
export function takeProxyControl(
  state: ProxyState,
  network: number,
  bytes: Uint8Array,
  offset: number,
  end: number,
  source: number,
  nowMs: number,
): Fault | undefined {
  const fault = message.check(bytes, offset, end);
  if (fault !== undefined) return fault;
  if (source === state.own) return undefined;
  if (!state.networks.has(network)) return 'E_DOVE_UNKNOWN_INSTANCE';
  const at = message.macOffset(offset);
  const place = readPlacement(bytes, offset, source);
  const transactionId = message.readTransactionId(bytes, offset) | 0;
  const side = state.sideOf(source);
  const incoming: Incoming = {
    ...{ network, source, side, transactionId, place, nowMs },
    high: readHigh(bytes, at),
    low: readLow(bytes, at),
  };
  const type = message.readType(bytes, offset);
  // Proxies of other sites are no members of this one.
  if (type === TYPE.JOIN || type === TYPE.LEAVE) {
    if (side === 'peer') return 'E_VAN_NOT_OWNER';
    if (type === TYPE.LEAVE) return state.membership?.onLeave(network, source);
    return state.membership?.onJoin(network, source, place.locator, transactionId, place.generation, nowMs);
  }
  // Split horizon: what another proxy of our site says is for its hosts.
  if (side === 'neighbor') return undefined;
  if (type === TYPE.LEARN_REQUEST) return onRequest(state, incoming);
  return type === TYPE.LEARN_REPLY
    ? onReply(state, incoming)
    : onUnlearn(state, incoming, message.readLocatorWord(bytes, offset));
}

/** The stations that the sender of a message can tell about, and those that it can ask for. */
function sidesFor(state: ProxyState, side: Side): { tells: ProxiedStations; asks: ProxiedStations } {
  return side === 'host' ? { tells: state.site, asks: state.remote } : { tells: state.remote, asks: state.site };
}

function onRequest(state: ProxyState, incoming: Incoming): Fault | undefined {
  const { network, source, high, low, transactionId, side, place, nowMs } = incoming;
  // A host's question never has the P flag; with it, somebody forgot to name a neighbour.
  if (side === 'host' && (place.flags & FLAG.PROXY) !== 0) return 'E_DOVE_PROXY_LOOP';
  const { asks } = sidesFor(state, side);
  const slot = asks.lookUp(network, high, low, nowMs);
  if (slot < 0) return undefined;
  if (asks.stateOf(slot) === STATE.LEARNING) {
    asks.wait(slot, source, transactionId);
    return undefined;
  }
  if (state.answers.take(network, high, low, source, nowMs) === 'refused') return 'E_VAN_RATE';
  answerAsProxy(state, state.own, asks, slot, source, transactionId, state.limits);
  return undefined;
}

function onReply(state: ProxyState, incoming: Incoming): Fault | undefined {
  const { network, source, high, low, transactionId, place, side, nowMs } = incoming;
  if (!isUsableLocator(place.locator, state.own)) return 'E_VAN_LOCATOR';
  if (side === 'host' && (place.flags & FLAG.PROXY) !== 0) return 'E_DOVE_PROXY_LOOP';
  const { tells, asks: others } = sidesFor(state, side);
  if (transactionId !== 0) return tells.onReply(network, high, low, transactionId, place, nowMs);
  const elsewhere = others.findLearned(network, high, low, nowMs);
  if (elsewhere >= 0) {
    const known = others.placeOf(elsewhere);
    if (!isNewer(place.generation, known.generation)) return teach(state, network, high, low, place, known, nowMs);
    others.forget(network, high, low);
  }
  const here = tells.find(network, high, low);
  const known = here < 0 ? place : tells.placeOf(here);
  const fault = tells.adopt(network, high, low, place, nowMs);
  if (fault === 'E_VAN_STALE') return teach(state, network, high, low, place, known, nowMs);
  if (state.answers.take(network, high, low, source, nowMs) === 'refused') return 'E_VAN_RATE';
  const own = { ...place, locator: state.own, flags: FLAG.PROXY };
  sendReply(state, network, side === 'host' ? state.peers : 'members', high, low, 0, own);
  return fault;
}

function onUnlearn(state: ProxyState, incoming: Incoming, hint: number): Fault | undefined {
  const { network, source, high, low, place, side, nowMs } = incoming;
  const { tells, asks } = sidesFor(state, side);
  const hasHint = (place.flags & FLAG.HINT) !== 0 && hint !== 0;
  if (hasHint && hint === state.own) {
    // A lesson about a VM that we announced as our own: it is for who announced it to us.
    const slot = asks.findLearned(network, high, low, nowMs);
    if (slot >= 0 && isNewer(place.generation, asks.generationOf(slot))) {
      if (state.unlearns.take(network, high, low, state.own, nowMs) === 'refused') return 'E_VAN_RATE';
      const pupil = asks.locatorOf(slot);
      sendUnlearn(state, network, pupil, high, low, { ...asks.placeOf(slot), generation: place.generation });
      return undefined;
    }
  }
  // Hints of another site's proxy name hosts that we don't reach.
  const isUsable = hasHint && side === 'host' && hint !== state.own;
  if (isUsable && !isUsableLocator(hint, state.own)) return 'E_VAN_LOCATOR';
  return tells.onUnlearn(
    network,
    high,
    low,
    source,
    hasHint ? 0 : place.generation,
    isUsable ? place : undefined,
    nowMs,
  );
}
