/**
 * Ethernet II and IEEE 802.1Q/802.1ad tags, without FCS:
 *
 *      destination (6) | source (6) | [ TPID (2) | TCI (2) ] x 0..2 | EtherType (2)
 *
 * Sources: IEEE 802.3 §3.1, IEEE 802.1Q §9; `spec/outer-headers.md` §1. A value below 0x0600 in place of the EtherType
 * is an 802.3 length; it is passed on as it stands, because carriers don't look at it.
 */
import { type FaultDetail, type WireFault, CodecError, requireInteger, requireOctets, requireRoom } from './fault.js';
import { truncatedError } from './fault.js';
import { MAC_LENGTH } from './mac-address.js';
import { copyOctets, read16, write16, writeOctets } from './octets.js';
import type { PacketBuffer } from './packet-buffer.js';

/** Protocol name. */
export const PROTOCOL = 'ethernet';
/** Octets of an untagged header. */
export const HEADER_LENGTH = 14;
/** Octets that each tag adds. */
export const TAG_LENGTH = 4;
/** Most tags accepted. Choice: two, S-tag and C-tag. */
export const TAGS_MAX = 2;
/** Least frame on a wire, without FCS (IEEE 802.3 §3.2.8); shorter ones are padded with zeros when written to one. */
export const FRAME_LENGTH_MIN = 60;

/** EtherTypes used here. TEB is transparent Ethernet bridging, the payload type of GRE and Geneve. */
export const ETHER_TYPE = {
  IPV4: 0x0800,
  ARP: 0x0806,
  TEB: 0x6558,
  C_TAG: 0x8100,
  IPV6: 0x86dd,
  S_TAG: 0x88a8,
} as const;

/** One VLAN tag. */
export interface VlanTag {
  /** Tag protocol identifier: 0x8100 or 0x88a8. */
  readonly tpid: number;
  /** Priority code point, 0..7. */
  readonly pcp: number;
  /** Drop eligible indicator, 0 or 1. */
  readonly dei: number;
  /** VLAN identifier, 0..4095; 0 is a priority tag, 4095 reserved. */
  readonly vid: number;
}

/** Ethernet header with its tags, outermost first. */
export interface EthernetHeader {
  /** Destination MAC, 6 octets. */
  readonly destination: Uint8Array;
  /** Source MAC, 6 octets. */
  readonly source: Uint8Array;
  /** 0 to 2 tags. */
  readonly tags: readonly VlanTag[];
  /** EtherType (or 802.3 length) behind the tags. */
  readonly etherType: number;
}

/** True for the two TPIDs. */
export function isTag(etherType: number): boolean {
  return etherType === ETHER_TYPE.C_TAG || etherType === ETHER_TYPE.S_TAG;
}

/** Says why `bytes[offset..end)` can't start with an Ethernet header of at most two tags, or `undefined` if it can. */
export function check(bytes: Uint8Array, offset = 0, end: number = bytes.length): WireFault | undefined {
  let at = offset + HEADER_LENGTH;
  if (at > end) return 'E_ETH_TRUNCATED';
  for (let tags = 0; isTag(read16(bytes, at - 2)); tags++) {
    if (tags === TAGS_MAX) return 'E_ETH_TOO_MANY_TAGS';
    at += TAG_LENGTH;
    if (at > end) return 'E_ETH_VLAN_TRUNCATED';
  }
  return undefined;
}

/** Octets up to the payload: 14, 18 or 22. Precondition: `check` passed. */
export function readHeaderLength(bytes: Uint8Array, offset: number): number {
  let length = HEADER_LENGTH;
  while (length < HEADER_LENGTH + TAGS_MAX * TAG_LENGTH && isTag(read16(bytes, offset + length - 2))) {
    length += TAG_LENGTH;
  }
  return length;
}

/** True if a VLAN tag follows the addresses. Precondition: `check` passed. */
export function readTagged(bytes: Uint8Array, offset: number): boolean {
  return isTag(read16(bytes, offset + 12));
}

/** EtherType behind the tags. Precondition: `check` passed. */
export function readEtherType(bytes: Uint8Array, offset: number): number {
  return read16(bytes, offset + readHeaderLength(bytes, offset) - 2);
}

/**
 * Takes the first `length` octets of tags (4 or 8) out of the frame in `packet`, in place: the addresses move back.
 * Precondition: `check` passed and the frame has these tags.
 */
export function stripTags(packet: PacketBuffer, length: number): void {
  const { bytes, start } = packet;
  bytes.copyWithin(start + length, start, start + 2 * MAC_LENGTH);
  packet.trimFront(length);
}

/** Reads header and tags. @throws CodecError E_ETH_TRUNCATED, E_ETH_VLAN_TRUNCATED, E_ETH_TOO_MANY_TAGS */
export function decode(bytes: Uint8Array, offset = 0, end: number = bytes.length): EthernetHeader {
  const fault = check(bytes, offset, end);
  if (fault !== undefined) throw refused(fault, bytes, offset, end);
  const length = readHeaderLength(bytes, offset);
  const tags: VlanTag[] = [];
  for (let at = offset + 12; at < offset + length - 2; at += TAG_LENGTH) {
    const tci = read16(bytes, at + 2);
    tags.push({ tpid: read16(bytes, at), pcp: tci >>> 13, dei: (tci >>> 12) & 1, vid: tci & 0xfff });
  }
  return {
    destination: copyOctets(bytes, offset, MAC_LENGTH),
    source: copyOctets(bytes, offset + MAC_LENGTH, MAC_LENGTH),
    tags,
    etherType: read16(bytes, offset + length - 2),
  };
}

/** Writes header and tags; returns the offset behind them. @throws CodecError E_FIELD_RANGE, E_ETH_TOO_MANY_TAGS, E_OUTPUT_TRUNCATED */
export function encodeInto(header: EthernetHeader, out: Uint8Array, offset = 0): number {
  validate(header);
  requireRoom(PROTOCOL, out, offset, lengthOf(header));
  writeOctets(out, offset, header.destination);
  writeOctets(out, offset + MAC_LENGTH, header.source);
  let at = offset + 2 * MAC_LENGTH;
  for (const tag of header.tags) {
    write16(out, at, tag.tpid);
    write16(out, at + 2, (tag.pcp << 13) | (tag.dei << 12) | tag.vid);
    at += TAG_LENGTH;
  }
  write16(out, at, header.etherType);
  return at + 2;
}

/** Writes header and tags into new memory. @throws CodecError as `encodeInto` */
export function encode(header: EthernetHeader): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(lengthOf(header));
  encodeInto(header, out);
  return out;
}

function lengthOf(header: EthernetHeader): number {
  return HEADER_LENGTH + header.tags.length * TAG_LENGTH;
}

function validate(header: EthernetHeader): void {
  requireOctets(PROTOCOL, 'destination', header.destination, MAC_LENGTH);
  requireOctets(PROTOCOL, 'source', header.source, MAC_LENGTH);
  requireInteger(PROTOCOL, 'etherType', header.etherType, 0xffff);
  if (header.tags.length > TAGS_MAX) throw tooManyTags(0, header.tags.length);
  // An EtherType that is itself a TPID would read back as one more tag.
  if (isTag(header.etherType)) throw tooManyTags(0, header.tags.length + 1);
  for (const tag of header.tags) {
    if (!isTag(tag.tpid)) throw new CodecError('E_FIELD_RANGE', tpidDetail(tag), 'tpid must be 0x8100 or 0x88a8');
    requireInteger(PROTOCOL, 'pcp', tag.pcp, 7);
    requireInteger(PROTOCOL, 'dei', tag.dei, 1);
    requireInteger(PROTOCOL, 'vid', tag.vid, 0xfff);
  }
}

function tpidDetail(tag: VlanTag): FaultDetail {
  return { protocol: PROTOCOL, field: 'tpid', expected: '0x8100 or 0x88a8', actual: tag.tpid };
}

function tooManyTags(offset: number, actual: number): CodecError {
  const detail = { protocol: PROTOCOL, field: 'tags', offset, expected: TAGS_MAX, actual };
  return new CodecError('E_ETH_TOO_MANY_TAGS', detail, `at most ${TAGS_MAX} VLAN tags, found ${actual}`);
}

function refused(fault: WireFault, bytes: Uint8Array, offset: number, end: number): CodecError {
  if (fault === 'E_ETH_TOO_MANY_TAGS') return tooManyTags(offset + 12, TAGS_MAX + 1);
  let needed = HEADER_LENGTH;
  while (offset + needed <= end && isTag(read16(bytes, offset + needed - 2))) needed += TAG_LENGTH;
  return truncatedError(fault, PROTOCOL, offset, needed, end - offset);
}
