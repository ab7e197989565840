import type { Fault } from './fault.js';

/**
 * What every codec module offers, so that generic code (laws, dissectors, benches) takes any of them:
 * `const codec: Codec<UdpHeader> = udp` type-checks with the module namespace itself.
 *
 * All ranges are `bytes[offset..end)`; `offset` defaults to 0 and `end` to `bytes.length`. `end` bounds what an outer
 * length field allows, which may be less than the array.
 */
export interface Codec<Header> {
  /** Protocol name, as in layouts and error messages. */
  readonly PROTOCOL: string;
  /** Why the range can't start with this header, or `undefined` if it can. Never throws or allocates. */
  check(bytes: Uint8Array, offset?: number, end?: number): Fault | undefined;
  /** Octets that the header at `offset` occupies. Precondition: `check` passed. */
  readHeaderLength(bytes: Uint8Array, offset: number): number;
  /** Reads the header into a plain object. @throws CodecError exactly when `check` returns a fault, with that code */
  decode(bytes: Uint8Array, offset?: number, end?: number): Header;
  /** Writes the header and returns the offset after it. A refused header leaves `out` untouched. @throws CodecError */
  encodeInto(header: Header, out: Uint8Array, offset?: number): number;
  /** Writes the header into new memory, which the caller owns. @throws CodecError */
  encode(header: Header): Uint8Array<ArrayBuffer>;
}
