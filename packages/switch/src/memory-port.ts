import { PacketBuffer, type Port, SoftwareOffload, type PacketStart } from '@overlane/wire';

/** What a port leaves to the other side: nothing, unfinished checksums, or cutting into segments as well. */
export type MemoryOffload = 'none' | 'checksum' | 'segmentation';

/** Sizes and abilities of the ports of a fabric. */
export interface MemoryPortOptions {
  /** Most packets waiting to be received; more are refused. Default 1,024. */
  readonly capacity?: number;
  /** Most packets per `receive`. Default 64. */
  readonly batch?: number;
  /** Free octets in front of received packets. Default 128. */
  readonly headroom?: number;
  /**
   * What this port takes unfinished, in both directions: sent packets are finished by the fabric if their receiver takes
   * less, as a kernel does. Default `none`.
   */
  readonly offload?: MemoryOffload;
  /** Whether it may be sent packets with work left inside of a tunnel, whose receiver has to take them so. Default false. */
  readonly finishesInside?: boolean;
  /** What packets start with. Default `ethernet`. */
  readonly startsWith?: PacketStart;
}

/** One end of an in-memory link. Packets are copied when sent. */
export class MemoryPort implements Port {
  readonly name: string;
  readonly finishesInside: boolean;
  readonly #capacity: number;
  readonly #batch: number;
  readonly #headroom: number;
  readonly #offload: MemoryOffload;
  readonly #software: SoftwareOffload;
  readonly #waiting: PacketBuffer[] = [];
  #received: PacketBuffer[] = [];
  readonly #deliver: (packet: PacketBuffer) => boolean;

  /** A port that gives what is sent to `deliver`, which copies it and says whether there was room. */
  constructor(name: string, deliver: (packet: PacketBuffer) => boolean, options: MemoryPortOptions = {}) {
    this.name = name;
    this.#deliver = deliver;
    this.#capacity = options.capacity ?? 1024;
    this.#batch = options.batch ?? 64;
    this.#headroom = options.headroom ?? 128;
    this.#offload = options.offload ?? 'none';
    this.finishesInside = options.finishesInside ?? false;
    this.#software = new SoftwareOffload({ startsWith: options.startsWith ?? 'ethernet' });
  }

  /** Puts a packet, or the octets of an ordinary one, into this port's receive queue, as a copy. False if it is full. */
  push(packet: PacketBuffer | Uint8Array): boolean {
    const window = packet instanceof Uint8Array ? new PacketBuffer(packet) : packet;
    if (this.#waiting.length >= this.#capacity) return false;
    if (!window.isUnfinished || this.#takes(window)) {
      const copy = window.clone(this.#headroom);
      // Where the frame is in the tunnel, a receiver sees for itself.
      copy.innerStart = 0;
      this.#waiting.push(copy);
      return true;
    }
    let hasRoom = true;
    // Finishing a checksum changes the packet, which is the sender's.
    const fault = this.#software.run(window.clone(0), (piece) => {
      if (this.#waiting.length < this.#capacity) this.#waiting.push(piece.clone(this.#headroom));
      else hasRoom = false;
    });
    return fault === undefined && hasRoom;
  }

  receive(): number {
    this.#received = this.#waiting.splice(0, this.#batch);
    return this.#received.length;
  }

  packet(index: number): PacketBuffer {
    return this.#received[index]!;
  }

  send(packet: PacketBuffer): boolean {
    return this.#deliver(packet);
  }

  canFinish(packet: PacketBuffer): boolean {
    return (packet.innerStart === 0 || this.finishesInside) && this.#takes(packet);
  }

  #takes(packet: PacketBuffer): boolean {
    return this.#offload === 'segmentation' || (this.#offload === 'checksum' && packet.segmentType === 'none');
  }

  flush(): number {
    return 0;
  }

  close(): void {
    this.#waiting.length = 0;
    this.#received = [];
  }
}
