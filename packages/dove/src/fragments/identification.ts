import type { IpAddress } from '@overlane/wire';
import { hashWords } from './hash.js';

const BUCKETS = 1024;

/**
 * Identifications for fragmented payloads. Every (peer, instance) has a sequence of its own that starts anywhere and
 * counts by one or more, so that no peer can tell from its own what others get. Choice: the counters are shared by
 * bucket, and each sequence is shifted by a keyed hash (RFC 7739 §5.3): 4 KiB, however many peers there are, and an
 * identification still returns only after 2^32 others.
 */
export class Identifications {
  readonly #seed: number;
  readonly #counters = new Int32Array(BUCKETS);

  /** `seed`: 32 bits that outsiders can't guess, and that differ after a restart. */
  constructor(seed: number) {
    this.#seed = seed;
  }

  /** The next one for this peer and instance: 32 bits, signed, so that V8 doesn't box it. */
  take(peer: IpAddress, instanceId: number): number {
    const shift = hashWords(this.#seed, peer, instanceId);
    const bucket = (shift >>> 16) % BUCKETS;
    return (shift + this.#counters[bucket]!++) | 0;
  }
}
