import type { StoreEntry, StoreEvent } from './backend.js';

/*
 * Records of the embedded store. All integers are big-endian, so that keys sort as numbers.
 *
 *   kv    key -> createRevision u64 | modRevision u64 | lease u64 | value
 *   log   revision u64 -> time f64 (Unix ms) | change*
 *         change: kind u8 | key length u16 | key | after? | before?
 *         kind: 1 = there is an `after`, 2 = there is a `before`; 1 put anew, 2 delete, 3 put over
 *         after, before: createRevision u64 | modRevision u64 | lease u64 | value length u32 | value
 *
 * `before` lets a listing show a past revision: it takes back, from the present, what later revisions did.
 */

/** What a revision did to a key. */
export interface Change {
  readonly key: Uint8Array;
  /** The entry it left; `undefined` if it deleted the key. */
  readonly after: StoreEntry | undefined;
  /** The entry it found; `undefined` if there was none. */
  readonly before: StoreEntry | undefined;
}

/** A revision of the log. */
export interface LogRecord {
  readonly revision: bigint;
  /** When it was written, in Unix milliseconds. */
  readonly timeMs: number;
  readonly changes: readonly Change[];
}

const STATE_LENGTH = 24;
const HAS_AFTER = 1;
const HAS_BEFORE = 2;

/** Octets of a u64. */
export function encodeU64(value: bigint): Buffer {
  const octets = Buffer.allocUnsafe(8);
  octets.writeBigUInt64BE(value);
  return octets;
}

/** The record of an entry in table `kv`. */
export function encodeEntry(entry: StoreEntry): Buffer {
  const octets = Buffer.allocUnsafe(STATE_LENGTH + entry.value.length);
  octets.set(entry.value, writeState(octets, 0, entry));
  return octets;
}

/** The entry in a record of table `kv`. Its value is a view of `record`. */
export function decodeEntry(key: Uint8Array, record: Buffer): StoreEntry {
  return {
    key,
    value: record.subarray(STATE_LENGTH),
    createRevision: record.readBigUInt64BE(0),
    modRevision: record.readBigUInt64BE(8),
    lease: record.readBigUInt64BE(16),
  };
}

/** A record of table `log`. */
export function encodeLogRecord(timeMs: number, changes: readonly Change[]): Buffer {
  const length = changes.reduce(
    (sum, { key, after, before }) => sum + 3 + key.length + stateLength(after) + stateLength(before),
    8,
  );
  const octets = Buffer.allocUnsafe(length);
  let at = octets.writeDoubleBE(timeMs, 0);
  for (const { key, after, before } of changes) {
    at = octets.writeUInt8((after ? HAS_AFTER : 0) | (before ? HAS_BEFORE : 0), at);
    at = octets.writeUInt16BE(key.length, at);
    octets.set(key, at);
    at += key.length;
    for (const entry of [after, before]) {
      if (entry === undefined) continue;
      at = octets.writeUInt32BE(entry.value.length, writeState(octets, at, entry));
      octets.set(entry.value, at);
      at += entry.value.length;
    }
  }
  return octets;
}

/** Reads a record of table `log`. Keys and values are views of `record`. @throws RangeError if it is damaged */
export function decodeLogRecord(revision: bigint, record: Buffer): LogRecord {
  const changes: Change[] = [];
  let at = 8;
  const readEntry = (key: Buffer): StoreEntry => {
    const valueAt = at + STATE_LENGTH + 4;
    const end = valueAt + record.readUInt32BE(at + STATE_LENGTH);
    if (end > record.length) throw new RangeError(`log record of revision ${revision} is cut`);
    const entry = { ...decodeEntry(key, record.subarray(at, at + STATE_LENGTH)), value: record.subarray(valueAt, end) };
    at = end;
    return entry;
  };
  while (at < record.length) {
    const kind = record.readUInt8(at);
    const keyEnd = at + 3 + record.readUInt16BE(at + 1);
    const key = record.subarray(at + 3, keyEnd);
    at = keyEnd;
    const after = kind & HAS_AFTER ? readEntry(key) : undefined;
    const before = kind & HAS_BEFORE ? readEntry(key) : undefined;
    changes.push({ key, after, before });
  }
  return { revision, timeMs: record.readDoubleBE(0), changes };
}

/** The event that watchers see of a change made by `revision`. */
export function eventOf({ key, after }: Change, revision: bigint): StoreEvent {
  return after === undefined ? { type: 'delete', key, modRevision: revision } : { type: 'put', ...after };
}

function stateLength(entry: StoreEntry | undefined): number {
  return entry === undefined ? 0 : STATE_LENGTH + 4 + entry.value.length;
}

function writeState(octets: Buffer, offset: number, entry: StoreEntry): number {
  let at = octets.writeBigUInt64BE(entry.createRevision, offset);
  at = octets.writeBigUInt64BE(entry.modRevision, at);
  return octets.writeBigUInt64BE(entry.lease, at);
}
