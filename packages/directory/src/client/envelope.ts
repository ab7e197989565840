/** Heads and tags of what a client sends and takes. */
import { makeKeyId } from '../auth/keys.js';
import { seal, verify } from '../auth/tag.js';
import { FLAG, TYPE } from '../old1/constants.js';
import * as header from '../old1/header.js';
import { type Message, UNSEALED, encode } from '../old1/message.js';
import type { ClientAuth } from './options.js';

/** A message without what the envelope adds. */
type Bare<M> = M extends Message ? Omit<M, 'txidHi' | 'txidLo' | 'keyId' | 'time' | 'tag'> : never;

/** Makes datagrams of messages, and judges those that come in. */
export class ClientEnvelope {
  /** True if lookups are verified by the server, so that §4.3 does not bind its replies. */
  readonly isVerified: boolean;
  readonly #auth: ClientAuth | undefined;
  readonly #keyId: number;
  readonly #unixSeconds: () => number;

  /** An envelope with these keys; without, or in the mode `none`, there are no tags. */
  constructor(auth: ClientAuth | undefined, unixSeconds: () => number) {
    this.#auth = auth?.mode === 'none' ? undefined : auth;
    this.isVerified = auth?.mode === 'mutual';
    this.#keyId = this.#auth === undefined ? 0 : makeKeyId(this.#auth.keyEpoch, this.#auth.hostId);
    this.#unixSeconds = unixSeconds;
  }

  /** Encodes and seals, into new memory that the caller owns. @throws CodecError if the message can't be encoded */
  wrap(message: Bare<Message>, txidHi: number, txidLo: number): Uint8Array {
    const tag = this.#auth === undefined ? undefined : UNSEALED;
    const time = Math.floor(this.#unixSeconds()) >>> 0;
    const datagram = encode({ ...message, txidHi, txidLo, keyId: this.#keyId, time, tag } as Message);
    if (this.#auth !== undefined) seal(this.#auth.hmac, this.#auth.key, 'toServer', datagram);
    return datagram;
  }

  /** True if a datagram that passed `message.check` comes from who it should. */
  isGenuine(datagram: Uint8Array): boolean {
    if (this.#auth === undefined) return true;
    const isTagged = (header.readFlags(datagram, 0) & FLAG.AUTH) !== 0;
    // In the mode `reply` the server does not know yet who asks; the transaction id has to do.
    if (!isTagged) return !this.isVerified && header.readType(datagram, 0) === TYPE.CHALLENGE;
    if (header.readKeyId(datagram, 0) !== this.#keyId) return false;
    return verify(this.#auth.hmac, this.#auth.key, 'toClient', datagram);
  }
}
