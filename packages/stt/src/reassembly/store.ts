/**
 * The reassembly store (`spec/stt.md` §7, rules S10 to S13, and §7.1): segments in, whole STT frames out.
 *
 * **Problem.** A frame of up to 65,535 octets comes in segments of any size, in any order, some twice, some never, mixed
 * with those of other frames; and anybody who can reach the port can send segments that were made to cost the receiver
 * memory or time. The store is a state machine: time is an argument, what happened is returned.
 *
 * **Invariants.**
 * 1. The segments stored of a frame never overlap. So counting octets decides completeness, and the first arrival wins.
 * 2. What is charged (payload + 128 per segment) never passes the high mark; there are never more than `contextLimit`
 *    frames, nor more than `segmentLimit` segments of one frame.
 * 3. A context lives at most `timeoutMs` after its first segment. It is gone before the first call at or after that
 *    time looks anything up, so an expired frame never matches.
 * 4. A rejected segment changes nothing: no use is noted, nothing is evicted for it. Two rejections give up the frame
 *    they belong to, and no other: S13, and a frame that would pass the high mark alone.
 *
 * **Which approximation is safe.** To lose a frame is always allowed, IP does; to deliver octets that nobody sent as
 * one frame never is. So under pressure the store forgets whole frames and never trims, merges or guesses. Last use is
 * exact; the choice of who stays in the lane (below) only costs time.
 *
 * **How.** Contexts are found by hash ({@link ContextTable}). A frame's segments are in a digital search tree by offset,
 * at most 17 deep ({@link findSegment}). Payload goes to a chain of cells ({@link CellMemory}) and, when the frame is
 * complete, from there into a frame buffer. That is two copies, and one frame at a time does better: it owns the
 * *lane*, another frame buffer, and its payload is written where it will be delivered from. A frame that comes alone,
 * in any order, is copied once; if it comes in order and in equal pieces, the next one is only copied, and the rest
 * follows from how many there were ({@link ReassemblyStore.extend}). The lane goes to a new frame if it is free, or if its
 * owner has got none of the last 32 segments; the owner's payload then moves to cells, once in its life.
 *
 * **Time.** For a segment of n octets: O(n) to copy or compare, at most 33 tree nodes and one hash chain, whatever the
 * number of holes and frames; once in its life, a frame's payload may leave the lane. Giving up a frame is O(1), its chain
 * of cells is spliced. A hash chain is short unless keys were chosen for it (`hashSeed`), and then is bounded by
 * `contextLimit`: 6 us per segment for the default. `bench/hostile.mjs` measures all this, attack by attack.
 *
 * **Memory.** Taken at construction and never more: a segment of n octets needs at most (n + 123) / 112 cells of 112
 * octets, less than it is charged, so `highMark / 112` cells always suffice. Links (4 octets per cell), context table
 * (124 octets each) and two frame buffers add 9.8 % at the default limits; `byteLength` tells the sum. A segment
 * allocates one typed-array view, garbage at once, unless `frameMemory` is in the array that it comes in; events are kept
 * for at most 64 frames.
 */
import { type IpAddress, ECN } from '@overlane/wire';
import { ContextTable, FIELD } from './contexts.js';
import { EventLog } from './event-log.js';
import { HIGH_MARK, SEGMENT_CHARGE, cellsWithin, memoryLengthFor, requireMemory, requirePositive } from './limits.js';
import { PayloadStore } from './payload.js';
import type { DeliveredFrame, ReassemblyEvent, ReassemblyRefusal, ReassemblyOptions } from './shapes.js';

const NONE = -1;

/** Segments of STT frames, kept until the frames are complete. One store serves one tunnel port. */
export class ReassemblyStore {
  /** The frame completed by the last `accept` that returned `'complete'`; stays intact as `deliveries` says. */
  readonly delivered: DeliveredFrame;
  /** Frames completed since the start. */
  completed = 0;
  /** Frames given up because their time was over. */
  timedOut = 0;
  /** Frames given up for memory or for room in the table. */
  evicted = 0;
  /**
   * A name for the frame of the last segment that `accept` stored, if {@link extend} may take the next one: the frame's
   * segments have come in order and in equal pieces. No two frames have the same; 0: there is none.
   */
  run = 0;
  readonly #timeoutMs: number;
  readonly #highMark: number;
  readonly #lowMark: number;
  readonly #contextLimit: number;
  readonly #segmentLimit: number;
  readonly #contexts: ContextTable;
  readonly #payload: PayloadStore;
  readonly #events: EventLog;
  readonly #frame = { bytes: new Uint8Array(0) as Uint8Array, start: 0, end: 0, dscp: 0, ecn: 0 };
  #charged = 0;
  /** The run that may be extended, up to which offset, and until when; 0 if none may. */
  #extensible = 0;
  #extensibleEnd = 0;
  #extensibleUntilMs = 0;

  /** An empty store; every option has a default. All memory is taken here. @throws RangeError for impossible limits or too little memory */
  constructor(options: ReassemblyOptions = {}) {
    const { timeoutMs = 30_000, highMark = HIGH_MARK, lowMark = 3 << 20, hashSeed = 0, deliveries = 1 } = options;
    const { contextLimit = 1024, segmentLimit = 4096, keyIncludesSourcePort = true } = options;
    requirePositive({ contextLimit, segmentLimit, deliveries, highMark });
    requireMemory(options);
    this.#timeoutMs = timeoutMs;
    this.#highMark = highMark;
    this.#lowMark = Math.min(lowMark, highMark);
    this.#contextLimit = contextLimit;
    this.#segmentLimit = segmentLimit;
    this.#contexts = new ContextTable(contextLimit, hashSeed, keyIncludesSourcePort ? 0xffff : 0);
    this.#payload = new PayloadStore(this.#contexts, cellsWithin(highMark), deliveries, options.frameMemory);
    this.#events = new EventLog(this.#contexts);
    this.#frame.bytes = this.#payload.bytes;
    this.delivered = this.#frame;
  }

  /** Octets of memory held, for good: cells, frame buffers, tables. */
  get byteLength(): number {
    return this.#payload.byteLength + this.#contexts.byteLength;
  }

  /** Octets charged for the segments held. Never above the high mark. */
  get charged(): number {
    this.#settle();
    return this.#charged;
  }

  /** Frames in assembly. */
  get size(): number {
    return this.#contexts.size;
  }

  /** Octets that `frameMemory` must have: 4.6 million by default. */
  static readonly memoryLength: (options?: ReassemblyOptions) => number = memoryLengthFor;

  /**
   * Stores the payload `bytes[start..end)` of a segment, which it copies. Precondition: rules S6 to S8 passed, so the
   * payload isn't empty and `offset + payload <= frameLength <= 65535`. A payload that is the whole frame (S9) had better
   * not come here: it would be copied for nothing. `tos` is the outer TOS or traffic class; `nowMs` must not go back.
   *
   * Returns `'complete'` (see {@link delivered}), `'incomplete'`, or why the segment was not stored:
   * E_STT_REASM_LENGTH_MISMATCH (S10), E_STT_REASM_DUPLICATE (S11), E_STT_REASM_OVERLAP (S12),
   * E_STT_REASM_TOO_MANY_SEGMENTS (S13: its frame is given up too), or E_STT_REASM_EVICTED: this frame alone would pass
   * the high mark, and is given up. Frames given up for time or for others are told by {@link takeEvents}.
   */
  accept(
    source: IpAddress,
    destination: IpAddress,
    sourcePort: number,
    packetId: number,
    frameLength: number,
    offset: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    tos: number,
    nowMs: number,
  ): 'complete' | 'incomplete' | ReassemblyRefusal {
    this.#settle();
    this.tick(nowMs);
    this.run = 0;
    const contexts = this.#contexts;
    let context = contexts.find(source, destination, sourcePort, packetId);
    if (context !== NONE) {
      const fault = this.#refuse(context, frameLength, offset, bytes, start, end);
      if (fault !== undefined) return fault;
      contexts.touch(context);
    }
    const charge = end - start + SEGMENT_CHARGE;
    if (!this.#makeRoom(context, charge)) return 'E_STT_REASM_EVICTED';
    if (context === NONE) {
      if (contexts.size === this.#contextLimit) this.#evict(contexts.leastRecent);
      context = contexts.insert(source, destination, sourcePort, packetId, nowMs);
      contexts.set(context, FIELD.FRAME_LENGTH, frameLength);
      this.#payload.open(context);
    }
    this.#charged += charge;
    this.#payload.add(context, frameLength, offset, bytes, start, end);
    const outcome = this.#note(context, offset, end - start, tos);
    this.#lookAhead(context);
    return outcome;
  }

  /**
   * Stores the next segment of the frame `run`, with the payload `bytes[start..end)`, as `accept` would; it is accounted
   * for later, with others. False, and nothing done, if only `accept` knows what to do: the frame is no longer in order,
   * this is its last segment, or a limit or a time is reached.
   *
   * Precondition: `run` was the answer of `run` behind a segment like this one: key, frame length, TOS and octets of
   * payload are the same, and the offset is the next one.
   */
  extend(run: number, bytes: Uint8Array, start: number, end: number, nowMs: number): boolean {
    if (run !== this.#extensible || nowMs >= this.#extensibleUntilMs) return false;
    return this.#payload.extend(bytes, start, end, this.#extensibleEnd);
  }

  /** Says how far the run may be extended, now that a segment of `context` was stored. */
  #lookAhead(context: number): void {
    const { run, runPiece, runEnd, owner } = this.#payload;
    const contexts = this.#contexts;
    this.#extensible = run;
    if (run === 0) return;
    if (context === owner) this.run = run;
    const charged = Math.floor((this.#highMark - this.#charged) / (runPiece + SEGMENT_CHARGE));
    const segments = this.#segmentLimit - contexts.get(owner, FIELD.SEGMENTS);
    // All but the last one.
    const left = Math.floor((contexts.get(owner, FIELD.FRAME_LENGTH) - 1 - runEnd) / runPiece);
    this.#extensibleEnd = runEnd + runPiece * Math.min(charged, segments, left);
    this.#extensibleUntilMs = contexts.arrivalMs(contexts.oldest) + this.#timeoutMs;
  }

  /** Accounts for the segments that `extend` has stored. */
  #settle(): void {
    const { runPiece, runEnd, owner } = this.#payload;
    const contexts = this.#contexts;
    const octets = owner === NONE ? 0 : runEnd - contexts.get(owner, FIELD.RECEIVED);
    if (octets <= 0) return;
    const count = octets / runPiece;
    contexts.add(owner, FIELD.SEGMENTS, count);
    contexts.add(owner, FIELD.RECEIVED, octets);
    contexts.add(owner, FIELD.HIGHEST_END, octets);
    contexts.touch(owner);
    this.#charged += octets + count * SEGMENT_CHARGE;
    this.#payload.noteExtended(count);
  }

  /** Gives up the frames whose time is over. Call about once a second; `accept` does the same. */
  tick(nowMs: number): void {
    const contexts = this.#contexts;
    for (let oldest = contexts.oldest; oldest !== NONE; oldest = contexts.oldest) {
      if (nowMs < contexts.arrivalMs(oldest) + this.#timeoutMs) return;
      this.#settle();
      this.timedOut++;
      this.#events.add('E_STT_REASM_TIMEOUT', oldest);
      this.#remove(oldest);
    }
  }

  /**
   * The frames given up since the last call, oldest first, as an array that the caller owns; one shared empty array if
   * there are none. Only the first 64 between two calls are kept, the counters know of all.
   */
  takeEvents(): readonly ReassemblyEvent[] {
    return this.#events.take();
  }

  /** Rules S10 to S13 for a frame that is in the store. */
  #refuse(
    context: number,
    frameLength: number,
    offset: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): ReassemblyRefusal | undefined {
    const contexts = this.#contexts;
    if (contexts.get(context, FIELD.FRAME_LENGTH) !== frameLength) return 'E_STT_REASM_LENGTH_MISMATCH';
    if (offset < contexts.get(context, FIELD.HIGHEST_END)) {
      const verdict = this.#payload.compare(context, offset, bytes, start, end);
      if (verdict !== 'new') return verdict === 'same' ? 'E_STT_REASM_DUPLICATE' : 'E_STT_REASM_OVERLAP';
    }
    if (contexts.get(context, FIELD.SEGMENTS) < this.#segmentLimit) return undefined;
    this.#remove(context);
    return 'E_STT_REASM_TOO_MANY_SEGMENTS';
  }

  /** Evicts others than `keep` if `charge` doesn't fit; false if it never will, `keep` is then given up. */
  #makeRoom(keep: number, charge: number): boolean {
    if (this.#charged + charge <= this.#highMark) return true;
    if (this.#chargeOf(keep) + charge > this.#highMark) {
      if (keep !== NONE) this.#evict(keep);
      return false;
    }
    const contexts = this.#contexts;
    const target = Math.min(this.#lowMark, this.#highMark - charge);
    while (this.#charged > target && contexts.leastRecent !== keep) this.#evict(contexts.leastRecent);
    return true;
  }

  /** Notes a segment that has been stored, and delivers the frame if it was the last one missing. */
  #note(context: number, offset: number, length: number, tos: number): 'complete' | 'incomplete' {
    const contexts = this.#contexts;
    contexts.add(context, FIELD.SEGMENTS, 1);
    if (offset === 0) contexts.add(context, FIELD.TOS, tos);
    if ((tos & 3) === ECN.CE) contexts.set(context, FIELD.CONGESTED, 1);
    if (offset + length > contexts.get(context, FIELD.HIGHEST_END)) {
      contexts.set(context, FIELD.HIGHEST_END, offset + length);
    }
    if (contexts.add(context, FIELD.RECEIVED, length) < contexts.get(context, FIELD.FRAME_LENGTH)) return 'incomplete';
    const frame = this.#frame;
    frame.start = this.#payload.assemble(context);
    frame.end = frame.start + contexts.get(context, FIELD.FRAME_LENGTH);
    const first = contexts.get(context, FIELD.TOS);
    frame.dscp = first >>> 2;
    frame.ecn = contexts.get(context, FIELD.CONGESTED) === 0 ? first & 3 : ECN.CE;
    this.completed++;
    this.#remove(context);
    return 'complete';
  }

  #evict(context: number): void {
    this.evicted++;
    this.#events.add('E_STT_REASM_EVICTED', context);
    this.#remove(context);
  }

  #remove(context: number): void {
    this.#extensible = 0;
    this.#charged -= this.#chargeOf(context);
    this.#payload.release(context);
    this.#contexts.remove(context);
  }

  #chargeOf(context: number): number {
    if (context === NONE) return 0;
    const contexts = this.#contexts;
    return contexts.get(context, FIELD.RECEIVED) + contexts.get(context, FIELD.SEGMENTS) * SEGMENT_CHARGE;
  }
}
