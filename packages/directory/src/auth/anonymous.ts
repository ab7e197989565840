/**
 * What keeps an unauthenticated lookup from being a weapon. A reply is never longer than its request, so the client pads the
 * request by what it expects; and past a rate the server answers an address only if it repeats a cookie sent there.
 */
import { write16 } from '@overlane/wire';
import { COOKIE_LENGTH, DATAGRAM_LENGTH_MAX, HEADER_LENGTH } from '../old1/constants.js';
import * as question from '../old1/question.js';
import * as source from '../old1/source.js';
import { type Hmac, equalsInConstantTime } from './hmac.js';

/** Octets of reply that a padded request leaves for each question: an answer with one locator, and 8 to spare. */
const ROOM_PER_QUESTION = 80;
/** Octets of reply beside the answers. */
const ROOM_FIXED = 24;

/**
 * Zeros behind the questions of an unauthenticated lookup: the request gets 72 + 80 octets per question, but no more than a
 * datagram may have. `cookieLength` is 16 with a cookie, else 0.
 */
export function paddingFor(questions: number, cookieLength: number): number {
  const bare = HEADER_LENGTH + source.LENGTH + questions * question.LENGTH + cookieLength;
  const wanted = HEADER_LENGTH + source.LENGTH + questions * ROOM_PER_QUESTION + ROOM_FIXED;
  return Math.max(0, Math.min(wanted, DATAGRAM_LENGTH_MAX) - bare);
}

/** Zeros that make a lookup as long as a datagram may be: for answers with many locators. */
export function paddingToFull(questions: number, cookieLength: number): number {
  return DATAGRAM_LENGTH_MAX - HEADER_LENGTH - source.LENGTH - questions * question.LENGTH - cookieLength;
}

/** What cookies are made of. */
export interface CookieMintOptions {
  /** HMAC-SHA256. */
  readonly hmac: Hmac;
  /** Fresh secrets: 32 octets from a CSPRNG. */
  readonly newSecret: () => Uint8Array;
  /** Life of a secret, in ms. Default one hour. A cookie is good for one to two lives. */
  readonly secretLifeMs?: number;
}

/** Cookies that prove an address: HMAC(secret of the hour, address, port). Keeps nothing per client. */
export class CookieMint {
  readonly #hmac: Hmac;
  readonly #newSecret: () => Uint8Array;
  readonly #lifeMs: number;
  readonly #port = new Uint8Array(2);
  #secret: Uint8Array;
  #previous: Uint8Array;
  #turnsAtMs: number;

  /** A mint whose first secret lives from `nowMs` on. */
  constructor({ hmac, newSecret, secretLifeMs = 3_600_000 }: CookieMintOptions, nowMs: number) {
    this.#hmac = hmac;
    this.#newSecret = newSecret;
    this.#lifeMs = secretLifeMs;
    this.#secret = newSecret();
    this.#previous = newSecret();
    this.#turnsAtMs = nowMs + secretLifeMs;
  }

  /** The cookie of an address (4 or 16 octets, or any other name of it) and port: 16 octets or more of which 16 count. */
  issue(address: Uint8Array, port: number, nowMs: number): Uint8Array {
    this.#turn(nowMs);
    return this.#digest(this.#secret, address, port);
  }

  /** True if the 16 octets at `offset` are a cookie of this address and port. */
  verify(address: Uint8Array, port: number, bytes: Uint8Array, offset: number, nowMs: number): boolean {
    this.#turn(nowMs);
    const isCurrent = equalsInConstantTime(this.#digest(this.#secret, address, port), 0, bytes, offset, COOKIE_LENGTH);
    const isPrevious = equalsInConstantTime(
      this.#digest(this.#previous, address, port),
      0,
      bytes,
      offset,
      COOKIE_LENGTH,
    );
    return isCurrent || isPrevious;
  }

  #digest(secret: Uint8Array, address: Uint8Array, port: number): Uint8Array {
    write16(this.#port, 0, port);
    // The port goes first: it has a fixed length, so no two pairs spell the same octets.
    return this.#hmac(secret, this.#port, address);
  }

  #turn(nowMs: number): void {
    if (nowMs < this.#turnsAtMs) return;
    const missedAll = nowMs >= this.#turnsAtMs + this.#lifeMs;
    this.#previous = missedAll ? this.#newSecret() : this.#secret;
    this.#secret = this.#newSecret();
    this.#turnsAtMs = nowMs + this.#lifeMs;
  }
}
