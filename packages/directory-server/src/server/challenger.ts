import {
  COOKIE_LENGTH,
  CookieMint,
  FLAG,
  HEADER_LENGTH,
  TAG_LENGTH,
  TYPE,
  header,
  message,
  question,
} from '@overlane/directory';
import { TokenBuckets } from '../admit/token-buckets.js';
import type { Clock } from '../clock.js';
import type { Counters } from '../lookup/counters.js';
import type { Gate } from '../lookup/gate.js';
import { networkOf } from './network-of.js';
import type { Peer, ServerParts } from './options.js';

/** What a challenger works with. */
export interface ChallengerParts extends Pick<ServerParts, 'hmac' | 'random32' | 'settings' | 'send'> {
  readonly clock: Clock;
  readonly counters: Counters;
  readonly gate: Gate;
}

/**
 * Keeps lookups that nobody signed from flooding third parties: beyond a rate per network, only those are answered that
 * repeat a cookie, which proves that the sender's address is its own.
 */
export class Challenger {
  readonly #parts: ChallengerParts;
  readonly #rate: TokenBuckets;
  readonly #mint: CookieMint;
  readonly #out = new Uint8Array(HEADER_LENGTH + COOKIE_LENGTH + TAG_LENGTH);

  /** A challenger with fresh secrets. */
  constructor(parts: ChallengerParts) {
    this.#parts = parts;
    this.#rate = new TokenBuckets({ perSecond: parts.settings.anonRate });
    const newSecret = (): Uint8Array => {
      const words = Uint32Array.from({ length: 8 }, () => parts.random32());
      return new Uint8Array(words.buffer);
    };
    this.#mint = new CookieMint({ hmac: parts.hmac, newSecret }, parts.clock.monotonicMs());
  }

  /** True if the LOOKUP at `bytes[0..end)` is not to be answered; its sender has then been sent a cookie. */
  challenges(bytes: Uint8Array, end: number, peer: Peer, nowMs: number): boolean {
    const { settings, counters, clock, gate, send } = this.#parts;
    if (settings.anonRate === Infinity || this.#rate.take(networkOf(peer.address), nowMs)) return false;
    const flags = header.readFlags(bytes, 0);
    const name = Uint8Array.from(peer.address, (letter) => letter.charCodeAt(0));
    if ((flags & FLAG.COOKIE) !== 0) {
      const at = message.QUESTIONS_OFFSET + header.readCount(bytes, 0) * question.LENGTH;
      if (this.#mint.verify(name, peer.port, bytes, at, nowMs)) return false;
    }
    const auth = flags & FLAG.AUTH;
    const [txidHi, txidLo] = [header.readTxidHi(bytes, 0), header.readTxidLo(bytes, 0)];
    const keyId = auth === 0 ? 0 : header.readKeyId(bytes, 0);
    header.writeHeader(this.#out, 0, TYPE.CHALLENGE, FLAG.RESPONSE | auth, 0, 0, txidHi, txidLo, keyId, clock.unixS());
    this.#out.set(this.#mint.issue(name, peer.port, nowMs).subarray(0, COOKIE_LENGTH), HEADER_LENGTH);
    const length = gate.seal(this.#out, HEADER_LENGTH + COOKIE_LENGTH);
    counters.challenges++;
    // A lookup is at least 80 octets long, so this is shorter.
    if (length <= end) send(this.#out, length, peer);
    return true;
  }
}
