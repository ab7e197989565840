/** Joins the queue of updates to the store and to those who wait for replies. */
import { CODE, DATAGRAM_LENGTH_MAX, header } from '@overlane/directory';
import type { TxnResult } from '@overlane/store';
import type { CancelTimer } from '../clock.js';
import type { Follower } from '../follow/follower.js';
import type { Counters } from '../lookup/counters.js';
import type { Gate } from '../lookup/gate.js';
import { NO_RECORD } from '../table/key-index.js';
import type { MappingTable } from '../table/mapping-table.js';
import { ANSWER_FIELD, writeUint64 } from '../table/record.js';
import type { Current } from '../update/authority.js';
import { DoneUpdates } from '../update/done-updates.js';
import { Hosts } from '../update/hosts.js';
import { UpdateQueue } from '../update/update-queue.js';
import type { Batch, Done } from '../update/update-types.js';
import { Update } from '../update/update.js';
import { textOfBlock } from './key-text.js';
import type { Peer, ServerEvent, ServerParts } from './options.js';
import { writeOutcomes, writeRefusal } from './replies.js';

/** What the driver works with. */
export interface UpdateDriverParts extends ServerParts {
  readonly table: MappingTable;
  readonly follower: Follower;
  readonly counters: Counters;
  readonly gate: Gate;
}

/** How far a sender's clock may be off. */
const SKEW_S = 30;

/** Takes UPDATE datagrams, and sees each to its reply. */
export class UpdateDriver {
  readonly #parts: UpdateDriverParts;
  readonly #tell: (event: ServerEvent) => void;
  readonly #queue: UpdateQueue<Peer>;
  readonly #done: DoneUpdates;
  readonly #out = new Uint8Array(DATAGRAM_LENGTH_MAX);
  #cancelTimer: CancelTimer | undefined;

  /** An idle driver. */
  constructor(parts: UpdateDriverParts, tell: (event: ServerEvent) => void) {
    this.#parts = parts;
    this.#tell = tell;
    const { settings, table, clock, store } = parts;
    this.#queue = new UpdateQueue<Peer>({
      authority: { hosts: new Hosts(table), wideTenant: settings.wideTenant },
      limits: settings.updates,
      currentOf: (block) => this.#currentOf(block),
      unixS: () => clock.unixS(),
    });
    this.#done = new DoneUpdates(store, clock);
  }

  /** Updates that are not over. */
  get length(): number {
    return this.#queue.length;
  }

  /** Forgets old updates until `stop`. */
  run(): Promise<void> {
    return this.#done.run();
  }

  /** Ends `run`. */
  stop(): void {
    this.#cancelTimer?.();
    this.#done.stop();
  }

  /** Takes an UPDATE whose tag is good. A repeated one is harmless: it gets the reply of the first. */
  receive(bytes: Uint8Array, end: number, peer: Peer, hostId: number): void {
    const { clock, mode, counters } = this.#parts;
    const nowMs = clock.monotonicMs();
    // Beyond this nobody remembers whether it was done before.
    const aheadS = (header.readTime(bytes, 0) - clock.unixS()) | 0;
    const update = new Update(bytes, end, peer, hostId, nowMs);
    if (mode !== 'none' && Math.abs(aheadS) > SKEW_S) {
      counters.fault('E_OLD_CLOCK_SKEW');
      return this.#reply({ update, outcomes: [], code: CODE.CLOCK_SKEW });
    }
    const done = this.#queue.submit(update, nowMs);
    if (done !== undefined) this.#reply(done);
    else this.pump();
  }

  /** Starts the transactions whose time has come, and tells those who have waited too long. */
  pump(): void {
    const { clock } = this.#parts;
    const nowMs = clock.monotonicMs();
    for (const done of this.#queue.expire(nowMs)) this.#reply(done);
    for (let batch = this.#queue.next(nowMs); batch !== undefined; batch = this.#queue.next(nowMs)) {
      void this.#commit(batch);
    }
    const atMs = this.#queue.nextAtMs();
    if (atMs === undefined || atMs <= nowMs || this.#cancelTimer !== undefined) return;
    this.#cancelTimer = clock.setTimer(atMs - nowMs, () => {
      this.#cancelTimer = undefined;
      this.pump();
    });
  }

  async #commit(batch: Batch<Peer>): Promise<void> {
    const { store, follower, counters } = this.#parts;
    const { epoch } = follower;
    let result: TxnResult | 'unavailable';
    try {
      result = await store.txn(batch.txn);
    } catch {
      counters.storeFailures++;
      result = 'unavailable';
    }
    if (result !== 'unavailable' && !result.succeeded) counters.retriedBatches++;
    const { done, learnt, remembered } = this.#queue.settle(batch, result);
    // Whoever reads here what was just written must find it.
    for (const { key, entry, revision } of learnt) follower.learn(epoch, key, entry, revision);
    this.#done.add(remembered);
    for (const each of done) {
      this.#count(each);
      this.#reply(each);
    }
    this.pump();
  }

  #count({ update, outcomes }: Done<Peer>): void {
    const { counters } = this.#parts;
    for (const [i, { code }] of outcomes.entries()) {
      if (code === CODE.OK) counters.changes++;
      else counters.refusedChanges++;
      if (code !== CODE.NOT_OWNER) continue;
      const key = textOfBlock(update.changes[i]!.block, 0);
      this.#tell({ event: 'ownerAlarm', hostId: update.hostId, key });
    }
  }

  #reply({ update, outcomes, code }: Done<Peer>): void {
    const { follower, clock, gate, send } = this.#parts;
    const at = { epoch: follower.epoch, revision: follower.revision };
    const length =
      code === CODE.OK
        ? writeOutcomes(this.#out, update.bytes, outcomes, at, 0, clock.unixS())
        : writeRefusal(this.#out, update.bytes, code, at, 0, clock.unixS());
    send(this.#out, gate.seal(this.#out, length), update.peer);
  }

  /** What the table has, in the form of the store. */
  #currentOf(block: Uint8Array): Current {
    const { table } = this.#parts;
    const record = table.find(block, 0);
    if (record === NO_RECORD || !table.isLive(record)) return { version: 0, value: undefined };
    const offset = table.offsetOf(record);
    const value = table.chunkOf(record).slice(offset, offset + table.answerLength(record));
    writeUint64(value, ANSWER_FIELD.VERSION, table.ownerOf(record));
    return { version: table.versionOf(record), value };
  }
}
