/**
 * Answers ARP and neighbour discovery of virtual machines from the directory, so that nothing of it is flooded (VL2 §4.2.2,
 * NetLord §3.4).
 *
 * - A request for a known address is answered at once: with the MAC of the mapping, or with that of the virtual router.
 * - A request for an unknown one waits for the directory, with up to three others for the same address; then it is answered,
 *   or dropped in silence, as by a network where nobody has the address.
 * - A probe for an address that the port itself may use is not answered: nobody else has it. A probe for an address that is
 *   somewhere else is, so that duplicates are still detected.
 * - An announcement (gratuitous ARP, unsolicited advertisement) goes nowhere. If the port may use the address it is a claim,
 *   to be written to the directory; else it is spoofing. A request in the name of an address that the port may not use is, too.
 */
import type { Outcome, ResolvedMapping } from '../client/events.js';
import { type KindedAddress, keyString } from '../key.js';
import type { MappingKey } from '../model.js';
import { MAPPING_FLAG } from '../old1/constants.js';
import { isZero } from '../old1/octets.js';
import { INFRASTRUCTURE } from '../old1/source.js';
import {
  type NeighborAnnouncement,
  type NeighborRequest,
  copyMac,
  encodeAnswer,
  readNeighborFrame,
} from './neighbor-frame.js';

/** What became of a frame. `other` is not ARP or ND: switch it as usual. All others end here. */
export type ProxyVerdict = 'other' | 'answered' | 'waiting' | 'claimed' | 'silent' | 'dropped';

/** What the proxy wants done. Octets belong to whoever takes the event. */
export type ProxyEvent =
  /** Send this frame out of the port. */
  | { readonly type: 'answer'; readonly port: number; readonly frame: Uint8Array }
  /** The port says that it has this address now, and may: write it to the directory. */
  | { readonly type: 'claim'; readonly port: number; readonly key: MappingKey; readonly mac: Uint8Array };

/** How the proxy answers. */
export type ProxyMode =
  /** With the MAC of the mapping: the tenant sees one Ethernet. */
  | { readonly layer: 2 }
  /** With the MAC of the virtual router, whatever is asked for. */
  | { readonly layer: 3; readonly routerMac: Uint8Array };

/** One tenant's proxy. */
export interface NeighborProxyOptions {
  /** The tenant. */
  readonly tenant: number;
  /** How to answer. */
  readonly mode: ProxyMode;
  /** Whether a port may use an address. */
  readonly mayUse: (port: number, address: KindedAddress) => boolean;
  /** Asks the directory, such as `ClientCore.resolve`. What is pending must come back by `settle`. */
  readonly resolve: (key: MappingKey, source: MappingKey) => Outcome;
  /** Most requests that wait for one address. Default 4. */
  readonly waitingPerAddress?: number;
  /** Most addresses waited for. Default 1,024. */
  readonly addressesMax?: number;
}

/** What the proxy has counted. */
export class ProxyCounters {
  /** Requests answered. */
  answered = 0;
  /** Requests for addresses that nobody has, or that have no MAC. */
  unanswered = 0;
  /** Probes of a port for its own address. */
  ownProbes = 0;
  /** Announcements of addresses that the port may use. */
  claims = 0;
  /** Announcements and requests in the name of others. */
  spoofed = 0;
  /** Broken messages, and answers that nobody asked for. */
  malformed = 0;
  /** Requests beyond the bounds. */
  overflowed = 0;
}

interface Waiting {
  readonly key: MappingKey;
  readonly requests: { readonly port: number; readonly request: NeighborRequest }[];
}

/** The proxy of one tenant on one host. */
export class NeighborProxy {
  /** What it has counted. */
  readonly counters = new ProxyCounters();
  readonly #options: NeighborProxyOptions;
  readonly #waitingPerAddress: number;
  readonly #addressesMax: number;
  /** Requests that wait, by address and by number of the resolution. */
  readonly #byKey = new Map<string, Waiting>();
  readonly #byRequest = new Map<number, Waiting>();
  #events: ProxyEvent[] = [];

  /** A proxy that waits for nothing yet. */
  constructor(options: NeighborProxyOptions) {
    this.#options = options;
    this.#waitingPerAddress = options.waitingPerAddress ?? 4;
    this.#addressesMax = options.addressesMax ?? 1024;
  }

  /** Addresses waited for. */
  get waiting(): number {
    return this.#byKey.size;
  }

  /** Takes the Ethernet frame `bytes[start..end)` that a port sent. Nothing of it is kept. */
  receive(port: number, bytes: Uint8Array, start = 0, end: number = bytes.length): ProxyVerdict {
    const frame = readNeighborFrame(bytes, start, end);
    switch (frame.type) {
      case 'other':
        return 'other';
      case 'malformed':
      case 'stray':
        this.counters.malformed++;
        return 'dropped';
      case 'announcement':
        return this.#claim(port, frame);
      case 'request':
        return this.#ask(port, frame);
    }
  }

  /** The directory's answer to a pending resolution; `undefined` if there is none. Numbers of others are ignored. */
  settle(request: number, mapping: ResolvedMapping | undefined): void {
    const waiting = this.#byRequest.get(request);
    if (waiting === undefined) return;
    this.#byRequest.delete(request);
    this.#byKey.delete(keyString(waiting.key));
    for (const one of waiting.requests) this.#answer(one.port, one.request, mapping);
  }

  /** The events since the last time; the caller owns them. */
  takeEvents(): ProxyEvent[] {
    const events = this.#events;
    this.#events = [];
    return events;
  }

  #claim(port: number, { address, mac }: NeighborAnnouncement): ProxyVerdict {
    if (!this.#options.mayUse(port, address)) {
      this.counters.spoofed++;
      return 'dropped';
    }
    this.counters.claims++;
    this.#events.push({ type: 'claim', port, key: this.#keyOf(address), mac: copyMac(mac) });
    return 'claimed';
  }

  #ask(port: number, request: NeighborRequest): ProxyVerdict {
    const { mayUse, resolve } = this.#options;
    const { sender, target } = request;
    if (sender !== undefined && !mayUse(port, sender)) {
      this.counters.spoofed++;
      return 'dropped';
    }
    if (mayUse(port, target)) {
      this.counters.ownProbes++;
      return 'silent';
    }
    const key = this.#keyOf(target);
    const waiting = this.#byKey.get(keyString(key));
    if (waiting !== undefined) return this.#wait(waiting, port, request);
    if (this.#byKey.size >= this.#addressesMax) return this.#overflow();
    const outcome = resolve(key, sender === undefined ? INFRASTRUCTURE : this.#keyOf(sender));
    if (outcome.state !== 'pending') {
      return this.#answer(port, request, outcome.state === 'resolved' ? outcome.mapping : undefined);
    }
    const begun: Waiting = { key, requests: [] };
    this.#byKey.set(keyString(key), begun);
    this.#byRequest.set(outcome.request, begun);
    return this.#wait(begun, port, request);
  }

  #wait(waiting: Waiting, port: number, request: NeighborRequest): ProxyVerdict {
    if (waiting.requests.length >= this.#waitingPerAddress) return this.#overflow();
    waiting.requests.push({ port, request });
    return 'waiting';
  }

  #overflow(): ProxyVerdict {
    this.counters.overflowed++;
    return 'dropped';
  }

  #answer(port: number, request: NeighborRequest, mapping: ResolvedMapping | undefined): ProxyVerdict {
    const { mode } = this.#options;
    const mac = mode.layer === 3 ? mode.routerMac : mapping?.mac;
    if (mapping === undefined || mac === undefined || isZero(mac, 0, mac.length)) {
      this.counters.unanswered++;
      return 'silent';
    }
    this.counters.answered++;
    const isRouter = (mapping.flags & MAPPING_FLAG.GATEWAY) === 0 ? 'host' : 'router';
    this.#events.push({ type: 'answer', port, frame: encodeAnswer(request, mac, isRouter) });
    return 'answered';
  }

  #keyOf({ kind, addr }: KindedAddress): MappingKey {
    return { tenant: this.#options.tenant, kind, addr };
  }
}
