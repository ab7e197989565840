/** An update on its way: the changes of one datagram, who wants them, and what became of them. */
import { CODE, change, header, message } from '@overlane/directory';
import { storeKeyOf, updateKeyOf } from '../follow/store-layout.js';
import { KEY_BLOCK_LENGTH } from '../table/key-index.js';
import { type Verdict, readChangeKey } from './authority.js';

/** Outcome of a change, as it goes on the wire. */
export interface Outcome {
  readonly code: number;
  /** Revision that wrote it, or the present one for VERSION_MISMATCH; else 0. */
  readonly version: number;
}

/** One change of an update. */
export interface PendingChange {
  /** Where it stands in the datagram. */
  readonly offset: number;
  /** Tenant, kind and address, 24 octets. */
  readonly block: Uint8Array;
  /** Its key in the store. */
  readonly key: Uint8Array;
  /** The same as text, for sets. */
  readonly keyText: string;
}

/** An update of one datagram. All its changes are judged and written in one transaction. */
export class Update<Peer> {
  /** The datagram. */
  readonly bytes: Uint8Array;
  /** Where the reply goes. */
  readonly peer: Peer;
  /** Who asks; 0 is the controller. */
  readonly hostId: number;
  /** When it came. */
  readonly sinceMs: number;
  /** Its changes, in order. */
  readonly changes: readonly PendingChange[];
  /** Changes whose key an earlier change of the same datagram has: those are refused. */
  readonly repeated: ReadonlySet<PendingChange>;

  /** Copies the datagram, whose octets the caller keeps. Precondition: `message.check` passed, and the tag is good. */
  constructor(bytes: Uint8Array, end: number, peer: Peer, hostId: number, nowMs: number) {
    this.bytes = bytes.slice(0, end);
    this.peer = peer;
    this.hostId = hostId;
    this.sinceMs = nowMs;
    const changes: PendingChange[] = [];
    const repeated = new Set<PendingChange>();
    let offset = message.CHANGES_OFFSET;
    for (let i = 0; i < header.readCount(this.bytes, 0); i++) {
      const block = new Uint8Array(KEY_BLOCK_LENGTH);
      readChangeKey(this.bytes, offset, block);
      const keyText = String.fromCharCode(...block);
      const pending = { offset, block, key: storeKeyOf(block, 0), keyText };
      if (changes.some((other) => other.keyText === keyText)) repeated.add(pending);
      changes.push(pending);
      offset += change.readHeaderLength(this.bytes, offset);
    }
    this.changes = changes;
    this.repeated = repeated;
  }

  /** Key id of the sender. */
  get keyId(): number {
    return header.readKeyId(this.bytes, 0);
  }

  /** Key in the store that remembers this update. */
  get doneKey(): Uint8Array<ArrayBuffer> {
    return updateKeyOf(this.keyId, header.readTxidHi(this.bytes, 0), header.readTxidLo(this.bytes, 0));
  }

  /** Name of the update: who sent it, and its transaction id. */
  get id(): string {
    return `${this.keyId}:${header.readTxidHi(this.bytes, 0)}:${header.readTxidLo(this.bytes, 0)}`;
  }
}

const OUTCOME_LENGTH = 9;
const TIME_LENGTH = 4;

/** Outcomes as the store remembers them: when (Unix seconds), then nine octets for each change, code and version. */
export function encodeOutcomes(verdicts: readonly Verdict[], unixS: number): Uint8Array<ArrayBuffer> {
  const value = new Uint8Array(TIME_LENGTH + verdicts.length * OUTCOME_LENGTH);
  const view = new DataView(value.buffer);
  view.setUint32(0, unixS);
  verdicts.forEach((verdict, i) => {
    const at = TIME_LENGTH + i * OUTCOME_LENGTH;
    value[at] = verdict.code;
    // What was written has the revision of the entry that remembers it.
    if (verdict.code !== CODE.OK) view.setBigUint64(at + 1, BigInt(verdict.version));
  });
  return value;
}

/** Reads what `encodeOutcomes` wrote, in an entry of revision `revision`; `undefined` if the value is none. */
export function decodeOutcomes(value: Uint8Array, revision: number): Outcome[] | undefined {
  if (value.length < TIME_LENGTH || (value.length - TIME_LENGTH) % OUTCOME_LENGTH !== 0) return undefined;
  const view = new DataView(value.buffer, value.byteOffset, value.length);
  return Array.from({ length: (value.length - TIME_LENGTH) / OUTCOME_LENGTH }, (_, i) => {
    const at = TIME_LENGTH + i * OUTCOME_LENGTH;
    const code = value[at]!;
    return { code, version: code === CODE.OK ? revision : Number(view.getBigUint64(at + 1)) };
  });
}

/** When an update was remembered, in Unix seconds; 0 if the value is none. */
export function readDoneS(value: Uint8Array): number {
  return value.length < TIME_LENGTH ? 0 : new DataView(value.buffer, value.byteOffset, value.length).getUint32(0);
}
