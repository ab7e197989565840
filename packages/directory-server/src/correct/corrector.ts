/**
 * Corrects hosts that use stale mappings (VL2 §4.3, reactive cache update): a host that gets a packet for an address it does
 * not have reports who sent it, and that sender is told where the address is now. Repeated until it says that it knows.
 */
import { CODE, FLAG, HEADER_LENGTH, TAG_LENGTH, TYPE, answer, header, message, stamp } from '@overlane/directory';
import type { Progress } from '../lookup/answer-lookup.js';
import type { Counters } from '../lookup/counters.js';
import type { MappingTable } from '../table/mapping-table.js';
import type { ControlPoint } from '../update/hosts.js';

/** When CORRECT is sent again, in ms after the first time. */
export const REPEAT_MS: readonly number[] = [50, 150, 350];
/** How long the last repetition is waited for. */
const GIVE_UP_MS = 750;
/** Corrections under way, at most. More are not begun: the next report comes within a second. */
const OUTSTANDING_MAX = 4096;

/** What a corrector works with. */
export interface CorrectorParts {
  readonly table: MappingTable;
  readonly progress: Progress;
  readonly counters: Counters;
  /** Key id for datagrams to a host; `undefined` where nothing is authenticated. */
  readonly keyIdOf: (hostId: number) => number | undefined;
  /** 64 random bits, in two halves. */
  readonly newTxid: () => readonly [number, number];
  /** Sends `bytes[0..length)` to a host; behind that there is room for a tag, if it has the flag AUTH. */
  readonly send: (bytes: Uint8Array, length: number, to: ControlPoint) => void;
}

interface Outstanding {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly length: number;
  readonly to: ControlPoint;
  readonly sinceMs: number;
  repeated: number;
}

/** Corrections under way. */
export class Corrector {
  readonly #parts: CorrectorParts;
  readonly #byTxid = new Map<string, Outstanding>();
  readonly #names = new Set<string>();

  /** Nothing under way. */
  constructor(parts: CorrectorParts) {
    this.#parts = parts;
  }

  /** Corrections that are not acknowledged yet. */
  get length(): number {
    return this.#byTxid.size;
  }

  /** Tells `to` what the table has in `record`, unless that is under way already. */
  correct(record: number, to: ControlPoint, nowMs: number, unixS: number): void {
    const { table, progress, counters, keyIdOf, newTxid, send } = this.#parts;
    const chunk = table.chunkOf(record);
    const offset = table.offsetOf(record);
    const name = `${to.hostId}:${String.fromCharCode(...chunk.subarray(offset, offset + 5), ...chunk.subarray(offset + 8, offset + 24))}`;
    if (this.#names.has(name) || this.#byTxid.size >= OUTSTANDING_MAX) return;
    const keyId = keyIdOf(to.hostId);
    const answerLength = table.answerLength(record);
    const length = message.ANSWERS_OFFSET + answerLength;
    const bytes = new Uint8Array(length + TAG_LENGTH);
    const [txidHi, txidLo] = newTxid();
    const flags = keyId === undefined ? 0 : FLAG.AUTH;
    header.writeHeader(bytes, 0, TYPE.CORRECT, flags, 1, CODE.OK, txidHi, txidLo, keyId ?? 0, unixS);
    stamp.writeStamp(bytes, HEADER_LENGTH, progress.epoch, progress.revision);
    if (table.isLive(record)) bytes.set(chunk.subarray(offset, offset + answerLength), message.ANSWERS_OFFSET);
    else answer.writeNegative(bytes, message.ANSWERS_OFFSET, chunk, offset, CODE.NOT_FOUND, table.versionOf(record), 0);
    this.#names.add(name);
    this.#byTxid.set(`${txidHi}:${txidLo}`, { name, bytes, length, to, sinceMs: nowMs, repeated: 0 });
    counters.corrections++;
    send(bytes, length, to);
  }

  /** A CORRECT_ACK from `hostId` (`undefined` where nobody is authenticated). True if it ends a correction. */
  acknowledge(txidHi: number, txidLo: number, hostId: number | undefined): boolean {
    const txid = `${txidHi}:${txidLo}`;
    const outstanding = this.#byTxid.get(txid);
    if (outstanding === undefined || (hostId !== undefined && hostId !== outstanding.to.hostId)) return false;
    this.#end(txid, outstanding);
    return true;
  }

  /** Sends again what is due. To be called every few tens of milliseconds. */
  tick(nowMs: number): void {
    for (const [txid, outstanding] of this.#byTxid) {
      const passedMs = nowMs - outstanding.sinceMs;
      if (passedMs >= GIVE_UP_MS) {
        this.#parts.counters.unacknowledged++;
        this.#end(txid, outstanding);
      } else if (passedMs >= (REPEAT_MS[outstanding.repeated] ?? Infinity)) {
        outstanding.repeated++;
        this.#parts.counters.corrections++;
        this.#parts.send(outstanding.bytes, outstanding.length, outstanding.to);
      }
    }
  }

  #end(txid: string, { name }: Outstanding): void {
    this.#byTxid.delete(txid);
    this.#names.delete(name);
  }
}
