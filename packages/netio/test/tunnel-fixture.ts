/** Tunnel packets with an unfinished frame inside, as encapsulations emit them. */
import { PacketBuffer, read16, write16 } from '@overlane/wire';
import { type OffloadFrameFields, offloadFrame } from '@overlane/wire/arbitraries';

/** Octets of UDP and VXLAN header. */
const CARRIER = 16;

/** What a {@link tunnelPacket} is like besides its frame. */
export interface TunnelPacketFields extends OffloadFrameFields {
  /** Family outside. Default 4. */
  readonly outer?: 4 | 6;
  /** What is in the outer UDP checksum. Default 0: none is sent. */
  readonly outerChecksum?: number;
}

/** 203.0.113.2, or 2001:db8:77::2: where they go. */
export const DESTINATION = {
  4: [203, 0, 113, 2],
  6: [0x20, 1, 0xd, 0xb8, 0, 0x77, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2],
} as const;

/** Outer IP, UDP to port 4789 and a VXLAN header around an unfinished frame; the window starts at the IP header. */
export function tunnelPacket({ outer = 4, outerChecksum = 0, ...frame }: TunnelPacketFields = {}): PacketBuffer {
  const packet = offloadFrame(frame);
  packet.innerStart = packet.start;
  const { bytes } = packet;
  const length = packet.length + CARRIER;
  const udp = packet.prepend(CARRIER);
  bytes.set([0xc0, 1, 0x12, 0xb5, length >>> 8, length, outerChecksum >>> 8, outerChecksum, 8], udp);
  if (outer === 4) {
    bytes.set([0x45, 0, 0, 0, 0, 0, 0x40, 0, 64, 17, 0, 0, 192, 0, 2, 1, ...DESTINATION[4]], packet.prepend(20));
    write16(bytes, packet.start + 2, 20 + length);
  } else {
    const at = packet.prepend(40);
    bytes.fill(0, at, at + 40);
    bytes.set([0x60, 0, 0, 0, length >>> 8, length, 17, 64], at);
    bytes.set(DESTINATION[6], at + 24);
  }
  return packet;
}

/** Offset of the UDP header in the packet. */
export function udpOffset(packet: PacketBuffer): number {
  return packet.bytes[packet.start]! >>> 4 === 4 ? 20 : 40;
}

/** A packet's fields about what is left to do, counted from its start. */
export function workOf(packet: PacketBuffer): unknown[] {
  const { start, checksum, checksumStart, checksumField, segmentType, segmentSize } = packet;
  return [checksum, checksumStart - start, checksumField - start, segmentType, segmentSize];
}

/** The half word of the machine's order at `at`. */
export function half(bytes: Uint8Array, at: number): number {
  const swapped = read16(bytes, at);
  return (swapped >>> 8) | ((swapped & 0xff) << 8);
}
