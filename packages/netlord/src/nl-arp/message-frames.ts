/**
 * The two frames that carry a message: a broadcast of its own EtherType to every agent, 64 octets with FCS,
 * or a NetLord frame of protocol 254 to the agent at one port.
 */
import { ethernet, read16, write16 } from '@overlane/wire';
import { HEADER_LENGTH, IP_PROTOCOL, TAGGED_FRAME_HEADER_LENGTH, TTL_SENT } from '../encapsulation/constants.js';
import * as frame from '../encapsulation/frame.js';
import * as header from '../encapsulation/header.js';
import { BROADCAST_HEADER_LENGTH, BROADCAST_LENGTH, ETHER_TYPE, MESSAGE_LENGTH } from './message-constants.js';

/** Octets of a unicast message with all its headers. */
export const UNICAST_LENGTH = TAGGED_FRAME_HEADER_LENGTH + MESSAGE_LENGTH;

const { C_TAG } = ethernet.ETHER_TYPE;

/**
 * Offset of the message in the broadcast `bytes[offset..end)`, with a VLAN tag or without, or -1 if the EtherType is
 * another's. Whether a message is there is for its `check` to say.
 */
export function findBroadcastMessage(bytes: Uint8Array, offset: number, end: number): number {
  const isTagged = end - offset >= BROADCAST_HEADER_LENGTH && read16(bytes, offset + 12) === C_TAG;
  const at = offset + ethernet.HEADER_LENGTH + (isTagged ? ethernet.TAG_LENGTH : 0);
  return at <= end && read16(bytes, at - 2) === ETHER_TYPE ? at : -1;
}

/**
 * Writes a broadcast of 60 octets, padding included and the message left out, unchecked; returns the message's offset.
 * The source is the agent's own *edge switch*, so that no server's MAC enters a forwarding table; it comes as its upper 16
 * and lower 32 bits.
 */
export function writeBroadcast(
  bytes: Uint8Array,
  offset: number,
  edgeHigh: number,
  edgeLow: number,
  tci: number,
): number {
  frame.writeEthernet(bytes, offset, 0xffff, 0xffff_ffff, edgeHigh, edgeLow, tci);
  write16(bytes, offset + BROADCAST_HEADER_LENGTH - 2, ETHER_TYPE);
  bytes.fill(0, offset + BROADCAST_HEADER_LENGTH + MESSAGE_LENGTH, offset + BROADCAST_LENGTH);
  return offset + BROADCAST_HEADER_LENGTH;
}

/**
 * Writes the headers of a unicast message, 38 octets, unchecked; returns the message's offset. The MACs are those of the
 * far and the own edge switch as for `frame.writeEthernet`; `macAsId` and `address` are as for `header.writeHeader`.
 */
export function writeUnicastHeaders(
  bytes: Uint8Array,
  offset: number,
  farHigh: number,
  farLow: number,
  ownHigh: number,
  ownLow: number,
  tci: number,
  macAsId: number,
  address: number,
): number {
  const at = offset + TAGGED_FRAME_HEADER_LENGTH - HEADER_LENGTH;
  frame.writeEthernet(bytes, offset, farHigh, farLow, ownHigh, ownLow, tci);
  header.writeHeader(bytes, at, 0, HEADER_LENGTH + MESSAGE_LENGTH, tci, TTL_SENT, IP_PROTOCOL.NL_ARP, macAsId, address);
  return at + HEADER_LENGTH;
}
