/**
 * The Resolver of DOVE without a directory: VAN learn and un-learn.
 *
 * A frame for a VM that isn't known waits here while all switches of its instance are asked; the one that hosts the VM
 * answers. When a VM leaves, its old switch tells those who sent to it, and anybody who still does. Nothing is learned
 * from data, and no unknown destination is ever flooded as data.
 */
import {
  type Fault,
  IpAddress,
  type Locator,
  type PacketBuffer,
  type Resolver,
  type ResolverEvent,
  type TunnelMetadata,
  isGroupMac,
} from '@overlane/wire';
import { takeControl } from './control.js';
import type { FaultCounts } from './fault-counts.js';
import { nextGeneration } from './generation.js';
import type { VanOptions } from './options.js';
import { arrive, depart, reclaim } from './placing.js';
import { NOWHERE, NO_PLACE } from './placement.js';
import { sendUnlearn } from './speech.js';
import { readHigh, readLow } from './station-table.js';
import { type SwitchState, createSwitchState } from './switch-state.js';

const SOURCE_MAC = 6;

/** The learn and un-learn machine of one switch. Not reentrant; allocates nothing per packet of a known destination. */
export class VanResolver implements Resolver {
  /** Questions are repeated after 100 ms at first. */
  readonly tickMs = 25;
  readonly #state: SwitchState;
  readonly #answer: Locator = { address: new IpAddress() };

  /** A switch without VMs. @throws TypeError if its endpoint isn't IPv4 */
  constructor(options: VanOptions) {
    this.#state = createSwitchState(options);
  }

  /** Counts of what went wrong where no caller was told. */
  get faults(): FaultCounts {
    return this.#state.faults;
  }

  /**
   * Where the destination of `frame` lives; `pending` if it was asked for, and the frame held, or dropped and counted. The
   * frame comes from a VM on this host, so that is where its source is.
   */
  resolve(network: number, frame: PacketBuffer, nowMs: number): Locator | 'pending' {
    const { remotes, locals } = this.#state;
    const sender = frame.start + SOURCE_MAC;
    if (locals.findAt(network, frame.bytes, sender) < 0) this.#reclaim(network, frame.bytes, sender, nowMs);
    const slot = remotes.resolve(network, frame, nowMs);
    if (slot < 0) return 'pending';
    this.#answer.address.setIpv4(remotes.locatorOf(slot));
    return this.#answer;
  }

  /** Notes who sends to a local VM. VAN learns nothing from data, so there is always room: true. */
  observe(frame: PacketBuffer, { network, source }: TunnelMetadata): boolean {
    const { locals } = this.#state;
    const slot = locals.findAt(network, frame.bytes, frame.start);
    if (slot >= 0 && source.family === 4) locals.notePeer(slot, source.word0);
    return true;
  }

  /** The source of `frame` is on this host from now on. All switches of the instance are told. */
  arrived(network: number, frame: PacketBuffer, nowMs: number): void {
    const at = frame.start + SOURCE_MAC;
    arrive(this.#state, network, readHigh(frame.bytes, at), readLow(frame.bytes, at), nowMs);
  }

  /**
   * The VM with the MAC at `bytes[offset..]` left this host, to the switch at `successor` if that is known. Who sent to it
   * is told at once, who still does when it does.
   */
  departed(network: number, bytes: Uint8Array, offset: number, nowMs: number, successor?: IpAddress): void {
    const { locals, own } = this.#state;
    const slot = locals.findAt(network, bytes, offset);
    if (slot < 0) return;
    const isKnown = successor?.family === 4 && successor.word0 !== own;
    const generation = nextGeneration(locals.generationOf(slot));
    const place = isKnown ? { locator: successor.word0, generation, flags: 0 } : undefined;
    depart(this.#state, slot, place, nowMs);
  }

  /** Takes a control message, which starts behind the DOVE header, of the network and from the endpoint that `tunnel` names. */
  onControl(message: PacketBuffer, tunnel: TunnelMetadata, nowMs: number): Fault | undefined {
    return takeControl(this.#state, message, tunnel, nowMs);
  }

  /**
   * A frame came from `tunnel.source` for a VM that isn't here: answers with an UNLEARN, at most one per VM, source and 100 ms.
   * If the source goes on all the same, the next one leaves out the hint, which then didn't help.
   */
  misdelivered(frame: PacketBuffer, { network, source }: TunnelMetadata, nowMs: number): Fault {
    const { bytes, start } = frame;
    if (isGroupMac(bytes, start) || source.family !== 4) return 'E_DOVE_NOT_HERE';
    const state = this.#state;
    const high = readHigh(bytes, start);
    const low = readLow(bytes, start);
    const local = state.locals.find(network, high, low);
    if (local >= 0) depart(state, local, undefined, nowMs);
    const verdict = state.unlearns.take(network, high, low, source.word0, nowMs);
    if (verdict === 'refused') return 'E_DOVE_NOT_HERE';
    const { tombstones } = state;
    const buried = verdict === 'first' ? tombstones.find(network, high, low) : -1;
    const place = buried < 0 ? NO_PLACE : tombstones.placeOf(buried);
    // Without a hint there is no generation: "not here, whatever you know", or wrong hints of others would be for ever.
    const told = place.locator === NOWHERE ? NO_PLACE : place;
    sendUnlearn(state, network, source.word0, high, low, told);
    return 'E_DOVE_NOT_HERE';
  }

  /** What to send next; valid until the next call. Ask after every batch of packets and every `tick`. */
  nextEvent(): ResolverEvent | undefined {
    return this.#state.outbox.next();
  }

  /** Lets time pass: asks again, gives up, forgets, and joins again. */
  tick(nowMs: number): void {
    const { remotes, tombstones, membership } = this.#state;
    remotes.tick(nowMs);
    tombstones.tick(nowMs);
    membership?.tick(nowMs);
  }

  /** When `tick` has something to do, in the time of `nowMs`; Infinity if never. */
  get nextTickMs(): number {
    const { remotes, tombstones, membership } = this.#state;
    return Math.min(remotes.nextMs, tombstones.nextMs, membership?.nextMs ?? Infinity);
  }

  /** True if the switch at `address` said that it understands extension headers, and so fragments. */
  takesExtensions(address: IpAddress): boolean {
    return address.family === 4 && this.#state.capabilities.takesExtensions(address.word0);
  }

  /** Remote VMs known or asked for, those lately not found included. */
  get size(): number {
    return this.#state.remotes.size;
  }

  #reclaim(network: number, bytes: Uint8Array, offset: number, nowMs: number): void {
    if (isGroupMac(bytes, offset)) return;
    reclaim(this.#state, network, readHigh(bytes, offset), readLow(bytes, offset), nowMs);
  }
}
