/**
 * How far the checksums of a packet can be trusted: `unverified`, or `verified` when someone below us has checked
 * them (a kernel socket, a NIC). A verified carrier is not summed again.
 */
export type ChecksumState = 'unverified' | 'verified';

/**
 * One packet inside a larger array, with room in front for the headers that tunnels add. Encapsulation moves `start`
 * back, decapsulation moves it forward; payload octets stay where they are.
 *
 * The buffer does not own `bytes`. In `netio` all packets of a worker are windows on one arena, so `bytes` is always
 * the same array, which keeps V8's call sites monomorphic. Methods do not check their arguments against the array:
 * callers ask {@link headroom} or compare lengths first, because a fault is a value on the data path, not a throw.
 */
export class PacketBuffer {
  /** The array that holds the packet, and more. */
  bytes: Uint8Array;
  /** Offset of the packet's first octet. */
  start: number;
  /** Offset after the packet's last octet. */
  end: number;
  /** Whether somebody below us has verified the outermost transport checksum. */
  checksum: ChecksumState = 'unverified';

  /** A window `bytes[start..end)`. The octets stay the caller's. */
  constructor(bytes: Uint8Array, start = 0, end: number = bytes.length) {
    this.bytes = bytes;
    this.start = start;
    this.end = end;
  }

  /** Copies `frame` into new memory with `headroom` free octets in front and `tailroom` behind. */
  static from(frame: Uint8Array, headroom = 128, tailroom = 0): PacketBuffer {
    const bytes = new Uint8Array(headroom + frame.length + tailroom);
    bytes.set(frame, headroom);
    return new PacketBuffer(bytes, headroom, headroom + frame.length);
  }

  /** Octets in the packet. */
  get length(): number {
    return this.end - this.start;
  }

  /** Octets free in front of the packet. */
  get headroom(): number {
    return this.start;
  }

  /** Takes `n` octets of headroom into the packet and returns the new `start`. Precondition: `n <= headroom`. */
  prepend(n: number): number {
    return (this.start -= n);
  }

  /** Drops the first `n` octets. Precondition: `n <= length`. */
  trimFront(n: number): void {
    this.start += n;
  }

  /** Drops the last `n` octets. Precondition: `n <= length`. */
  trimBack(n: number): void {
    this.end -= n;
  }

  /** Points this window at `bytes[start..end)`; its checksums count as unverified again. */
  reset(bytes: Uint8Array, start: number, end: number): this {
    this.bytes = bytes;
    this.start = start;
    this.end = end;
    this.checksum = 'unverified';
    return this;
  }

  /** The packet's octets as a view on the same memory. Allocates the view: not for the data path. */
  view(): Uint8Array {
    return this.bytes.subarray(this.start, this.end);
  }

  /** The packet's octets in new memory, which the caller owns. */
  copy(): Uint8Array<ArrayBuffer> {
    return this.bytes.slice(this.start, this.end);
  }
}
