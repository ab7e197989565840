/**
 * Where the VMs are that local ones send to: one state machine per (instance, MAC).
 *
 *     unknown ──packet: hold it, ask everybody──▶ LEARNING ──answer: send what was held──▶ LEARNED
 *        ▲                                            │ 4 questions without an answer         │
 *        ├───────── 2 s ───────── NEGATIVE ◀──────────┘                                       │
 *        └────────────── un-learned, idle, or its lifetime over ◀─────────────────────────────┘
 *
 * A newer placement (generation) replaces what is known, an older one never does; so late, repeated and reordered
 * messages can't send packets to a place that a VM has left twice. Unknown destinations cost a question, never a copy of
 * the frame.
 *
 * Per packet: one look-up, nothing allocated. Timers cost O(log n) when they are set or run out. Memory: 78 octets per
 * station, and the frames held (`HeldFrames`). An instance can fill no more than its share of the table, so scanning
 * one's own network hurts nobody else; and as an unanswered question takes 3.5 s to be forgotten, the share also bounds
 * the rate of questions.
 */
import type { PacketBuffer } from '@overlane/wire';
import { FLAG } from './constants.js';
import { Deadlines } from './deadlines.js';
import type { VanFault } from './faults.js';
import { isNewer } from './generation.js';
import { HeldFrames } from './held-frames.js';
import type { Target } from './outbox.js';
import type { Place, Placement } from './placement.js';
import { DROPPED, PENDING, type RemoteStationsContext, STATE } from './remote-context.js';
import { sendRequest } from './speech.js';
import { StationTable, enlarged, readHigh, readLow } from './station-table.js';

/** The learn state machines of a switch, or of one side of a proxy. */
export class RemoteStations extends StationTable {
  readonly #context: RemoteStationsContext;
  readonly #held: HeldFrames;
  readonly #deadlines = new Deadlines();
  readonly #shares = new Map<number, number>();
  #states: Uint8Array;
  #tries: Uint8Array;
  #flags: Uint8Array;
  #locators: Int32Array;
  #generations: Int32Array;
  #transactions: Int32Array;
  #usedMs: Float64Array;
  #endsMs: Float64Array;

  /** Knows nobody. */
  constructor(context: RemoteStationsContext) {
    super(context.limits.stations, context.random32());
    this.#context = context;
    this.#held = new HeldFrames(context.limits, context.faults);
    this.#states = new Uint8Array(this.slots);
    this.#tries = new Uint8Array(this.slots);
    this.#flags = new Uint8Array(this.slots);
    this.#locators = new Int32Array(this.slots);
    this.#generations = new Int32Array(this.slots);
    this.#transactions = new Int32Array(this.slots);
    this.#usedMs = new Float64Array(this.slots);
    this.#endsMs = new Float64Array(this.slots);
  }

  /** State of the station in `slot`: see STATE. */
  stateOf(slot: number): number {
    return this.#states[slot]!;
  }

  /** Where a learned station is. */
  locatorOf(slot: number): number {
    return this.#locators[slot]!;
  }

  /** Which placement of the station that was. */
  generationOf(slot: number): number {
    return this.#generations[slot]!;
  }

  /** The place of a learned station, in new memory. */
  placeOf(slot: number): Place {
    return { locator: this.#locators[slot]!, generation: this.#generations[slot]!, flags: this.#flags[slot]! };
  }

  /** When `tick` has something to do, or Infinity. */
  get nextMs(): number {
    return this.#deadlines.nextMs;
  }

  /** Slot of the destination of `frame` if it is learned; else PENDING or DROPPED. */
  resolve(network: number, frame: PacketBuffer, nowMs: number): number {
    const { bytes, start } = frame;
    const slot = this.lookUp(network, readHigh(bytes, start), readLow(bytes, start), nowMs);
    if (slot >= 0 && this.#states[slot] === STATE.LEARNING) {
      this.#held.hold(slot, frame);
      return PENDING;
    }
    return slot;
  }

  /** The same for a MAC: the slot if it is LEARNED, or LEARNING from now on at the latest; else DROPPED. */
  lookUp(network: number, high: number, low: number, nowMs: number): number {
    const learned = this.findLearned(network, high, low, nowMs);
    if (learned >= 0) return learned;
    const slot = this.find(network, high, low);
    if (slot >= 0) {
      if (this.#states[slot] === STATE.LEARNING) return slot;
      if (this.#states[slot] === STATE.NEGATIVE && nowMs < this.#endsMs[slot]!) {
        this.#context.faults.add('E_VAN_NO_ANSWER');
        return DROPPED;
      }
      this.#forget(slot);
    }
    return this.#ask(network, high, low, nowMs);
  }

  /** Slot of the station if it is learned, which counts as use; else -1, and nobody is asked. */
  findLearned(network: number, high: number, low: number, nowMs: number): number {
    const slot = this.find(network, high, low);
    if (slot < 0 || this.#states[slot] !== STATE.LEARNED) return -1;
    if (nowMs >= this.#endsMs[slot]! || this.#isIdle(slot, nowMs)) return -1;
    this.#usedMs[slot] = nowMs;
    return slot;
  }

  /** Takes an announcement, of a station that nobody asked for, too. */
  adopt(network: number, high: number, low: number, place: Placement, nowMs: number): VanFault | undefined {
    if (this.find(network, high, low) < 0) {
      const slot = this.#create(network, high, low);
      if (slot < 0) return 'E_VAN_TABLE_FULL';
      this.#states[slot] = STATE.NEGATIVE;
    }
    return this.onReply(network, high, low, 0, place, nowMs);
  }

  /** Takes a LEARN_REPLY: an answer, or with transaction 0 an announcement. */
  onReply(
    network: number,
    high: number,
    low: number,
    transactionId: number,
    place: Placement,
    nowMs: number,
  ): VanFault | undefined {
    const slot = this.find(network, high, low);
    const isAnnounced = transactionId === 0;
    if (slot < 0) return isAnnounced ? undefined : 'E_VAN_UNSOLICITED';
    if (!isAnnounced && transactionId !== this.#transactions[slot]) return 'E_VAN_UNSOLICITED';
    if (this.#states[slot] === STATE.LEARNED) {
      const known = this.#generations[slot]!;
      // Of two ways to one placement, the direct one is better than a proxy.
      const isAsGood = this.#locators[slot] === place.locator || (this.#flags[slot]! & ~place.flags) !== 0;
      const isRenewal = known === place.generation && isAsGood;
      if (!isRenewal && !isNewer(place.generation, known)) return 'E_VAN_STALE';
    } else {
      this.#usedMs[slot] = nowMs;
    }
    this.#place(slot, place);
    this.#endsMs[slot] = place.lifetimeS === 0 ? Infinity : nowMs + place.lifetimeS * 1000;
    this.#schedule(slot);
    if (this.#states[slot] === STATE.LEARNED) return undefined;
    this.#states[slot] = STATE.LEARNED;
    for (const frame of this.#held.release(slot)) this.#context.outbox.addFrame(network, place.locator, frame);
    this.settled(slot);
    return undefined;
  }

  /** Takes an UNLEARN from the switch at `source`. With a `place`, that is where the VM went: we ask there at once. */
  onUnlearn(
    network: number,
    high: number,
    low: number,
    source: number,
    generation: number,
    place: Placement | undefined,
    nowMs: number,
  ): VanFault | undefined {
    const slot = this.find(network, high, low);
    if (slot < 0 || this.#states[slot] !== STATE.LEARNED || this.#locators[slot] !== source) return 'E_VAN_NOT_OWNER';
    const known = this.#generations[slot]!;
    if (place === undefined) {
      if (generation !== 0 && isNewer(known, generation)) return 'E_VAN_STALE';
      this.#forget(slot);
      return undefined;
    }
    if (!isNewer(place.generation, known)) return 'E_VAN_STALE';
    this.#place(slot, place);
    // The answer confirms the hint, which may lead nowhere, and tells how long it holds and what the new switch can.
    this.#endsMs[slot] = Math.min(this.#endsMs[slot]!, nowMs + this.#context.limits.hintMs);
    this.#schedule(slot);
    this.#transactions[slot] = this.#newTransaction();
    this.#sendRequest(slot, place.locator);
    return undefined;
  }

  /** Forgets a station that is local from now on, with the frames held for it. Returns its generation, or 0. */
  forget(network: number, high: number, low: number): number {
    const slot = this.find(network, high, low);
    if (slot < 0) return 0;
    const generation = this.#states[slot] === STATE.LEARNED ? this.#generations[slot]! : 0;
    this.#forget(slot);
    return generation;
  }

  /** Lets time pass: asks again, gives up, and forgets what was idle or is over. */
  tick(nowMs: number): void {
    for (let slot = this.#deadlines.take(nowMs); slot >= 0; slot = this.#deadlines.take(nowMs)) {
      if (this.#states[slot] === STATE.LEARNING) this.#askAgain(slot, nowMs);
      else if (nowMs >= this.#endsMs[slot]! || this.#isIdle(slot, nowMs)) this.#forget(slot);
      else this.#schedule(slot);
    }
  }

  /** Called when a question about the station was answered, or given up. For subclasses. */
  protected settled(_slot: number): void {
    // Switches hold frames, which are dealt with.
  }

  protected override resize(slots: number): void {
    this.#states = enlarged(this.#states, slots);
    this.#tries = enlarged(this.#tries, slots);
    this.#flags = enlarged(this.#flags, slots);
    this.#locators = enlarged(this.#locators, slots);
    this.#generations = enlarged(this.#generations, slots);
    this.#transactions = enlarged(this.#transactions, slots);
    this.#usedMs = enlarged(this.#usedMs, slots);
    this.#endsMs = enlarged(this.#endsMs, slots);
  }

  #isIdle(slot: number, nowMs: number): boolean {
    return this.#states[slot] === STATE.LEARNED && nowMs - this.#usedMs[slot]! >= this.#context.limits.idleMs;
  }

  #place(slot: number, place: Place): void {
    this.#locators[slot] = place.locator;
    this.#generations[slot] = place.generation;
    this.#flags[slot] = place.flags & FLAG.PROXY;
  }

  /** The deadline of a learned station: use only moves it when it runs out, so a packet costs nothing here. */
  #schedule(slot: number): void {
    const idleMs = this.#usedMs[slot]! + this.#context.limits.idleMs;
    this.#deadlines.set(slot, Math.min(idleMs, this.#endsMs[slot]!));
  }

  #ask(network: number, high: number, low: number, nowMs: number): number {
    const slot = this.#create(network, high, low);
    if (slot < 0) return DROPPED;
    this.#states[slot] = STATE.LEARNING;
    this.#tries[slot] = 1;
    this.#sendRequest(slot, this.#context.askedOf);
    this.#deadlines.set(slot, nowMs + this.#context.limits.retryMs);
    return slot;
  }

  #create(network: number, high: number, low: number): number {
    const share = this.#shares.get(network) ?? 0;
    const { limits, faults } = this.#context;
    const slot = share < limits.stationsPerInstance ? this.add(network, high, low) : -1;
    if (slot < 0) {
      faults.add('E_VAN_TABLE_FULL');
      return slot;
    }
    this.#shares.set(network, share + 1);
    this.#transactions[slot] = this.#newTransaction();
    return slot;
  }

  #askAgain(slot: number, nowMs: number): void {
    const { limits, askedOf } = this.#context;
    const tries = this.#tries[slot]!;
    if (tries < limits.tries) {
      this.#tries[slot] = tries + 1;
      this.#sendRequest(slot, askedOf);
      this.#deadlines.set(slot, nowMs + limits.retryMs * 2 ** tries);
      return;
    }
    this.#held.drop(slot, 'E_VAN_NO_ANSWER');
    this.#states[slot] = STATE.NEGATIVE;
    this.#endsMs[slot] = nowMs + limits.negativeMs;
    this.#deadlines.set(slot, nowMs + limits.negativeMs);
    this.settled(slot);
  }

  #sendRequest(slot: number, target: Target): void {
    const { outbox, flags } = this.#context;
    const transaction = this.#transactions[slot]!;
    sendRequest(outbox, this.networkOf(slot), target, this.highOf(slot), this.lowOf(slot), transaction, flags);
  }

  #forget(slot: number): void {
    const network = this.networkOf(slot);
    const share = this.#shares.get(network)! - 1;
    if (share === 0) this.#shares.delete(network);
    else this.#shares.set(network, share);
    this.#held.drop(slot, 'E_VAN_QUEUE');
    this.#deadlines.clear(slot);
    this.remove(slot);
  }

  #newTransaction(): number {
    return this.#context.random32() | 0 || 1;
  }
}
