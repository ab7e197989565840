/**
 * JOIN and LEAVE: how the switches of an instance find each other when there is no multicast group.
 *
 * A switch that gets its first VM of an instance sends JOIN to the members that it knows, again after 1, 2, 4 s and so on,
 * and every 30 s for as long as it has one. Who hears of a newcomer greets it with a JOIN of its own, and who hears it
 * from the newcomer itself introduces it to its other members. So one configured member is enough to know all, at a
 * cost of two messages per member. Members that were not heard for 100 s are forgotten; a lost message costs one repeat.
 *
 * Choice: an introduction is what has a transaction id; a greeting, or word of somebody else (whose locator it then
 * carries), has none and causes nothing but greetings. A JOIN says in the field of the generation how many members its
 * sender knows, and who knows more introduces it again; that mends what loss left undone. Introductions are limited to a burst of 64 and 100 a second,
 * because each makes as many messages as there are members; a JOIN above the limit is refused, and repeated by its sender.
 */
import { FLAG, TYPE } from './constants.js';
import { Deadlines } from './deadlines.js';
import type { VanFault } from './faults.js';
import type { VanMembers } from './members.js';
import { writeMacWords, writeMessage } from './message.js';
import type { Outbox, Target } from './outbox.js';
import { isUsableLocator } from './placement.js';

const FIRST_MS = 1000;
const REPEAT_MS = 30_000;
const SILENT_MS = 100_000;
const BURST = 64;
const PER_MS = 0.1;

/** What membership needs from around it. */
export interface MembershipContext {
  readonly members: VanMembers;
  readonly outbox: Outbox;
  /** Our own endpoint, a signed integer. */
  readonly own: number;
  /** Instances that are joined with the first tick, and never left. */
  readonly served: Iterable<number>;
  /** Any 32 bits, anew on each call. */
  random32(): number;
}

/** Membership of one switch in its instances. */
export class Membership {
  readonly #context: MembershipContext;
  readonly #deadlines = new Deadlines();
  // Small integers for instances, which the deadlines want; an index is used again once its instance is left.
  readonly #indices = new Map<number, number>();
  readonly #networks: number[] = [];
  readonly #waitsMs: number[] = [];
  readonly #free: number[] = [];
  readonly #served: ReadonlySet<number>;
  #isStarted = false;
  #credit = BURST;
  #creditMs = 0;

  /** A member of nothing. */
  constructor(context: MembershipContext) {
    this.#context = context;
    this.#served = new Set(context.served);
    this.#isStarted = this.#served.size === 0;
  }

  /** When `tick` has something to do, or Infinity. */
  get nextMs(): number {
    return this.#isStarted ? this.#deadlines.nextMs : 0;
  }

  /** Joins an instance, if that isn't done. */
  enter(network: number, nowMs: number): void {
    if (this.#indices.has(network)) return;
    const index = this.#free.pop() ?? this.#networks.length;
    this.#indices.set(network, index);
    this.#networks[index] = network;
    this.#waitsMs[index] = FIRST_MS;
    this.#introduceSelf(index, nowMs);
  }

  /** Leaves it, unless it is served anyway. */
  leave(network: number): void {
    const index = this.#indices.get(network);
    if (index === undefined || this.#served.has(network)) return;
    this.#send(network, this.#list(network), TYPE.LEAVE, 0, this.#context.own);
    this.#context.members.clear(network);
    this.#deadlines.clear(index);
    this.#indices.delete(network);
    this.#free.push(index);
  }

  /** Takes a JOIN from `source`, who knows so many members (0: doesn't say); `locator` is who joins, or 0 for the sender. */
  onJoin(
    network: number,
    source: number,
    locator: number,
    transactionId: number,
    membersKnown: number,
    nowMs: number,
  ): VanFault | undefined {
    const { members, own } = this.#context;
    if (!this.#indices.has(network) && !this.#served.has(network)) return 'E_DOVE_UNKNOWN_INSTANCE';
    const joiner = locator || source;
    if (joiner === own) return undefined;
    const isFirstHand = joiner === source;
    if (!isUsableLocator(joiner, own) || (!isFirstHand && !members.has(network, source))) return 'E_VAN_NOT_OWNER';
    const isKnown = members.has(network, joiner);
    if (isKnown && isFirstHand) members.note(network, joiner, nowMs);
    const isIntroduction = isFirstHand && transactionId !== 0;
    const lacksNobody = membersKnown === 0 || membersKnown >= members.targets(network).length;
    if (isKnown && (!isIntroduction || lacksNobody)) return undefined;
    if (isIntroduction && !this.#takeCredit(nowMs)) return 'E_VAN_RATE';
    if (!isKnown && members.note(network, joiner, nowMs) === 'full') return 'E_VAN_TABLE_FULL';
    if (isIntroduction || !isFirstHand) this.#send(network, joiner, TYPE.JOIN, 0, own);
    if (isIntroduction) this.#introduce(network, joiner);
    return undefined;
  }

  /** Takes a LEAVE from `source`, which speaks for itself only. */
  onLeave(network: number, source: number): VanFault | undefined {
    return this.#context.members.remove(network, source) ? undefined : 'E_VAN_NOT_OWNER';
  }

  /** Lets time pass: joins again, and forgets who is silent. */
  tick(nowMs: number): void {
    if (!this.#isStarted) for (const network of this.#served) this.enter(network, nowMs);
    this.#isStarted = true;
    for (let index = this.#deadlines.take(nowMs); index >= 0; index = this.#deadlines.take(nowMs)) {
      this.#context.members.removeSilent(this.#networks[index]!, nowMs - SILENT_MS);
      this.#introduceSelf(index, nowMs);
    }
  }

  #introduceSelf(index: number, nowMs: number): void {
    const { own, random32 } = this.#context;
    this.#send(this.#networks[index]!, 'members', TYPE.JOIN, random32() | 0 || 1, own);
    this.#deadlines.set(index, nowMs + this.#waitsMs[index]!);
    this.#waitsMs[index] = Math.min(REPEAT_MS, this.#waitsMs[index]! * 2);
  }

  #introduce(network: number, joiner: number): void {
    const others = this.#list(network).filter((member) => member !== joiner);
    if (others.length > 0) this.#send(network, others, TYPE.JOIN, 0, joiner);
  }

  #takeCredit(nowMs: number): boolean {
    this.#credit = Math.min(BURST, this.#credit + Math.max(0, nowMs - this.#creditMs) * PER_MS);
    this.#creditMs = nowMs;
    if (this.#credit < 1) return false;
    this.#credit--;
    return true;
  }

  #list(network: number): Int32Array {
    return Int32Array.from(this.#context.members.targets(network), ({ address }) => address.word0);
  }

  #send(network: number, target: Target, type: 4 | 5, transactionId: number, locator: number): void {
    const message = this.#context.outbox.addControl(network, target);
    if (message === undefined) return;
    const known = type === TYPE.JOIN ? this.#context.members.targets(network).length : 0;
    writeMessage(message, 0, type, FLAG.EXTENSIONS, transactionId, 0, locator, known);
    writeMacWords(message, 0, 0, 0);
  }
}
