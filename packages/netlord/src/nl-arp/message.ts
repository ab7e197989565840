/**
 * NL-ARP message, 24 octets. NetLord names the three messages and says that each fits a 64-octet frame; this layout
 * is ours:
 *
 *      0                   1                   2                   3
 *      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *     |Version|  Op   |R|R|R|R|R|R|D|U|          Generation           |
 *     |                   Tenant ID                   |  Egress Port  |
 *     |              MAC Address Space ID (MAC_AS_ID)                 |
 *     |                            VM MAC                             |
 *     |        VM MAC (cont.)         |        Edge Switch MAC        |
 *     |                   Edge Switch MAC (cont.)                     |
 *
 * Port and edge switch say where the VM is in HERE, where it is not in NOTHERE, and where the asker is in WHERE. Reserved
 * flags are sent as zero and ignored on receipt, as are octets behind the 24th. With more than 8 port bits in the address
 * plan the port takes as many bits from the tenant here as in the address.
 */
import {
  MAC_LENGTH,
  copyOctets,
  isGroupMac,
  read16,
  read32,
  readInt32,
  requireRoom,
  write16,
  write32,
  writeOctets,
} from '@overlane/wire';
import { type AddressPlan, ADDRESS_PLAN, isPort } from '../encapsulation/address-plan.js';
import { FLAG, MESSAGE_LENGTH, type NlArpOperation, OPERATION, VERSION } from './message-constants.js';
import { PROTOCOL, refused, requireMessage } from './message-errors.js';
import type { NlArpMessageFault } from './message-faults.js';

export { PROTOCOL };

const GENERATION = 2;
const PLACE = 4;
const MAC_AS_ID = 8;
const VM_MAC = 12;
const EDGE_MAC = 18;

/** A message as a plain value. */
export interface NlArpMessage {
  /** What it says. */
  readonly operation: NlArpOperation;
  /** U: it answers a question and went to who asked. */
  readonly unicast: boolean;
  /** D: the VM has stopped. Means something in HERE only. */
  readonly stopped: boolean;
  /** Counts the placements of the VM, 0..65535, compared as a serial number (RFC 1982); 0 if none is known. */
  readonly generation: number;
  /** Tenant, 0..2^24-1 by default. */
  readonly tenantId: number;
  /** Port of the edge switch; 0 if not given, which HERE does not allow. */
  readonly port: number;
  /** MAC address space within the tenant, 0..2^32-1. */
  readonly macAsId: number;
  /** The VM, 6 octets: neither zero nor a group. */
  readonly vmMac: Uint8Array;
  /** The edge switch, 6 octets; zero if not given, which HERE does not allow. */
  readonly edgeMac: Uint8Array;
}

/** Says why `bytes[offset..end)` doesn't start with a message, or `undefined` if it does. Never throws or allocates. */
export function check(
  bytes: Uint8Array,
  offset = 0,
  end: number = bytes.length,
  plan: AddressPlan = ADDRESS_PLAN,
): NlArpMessageFault | undefined {
  if (end - offset < MESSAGE_LENGTH) return 'E_NLARP_TRUNCATED';
  const first = bytes[offset]!;
  if (first >>> 4 !== VERSION) return 'E_NLARP_VERSION';
  const operation = first & 15;
  if (operation < OPERATION.HERE || operation > OPERATION.NOTHERE) return 'E_NLARP_OP';
  if (!isLocation(bytes, offset, operation, plan)) return 'E_NLARP_LOCATION';
  return isGroupMac(bytes, offset + VM_MAC) || isZeroMac(bytes, offset + VM_MAC) ? 'E_NLARP_VM_MAC' : undefined;
}

/** HERE names a place. The others may leave it open, but a port that no switch has or a group would misdirect answers. */
function isLocation(bytes: Uint8Array, offset: number, operation: number, plan: AddressPlan): boolean {
  const port = readPort(bytes, offset, plan);
  if (isGroupMac(bytes, offset + EDGE_MAC)) return false;
  if (port !== 0 && !isPort(port, plan)) return false;
  return operation !== OPERATION.HERE || (port !== 0 && !isZeroMac(bytes, offset + EDGE_MAC));
}

function isZeroMac(bytes: Uint8Array, offset: number): boolean {
  return read16(bytes, offset) === 0 && readInt32(bytes, offset + 2) === 0;
}

/** Octets of the message: always 24. Precondition of this and all other readers: `check` passed. */
export function readHeaderLength(_bytes: Uint8Array, _offset: number): number {
  return MESSAGE_LENGTH;
}

/** What the message says. */
export function readOperation(bytes: Uint8Array, offset: number): NlArpOperation {
  return (bytes[offset]! & 15) as NlArpOperation;
}

/** Flag bits: see FLAG. Reserved bits are as received. */
export function readFlags(bytes: Uint8Array, offset: number): number {
  return bytes[offset + 1]!;
}

/** Generation, 0..65535. */
export function readGeneration(bytes: Uint8Array, offset: number): number {
  return read16(bytes, offset + GENERATION);
}

/** Writes the generation of a message that is in place; other octets stay. */
export function writeGeneration(bytes: Uint8Array, offset: number, generation: number): void {
  write16(bytes, offset + GENERATION, generation);
}

/** Tenant identifier. */
export function readTenantId(bytes: Uint8Array, offset: number, plan: AddressPlan = ADDRESS_PLAN): number {
  return readInt32(bytes, offset + PLACE) >>> plan.portBits;
}

/** Port of the edge switch, or 0. */
export function readPort(bytes: Uint8Array, offset: number, plan: AddressPlan = ADDRESS_PLAN): number {
  return readInt32(bytes, offset + PLACE) & ((1 << plan.portBits) - 1);
}

/** MAC address space, 0..2^32-1. */
export function readMacAsId(bytes: Uint8Array, offset: number): number {
  return read32(bytes, offset + MAC_AS_ID);
}

/** Offset in `bytes` of the VM's MAC. */
export function vmMacOffset(offset: number): number {
  return offset + VM_MAC;
}

/** The VM's MAC in new memory. */
export function readVmMac(bytes: Uint8Array, offset: number): Uint8Array<ArrayBuffer> {
  return copyOctets(bytes, offset + VM_MAC, MAC_LENGTH);
}

/** Offset in `bytes` of the edge switch's MAC. */
export function edgeMacOffset(offset: number): number {
  return offset + EDGE_MAC;
}

/** The edge switch's MAC in new memory. */
export function readEdgeMac(bytes: Uint8Array, offset: number): Uint8Array<ArrayBuffer> {
  return copyOctets(bytes, offset + EDGE_MAC, MAC_LENGTH);
}

/**
 * Writes everything but the two MACs, unchecked: the data path's `encodeInto`, which `writeVmMac` and `writeEdgeMac`
 * complete. `macAsId` may be signed.
 */
export function writeMessage(
  bytes: Uint8Array,
  offset: number,
  operation: NlArpOperation,
  flags: number,
  generation: number,
  tenantId: number,
  port: number,
  macAsId: number,
  plan: AddressPlan = ADDRESS_PLAN,
): void {
  bytes[offset] = (VERSION << 4) | operation;
  bytes[offset + 1] = flags;
  write16(bytes, offset + GENERATION, generation);
  write32(bytes, offset + PLACE, (tenantId << plan.portBits) | port);
  write32(bytes, offset + MAC_AS_ID, macAsId);
}

/** Writes the VM's MAC from its upper 16 and lower 32 bits, signed or not, unchecked. */
export function writeVmMac(bytes: Uint8Array, offset: number, high: number, low: number): void {
  write16(bytes, offset + VM_MAC, high);
  write32(bytes, offset + VM_MAC + 2, low);
}

/** Writes the edge switch's MAC from its upper 16 and lower 32 bits, signed or not, unchecked. */
export function writeEdgeMac(bytes: Uint8Array, offset: number, high: number, low: number): void {
  write16(bytes, offset + EDGE_MAC, high);
  write32(bytes, offset + EDGE_MAC + 2, low);
}

/** Reads a message. @throws CodecError with the fault that `check` returns */
export function decode(
  bytes: Uint8Array,
  offset = 0,
  end: number = bytes.length,
  plan: AddressPlan = ADDRESS_PLAN,
): NlArpMessage {
  const fault = check(bytes, offset, end, plan);
  if (fault !== undefined) throw refused(fault, bytes, offset, end);
  const flags = readFlags(bytes, offset);
  return {
    operation: readOperation(bytes, offset),
    unicast: (flags & FLAG.UNICAST) !== 0,
    stopped: (flags & FLAG.STOPPED) !== 0,
    generation: readGeneration(bytes, offset),
    tenantId: readTenantId(bytes, offset, plan),
    port: readPort(bytes, offset, plan),
    macAsId: readMacAsId(bytes, offset),
    vmMac: readVmMac(bytes, offset),
    edgeMac: readEdgeMac(bytes, offset),
  };
}

/**
 * Writes all 24 octets; returns the offset behind them.
 * @throws CodecError E_NLARP_OP, E_NLARP_LOCATION, E_NLARP_VM_MAC, E_NL_TENANT_RANGE, E_NL_MAC_AS_ID_RANGE, E_FIELD_RANGE,
 *   E_OUTPUT_TRUNCATED
 */
export function encodeInto(
  message: NlArpMessage,
  out: Uint8Array,
  offset = 0,
  plan: AddressPlan = ADDRESS_PLAN,
): number {
  requireMessage(message, plan);
  requireRoom(PROTOCOL, out, offset, MESSAGE_LENGTH);
  const { operation, generation, tenantId, port, macAsId } = message;
  const flags = (message.unicast ? FLAG.UNICAST : 0) | (message.stopped ? FLAG.STOPPED : 0);
  writeMessage(out, offset, operation, flags, generation, tenantId, port, macAsId, plan);
  writeOctets(out, offset + VM_MAC, message.vmMac);
  writeOctets(out, offset + EDGE_MAC, message.edgeMac);
  return offset + MESSAGE_LENGTH;
}

/** Writes the message into new memory. @throws CodecError as `encodeInto` */
export function encode(message: NlArpMessage, plan: AddressPlan = ADDRESS_PLAN): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(MESSAGE_LENGTH);
  encodeInto(message, out, 0, plan);
  return out;
}
