/**
 * How far the checksums of a packet can be trusted. `unverified`: nobody below us has looked. `verified`: somebody has
 * (a kernel socket, a NIC); a verified carrier is not summed again. `partial`: whoever made the packet left one
 * transport checksum unfinished, see {@link PacketBuffer.checksumStart}; it never was on a wire, so it counts as good.
 */
export type ChecksumState = 'unverified' | 'verified' | 'partial';

/**
 * How a packet that is larger than the MTU has yet to be cut: `tcp4` and `tcp6` into TCP segments, `udp` into datagrams
 * with equal headers (what Linux calls UDP_L4), `none` not at all. The virtio-net header has the same choice.
 */
export type SegmentType = 'none' | 'tcp4' | 'tcp6' | 'udp';

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
  /** What is known of the outermost transport checksum. Default `unverified`. */
  checksum: ChecksumState = 'unverified';
  /**
   * Where the sum of a `partial` checksum starts: the offset in `bytes` of the transport header. It ends with the IP
   * packet. Like {@link checksumField} a position in `bytes`, which adding and removing headers doesn't move. 0 unless
   * `checksum` is `partial`.
   */
  checksumStart = 0;
  /** Offset in `bytes` of the `partial` checksum, which holds the folded sum of the pseudo-header. Else 0. */
  checksumField = 0;
  /** How the packet is yet to be cut into segments. Default `none`. If it is, `checksum` is `partial`. */
  segmentType: SegmentType = 'none';
  /** Octets of transport payload in each segment but the last, 1..65535; 0 if `segmentType` is `none`. */
  segmentSize = 0;
  /**
   * In a tunnel packet whose checksum and segment fields speak of the Ethernet frame inside: the offset in `bytes` of that
   * frame. Set by encapsulations (`Encapsulation.keepsOffload`) while they emit; else 0.
   */
  innerStart = 0;

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

  /** Whether work on the packet is left to do: its checksum is `partial`, or it has yet to be cut. */
  get isUnfinished(): boolean {
    return this.checksum === 'partial' || this.segmentType !== 'none';
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

  /** Points this window at `bytes[start..end)`, with no word about checksums and segments: an ordinary packet. */
  reset(bytes: Uint8Array, start: number, end: number): this {
    this.bytes = bytes;
    this.start = start;
    this.end = end;
    this.clearOffload();
    return this;
  }

  /** Sets checksum and segment fields to their defaults, once what they asked for is done. */
  clearOffload(): void {
    this.checksum = 'unverified';
    this.checksumStart = 0;
    this.checksumField = 0;
    this.segmentType = 'none';
    this.segmentSize = 0;
    this.innerStart = 0;
  }

  /** Takes over the checksum and segment fields of `other`, a window on the same packet. */
  copyOffload(other: PacketBuffer): void {
    this.checksum = other.checksum;
    this.checksumStart = other.checksumStart;
    this.checksumField = other.checksumField;
    this.segmentType = other.segmentType;
    this.segmentSize = other.segmentSize;
    this.innerStart = other.innerStart;
  }

  /** The packet's octets as a view on the same memory. Allocates the view: not for the data path. */
  view(): Uint8Array {
    return this.bytes.subarray(this.start, this.end);
  }

  /** The packet in new memory with `headroom` free octets in front, and what is left to do on it. */
  clone(headroom: number): PacketBuffer {
    const clone = PacketBuffer.from(this.view(), headroom);
    clone.copyOffload(this);
    if (this.checksum === 'partial') {
      clone.checksumStart += headroom - this.start;
      clone.checksumField += headroom - this.start;
      if (this.innerStart !== 0) clone.innerStart += headroom - this.start;
    }
    return clone;
  }

  /** The packet's octets in new memory, which the caller owns. */
  copy(): Uint8Array<ArrayBuffer> {
    return this.bytes.slice(this.start, this.end);
  }
}
