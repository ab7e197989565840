/**
 * A VAN proxy: joins the switches of two or more sites whose hosts have no direct path to each other. To the hosts of its
 * site it is the place of every VM elsewhere, to the proxies of other sites that of every VM here; only outer headers
 * change on the way.
 *
 *     host ── LEARN ──▶ proxy ── LEARN ──▶ peer proxy ── LEARN ──▶ hosts of the other site
 *     host ◀─ "at me" ─ proxy ◀─ "at me" ─ peer proxy ◀─ "at me" ─ the one that has the VM
 *
 * Split horizon: what comes from a proxy goes to hosts only, so nothing can circle however many proxies there are. An
 * unknown destination is un-learned at the sender, which asks again. Fragments go the way of the first one and are not put
 * together.
 */
import { type Fault, IpAddress, type Locator, type PacketBuffer, type ResolverEvent, isGroupMac } from '@overlane/wire';
import * as dove from '../dove/index.js';
import type { FaultCounts } from './fault-counts.js';
import { ROUTE } from './fragment-routes.js';
import { takeProxyControl } from './proxy-control.js';
import type { VanProxyOptions } from './proxy-options.js';
import { type ProxyState, createProxyState } from './proxy-state.js';
import { NO_PLACE } from './placement.js';
import { sendUnlearn } from './speech.js';
import { readHigh, readLow } from './station-table.js';

const MAC_PAIR_LENGTH = 12;

/** Takes a packet for `destination`, which gets it behind new outer headers; both are valid during the call. */
export type ProxyEmit = (packet: PacketBuffer, destination: Locator) => void;

/** The proxy of one site. Not reentrant; allocates nothing per packet, fragments that must wait apart. */
export class VanProxy {
  readonly #state: ProxyState;
  readonly #locator: Locator = { address: new IpAddress() };
  #refusal: Fault | undefined;

  /** A proxy that knows nobody. @throws TypeError if its endpoint isn't IPv4 */
  constructor(options: VanProxyOptions) {
    this.#state = createProxyState(options);
  }

  /** Counts of what went wrong where no caller was told. */
  get faults(): FaultCounts {
    return this.#state.faults;
  }

  /** Octets of fragments that wait for the first one of their payload. */
  get heldOctets(): number {
    return this.#state.fragments.octets;
  }

  /**
   * Takes a packet from the endpoint `source`, a UDP payload that starts at its DOVE header, and emits it, octet for octet,
   * to where it has to go; nowhere if it waits for the first fragment, or is a control message.
   */
  forward(packet: PacketBuffer, source: IpAddress, nowMs: number, emit: ProxyEmit): Fault | undefined {
    const { bytes, start, end } = packet;
    const fault = dove.check(bytes, start, end);
    if (fault !== undefined) return fault;
    if (source.family !== 4) return 'E_ADDRESS_FAMILY_MISMATCH';
    const network = dove.readInstanceId(bytes, start);
    if (!this.#state.networks.has(network)) return 'E_DOVE_UNKNOWN_INSTANCE';
    const payload = start + dove.readHeaderLength(bytes, start);
    const isExtended = dove.readVersion(bytes, start) !== 0;
    const isFragment = isExtended && dove.readFragment(bytes, start);
    if (isExtended && dove.readControl(bytes, start)) {
      // Nobody has a reason to cut 24 octets.
      if (isFragment) return 'E_VAN_LENGTH';
      return takeProxyControl(this.#state, network, bytes, payload, end, source.word0, nowMs);
    }
    if (isFragment) return this.#forwardFragment(packet, payload, network, source.word0, nowMs, emit);
    if (end - payload < MAC_PAIR_LENGTH) return 'E_OTV_INNER_TRUNCATED';
    const route = this.#route(network, bytes, payload, source.word0, nowMs);
    this.#emit(packet, route, network, source.word0, emit);
    return this.#refusal;
  }

  /** What to send next, control messages only; valid until the next call. */
  nextEvent(): ResolverEvent | undefined {
    return this.#state.outbox.next();
  }

  /** Lets time pass: asks again, gives up, forgets, and joins again. */
  tick(nowMs: number): void {
    const { site, remote, fragments, membership } = this.#state;
    site.tick(nowMs);
    remote.tick(nowMs);
    fragments.tick(nowMs);
    membership?.tick(nowMs);
  }

  /** When `tick` has something to do, in the time of `nowMs`; Infinity if never. */
  get nextTickMs(): number {
    const { site, remote, fragments, membership } = this.#state;
    return Math.min(site.nextMs, remote.nextMs, fragments.nextMs, membership?.nextMs ?? Infinity);
  }

  #forwardFragment(
    packet: PacketBuffer,
    payload: number,
    network: number,
    source: number,
    nowMs: number,
    emit: ProxyEmit,
  ): Fault | undefined {
    const { fragments } = this.#state;
    const { bytes, end } = packet;
    const extension = payload - dove.FRAGMENT_LENGTH;
    const slot = fragments.open(network, source, dove.readIdentification(bytes, extension) | 0, nowMs);
    const isFirst = dove.readFragmentOffset(bytes, extension) === 0;
    let route = fragments.routeOf(slot);
    this.#refusal = undefined;
    if (route === ROUTE.UNKNOWN && isFirst) {
      if (end - payload < MAC_PAIR_LENGTH) return 'E_OTV_INNER_TRUNCATED';
      route = this.#route(network, bytes, payload, source, nowMs);
      const held = fragments.settle(slot, route);
      this.#emit(packet, route, network, source, emit);
      for (const other of held) this.#emit(other, route, network, source, emit);
    } else if (route === ROUTE.UNKNOWN) {
      fragments.hold(slot, packet);
    } else if (route === ROUTE.REFUSED) {
      return 'E_DOVE_NOT_HERE';
    } else {
      this.#emit(packet, route, network, source, emit);
    }
    return this.#refusal;
  }

  /** Where a frame goes; if that is nowhere, `#refusal` says why, and its sender is told. */
  #route(network: number, bytes: Uint8Array, mac: number, source: number, nowMs: number): number {
    const state = this.#state;
    const side = state.sideOf(source);
    this.#refusal = undefined;
    if (side === 'neighbor') return this.#refuse('E_DOVE_PROXY_LOOP');
    if (isGroupMac(bytes, mac)) return ROUTE.GROUP;
    const high = readHigh(bytes, mac);
    const low = readLow(bytes, mac);
    const [table, other] = side === 'host' ? [state.remote, state.site] : [state.site, state.remote];
    const slot = table.findLearned(network, high, low, nowMs);
    if (slot >= 0) return table.locatorOf(slot);
    if (state.unlearns.take(network, high, low, source, nowMs) !== 'refused') {
      sendUnlearn(state, network, source, high, low, NO_PLACE);
    }
    const isElsewhere = side === 'peer' && other.find(network, high, low) >= 0;
    return this.#refuse(isElsewhere ? 'E_DOVE_PROXY_LOOP' : 'E_DOVE_NOT_HERE');
  }

  #refuse(fault: Fault): number {
    this.#refusal = fault;
    return ROUTE.REFUSED;
  }

  #emit(packet: PacketBuffer, route: number, network: number, source: number, emit: ProxyEmit): void {
    if (route === ROUTE.REFUSED) return;
    const state = this.#state;
    if (route !== ROUTE.GROUP) {
      this.#emitTo(packet, route, emit);
    } else if (state.sideOf(source) === 'host') {
      for (const peer of state.peers) this.#emitTo(packet, peer, emit);
    } else {
      for (const { address } of state.hosts.targets(network)) {
        if (state.sideOf(address.word0) === 'host') this.#emitTo(packet, address.word0, emit);
      }
    }
  }

  #emitTo(packet: PacketBuffer, locator: number, emit: ProxyEmit): void {
    this.#locator.address.setIpv4(locator);
    emit(packet, this.#locator);
  }
}
