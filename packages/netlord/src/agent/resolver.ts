import {
  type Fault,
  type Locator,
  type PacketBuffer,
  type Resolver,
  type ResolverEvent,
  type TunnelMetadata,
  isGroupMac,
} from '@overlane/wire';
import { tenantIdOf, toAddress } from '../encapsulation/address-plan.js';
import { edgeMacOffset } from '../nl-arp/message.js';
import { type NlArp, PENDING } from '../nl-arp/nl-arp.js';
import { readHigh, readLow } from '../nl-arp/octets.js';
import type { NlArpEvent } from '../nl-arp/outbox.js';
import { STATE } from '../nl-arp/table.js';
import type { SpainPath } from '../spain/spain-path.js';
import { ALL_AGENTS, ReusableLocator } from './locator.js';
import type { NetworkMap } from './network-map.js';
import type { EdgePath } from './path.js';

const SOURCE_MAC = 6;

/** What the roles of one agent share. */
export interface AgentParts {
  /** The networks served. */
  readonly networks: NetworkMap;
  /** Where NICs are. */
  readonly nlArp: NlArp;
  /** Which VLANs work. */
  readonly spain: SpainPath;
  /** Which one packets take. */
  readonly path: EdgePath;
  /** Whether a MAC is a virtual router's, which every agent plays: no NIC has it. */
  isRouter(high: number, low: number): boolean;
}

/**
 * The Resolver of NetLord: NL-ARP. It also hears every packet that comes, and tells SPAIN which VLANs work. Nothing is
 * learned from data: a frame shows by which VLAN its sender's edge switch can be reached, not where its sender is.
 */
export class NetLordResolver implements Resolver {
  /** NICs come and go with ports: a tenant's frame with another's source makes no agent announce anything. */
  readonly moves = 'control';
  /** Questions are repeated after 200 ms at first. */
  readonly tickMs = 50;
  readonly #parts: AgentParts;
  readonly #answer = new ReusableLocator();
  readonly #destination = new ReusableLocator();
  #event: { -readonly [Field in keyof ResolverEvent]: ResolverEvent[Field] } | undefined;

  /** The resolver of an agent with these parts. */
  constructor(parts: AgentParts) {
    this.#parts = parts;
  }

  /** The place of the destination of `frame`; `pending` if it is asked for, the frame being held or dropped and counted. */
  resolve(network: number, frame: PacketBuffer, nowMs: number): Locator | 'pending' {
    const { networks, nlArp, path } = this.#parts;
    path.nowMs = nowMs;
    const served = networks.get(network);
    if (served === undefined) return 'pending';
    const { tenant, macAsId } = served;
    const { bytes, start } = frame;
    const slot = nlArp.resolve(tenant, macAsId, readHigh(bytes, start), readLow(bytes, start), frame, nowMs);
    if (slot === PENDING) return 'pending';
    const { table } = nlArp;
    const address = toAddress(table.portAt(slot), tenant) | 0;
    return this.#answer.set(address, table.edgeHighAt(slot), table.edgeLowAt(slot), 0);
  }

  /** Tells SPAIN by which VLAN the sender's edge switch was heard. Always true: nothing is learned from data. */
  observe(frame: PacketBuffer, tunnel: TunnelMetadata, nowMs: number): boolean {
    const { nlArp, spain, path } = this.#parts;
    const { table } = nlArp;
    const at = frame.start + SOURCE_MAC;
    const tenant = tenantIdOf(tunnel.destination.word0);
    const slot = table.find(tenant, tunnel.source.word0, readHigh(frame.bytes, at), readLow(frame.bytes, at));
    path.nowMs = nowMs;
    if (slot >= 0 && table.stateAt(slot) === STATE.KNOWN) {
      spain.heard(path.edgeOf(table.edgeHighAt(slot), table.edgeLowAt(slot)), tunnel.vlan, nowMs);
    }
    return true;
  }

  /** The source of `frame` is a NIC of this agent from now on. */
  arrived(network: number, frame: PacketBuffer, nowMs: number): void {
    const { networks, nlArp } = this.#parts;
    const served = networks.get(network);
    const high = readHigh(frame.bytes, frame.start + SOURCE_MAC);
    const low = readLow(frame.bytes, frame.start + SOURCE_MAC);
    if (served === undefined || this.#parts.isRouter(high, low)) return;
    nlArp.plug(served.tenant, served.macAsId, high, low, nowMs);
  }

  /**
   * The NIC with the MAC at `bytes[offset..]` has left. All agents are told that it stopped; if it has moved, the message of its new
   * agent is the newer one, in whichever order they come.
   */
  departed(network: number, bytes: Uint8Array, offset: number): void {
    const { networks, nlArp } = this.#parts;
    const served = networks.get(network);
    if (served === undefined) return;
    nlArp.unplug(served.tenant, served.macAsId, readHigh(bytes, offset), readLow(bytes, offset), 'stopped');
  }

  /** A frame came for a NIC that isn't here, of a network that may not be either: its sender's agent is told. */
  misdelivered(frame: PacketBuffer, tunnel: TunnelMetadata, nowMs: number): Fault | undefined {
    const { networks, nlArp } = this.#parts;
    const { bytes, start } = frame;
    const tenant = tenantIdOf(tunnel.destination.word0);
    const macAsId = tunnel.source.word0;
    if (isGroupMac(bytes, start)) return 'E_NL_UNKNOWN_TENANT';
    const high = readHigh(bytes, start);
    const low = readLow(bytes, start);
    const slot = nlArp.table.find(tenant, macAsId, high, low);
    // It is here, but has not been heard on any port yet.
    if (slot >= 0 && nlArp.table.stateAt(slot) === STATE.LOCAL) return undefined;
    const from = start + SOURCE_MAC;
    nlArp.misdelivered(tenant, macAsId, readHigh(bytes, from), readLow(bytes, from), high, low, nowMs);
    return networks.hasTenant(tenant) ? 'E_NL_NOT_HERE' : 'E_NL_UNKNOWN_TENANT';
  }

  /** Takes an NL-ARP message. It also shows by which VLAN its sender's edge switch can be heard. */
  onControl(message: PacketBuffer, tunnel: TunnelMetadata, nowMs: number): Fault | undefined {
    const { nlArp, spain, path } = this.#parts;
    const { bytes, start, end } = message;
    path.nowMs = nowMs;
    const fault = nlArp.takeMessage(bytes, start, end, nowMs);
    if (fault === undefined) spain.heardChirp(bytes, edgeMacOffset(start), tunnel.vlan, nowMs);
    return fault;
  }

  /** What to send next; valid until the next call. */
  nextEvent(): ResolverEvent | undefined {
    const next = this.#parts.nlArp.nextEvent();
    if (next === undefined) return undefined;
    const destination = this.#locate(next);
    const network = this.#parts.networks.find(next.tenant, next.macAsId);
    const { kind, payload } = next;
    this.#event ??= { kind, network, destination, payload };
    this.#event.kind = kind;
    this.#event.network = network;
    this.#event.payload = payload;
    return this.#event;
  }

  /** Lets time pass: repeats, gives up, and chirps. */
  tick(nowMs: number): void {
    const { nlArp, spain, path } = this.#parts;
    path.nowMs = nowMs;
    nlArp.tick(nowMs);
    spain.tick(nowMs);
    for (let vlan = spain.nextChirp(nowMs); vlan !== 0; vlan = spain.nextChirp(nowMs)) nlArp.chirp(vlan);
  }

  #locate({ tenant, port, edgeHigh, edgeLow, vlan }: NlArpEvent): Locator {
    const address = port === 0 ? ALL_AGENTS : toAddress(port, tenant) | 0;
    return this.#destination.set(address, edgeHigh, edgeLow, vlan);
  }
}
