/**
 * VAN control message, 24 octets behind a DOVE header whose C flag is set. The VAN paper names the messages; this layout
 * is ours:
 *
 *      0                   1                   2                   3
 *      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *     |     Type      |R|R|R|R|R|P|H|E|            Length             |
 *     |                        Transaction ID                         |
 *     |                            VM MAC                             |
 *     |        VM MAC (cont.)         |         Lifetime (s)          |
 *     |                        Locator (IPv4)                         |
 *     |                          Generation                           |
 *
 * Reserved flags are sent as zero and ignored on receipt, as are octets past the 24th.
 */
import {
  type CodecError,
  MAC_LENGTH,
  copyOctets,
  fieldError,
  isGroupMac,
  read16,
  read32,
  readInt32,
  requireInteger,
  requireOctets,
  requireRoom,
  truncatedError,
  write16,
  write32,
  writeOctets,
} from '@overlane/wire';
import { FLAG, LIFETIME_MAX_S, MESSAGE_LENGTH, TYPE, type VanType } from './constants.js';
import type { VanMessageFault } from './faults.js';

/** Protocol name. */
export const PROTOCOL = 'van';

const LENGTH = 2;
const TRANSACTION_ID = 4;
const MAC = 8;
const LIFETIME = 14;
const LOCATOR = 16;
const GENERATION = 20;
const WORD_MAX = 0xffff_ffff;

/** A control message as a plain value. */
export interface VanMessage {
  /** What it says. */
  readonly type: VanType;
  /** E: the sender understands extension headers. */
  readonly extensions: boolean;
  /** H: the locator is a hint. */
  readonly hint: boolean;
  /** P: the locator is a proxy. */
  readonly proxy: boolean;
  /** Chosen by who asks, copied by who answers; 0..2^32-1. 0 in announcements. */
  readonly transactionId: number;
  /** The VM, 6 octets; zero in JOIN and LEAVE. */
  readonly mac: Uint8Array;
  /** How long the answer holds, 0..LIFETIME_MAX_S seconds; 0 until un-learned. */
  readonly lifetimeS: number;
  /** IPv4 address of the tunnel endpoint as a number; 0 for none. */
  readonly locator: number;
  /** Counts the placements of the VM, 0..2^32-1, compared as a serial number; 0 for none known. */
  readonly generation: number;
}

/** Says why `bytes[offset..end)` is no control message, or `undefined` if it is. Never throws or allocates. */
export function check(bytes: Uint8Array, offset = 0, end: number = bytes.length): VanMessageFault | undefined {
  const left = end - offset;
  if (left < MESSAGE_LENGTH) return 'E_VAN_LENGTH';
  const length = read16(bytes, offset + LENGTH);
  if (length < MESSAGE_LENGTH || length > left) return 'E_VAN_LENGTH';
  const type = bytes[offset]!;
  if (type < TYPE.LEARN_REQUEST || type > TYPE.LEAVE) return 'E_VAN_TYPE';
  return type <= TYPE.UNLEARN && isGroupMac(bytes, offset + MAC) ? 'E_VAN_GROUP_MAC' : undefined;
}

/** Octets of the message, at least MESSAGE_LENGTH. Precondition, here and below: `check` passed. */
export function readHeaderLength(bytes: Uint8Array, offset: number): number {
  return read16(bytes, offset + LENGTH);
}

/** Message type. */
export function readType(bytes: Uint8Array, offset: number): VanType {
  return bytes[offset] as VanType;
}

/** Flag bits: see FLAG. Reserved bits are as received. */
export function readFlags(bytes: Uint8Array, offset: number): number {
  return bytes[offset + 1]!;
}

/** Transaction id, 0..2^32-1. */
export function readTransactionId(bytes: Uint8Array, offset: number): number {
  return read32(bytes, offset + TRANSACTION_ID);
}

/** Writes the transaction id of a message that is in place; other octets stay. */
export function writeTransactionId(bytes: Uint8Array, offset: number, transactionId: number): void {
  write32(bytes, offset + TRANSACTION_ID, transactionId);
}

/** Offset in `bytes` of the VM's MAC. */
export function macOffset(offset: number): number {
  return offset + MAC;
}

/** The VM's MAC in new memory. */
export function readMac(bytes: Uint8Array, offset: number): Uint8Array<ArrayBuffer> {
  return copyOctets(bytes, offset + MAC, MAC_LENGTH);
}

/** Lifetime in seconds; 0 until un-learned. */
export function readLifetimeS(bytes: Uint8Array, offset: number): number {
  return read16(bytes, offset + LIFETIME);
}

/** Locator, an IPv4 address as a number; 0 for none. */
export function readLocator(bytes: Uint8Array, offset: number): number {
  return read32(bytes, offset + LOCATOR);
}

/** The locator as a signed integer: the form that tables hold. */
export function readLocatorWord(bytes: Uint8Array, offset: number): number {
  return readInt32(bytes, offset + LOCATOR);
}

/** Generation, 0..2^32-1. */
export function readGeneration(bytes: Uint8Array, offset: number): number {
  return read32(bytes, offset + GENERATION);
}

/** Reads a message. @throws CodecError E_VAN_LENGTH, E_VAN_TYPE, E_VAN_GROUP_MAC */
export function decode(bytes: Uint8Array, offset = 0, end: number = bytes.length): VanMessage {
  const fault = check(bytes, offset, end);
  if (fault !== undefined) throw refused(fault, bytes, offset, end);
  const flags = readFlags(bytes, offset);
  return {
    type: readType(bytes, offset),
    extensions: (flags & FLAG.EXTENSIONS) !== 0,
    hint: (flags & FLAG.HINT) !== 0,
    proxy: (flags & FLAG.PROXY) !== 0,
    transactionId: readTransactionId(bytes, offset),
    mac: readMac(bytes, offset),
    lifetimeS: readLifetimeS(bytes, offset),
    locator: readLocator(bytes, offset),
    generation: readGeneration(bytes, offset),
  };
}

/**
 * Writes all 24 octets; returns the offset after them.
 * @throws CodecError E_VAN_TYPE, E_VAN_GROUP_MAC, E_FIELD_RANGE, E_OUTPUT_TRUNCATED
 */
export function encodeInto(message: VanMessage, out: Uint8Array, offset = 0): number {
  const { type, mac } = message;
  requireInteger(PROTOCOL, 'type', type, TYPE.LEAVE, 'E_VAN_TYPE');
  if (type === (0 as number)) throw fieldError('E_VAN_TYPE', PROTOCOL, 'type', offset, '1..5', type);
  requireInteger(PROTOCOL, 'transactionId', message.transactionId, WORD_MAX);
  requireOctets(PROTOCOL, 'mac', mac, MAC_LENGTH);
  if (type <= TYPE.UNLEARN && isGroupMac(mac, 0)) throw groupMac(offset + MAC, mac[0]!);
  requireInteger(PROTOCOL, 'lifetimeS', message.lifetimeS, LIFETIME_MAX_S);
  requireInteger(PROTOCOL, 'locator', message.locator, WORD_MAX);
  requireInteger(PROTOCOL, 'generation', message.generation, WORD_MAX);
  requireRoom(PROTOCOL, out, offset, MESSAGE_LENGTH);
  const flags =
    (message.extensions ? FLAG.EXTENSIONS : 0) | (message.hint ? FLAG.HINT : 0) | (message.proxy ? FLAG.PROXY : 0);
  writeMessage(out, offset, type, flags, message.transactionId, message.lifetimeS, message.locator, message.generation);
  writeOctets(out, offset + MAC, mac);
  return offset + MESSAGE_LENGTH;
}

/** Writes the message into new memory. @throws CodecError E_VAN_TYPE, E_VAN_GROUP_MAC, E_FIELD_RANGE */
export function encode(message: VanMessage): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(MESSAGE_LENGTH);
  encodeInto(message, out);
  return out;
}

/** Writes everything but the MAC, unchecked; `writeMacWords` does the rest. 32-bit values may be signed. */
export function writeMessage(
  bytes: Uint8Array,
  offset: number,
  type: VanType,
  flags: number,
  transactionId: number,
  lifetimeS: number,
  locator: number,
  generation: number,
): void {
  bytes[offset] = type;
  bytes[offset + 1] = flags;
  write16(bytes, offset + LENGTH, MESSAGE_LENGTH);
  write32(bytes, offset + TRANSACTION_ID, transactionId);
  write16(bytes, offset + LIFETIME, lifetimeS);
  write32(bytes, offset + LOCATOR, locator);
  write32(bytes, offset + GENERATION, generation);
}

/** Writes the MAC from its upper 16 and lower 32 bits, unchecked. */
export function writeMacWords(bytes: Uint8Array, offset: number, high: number, low: number): void {
  write16(bytes, offset + MAC, high);
  write32(bytes, offset + MAC + 2, low);
}

function groupMac(offset: number, actual: number): CodecError {
  return fieldError('E_VAN_GROUP_MAC', PROTOCOL, 'mac', offset, "one station's (first octet even)", actual);
}

function refused(fault: VanMessageFault, bytes: Uint8Array, offset: number, end: number): CodecError {
  if (fault === 'E_VAN_TYPE') return fieldError(fault, PROTOCOL, 'type', offset, '1..5', bytes[offset]!);
  if (fault === 'E_VAN_GROUP_MAC') return groupMac(offset + MAC, bytes[offset + MAC]!);
  const left = end - offset;
  if (left < MESSAGE_LENGTH) return truncatedError(fault, PROTOCOL, offset, MESSAGE_LENGTH, left);
  const length = read16(bytes, offset + LENGTH);
  return fieldError(fault, PROTOCOL, 'length', offset + LENGTH, `${MESSAGE_LENGTH}..${left}`, length);
}
