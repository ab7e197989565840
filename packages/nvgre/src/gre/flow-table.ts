import { IpAddress } from '@overlane/wire';

/** Flows that share a place; the one unused for longest makes room. */
const WAYS = 8;

/** What is kept of one flow: the far endpoint, the network, and `state`. */
export interface Flow<State> {
  /** Address of the far endpoint. */
  readonly address: IpAddress;
  /** Network, which is the key if there is one. */
  network: number;
  /** True from `take` that made room for the flow until the next: `state` is new, or left by the flow that went. */
  isNew: boolean;
  /** Whatever the owner keeps. */
  readonly state: State;
}

/**
 * State per flow, in bounded memory and time, whatever addresses a sender makes up: a set-associative cache. Allocates
 * only until it is full.
 */
export class FlowTable<State> {
  readonly #sets: Flow<State>[][];
  readonly #make: () => State;

  /** A table of about `max` flows, at least 8; `make` gives a new flow's state. */
  constructor(max: number, make: () => State) {
    const sets = 1 << Math.max(0, Math.ceil(Math.log2(max / WAYS)));
    this.#sets = Array.from({ length: sets }, () => []);
    this.#make = make;
  }

  /** The flow between us and `address` in `network`; perhaps a new one. Valid until the next call. */
  take(address: IpAddress, network: number): Flow<State> {
    const set = this.#sets[hash(address, network) & (this.#sets.length - 1)]!;
    let at = 0;
    while (at < set.length && !(set[at]!.network === network && set[at]!.address.equals(address))) at++;
    const isNew = at === set.length;
    if (isNew && at < WAYS) set.push({ address: new IpAddress(), network, isNew, state: this.#make() });
    if (isNew && at === WAYS) at--;
    const flow = set[at]!;
    flow.isNew = isNew;
    flow.network = network;
    flow.address.copy(address);
    // Most recently used first, so that the last one is the one to go.
    for (; at > 0; at--) set[at] = set[at - 1]!;
    set[0] = flow;
    return flow;
  }
}

function hash({ word0, word1, word2, word3 }: IpAddress, network: number): number {
  return mix(mix(mix(mix(mix(0, word0), word1), word2), word3), network);
}

function mix(hash: number, word: number): number {
  const h = Math.imul(hash ^ word, 0x85ebca6b);
  return h ^ (h >>> 15);
}
