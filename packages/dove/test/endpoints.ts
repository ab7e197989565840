/** Endpoints at work, for the tests of the encapsulation. */
import { type Fault, PacketBuffer, TunnelMetadata } from '@overlane/wire';
import type { DoveEncapsulation } from '../src/index.js';
import { frameOf, octets, outerPacket, tunnelTo } from './vector-file.js';

/** A frame that Ethernet's MTU has no room for. */
export const JUMBO = frameOf(9014);
/** Options of an endpoint whose peers all take extensions. */
export const DOVE_PEERS = { takesExtensions: () => true };

/** What an endpoint says to the packets, one after the other; the last one's window. */
export function receive(endpoint: DoveEncapsulation, packets: readonly Uint8Array[], nowMs = 0) {
  const tunnel = new TunnelMetadata();
  let packet = new PacketBuffer(new Uint8Array(0));
  const outcomes = packets.map((outer): Fault | 'incomplete' | undefined => {
    packet = new PacketBuffer(outer.slice());
    return endpoint.decapsulate(packet, tunnel, nowMs);
  });
  return { outcomes, packet, tunnel };
}

/** An outer packet around this UDP payload. */
export const packetAround = (hex: string): Uint8Array => outerPacket(octets(hex), tunnelTo(0)).copy();
