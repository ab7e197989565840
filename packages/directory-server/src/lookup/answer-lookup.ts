/** The data path: a LOOKUP in, its LOOKUP_REPLY out, question by question, without allocating. */
import {
  CODE,
  DATAGRAM_LENGTH_MAX,
  FLAG,
  HEADER_LENGTH,
  KIND,
  TAG_LENGTH,
  TYPE,
  answer,
  header,
  message,
  question,
  stamp,
} from '@overlane/directory';
import { read32 } from '@overlane/wire';
import type { Policy } from '../admit/policy.js';
import { NO_RECORD } from '../table/key-index.js';
import type { MappingTable } from '../table/mapping-table.js';
import { ANSWER_FIELD, ANSWER_LENGTH } from '../table/record.js';
import { CONTROLLER } from '../update/hosts.js';
import type { Counters } from './counters.js';

/** Who a datagram is known to be from; `undefined` if nobody proved it. */
export type HostId = number | undefined;

/** How far the table has followed the store. */
export interface Progress {
  /** False until the table has been whole once. */
  readonly isSynced: boolean;
  /** Generation of the store. */
  readonly epoch: number;
  /** Revision that the table shows. */
  readonly revision: number;
}

/** What answers are made from. */
export interface AnswererParts {
  readonly table: MappingTable;
  readonly policy: Policy;
  readonly progress: Progress;
  readonly counters: Counters;
  /** True where askers must prove that they host the source they name. */
  readonly attest: boolean;
  /** True if any host that proved itself may ask in the name of the infrastructure, about every tenant. */
  readonly trustHosts: boolean;
}

const SOURCE_OFFSET = HEADER_LENGTH;

/** Answers lookups from a table. */
export class Answerer {
  readonly #parts: AnswererParts;

  /** An answerer of these parts, which stay the caller's. */
  constructor(parts: AnswererParts) {
    this.#parts = parts;
  }

  /**
   * Writes the reply to the LOOKUP at `request[0..end)` into `out`, without a tag but with the flag AUTH if `isSealed`, and
   * returns its length; 0 if there is nothing to say. Unless `hostId` is known, the reply with its tag is never longer than
   * the request. Precondition: `message.check` passed. `out` has room for a datagram.
   */
  answer(
    request: Uint8Array,
    end: number,
    out: Uint8Array,
    hostId: HostId,
    isSealed: boolean,
    flags: number,
    unixS: number,
  ): number {
    const { progress, counters } = this.#parts;
    const limit = (hostId === undefined ? end : DATAGRAM_LENGTH_MAX) - (isSealed ? TAG_LENGTH : 0);
    const count = header.readCount(request, 0);
    const mayAsk = this.#mayAsk(request, hostId);
    let at = message.ANSWERS_OFFSET;
    let answered = 0;
    for (; answered < count; answered++) {
      const from = message.QUESTIONS_OFFSET + answered * question.LENGTH;
      const length = this.#answerOne(request, from, out, at, limit, mayAsk);
      if (length === 0) break;
      if (length < 0) {
        counters.dropsSyncing++;
        return 0;
      }
      at += length;
    }
    let allFlags = FLAG.RESPONSE | flags;
    if (isSealed) allFlags |= FLAG.AUTH;
    if (answered < count) {
      allFlags |= FLAG.TRUNCATED;
      counters.truncated++;
    }
    header.writeHeader(
      out,
      0,
      TYPE.LOOKUP_REPLY,
      allFlags,
      answered,
      CODE.OK,
      header.readTxidHi(request, 0),
      header.readTxidLo(request, 0),
      isSealed ? header.readKeyId(request, 0) : 0,
      unixS,
    );
    stamp.writeStamp(out, HEADER_LENGTH, progress.epoch, progress.revision);
    return at;
  }

  /** Writes one answer; returns its length, 0 if it does not fit, -1 if the table is not whole and so can't deny. */
  #answerOne(request: Uint8Array, from: number, out: Uint8Array, at: number, limit: number, mayAsk: boolean): number {
    const { table, policy, counters, progress } = this.#parts;
    // Policy and table are both asked in any case: a denied question must not be faster than an absent address.
    const record = table.find(request, from);
    const isAllowed = mayAsk && this.#allows(request, from);
    const isKnown = record !== NO_RECORD;
    if (isKnown && isAllowed && table.isLive(record)) {
      const chunk = table.chunkOf(record);
      const offset = table.offsetOf(record);
      if (isSameVersion(request, from, chunk, offset)) {
        if (at + ANSWER_LENGTH > limit) return 0;
        const version = question.readKnownVersion(request, from);
        answer.writeNegative(out, at, request, from, CODE.NOT_MODIFIED, version, answer.readTtl(chunk, offset));
        counters.questions++;
        counters.notModified++;
        return ANSWER_LENGTH;
      }
      const length = table.answerLength(record);
      if (at + length > limit) return 0;
      for (let i = 0; i < length; i++) out[at + i] = chunk[offset + i]!;
      counters.questions++;
      counters.found++;
      return length;
    }
    if (!progress.isSynced) return -1;
    if (at + ANSWER_LENGTH > limit) return 0;
    const version = isKnown && isAllowed ? table.versionOf(record) : 0;
    const code = !isAllowed && policy.discloseDenied ? CODE.DENIED : CODE.NOT_FOUND;
    answer.writeNegative(out, at, request, from, code, version, 0);
    counters.questions++;
    counters.notFound++;
    if (!isAllowed) counters.denied++;
    return ANSWER_LENGTH;
  }

  /** Whether the asker may speak for the source it names. */
  #mayAsk(request: Uint8Array, hostId: HostId): boolean {
    const { attest, trustHosts, table } = this.#parts;
    if (!attest || hostId === CONTROLLER) return true;
    if (hostId === undefined) return false;
    if (request[SOURCE_OFFSET + 4] === KIND.INFRASTRUCTURE) return trustHosts;
    const record = table.find(request, SOURCE_OFFSET);
    return record !== NO_RECORD && table.isLive(record) && table.ownerOf(record) === hostId;
  }

  #allows(request: Uint8Array, from: number): boolean {
    // Whoever may speak for the infrastructure has no tenant that could be kept apart from others.
    if (request[SOURCE_OFFSET + 4] === KIND.INFRASTRUCTURE) return true;
    return this.#parts.policy.allows(request, SOURCE_OFFSET, request, from);
  }
}

/** Whether the question at `request[from..]` knows the version of the record at `chunk[offset..]`. */
function isSameVersion(request: Uint8Array, from: number, chunk: Uint8Array, offset: number): boolean {
  const known = from + ANSWER_FIELD.VERSION;
  return (
    read32(request, known + 4) === read32(chunk, offset + ANSWER_FIELD.VERSION + 4) &&
    read32(request, known) === read32(chunk, offset + ANSWER_FIELD.VERSION)
  );
}
