/** Whole packets through an `Encapsulation`, as a switch sends and takes them. */
import { type Encapsulation, PacketBuffer, TunnelMetadata, ipv4, read16 } from '@overlane/wire';
import { createTunnels, packFrames, packWindows } from './inputs.js';
import type { Operation } from './measure.js';
import { required } from './required.js';

/** Where the outer IPv4 header has its checksum. */
export const IPV4_CHECKSUM_AT = 10;

/**
 * Wraps frames that stand in the buffer with room in front. Value: the outer IPv4 checksum, joined with the two octets at
 * `probe` of the packet, which belong to the network's number.
 */
export function encapsulate(
  encapsulation: Encapsulation,
  probe: number,
  tunnels: readonly TunnelMetadata[] = createTunnels(),
): Operation {
  const { bytes, starts, ends } = packFrames();
  const packet = new PacketBuffer(bytes);
  let value = 0;
  const emit = (outer: PacketBuffer): void => {
    value = ipv4.readChecksum(outer.bytes, outer.start) ^ read16(outer.bytes, outer.start + probe);
  };
  return (i) => {
    packet.reset(bytes, starts[i]!, ends[i]!);
    required(encapsulation.encapsulate(packet, tunnels[i]!, emit));
    return value;
  };
}

/** Unwraps packets from the outer IP header on. Value: the network's number. */
export function decapsulate(encapsulation: Encapsulation, packets: readonly Uint8Array[]): Operation {
  const { bytes, starts, ends } = packWindows(packets);
  const packet = new PacketBuffer(bytes);
  const tunnel = new TunnelMetadata();
  return (i) => {
    packet.reset(bytes, starts[i]!, ends[i]!);
    required(encapsulation.decapsulate(packet, tunnel, 0));
    return tunnel.network;
  };
}
