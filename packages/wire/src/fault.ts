/**
 * Faults: one name per thing that can be wrong with a packet. The name is what `check` returns, the `code` of a
 * {@link CodecError}, the counter in the switch and the `error` in the test vectors.
 */

/** Any fault name. Each package narrows it to its own closed union, such as {@link WireFault}. */
export type Fault = `E_${string}`;

/** The faults of the headers in this package (`spec/outer-headers.md` §10), and of the buffer that carries them. */
export type WireFault =
  | 'E_ADDRESS_FAMILY_MISMATCH'
  | 'E_ADDRESS_SYNTAX'
  | 'E_ARP_BAD_ADDRESS_LENGTH'
  | 'E_ARP_TRUNCATED'
  | 'E_ARP_UNSUPPORTED_TYPE'
  | 'E_BUFFER_NO_HEADROOM'
  | 'E_ECN_DROP'
  | 'E_ETH_TOO_MANY_TAGS'
  | 'E_ETH_TRUNCATED'
  | 'E_ETH_UNKNOWN_TYPE'
  | 'E_ETH_VLAN_TRUNCATED'
  | 'E_FIELD_RANGE'
  | 'E_ICMP_BAD_CHECKSUM'
  | 'E_ICMP_TRUNCATED'
  | 'E_IPV4_BAD_CHECKSUM'
  | 'E_IPV4_BAD_IHL'
  | 'E_IPV4_BAD_TOTAL_LENGTH'
  | 'E_IPV4_BAD_VERSION'
  | 'E_IPV4_TRUNCATED'
  | 'E_IPV6_BAD_EXTENSION_HEADER'
  | 'E_IPV6_BAD_PAYLOAD_LENGTH'
  | 'E_IPV6_BAD_VERSION'
  | 'E_IPV6_TOO_MANY_EXTENSION_HEADERS'
  | 'E_IPV6_TRUNCATED'
  | 'E_IP_UNEXPECTED_PROTOCOL'
  | 'E_MTU_EXCEEDED'
  | 'E_ND_BAD_OPTION'
  | 'E_ND_NOT_NEIGHBOR'
  | 'E_OFFLOAD_MISMATCH'
  | 'E_OFFLOAD_TOO_MANY_SEGMENTS'
  | 'E_OUTER_FRAGMENT'
  | 'E_OUTPUT_TRUNCATED'
  | 'E_TCP_BAD_CHECKSUM'
  | 'E_TCP_BAD_DATA_OFFSET'
  | 'E_TCP_TRUNCATED'
  | 'E_UDP_BAD_CHECKSUM'
  | 'E_UDP_BAD_LENGTH'
  | 'E_UDP_TRUNCATED'
  | 'E_UDP_ZERO_CHECKSUM_NOT_ALLOWED';

/** What a {@link CodecError} knows about the octets it refused. Offsets count from the start of the caller's array. */
export interface FaultDetail {
  /** Protocol name as in the layouts, such as `ipv4`. */
  readonly protocol: string;
  /** The field at fault, where there is one. */
  readonly field?: string;
  /** Offset of the header or field in the caller's array, in octets. */
  readonly offset?: number;
  /** What the rule asks for, such as a length in octets or a range. */
  readonly expected?: number | string;
  /** What was found. */
  readonly actual?: number | string;
  /** Which length was binding, for example `end` or `totalLength`. */
  readonly boundBy?: string;
}

const BRAND = Symbol.for('@overlane/wire.CodecError');

/**
 * The only error class of all codecs. `code` is a {@link Fault}; `detail` says where and why.
 *
 * Test with {@link CodecError.is}: the ESM and CJS builds hold different copies of the class, so `instanceof` can lie.
 */
export class CodecError extends Error {
  override readonly name = 'CodecError';
  /** The fault, verbatim from the specification; stable API. */
  readonly code: Fault;
  /** Where and why, for messages and logs. */
  readonly detail: FaultDetail;
  /** Brand shared by every copy of this class in the process. */
  readonly [BRAND] = true;

  /** Builds the message `protocol: fact`; `fact` is plain words with numbers, no advice. */
  constructor(code: Fault, detail: FaultDetail, fact: string) {
    super(`${detail.protocol}: ${fact}`);
    this.code = code;
    this.detail = detail;
  }

  /** True if `error` is a `CodecError` of any copy of this package. */
  static is(error: unknown): error is CodecError {
    return typeof error === 'object' && error !== null && (error as Record<symbol, unknown>)[BRAND] === true;
  }
}

/** The error for a header that needs more octets than there are. `needed` and `left` are in octets. */
export function truncatedError(
  code: Fault,
  protocol: string,
  offset: number,
  needed: number,
  left: number,
  boundBy = 'end',
): CodecError {
  const detail = { protocol, offset, expected: needed, actual: left, boundBy };
  return new CodecError(code, detail, `header needs ${needed} octets at offset ${offset}, ${Math.max(0, left)} left`);
}

/** The error for a field value that the standard refuses. `expected` says what it asks for, in words or a number. */
export function fieldError(
  code: Fault,
  protocol: string,
  field: string,
  offset: number,
  expected: number | string,
  actual: number | string,
): CodecError {
  const detail = { protocol, field, offset, expected, actual };
  return new CodecError(code, detail, `${field} at offset ${offset} must be ${expected}, got ${actual}`);
}

/**
 * Throws unless `value` is an integer in `0..max`. For encoders, which check every field before the first octet is
 * written. @throws CodecError `code` (by default E_FIELD_RANGE)
 */
export function requireInteger(
  protocol: string,
  field: string,
  value: number,
  max: number,
  code: Fault = 'E_FIELD_RANGE',
): void {
  if (!Number.isInteger(value) || value < 0 || value > max) {
    const detail = { protocol, field, expected: `0..${max}`, actual: value };
    throw new CodecError(code, detail, `${field} must be an integer in 0..${max}, got ${value}`);
  }
}

/** Throws unless `value` has `length` octets, as addresses and options do. @throws CodecError E_FIELD_RANGE */
export function requireOctets(protocol: string, field: string, value: Uint8Array, length: number): void {
  if (value.length !== length) {
    const detail = { protocol, field, expected: length, actual: value.length };
    throw new CodecError('E_FIELD_RANGE', detail, `${field} must have ${length} octets, got ${value.length}`);
  }
}

/** Throws unless `out` has `length` octets from `offset` on. @throws CodecError E_OUTPUT_TRUNCATED or `code` */
export function requireRoom(
  protocol: string,
  out: Uint8Array,
  offset: number,
  length: number,
  code: Fault = 'E_OUTPUT_TRUNCATED',
): void {
  if (!(offset >= 0 && out.length - offset >= length)) {
    throw truncatedError(code, protocol, offset, length, out.length - offset, 'output');
  }
}
