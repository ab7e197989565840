/** The errors of the message codec, out of line so that what runs per message stays small. */
import {
  type CodecError,
  MAC_LENGTH,
  fieldError,
  formatMac,
  isGroupMac,
  requireInteger,
  requireOctets,
  truncatedError,
} from '@overlane/wire';
import { type AddressPlan, isPort, tenantIdMax } from '../encapsulation/address-plan.js';
import { MAC_AS_ID_MAX } from '../encapsulation/constants.js';
import { MESSAGE_LENGTH, OPERATION, VERSION } from './message-constants.js';
import type { NlArpMessageFault } from './message-faults.js';
import type { NlArpMessage } from './message.js';

/** Protocol name. */
export const PROTOCOL = 'nl-arp';

const GENERATION_MAX = 0xffff;
const OPERATIONS = `${OPERATION.HERE}..${OPERATION.NOTHERE}`;

/** Throws unless the message can be written. @throws CodecError as `encodeInto` of the message codec */
export function requireMessage(message: NlArpMessage, plan: AddressPlan): void {
  const { operation, port, vmMac, edgeMac } = message;
  requireInteger(PROTOCOL, 'operation', operation, OPERATION.NOTHERE, 'E_NLARP_OP');
  if (operation < OPERATION.HERE) throw fieldError('E_NLARP_OP', PROTOCOL, 'operation', 0, OPERATIONS, operation);
  requireInteger(PROTOCOL, 'generation', message.generation, GENERATION_MAX);
  requireInteger(PROTOCOL, 'tenantId', message.tenantId, tenantIdMax(plan), 'E_NL_TENANT_RANGE');
  requireInteger(PROTOCOL, 'macAsId', message.macAsId, MAC_AS_ID_MAX, 'E_NL_MAC_AS_ID_RANGE');
  requireOctets(PROTOCOL, 'edgeMac', edgeMac, MAC_LENGTH);
  requireOctets(PROTOCOL, 'vmMac', vmMac, MAC_LENGTH);
  const mayBeOpen = operation !== OPERATION.HERE;
  const isPlace = (port === 0 && mayBeOpen) || isPort(port, plan);
  const isEdge = !isGroupMac(edgeMac, 0) && (mayBeOpen || !isZero(edgeMac));
  if (!isPlace || !isEdge) throw locationError(0, `port ${port} of ${formatMac(edgeMac)}`);
  if (isGroupMac(vmMac, 0) || isZero(vmMac)) throw vmMacError(12, formatMac(vmMac));
}

/** The error for a fault that `check` found. */
export function refused(fault: NlArpMessageFault, bytes: Uint8Array, offset: number, end: number): CodecError {
  switch (fault) {
    case 'E_NLARP_VERSION':
      return fieldError(fault, PROTOCOL, 'version', offset, VERSION, bytes[offset]! >>> 4);
    case 'E_NLARP_OP':
      return fieldError(fault, PROTOCOL, 'operation', offset, OPERATIONS, bytes[offset]! & 15);
    case 'E_NLARP_LOCATION':
      return locationError(offset, `port ${bytes[offset + 7]!} of ${formatMac(bytes, offset + 18)}`);
    case 'E_NLARP_VM_MAC':
      return vmMacError(offset + 12, formatMac(bytes, offset + 12));
    default:
      return truncatedError(fault, PROTOCOL, offset, MESSAGE_LENGTH, end - offset);
  }
}

function isZero(mac: Uint8Array): boolean {
  return mac.every((octet) => octet === 0);
}

function locationError(offset: number, actual: string): CodecError {
  return fieldError('E_NLARP_LOCATION', PROTOCOL, 'location', offset, 'a port and MAC of an edge switch', actual);
}

function vmMacError(offset: number, actual: string): CodecError {
  return fieldError('E_NLARP_VM_MAC', PROTOCOL, 'vmMac', offset, "one station's", actual);
}
