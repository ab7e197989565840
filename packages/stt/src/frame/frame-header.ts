/**
 * STT frame header (draft-davie-stt-08 §3.1), 18 octets, once per frame, in front of the inner Ethernet frame:
 *
 *      0                   1                   2                   3
 *      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *     |    Version    |     Flags     |   L4 Offset   |   Reserved    |
 *     |     Maximum Segment Size      | PCP |V|        VLAN ID        |
 *     |                                                               |
 *     |                          Context ID                           |
 *     |            Padding            |
 *
 * The order of the flag bits is an option, because the draft's figure and the deployed code disagree. It belongs to the
 * tunnel and is never guessed from the octet. In this API flags always have the masks of `FLAG`, whatever the order.
 */
import {
  type CodecError,
  fieldError,
  read16,
  read32,
  requireInteger,
  requireRoom,
  truncatedError,
  write16,
  write32,
} from '@overlane/wire';
import { FRAME_HEADER_LENGTH } from '../constants.js';
import type { SttFrameFault } from '../faults.js';

/** Protocol name. */
export const PROTOCOL = 'stt-frame';
/** Octets of the header. */
export const HEADER_LENGTH = FRAME_HEADER_LENGTH;
/** The only version. */
export const VERSION = 0;
/** Largest context id: 64 bits. */
export const CONTEXT_ID_MAX = 0xffff_ffff_ffff_ffffn;

/**
 * Flags, numbered from the least significant bit: as Open vSwitch (Linux and Windows), Wireshark and Snabb have them.
 * All clear: nothing is claimed about the inner checksum.
 */
export const FLAG = {
  /** C: the inner layer-4 checksum is complete, and the sender has verified it. */
  CHECKSUM_VERIFIED: 0x01,
  /** P: the inner checksum field holds only the sum of the pseudo-header; the offload fields are valid. */
  CHECKSUM_PARTIAL: 0x02,
  /** With P: the inner packet is IPv4; clear: IPv6. */
  IPV4: 0x04,
  /** With P: the inner transport is TCP; clear: UDP. */
  TCP: 0x08,
} as const;

/**
 * Where the flags lie in their octet: `lsb` as deployed (C is 0x01), `msb` as the draft's figure read by RFC custom, and
 * illumos (C is 0x80).
 */
export type FlagBitOrder = 'lsb' | 'msb';

const FLAGS_KNOWN = 0x0f;
const OFFLOAD_FLAGS = FLAG.IPV4 | FLAG.TCP;
const VLAN_VALID = 0x1000;
const REVERSED = Uint8Array.from({ length: 256 }, (_, octet) => {
  let reversed = 0;
  for (let bit = 0; bit < 8; bit++) reversed |= ((octet >>> bit) & 1) << (7 - bit);
  return reversed;
});

/** STT frame header, version 0. Fields that have no meaning are 0: offload fields without P, PCP and VLAN id without V. */
export interface SttFrameHeader {
  /** Bits of `FLAG`; C and P exclude each other. */
  readonly flags: number;
  /** With P: octets from the inner frame's start to the inner TCP or UDP header, 34..255 (IPv4) or 54..255 (IPv6). */
  readonly l4Offset: number;
  /** With P: octets of inner TCP payload per segment that the egress shall make, 0..65535; 0: none. */
  readonly mss: number;
  /** V: priority and VLAN id are valid. */
  readonly vlanValid: boolean;
  /** 802.1p priority, 0..7. */
  readonly pcp: number;
  /** VLAN id, 0..4095; 0 is a priority tag. */
  readonly vlanId: number;
  /** Context id: the virtual network, 64 bits. */
  readonly contextId: bigint;
}

/**
 * Says why `bytes[offset..end)` can't start with a frame header, or `undefined`: 18 octets, F1, F2, and an L4 offset
 * behind the shortest IP header (F4). It looks at the header alone: `checkFrame` judges a whole frame, by all rules.
 */
export function check(
  bytes: Uint8Array,
  offset = 0,
  end: number = bytes.length,
  order: FlagBitOrder = 'lsb',
): SttFrameFault | undefined {
  if (end - offset < HEADER_LENGTH) return 'E_STT_FRAME_TOO_SHORT';
  if (bytes[offset] !== VERSION) return 'E_STT_UNSUPPORTED_VERSION';
  const flags = readFlags(bytes, offset, order);
  if ((flags & FLAG.CHECKSUM_PARTIAL) === 0) return undefined;
  if ((flags & FLAG.CHECKSUM_VERIFIED) !== 0) return 'E_STT_FLAGS_CONFLICT';
  return bytes[offset + 2]! < l4OffsetMin(flags) ? 'E_STT_BAD_L4_OFFSET' : undefined;
}

/** Least L4 offset for these flags: behind Ethernet and the shortest IPv4 or IPv6 header. */
export function l4OffsetMin(flags: number): 34 | 54 {
  return (flags & FLAG.IPV4) !== 0 ? 34 : 54;
}

/** Octets of the header: always 18. */
export function readHeaderLength(_bytes: Uint8Array, _offset: number): number {
  return HEADER_LENGTH;
}

/** The flags octet, its bits in the order of `FLAG` and reserved ones included. */
export function readFlagsOctet(bytes: Uint8Array, offset: number, order: FlagBitOrder = 'lsb'): number {
  const octet = bytes[offset + 1]!;
  return order === 'lsb' ? octet : REVERSED[octet]!;
}

/** Bits of `FLAG`, without reserved ones. Precondition of this and all other readers: `check` passed. */
export function readFlags(bytes: Uint8Array, offset: number, order: FlagBitOrder = 'lsb'): number {
  return readFlagsOctet(bytes, offset, order) & FLAGS_KNOWN;
}

/** L4 offset as on the wire; without meaning unless P is set. */
export function readL4Offset(bytes: Uint8Array, offset: number): number {
  return bytes[offset + 2]!;
}

/** MSS as on the wire; without meaning unless P is set. */
export function readMss(bytes: Uint8Array, offset: number): number {
  return read16(bytes, offset + 4);
}

/** V: true if priority and VLAN id are valid. */
export function readVlanValid(bytes: Uint8Array, offset: number): boolean {
  return (bytes[offset + 6]! & 0x10) !== 0;
}

/** 802.1p priority as on the wire, 0..7; without meaning unless V is set. */
export function readPcp(bytes: Uint8Array, offset: number): number {
  return bytes[offset + 6]! >>> 5;
}

/** VLAN id as on the wire, 0..4095; without meaning unless V is set. */
export function readVlanId(bytes: Uint8Array, offset: number): number {
  return read16(bytes, offset + 6) & 0xfff;
}

/** The word of PCP, V and VLAN id as on the wire; without meaning unless V is set. */
export function readTci(bytes: Uint8Array, offset: number): number {
  return read16(bytes, offset + 6);
}

/** Upper half of the context id, 0..2^32-1. */
export function readContextIdHigh(bytes: Uint8Array, offset: number): number {
  return read32(bytes, offset + 8);
}

/** Lower half of the context id, 0..2^32-1. */
export function readContextIdLow(bytes: Uint8Array, offset: number): number {
  return read32(bytes, offset + 12);
}

/** Writes flags (bits of `FLAG`); reserved bits become 0. */
export function writeFlags(bytes: Uint8Array, offset: number, flags: number, order: FlagBitOrder = 'lsb'): void {
  bytes[offset + 1] = order === 'lsb' ? flags : REVERSED[flags]!;
}

/** Writes both halves of the context id, each 0..2^32-1; other octets stay. */
export function writeContextId(bytes: Uint8Array, offset: number, high: number, low: number): void {
  write32(bytes, offset + 8, high);
  write32(bytes, offset + 12, low);
}

/**
 * Writes all 18 octets, unchecked: the data path's `encodeInto`. `tci` is the word of PCP, V and VLAN id, 0 without tag;
 * see `vlanTci`.
 */
export function writeHeader(
  bytes: Uint8Array,
  offset: number,
  flags: number,
  l4Offset: number,
  mss: number,
  tci: number,
  contextIdHigh: number,
  contextIdLow: number,
  order: FlagBitOrder = 'lsb',
): void {
  write32(bytes, offset, (l4Offset << 8) | (VERSION << 24));
  writeFlags(bytes, offset, flags, order);
  write32(bytes, offset + 4, (mss << 16) | tci);
  writeContextId(bytes, offset, contextIdHigh, contextIdLow);
  write16(bytes, offset + 16, 0);
}

/** The word of PCP, V (set) and VLAN id for a tag control word of IEEE 802.1Q, whose DEI bit can't be carried. */
export function vlanTci(tagControl: number): number {
  return tagControl | VLAN_VALID;
}

/** The tag control word for a word of PCP, V and VLAN id: DEI is 0. */
export function vlanControl(tci: number): number {
  return tci & ~VLAN_VALID;
}

/** Reads a header. Reserved bits are ignored. @throws CodecError with the fault that `check` returns */
export function decode(
  bytes: Uint8Array,
  offset = 0,
  end: number = bytes.length,
  order: FlagBitOrder = 'lsb',
): SttFrameHeader {
  const fault = check(bytes, offset, end, order);
  if (fault !== undefined) throw refused(fault, bytes, offset, end, order);
  const flags = readFlags(bytes, offset, order);
  const partial = (flags & FLAG.CHECKSUM_PARTIAL) !== 0;
  const vlanValid = readVlanValid(bytes, offset);
  return {
    flags: partial ? flags : flags & ~OFFLOAD_FLAGS,
    l4Offset: partial ? readL4Offset(bytes, offset) : 0,
    mss: partial ? readMss(bytes, offset) : 0,
    vlanValid,
    pcp: vlanValid ? readPcp(bytes, offset) : 0,
    vlanId: vlanValid ? readVlanId(bytes, offset) : 0,
    contextId: (BigInt(readContextIdHigh(bytes, offset)) << 32n) | BigInt(readContextIdLow(bytes, offset)),
  };
}

/**
 * Writes all 18 octets; returns the offset behind them.
 * @throws CodecError E_STT_FLAGS_CONFLICT, E_STT_MSS_WITHOUT_PARTIAL, E_STT_BAD_L4_OFFSET, E_STT_BAD_VLAN,
 *   E_FIELD_RANGE, E_OUTPUT_TRUNCATED
 */
export function encodeInto(header: SttFrameHeader, out: Uint8Array, offset = 0, order: FlagBitOrder = 'lsb'): number {
  validate(header);
  requireRoom(PROTOCOL, out, offset, HEADER_LENGTH);
  const { flags, l4Offset, mss, vlanValid, pcp, vlanId, contextId } = header;
  const tci = vlanValid ? vlanTci((pcp << 13) | vlanId) : 0;
  const [high, low] = [Number(contextId >> 32n), Number(contextId & 0xffff_ffffn)];
  writeHeader(out, offset, flags, l4Offset, mss, tci, high, low, order);
  return offset + HEADER_LENGTH;
}

/** Writes the header into new memory. @throws CodecError as `encodeInto` */
export function encode(header: SttFrameHeader, order: FlagBitOrder = 'lsb'): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(HEADER_LENGTH);
  encodeInto(header, out, 0, order);
  return out;
}

function validate({ flags, l4Offset, mss, vlanValid, pcp, vlanId, contextId }: SttFrameHeader): void {
  requireInteger(PROTOCOL, 'flags', flags, FLAGS_KNOWN);
  const partial = (flags & FLAG.CHECKSUM_PARTIAL) !== 0;
  if (partial && (flags & FLAG.CHECKSUM_VERIFIED) !== 0) throw conflict(1, flags);
  if (!partial && (flags & OFFLOAD_FLAGS) !== 0) {
    throw fieldError('E_FIELD_RANGE', PROTOCOL, 'flags', 1, 'without 0x04 and 0x08 while 0x02 (P) is clear', flags);
  }
  requireInteger(PROTOCOL, 'mss', mss, 0xffff);
  if (!partial && mss !== 0) throw fieldError('E_STT_MSS_WITHOUT_PARTIAL', PROTOCOL, 'mss', 4, 0, mss);
  requireInteger(PROTOCOL, 'l4Offset', l4Offset, partial ? 255 : 0, 'E_STT_BAD_L4_OFFSET');
  if (partial && l4Offset < l4OffsetMin(flags)) throw badL4Offset(2, flags, l4Offset);
  requireInteger(PROTOCOL, 'pcp', pcp, vlanValid ? 7 : 0, 'E_STT_BAD_VLAN');
  requireInteger(PROTOCOL, 'vlanId', vlanId, vlanValid ? 0xfff : 0, 'E_STT_BAD_VLAN');
  if (contextId < 0n || contextId > CONTEXT_ID_MAX) {
    throw fieldError('E_FIELD_RANGE', PROTOCOL, 'contextId', 8, '0..2^64-1', contextId.toString());
  }
}

function conflict(offset: number, flags: number): CodecError {
  return fieldError('E_STT_FLAGS_CONFLICT', PROTOCOL, 'flags', offset, 'C or P, not both', flags);
}

function badL4Offset(offset: number, flags: number, l4Offset: number): CodecError {
  return fieldError('E_STT_BAD_L4_OFFSET', PROTOCOL, 'l4Offset', offset, `${l4OffsetMin(flags)}..255`, l4Offset);
}

function refused(
  fault: SttFrameFault,
  bytes: Uint8Array,
  offset: number,
  end: number,
  order: FlagBitOrder,
): CodecError {
  switch (fault) {
    case 'E_STT_UNSUPPORTED_VERSION':
      return fieldError(fault, PROTOCOL, 'version', offset, VERSION, bytes[offset]!);
    case 'E_STT_FLAGS_CONFLICT':
      return conflict(offset + 1, readFlags(bytes, offset, order));
    case 'E_STT_BAD_L4_OFFSET':
      return badL4Offset(offset + 2, readFlags(bytes, offset, order), readL4Offset(bytes, offset));
    default:
      return truncatedError(fault, PROTOCOL, offset, HEADER_LENGTH, end - offset);
  }
}
