/**
 * Keys of hosts. A host key is HMAC(master key of the epoch, "host" || host id), so a server knows all of them by the
 * masters. Two epochs are valid while keys are changed.
 */
import { write32 } from '@overlane/wire';
import type { Hmac } from './hmac.js';

/** Which messages carry tags that are verified. */
export type AuthMode =
  /** None at all: for a lab on loopback. */
  | 'none'
  /** Replies, updates, reports and corrections. Lookups carry a tag that the server doesn't look at, so to §4.3 they are anonymous. */
  | 'reply'
  /** All. */
  | 'mutual';

/** Largest host id: 24 bits. */
export const HOST_ID_MAX = 0xff_ffff;
/** Host id of the controller, whose key may write any mapping. */
export const CONTROLLER_HOST_ID = 0;

/** Key id of a header: key epoch 0..255 and host id 0..2^24-1. */
export function makeKeyId(keyEpoch: number, hostId: number): number {
  return ((keyEpoch << 24) | hostId) >>> 0;
}

/** Key epoch of a key id. */
export function keyEpochOf(keyId: number): number {
  return keyId >>> 24;
}

/** Host id of a key id. */
export function hostIdOf(keyId: number): number {
  return keyId & HOST_ID_MAX;
}

const HOST_LABEL = Uint8Array.of(0x68, 0x6f, 0x73, 0x74);

/** The key of a host, 32 octets in new memory. */
export function deriveHostKey(hmac: Hmac, masterKey: Uint8Array, hostId: number): Uint8Array {
  const id = new Uint8Array(4);
  write32(id, 0, hostId);
  return hmac(masterKey, HOST_LABEL, id);
}

/** What a key ring holds. */
export interface KeyRingOptions {
  /** HMAC-SHA256. */
  readonly hmac: Hmac;
  /** Master keys by key epoch, 0..255. At most two: the old and the new. */
  readonly masters: ReadonlyMap<number, Uint8Array>;
  /** Most derived keys to remember. Default 16,384: 4 MB. */
  readonly keysMax?: number;
}

/** All host keys, by their masters. Derived keys are remembered, so that a busy host costs one HMAC less per datagram. */
export class KeyRing {
  readonly #hmac: Hmac;
  readonly #masters: ReadonlyMap<number, Uint8Array>;
  readonly #keysMax: number;
  readonly #derived = new Map<number, Uint8Array>();

  /** A ring over these masters. @throws RangeError for more than two masters, an epoch beyond 8 bits, a key below 16 octets */
  constructor({ hmac, masters, keysMax = 16_384 }: KeyRingOptions) {
    if (masters.size > 2) throw new RangeError(`${masters.size} master keys; two epochs are valid at a time`);
    for (const [epoch, key] of masters) {
      if (!(Number.isInteger(epoch) && epoch >= 0 && epoch <= 255))
        throw new RangeError(`key epoch ${epoch} is not in 0..255`);
      if (key.length < 16)
        throw new RangeError(`master key of epoch ${epoch} has ${key.length} octets, needs 16 or more`);
    }
    this.#hmac = hmac;
    this.#masters = masters;
    this.#keysMax = keysMax;
  }

  /** The key for a key id, or `undefined` if its epoch is not valid here. Owned by the ring: read only. */
  keyOf(keyId: number): Uint8Array | undefined {
    const known = this.#derived.get(keyId);
    if (known !== undefined) return known;
    const master = this.#masters.get(keyEpochOf(keyId));
    if (master === undefined) return undefined;
    const key = deriveHostKey(this.#hmac, master, hostIdOf(keyId));
    // All at once: which of the keys is least used is not worth a write per datagram.
    if (this.#derived.size >= this.#keysMax) this.#derived.clear();
    this.#derived.set(keyId, key);
    return key;
  }
}
