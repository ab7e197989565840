import type { Locator, MappingKey, StoreStamp } from '../model.js';
import type { Answer } from './answer.js';
import type { Change } from './change.js';
import type { TYPE } from './constants.js';
import type { ServerState } from './pong.js';
import type { Question } from './question.js';
import type { ChangeResult } from './result.js';

/** What every message says. Flags that follow from the rest (RESPONSE, AUTH, COOKIE) are not repeated. */
export interface Envelope {
  /** Upper half of the transaction id, 0..2^32-1. */
  readonly txidHi: number;
  /** Lower half of the transaction id, 0..2^32-1. */
  readonly txidLo: number;
  /** Key epoch (8 bits) and host id (24 bits); 0 without a tag. */
  readonly keyId: number;
  /** Sender's clock, Unix seconds modulo 2^32. */
  readonly time: number;
  /** The 16 octets of the tag as they stand, `UNSEALED` before sealing; `undefined` without AUTH. */
  readonly tag: Uint8Array | undefined;
}

/** What every reply says in addition. */
export interface ReplyEnvelope extends Envelope {
  /** STALE, TRUNCATED and SYNCING of `FLAG`, where the type allows them. */
  readonly flags: number;
  /** Outcome of the whole message, see `CODE`. */
  readonly code: number;
}

/** LOOKUP: where are these addresses? */
export interface Lookup extends Envelope {
  readonly type: typeof TYPE.LOOKUP;
  /** Who asks; kind 0 is the host itself. */
  readonly source: MappingKey;
  /** 1..16 questions. */
  readonly questions: readonly Question[];
  /** 16 octets of a CHALLENGE, if the server asked for them. */
  readonly cookie: Uint8Array | undefined;
  /** Octets of zeros behind the questions. */
  readonly padding: number;
}

/** LOOKUP_REPLY: here they are. */
export interface LookupReply extends ReplyEnvelope {
  readonly type: typeof TYPE.LOOKUP_REPLY;
  /** How far the server has followed its store. */
  readonly stamp: StoreStamp;
  /** 0..16 answers in the order of the questions; with TRUNCATED the first that fit. */
  readonly answers: readonly Answer[];
}

/** UPDATE: change these mappings. */
export interface Update extends Envelope {
  readonly type: typeof TYPE.UPDATE;
  /** 1..8 changes, each committed or refused on its own. */
  readonly changes: readonly Change[];
}

/** UPDATE_REPLY: what became of the changes, after the commit. */
export interface UpdateReply extends ReplyEnvelope {
  readonly type: typeof TYPE.UPDATE_REPLY;
  /** How far the server has followed its store. */
  readonly stamp: StoreStamp;
  /** One result for each change, in their order; none if the whole message was refused. */
  readonly results: readonly ChangeResult[];
}

/** CORRECT: you used a stale entry; here is what holds. Sent by a server unasked. */
export interface Correct extends Envelope {
  readonly type: typeof TYPE.CORRECT;
  /** STALE of `FLAG`, or 0. */
  readonly flags: number;
  /** How far the server has followed its store. */
  readonly stamp: StoreStamp;
  /** 1..16 answers; NOT_FOUND is a delete. */
  readonly answers: readonly Answer[];
}

/** CORRECT_ACK: taken; repeats the transaction id of CORRECT. */
export interface CorrectAck extends Envelope {
  readonly type: typeof TYPE.CORRECT_ACK;
  /** Outcome, see `CODE`. */
  readonly code: number;
  /** Newest stamp that the client has seen. */
  readonly stamp: StoreStamp;
}

/** STALE_REPORT: somebody sent me a packet for an address that isn't here. */
export interface StaleReport extends Envelope {
  readonly type: typeof TYPE.STALE_REPORT;
  /** Outer source of the packet: the host to correct. */
  readonly sender: Locator;
  /** 1..16 addresses, each with the version that the reporter last knew. */
  readonly questions: readonly Question[];
}

/** PING: are you there? */
export interface Ping extends Envelope {
  readonly type: typeof TYPE.PING;
}

/** PONG: yes, and this is how I am. */
export interface Pong extends ReplyEnvelope {
  readonly type: typeof TYPE.PONG;
  /** How the server is. */
  readonly state: ServerState;
}

/** CHALLENGE: ask again with this cookie, so that I know the address is yours. */
export interface Challenge extends Envelope {
  readonly type: typeof TYPE.CHALLENGE;
  /** Outcome, see `CODE`. */
  readonly code: number;
  /** 16 octets to repeat. */
  readonly cookie: Uint8Array;
}

/** Any datagram of OLD/1. */
export type Message =
  Lookup | LookupReply | Update | UpdateReply | Correct | CorrectAck | StaleReport | Ping | Pong | Challenge;
