/** Replies other than answers. Each writer returns the length without the tag; `Gate.seal` adds that. */
import {
  CODE,
  FLAG,
  HEADER_LENGTH,
  TAG_LENGTH,
  TYPE,
  header,
  pong,
  result,
  stamp,
  writeUint53,
} from '@overlane/directory';
import type { Gate } from '../lookup/gate.js';
import type { Outcome } from '../update/update.js';

/** How far a server is, as replies say it. */
export interface Stamp {
  readonly epoch: number;
  readonly revision: number;
}

/** How a server is, as PONG says it. */
export interface State {
  readonly stamp: Stamp;
  readonly flags: number;
  readonly lagMs: number;
  readonly loadPermille: number;
}

/** Type of the reply to a request. */
function replyTypeOf(request: Uint8Array): number {
  return header.readType(request, 0) === TYPE.UPDATE ? TYPE.UPDATE_REPLY : TYPE.LOOKUP_REPLY;
}

/** Writes the header of the reply to `request`, with its transaction id, and its key id if it had a tag. */
function writeReplyHeader(
  out: Uint8Array,
  request: Uint8Array,
  type: number,
  flags: number,
  count: number,
  code: number,
  unixS: number,
): void {
  const auth = header.readFlags(request, 0) & FLAG.AUTH;
  const [txidHi, txidLo] = [header.readTxidHi(request, 0), header.readTxidLo(request, 0)];
  const keyId = auth === 0 ? 0 : header.readKeyId(request, 0);
  header.writeHeader(out, 0, type, FLAG.RESPONSE | auth | flags, count, code, txidHi, txidLo, keyId, unixS);
}

/** PONG. */
export function writePong(out: Uint8Array, request: Uint8Array, state: State, unixS: number): number {
  writeReplyHeader(out, request, TYPE.PONG, state.flags, 0, CODE.OK, unixS);
  const lagMs = Math.min(Math.round(state.lagMs), 0xffff_ffff);
  const body = { stamp: state.stamp, lagMs, loadPermille: Math.min(Math.max(0, Math.round(state.loadPermille)), 1000) };
  pong.write(body, out, HEADER_LENGTH);
  return HEADER_LENGTH + pong.LENGTH;
}

/** The reply that refuses a LOOKUP or an UPDATE as a whole. */
export function writeRefusal(
  out: Uint8Array,
  request: Uint8Array,
  code: number,
  at: Stamp,
  flags: number,
  unixS: number,
): number {
  writeReplyHeader(out, request, replyTypeOf(request), flags, 0, code, unixS);
  stamp.writeStamp(out, HEADER_LENGTH, at.epoch, at.revision);
  return HEADER_LENGTH + stamp.LENGTH;
}

/** UPDATE_REPLY with what became of each change. */
export function writeOutcomes(
  out: Uint8Array,
  request: Uint8Array,
  outcomes: readonly Outcome[],
  at: Stamp,
  flags: number,
  unixS: number,
): number {
  writeReplyHeader(out, request, TYPE.UPDATE_REPLY, flags, outcomes.length, CODE.OK, unixS);
  stamp.writeStamp(out, HEADER_LENGTH, at.epoch, at.revision);
  let offset = HEADER_LENGTH + stamp.LENGTH;
  for (const { code, version } of outcomes) {
    out.fill(0, offset, offset + result.LENGTH);
    writeUint53(out, offset, version);
    out[offset + 8] = code;
    offset += result.LENGTH;
  }
  return offset;
}

/**
 * BAD_VERSION, for a datagram of another version of the protocol whose tag is good: a newer client may then fall back. 0 for
 * any other, for whoever can't show a key gets nothing that he could not read himself.
 */
export function writeBadVersion(
  out: Uint8Array,
  request: Uint8Array,
  end: number,
  gate: Gate,
  at: Stamp,
  unixS: number,
): number {
  if (end < HEADER_LENGTH + TAG_LENGTH || gate.admit(request, end) !== 'verified') return 0;
  return writeRefusal(out, request, CODE.BAD_VERSION, at, 0, unixS);
}
