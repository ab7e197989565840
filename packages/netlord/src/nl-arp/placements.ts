import type { PacketBuffer } from '@overlane/wire';
import { Claim } from './claim.js';
import { type NlArpFault, NlArpFaultCounts } from './faults.js';
import { Locals } from './locals.js';
import { NL_ARP_DEFAULTS, type NlArpLimits, type NlArpOptions } from './options.js';
import type { Place, PlaceWatcher, Placement } from './options.js';
import { Outbox } from './outbox.js';
import { PairLimiter } from './pair-limiter.js';
import { Questions } from './questions.js';
import { Speech } from './speech.js';
import { NlArpTable, STATE } from './table.js';

const NOBODY: PlaceWatcher = { appeared: () => undefined, disappeared: () => undefined };

/** The table of one agent with what belongs to its entries, and the steps that states are changed in. */
export class Placements {
  /** Where this agent is. */
  readonly place: Place;
  /** Where NICs are. */
  readonly table: NlArpTable;
  /** Everything refused or given up. */
  readonly faults = new NlArpFaultCounts();
  /** What the message under way claims. */
  readonly claim = new Claim();
  /** What is to be sent. */
  readonly outbox: Outbox;
  /** The messages said. */
  readonly speech: Speech;
  /** The NICs of this agent. */
  readonly locals: Locals;
  /** Who was corrected or answered lately. */
  readonly corrections: PairLimiter;
  readonly #questions: Questions;
  readonly #watcher: PlaceWatcher;

  /** Knows nobody. @throws RangeError if `entries` is out of range */
  constructor(options: NlArpOptions) {
    const limits: NlArpLimits = { ...NL_ARP_DEFAULTS, ...options };
    this.place = options.place;
    this.table = new NlArpTable(limits.entries, options.random32());
    this.outbox = new Outbox(limits.outbox, limits.headroom);
    this.speech = new Speech(this.place, this.outbox, this.faults);
    this.locals = new Locals(limits);
    this.corrections = new PairLimiter(limits.correctionMs, limits.corrections, options.random32());
    this.#questions = new Questions(limits);
    this.#watcher = options.watcher ?? NOBODY;
  }

  /** When `tick` has something to do, or Infinity. */
  get nextMs(): number {
    return Math.min(this.#questions.nextMs, this.locals.nextMs);
  }

  /** The NIC in `slot` is at that place from now on; what waited for it goes there. */
  settle(slot: number, placement: Placement): void {
    const { table } = this;
    const { port, edgeHigh, edgeLow, generation } = placement;
    const tenant = table.tenantAt(slot);
    const macAsId = table.macAsIdAt(slot);
    const isAwaited = table.stateAt(slot) === STATE.PENDING;
    const frames = isAwaited ? this.#questions.releaseFrames(table.linkAt(slot)) : undefined;
    this.leave(slot);
    table.setState(slot, STATE.KNOWN);
    table.setPlace(slot, placement, generation);
    this.#watcher.appeared(tenant, macAsId, port, edgeHigh, edgeLow);
    if (frames === undefined) return;
    for (const frame of frames) {
      if (!this.outbox.addFrame(tenant, macAsId, port, edgeHigh, edgeLow, frame)) this.faults.add('E_NLARP_OUTBOX');
    }
  }

  /** The entry in `slot` leaves its state, for another or to be removed: whatever belongs to it elsewhere is let go. */
  leave(slot: number): void {
    const { table } = this;
    const state = table.stateAt(slot);
    if (state === STATE.KNOWN) {
      const edgeHigh = table.edgeHighAt(slot);
      const edgeLow = table.edgeLowAt(slot);
      this.#watcher.disappeared(table.tenantAt(slot), table.macAsIdAt(slot), table.portAt(slot), edgeHigh, edgeLow);
    } else if (state === STATE.PENDING || state === STATE.HELD_DOWN) {
      const question = table.linkAt(slot);
      this.faults.add('E_NLARP_QUEUE', this.#questions.releaseFrames(question).length);
      this.#questions.close(question);
    } else if (state === STATE.LOCAL) {
      this.locals.leave(table.linkAt(slot));
    }
  }

  /** Forgets the NIC in `slot`. */
  forget(slot: number): void {
    this.leave(slot);
    this.table.remove(slot);
  }

  /** A frame for a NIC that nothing is known of: holds it, and asks. */
  ask(tenant: number, macAsId: number, high: number, low: number, frame: PacketBuffer, nowMs: number): void {
    const { table } = this;
    if (table.size === table.capacity) return this.faults.add('E_NLARP_TABLE_FULL');
    const question = this.#questions.open(tenant, macAsId, high, low, nowMs);
    if (question < 0) return this.faults.add('E_NLARP_QUESTIONS');
    const slot = table.add(tenant, macAsId, high, low, STATE.PENDING);
    table.setState(slot, STATE.PENDING, question);
    this.hold(slot, frame);
    this.speech.where(tenant, macAsId, high, low);
  }

  /** Holds one more frame for the NIC in `slot`, which is asked for. */
  hold(slot: number, frame: PacketBuffer): void {
    if (!this.#questions.hold(this.table.linkAt(slot), frame)) this.faults.add('E_NLARP_QUEUE');
  }

  /** Makes the NIC in `slot` local, as number `local`. */
  makeLocal(slot: number, local: number, generation: number, nowMs: number): void {
    this.leave(slot);
    this.table.setState(slot, STATE.LOCAL, local);
    this.announce(slot, generation, nowMs);
  }

  /** Gives the local NIC in `slot` a placement, and tells all, now and again. */
  announce(slot: number, generation: number, nowMs: number): void {
    this.table.setPlace(slot, this.place, generation);
    this.speakOf(slot, 0, 0);
    this.locals.announced(this.table.linkAt(slot), nowMs);
  }

  /** Says HERE of the local NIC in `slot`, to all. */
  speakOf(slot: number, flags: number, vlan: number): void {
    const { table } = this;
    const [high, low] = [table.highAt(slot), table.lowAt(slot)];
    this.speech.here(table.tenantAt(slot), table.macAsIdAt(slot), high, low, table.generationAt(slot), flags, vlan);
  }

  /** Slot of the local NIC number `local`; -1 if that number is free. */
  slotOfLocal(local: number): number {
    const { table } = this;
    const { tenants, macAsIds, highs, lows } = this.locals.records;
    const slot = table.find(tenants[local]!, macAsIds[local]!, highs[local]!, lows[local]!);
    return slot >= 0 && table.stateAt(slot) === STATE.LOCAL && table.linkAt(slot) === local ? slot : -1;
  }

  /** Lets time pass: asks again, gives up, announces again. */
  tick(nowMs: number): void {
    for (let question = this.#questions.due(nowMs); question >= 0; question = this.#questions.due(nowMs)) {
      this.#askAgain(question, nowMs);
    }
    for (let local = this.locals.due(nowMs); local >= 0; local = this.locals.due(nowMs)) {
      this.speakOf(this.slotOfLocal(local), 0, 0);
    }
  }

  /** Counts a fault, and returns it. */
  count(fault: NlArpFault): NlArpFault {
    this.faults.add(fault);
    return fault;
  }

  #askAgain(question: number, nowMs: number): void {
    const { table } = this;
    const { tenants, macAsIds, highs, lows } = this.#questions.records;
    const [tenant, macAsId, high, low] = [tenants[question]!, macAsIds[question]!, highs[question]!, lows[question]!];
    const slot = table.find(tenant, macAsId, high, low);
    if (table.stateAt(slot) === STATE.HELD_DOWN) {
      this.forget(slot);
    } else if (this.#questions.mayAskAgain(question, nowMs)) {
      this.speech.where(tenant, macAsId, high, low);
    } else {
      this.faults.add('E_NLARP_NO_ANSWER', this.#questions.releaseFrames(question).length);
      table.setState(slot, STATE.HELD_DOWN, question);
    }
  }
}
