import type { PacketBuffer } from './packet-buffer.js';

/**
 * A batch-wise source and sink of packets: a TAP device, an underlay socket, a link of the in-memory fabric. On a
 * tenant's port a packet is an Ethernet frame, on the underlay it starts at the outer IP header, or with the outer Ethernet
 * header where the encapsulation writes that (`Encapsulation.startsWith`).
 *
 * One turn of a worker is: `receive` on a port, process its packets, `flush` every port that was sent to.
 */
export interface Port {
  /** Name for counters and messages. */
  readonly name: string;
  /** Reads a batch and returns how many packets arrived; 0 if none was waiting. Invalidates the previous batch. */
  receive(): number;
  /** Packet `index` of the last batch, with headroom. Valid, and free to be changed, until the next `receive`. */
  packet(index: number): PacketBuffer;
  /**
   * Takes a packet for sending. The octets must stay as they are until `flush`; the window object may be changed at
   * once. Returns false if the next hop is full: then nothing was taken.
   */
  send(packet: PacketBuffer): boolean;
  /**
   * Whether `send` takes `packet` although its checksum is `partial` or it has yet to be cut (`segmentType`): the device,
   * the kernel or the far end then does what is left. Asked for such packets only. Absent: never, finish them first.
   */
  canFinish?(packet: PacketBuffer): boolean;
  /**
   * Whether `canFinish` may be true for tunnel packets of which work inside is left (`PacketBuffer.innerStart`): frames in
   * them cut, and the headers around repeated. Absent: finish frames before they are wrapped.
   */
  readonly finishesInside?: boolean;
  /** Hands over everything taken since the last flush. Returns how many packets the next hop lost or refused. */
  flush(): number;
  /** Gives all resources back. The port must not be used afterwards. */
  close(): void;
}
