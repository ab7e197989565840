/**
 * ARP for Ethernet and IPv4 (RFC 826), 28 octets:
 *
 *      0                   1                   2                   3
 *      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *     |       hardware type (1)       |     protocol type (0x0800)    |
 *     |  hw len (6)   | proto len (4) |           operation           |
 *     |                    sender MAC (6) ...                         |
 *     |       ... sender MAC          |       sender IPv4 ...         |
 *     |       ... sender IPv4         |       target MAC (6) ...      |
 *     |                    ... target MAC                             |
 *     |                         target IPv4                           |
 */
import { type WireFault, type CodecError, fieldError, requireInteger, requireOctets, requireRoom } from './fault.js';
import { truncatedError } from './fault.js';
import { MAC_LENGTH } from './mac-address.js';
import { copyOctets, read16, read32, write16, write32, writeOctets } from './octets.js';

/** Protocol name. */
export const PROTOCOL = 'arp';
/** Octets of the message. What follows is Ethernet padding. */
export const HEADER_LENGTH = 28;
/** ARP operations (RFC 826). */
export const OPERATION = { REQUEST: 1, REPLY: 2 } as const;

/** An ARP message for Ethernet and IPv4. */
export interface ArpMessage {
  /** 1 request, 2 reply; other values are passed on. */
  readonly operation: number;
  /** Sender MAC, 6 octets. */
  readonly senderMac: Uint8Array;
  /** Sender IPv4 address, 0..2^32-1; 0 in a probe (RFC 5227 §1.1). */
  readonly senderIp: number;
  /** Target MAC, 6 octets; zero in requests. */
  readonly targetMac: Uint8Array;
  /** Target IPv4 address, 0..2^32-1. */
  readonly targetIp: number;
}

/** Says why `bytes[offset..end)` can't start with an Ethernet/IPv4 ARP message, or `undefined` if it can. */
export function check(bytes: Uint8Array, offset = 0, end: number = bytes.length): WireFault | undefined {
  if (end - offset < 8) return 'E_ARP_TRUNCATED';
  if (read32(bytes, offset) !== 0x0001_0800) return 'E_ARP_UNSUPPORTED_TYPE';
  if (read16(bytes, offset + 4) !== 0x0604) return 'E_ARP_BAD_ADDRESS_LENGTH';
  return end - offset < HEADER_LENGTH ? 'E_ARP_TRUNCATED' : undefined;
}

/** Octets of the message: always 28. */
export function readHeaderLength(_bytes: Uint8Array, _offset: number): number {
  return HEADER_LENGTH;
}

/** Operation. Precondition: `check` passed. */
export function readOperation(bytes: Uint8Array, offset: number): number {
  return read16(bytes, offset + 6);
}

/** Sender IPv4 address. Precondition: `check` passed. */
export function readSenderIp(bytes: Uint8Array, offset: number): number {
  return read32(bytes, offset + 14);
}

/** Target IPv4 address. Precondition: `check` passed. */
export function readTargetIp(bytes: Uint8Array, offset: number): number {
  return read32(bytes, offset + 24);
}

/** Reads a message. @throws CodecError E_ARP_TRUNCATED, E_ARP_UNSUPPORTED_TYPE, E_ARP_BAD_ADDRESS_LENGTH */
export function decode(bytes: Uint8Array, offset = 0, end: number = bytes.length): ArpMessage {
  const fault = check(bytes, offset, end);
  if (fault !== undefined) throw refused(fault, bytes, offset, end);
  return {
    operation: readOperation(bytes, offset),
    senderMac: copyOctets(bytes, offset + 8, MAC_LENGTH),
    senderIp: readSenderIp(bytes, offset),
    targetMac: copyOctets(bytes, offset + 18, MAC_LENGTH),
    targetIp: readTargetIp(bytes, offset),
  };
}

/** Writes the 28 octets; returns the offset behind them. @throws CodecError E_FIELD_RANGE, E_OUTPUT_TRUNCATED */
export function encodeInto(message: ArpMessage, out: Uint8Array, offset = 0): number {
  requireInteger(PROTOCOL, 'operation', message.operation, 0xffff);
  requireOctets(PROTOCOL, 'senderMac', message.senderMac, MAC_LENGTH);
  requireInteger(PROTOCOL, 'senderIp', message.senderIp, 0xffff_ffff);
  requireOctets(PROTOCOL, 'targetMac', message.targetMac, MAC_LENGTH);
  requireInteger(PROTOCOL, 'targetIp', message.targetIp, 0xffff_ffff);
  requireRoom(PROTOCOL, out, offset, HEADER_LENGTH);
  write32(out, offset, 0x0001_0800);
  write16(out, offset + 4, 0x0604);
  write16(out, offset + 6, message.operation);
  writeOctets(out, offset + 8, message.senderMac);
  write32(out, offset + 14, message.senderIp);
  writeOctets(out, offset + 18, message.targetMac);
  write32(out, offset + 24, message.targetIp);
  return offset + HEADER_LENGTH;
}

/** Writes the message into new memory. @throws CodecError as `encodeInto` */
export function encode(message: ArpMessage): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(HEADER_LENGTH);
  encodeInto(message, out);
  return out;
}

function refused(fault: WireFault, bytes: Uint8Array, offset: number, end: number): CodecError {
  switch (fault) {
    case 'E_ARP_UNSUPPORTED_TYPE':
      return fieldError(fault, PROTOCOL, 'types', offset, 0x0001_0800, read32(bytes, offset));
    case 'E_ARP_BAD_ADDRESS_LENGTH':
      return fieldError(fault, PROTOCOL, 'addressLengths', offset + 4, 0x0604, read16(bytes, offset + 4));
    default:
      return truncatedError(fault, PROTOCOL, offset, HEADER_LENGTH, end - offset);
  }
}
