import { fieldError, type CodecError } from '@overlane/wire';

/**
 * What can be wrong with a capture file: the `code` of every `CodecError` that reading throws. Writing adds wire's
 * `E_FIELD_RANGE` for fields out of range.
 */
export type CaptureFault =
  /** pcapng: a section starts with neither form of the byte-order magic. */
  | 'E_CAPTURE_BAD_BYTE_ORDER_MAGIC'
  /** pcapng: a block length is too small, no multiple of four, smaller than its contents, or differs from its repeat. */
  | 'E_CAPTURE_BAD_BLOCK_LENGTH'
  /** pcapng: an interface option has the wrong length, stands twice, or runs past its block. */
  | 'E_CAPTURE_BAD_OPTION'
  /** The file says a version that this package does not know. */
  | 'E_CAPTURE_BAD_VERSION'
  /** Writing: the packet's link type is not the file's; a pcap file has one for all. */
  | 'E_CAPTURE_LINK_TYPE_MISMATCH'
  /** The packet is longer than `maxPacketLength` (reading) or `snapLength` (writing). */
  | 'E_CAPTURE_PACKET_TOO_LONG'
  /** pcap: bits of the link type field that must be zero are set. */
  | 'E_CAPTURE_RESERVED_BITS'
  /** pcapng: a section describes more interfaces than `maxInterfaces`. */
  | 'E_CAPTURE_TOO_MANY_INTERFACES'
  /** The input stops inside a header, record or block. */
  | 'E_CAPTURE_TRUNCATED'
  /** The first four octets belong to neither pcap nor pcapng. */
  | 'E_CAPTURE_UNKNOWN_FORMAT'
  /** pcapng: a packet names an interface that the section has not described. */
  | 'E_CAPTURE_UNKNOWN_INTERFACE';

/** Builds the error for a field with a refused value. `offset` counts from the start of the file. */
export function captureError(
  code: CaptureFault,
  protocol: string,
  field: string,
  offset: number,
  expected: number | string,
  actual: number | string,
): CodecError {
  return fieldError(code, protocol, field, offset, expected, actual);
}
