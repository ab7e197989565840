import type { PacketBuffer, Queue } from '@overlane/wire';

/** The Queue of plain VXLAN: when the next hop is full, the packet is lost. */
export class DropQueue implements Queue {
  /** Refuses every packet. */
  offer(_packet: PacketBuffer): boolean {
    return false;
  }

  /** Nothing is ever held. */
  peek(): undefined {
    return undefined;
  }

  /** Nothing is ever held. */
  take(): undefined {
    return undefined;
  }
}
