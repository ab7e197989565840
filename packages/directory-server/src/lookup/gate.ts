/** Who a datagram is from: its tag, and whether tags are asked for at all. */
import {
  type AuthMode,
  FLAG,
  type Hmac,
  type KeyRing,
  TAG_LENGTH,
  TYPE,
  header,
  hostIdOf,
  seal,
  verify,
} from '@overlane/directory';
import type { HostId } from './answer-lookup.js';

/** How datagrams are authenticated. */
export interface GateOptions {
  /** Which messages need a tag. */
  readonly mode: AuthMode;
  /** Keys of all hosts; `undefined` in mode `none`. */
  readonly keys: KeyRing | undefined;
  /** HMAC-SHA256. */
  readonly hmac: Hmac;
}

/** What the gate says of a datagram. */
export type Admission =
  /** Nobody knows from whom, and where that is allowed. */
  | 'anonymous'
  /** From the host in its key id. */
  | 'verified'
  | 'E_OLD_UNAUTHENTICATED';

/** The gate. Failed tags get no reply, only a count. */
export class Gate {
  readonly #mode: AuthMode;
  readonly #keys: KeyRing | undefined;
  readonly #hmac: Hmac;

  /** A gate. @throws RangeError for a mode that needs keys without any */
  constructor({ mode, keys, hmac }: GateOptions) {
    if (mode !== 'none' && keys === undefined) throw new RangeError(`mode '${mode}' needs a key ring`);
    this.#mode = mode;
    this.#keys = mode === 'none' ? undefined : keys;
    this.#hmac = hmac;
  }

  /** Which messages need a tag. */
  get mode(): AuthMode {
    return this.#mode;
  }

  /** Judges `bytes[0..end)`. Precondition: `message.check` passed, but for the version and what depends on it. */
  admit(bytes: Uint8Array, end: number): Admission {
    const isTagged = (header.readFlags(bytes, 0) & FLAG.AUTH) !== 0;
    if (this.#mode === 'none') return isTagged ? 'E_OLD_UNAUTHENTICATED' : 'anonymous';
    const isLookup = header.readType(bytes, 0) === TYPE.LOOKUP;
    if (this.#mode === 'reply' && isLookup) {
      return !isTagged || this.#keys!.keyOf(header.readKeyId(bytes, 0)) !== undefined
        ? 'anonymous'
        : 'E_OLD_UNAUTHENTICATED';
    }
    if (!isTagged) return 'E_OLD_UNAUTHENTICATED';
    const key = this.#keys!.keyOf(header.readKeyId(bytes, 0));
    const isGood = key !== undefined && verify(this.#hmac, key, 'toServer', bytes, 0, end);
    return isGood ? 'verified' : 'E_OLD_UNAUTHENTICATED';
  }

  /**
   * Puts the tag behind `bytes[0..length)` for the host in its key id, if it has the flag AUTH. Returns the length of the
   * datagram. Precondition: that key was good when the request came, or is of the present key epoch.
   */
  seal(bytes: Uint8Array, length: number): number {
    if ((header.readFlags(bytes, 0) & FLAG.AUTH) === 0) return length;
    const key = this.#keys?.keyOf(header.readKeyId(bytes, 0));
    if (key === undefined) return length;
    seal(this.#hmac, key, 'toClient', bytes, 0, length + TAG_LENGTH);
    return length + TAG_LENGTH;
  }

  /** The host that a verified datagram is from, `undefined` for others. */
  hostOf(bytes: Uint8Array, admission: Admission): HostId {
    return admission === 'verified' ? hostIdOf(header.readKeyId(bytes, 0)) : undefined;
  }
}
