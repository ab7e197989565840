import { formatIpv4, formatIpv6, parseIpv4, parseIpv6 } from './ip-text.js';
import { readInt32, write32 } from './octets.js';

/**
 * An IPv4 or IPv6 address that can be rewritten, compared and hashed without allocating: what tunnel metadata and
 * learning tables hold. Header values use numbers and octets instead.
 */
export class IpAddress {
  /** Address family. */
  family: 4 | 6 = 4;
  /**
   * The address in network order as signed 32-bit integers, which V8 stores unboxed. IPv4 is `word0`, the rest zero.
   */
  word0 = 0;
  /** Octets 4..7 of an IPv6 address. */
  word1 = 0;
  /** Octets 8..11 of an IPv6 address. */
  word2 = 0;
  /** Octets 12..15 of an IPv6 address. */
  word3 = 0;

  /** Reads either family. @throws CodecError E_ADDRESS_SYNTAX */
  static parse(text: string): IpAddress {
    const address = new IpAddress();
    if (text.includes(':')) address.read(parseIpv6(text), 0, 6);
    else address.setIpv4(parseIpv4(text));
    return address;
  }

  /** Octets of this address: 4 or 16. */
  get length(): 4 | 16 {
    return this.family === 4 ? 4 : 16;
  }

  /** True for multicast (IPv4 224/4, IPv6 ff00::/8) and the IPv4 limited broadcast. */
  get isMulticast(): boolean {
    return this.family === 6 ? this.word0 >>> 24 === 0xff : this.word0 >>> 28 === 0xe || this.word0 === -1;
  }

  /** Becomes the IPv4 address `address`, 0..2^32-1. */
  setIpv4(address: number): void {
    this.word0 = address | 0;
    if (this.family !== 4) this.#clearRest();
  }

  /** Becomes the address at `bytes[offset..]`: 4 octets or 16. */
  read(bytes: Uint8Array, offset: number, family: 4 | 6): void {
    this.word0 = readInt32(bytes, offset);
    if (family === 4) {
      if (this.family !== 4) this.#clearRest();
    } else {
      this.family = 6;
      this.word1 = readInt32(bytes, offset + 4);
      this.word2 = readInt32(bytes, offset + 8);
      this.word3 = readInt32(bytes, offset + 12);
    }
  }

  /** Writes the 4 or 16 octets at `bytes[offset..]`. */
  write(bytes: Uint8Array, offset: number): void {
    write32(bytes, offset, this.word0);
    if (this.family === 6) {
      write32(bytes, offset + 4, this.word1);
      write32(bytes, offset + 8, this.word2);
      write32(bytes, offset + 12, this.word3);
    }
  }

  /** Becomes equal to `other`. */
  copy(other: IpAddress): this {
    this.family = other.family;
    this.word0 = other.word0;
    this.word1 = other.word1;
    this.word2 = other.word2;
    this.word3 = other.word3;
    return this;
  }

  /** True if both are the same address of the same family. */
  equals(other: IpAddress): boolean {
    return (
      this.word0 === other.word0 &&
      this.word3 === other.word3 &&
      this.word1 === other.word1 &&
      this.word2 === other.word2 &&
      this.family === other.family
    );
  }

  /** An IPv4 address has nothing behind its first word; so there is nothing to do while the family stays. */
  #clearRest(): void {
    this.family = 4;
    this.word1 = this.word2 = this.word3 = 0;
  }

  /** Text form: dotted, or RFC 5952. */
  toString(): string {
    if (this.family === 4) return formatIpv4(this.word0);
    const octets = new Uint8Array(16);
    this.write(octets, 0);
    return formatIpv6(octets);
  }

  /** The text form, so that JSON output is readable. */
  toJSON(): string {
    return this.toString();
  }
}
