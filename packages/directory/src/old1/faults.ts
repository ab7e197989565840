import { type Fault, CodecError, truncatedError } from '@overlane/wire';

/** What can be wrong with the octets of a datagram or of a record in it. */
export type Old1Fault =
  | 'E_OLD_BAD_ADDRESS'
  | 'E_OLD_BAD_CODE'
  | 'E_OLD_BAD_COUNT'
  | 'E_OLD_BAD_ENCAPSULATION'
  | 'E_OLD_BAD_FLAGS'
  | 'E_OLD_BAD_KEY_ID'
  | 'E_OLD_BAD_KIND'
  | 'E_OLD_BAD_LENGTH'
  | 'E_OLD_BAD_LOCATOR_COUNT'
  | 'E_OLD_BAD_MAGIC'
  | 'E_OLD_BAD_OPERATION'
  | 'E_OLD_BAD_TTL'
  | 'E_OLD_BAD_TYPE'
  | 'E_OLD_BAD_VERSION'
  | 'E_OLD_INTEGER_RANGE'
  | 'E_OLD_RESERVED'
  | 'E_OLD_TOO_LONG'
  | 'E_OLD_TRUNCATED'
  | 'E_OLD_UNUSED_FIELD';

const RULES: Readonly<Record<Old1Fault, readonly [field: string, rule: string]>> = {
  E_OLD_BAD_ADDRESS: ['addr', 'zero in front of an IPv4 or MAC address, and all zero for infrastructure'],
  E_OLD_BAD_CODE: ['code', '0 in requests and with locators, 1..14 but 5 otherwise'],
  E_OLD_BAD_COUNT: ['count', 'in the range of the message type'],
  E_OLD_BAD_ENCAPSULATION: ['encap', '1..7'],
  E_OLD_BAD_FLAGS: ['flags', 'known bits that the type allows'],
  E_OLD_BAD_KEY_ID: ['keyId', '0 without AUTH'],
  E_OLD_BAD_KIND: ['kind', '1..3, or 0 in the source of infrastructure'],
  E_OLD_BAD_LENGTH: ['body', 'exactly as long as count says'],
  E_OLD_BAD_LOCATOR_COUNT: ['n', '1..8 where there is a mapping, 0 where there is none'],
  E_OLD_BAD_MAGIC: ['magic', '0x4f44'],
  E_OLD_BAD_OPERATION: ['op', '1..5'],
  E_OLD_BAD_TTL: ['ttl', '1..86400'],
  E_OLD_BAD_TYPE: ['type', '1..10'],
  E_OLD_BAD_VERSION: ['version', '1'],
  E_OLD_INTEGER_RANGE: ['64-bit field', '0..2^53-1'],
  E_OLD_RESERVED: ['reserved octets and padding', 'zero'],
  E_OLD_TOO_LONG: ['datagram', 'at most 1200 octets'],
  E_OLD_TRUNCATED: ['record', 'whole'],
  E_OLD_UNUSED_FIELD: ['field without a meaning here', 'zero'],
};

/** The error for a record at `offset` that `check` refused with `fault`; `needed` and `left` are in octets. */
export function refused(fault: Fault, protocol: string, offset: number, needed: number, left: number): CodecError {
  if (fault === 'E_OLD_TRUNCATED') return truncatedError(fault, protocol, offset, needed, left);
  const [field, expected] = RULES[fault as Old1Fault];
  const detail = { protocol, field, offset, expected };
  return new CodecError(fault, detail, `${field} must be ${expected}, in what starts at offset ${offset}`);
}
