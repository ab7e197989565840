import { ipv4, type PacketBuffer, read16, udp, write16 } from '@overlane/wire';
import type { Arena } from './arena.js';
import { IPPROTO_UDP } from './linux.js';
import { IPV4_LENGTH } from './outer-header.js';
import { Slots } from './slots.js';
import { transportOffset } from './underlay-offload.js';

/**
 * Hands a super-datagram out as the datagrams it stands for: each with the outer headers of all, its own lengths, no UDP
 * checksum (`packet.checksum` is `verified`: the kernel joined only datagrams whose checksum was right, or they never
 * were on a wire), and full headroom.
 *
 * Choice: they are copied out, about 50 ns each. In place each would need its headers where the one before it ends.
 */
export class DatagramSplitter {
  readonly #bytes: Uint8Array;
  readonly #slots: Slots;
  #start = 0;
  #headerLength = 0;
  #next = 0;
  #end = 0;
  #size = 0;

  /** Makes room for `count` datagrams of `mtu` at a time. @throws NetioError E_NETIO_NO_MEMORY */
  constructor(arena: Arena, count: number, mtu: number) {
    this.#bytes = arena.bytes;
    this.#slots = new Slots(arena, count, mtu);
  }

  /** True while datagrams of the last super-datagram are to be taken. */
  get isBusy(): boolean {
    return this.#next < this.#end;
  }

  /**
   * Begins with the super-datagram in `packet`, in the same arena, whose octets must stay until it is taken. Returns false
   * if it is none: headers that do not fit it, or datagrams longer than a slot.
   */
  begin(packet: PacketBuffer): boolean {
    const { bytes, start, end, segmentSize } = packet;
    const family = bytes[start]! >>> 4;
    this.#end = this.#next = 0;
    if (family !== 4 && family !== 6) return false;
    const transport = transportOffset(bytes, start, family);
    const headerLength = transport + udp.HEADER_LENGTH - start;
    if (transport < start + IPV4_LENGTH || packet.checksumStart !== transport || headerLength >= end - start)
      return false;
    if (bytes[start + (family === 4 ? 9 : 6)] !== IPPROTO_UDP) return false;
    const length = family === 4 ? read16(bytes, start + 2) : transport - start + read16(bytes, start + 4);
    if (length <= headerLength || length > end - start || headerLength + segmentSize > this.#slots.capacity)
      return false;
    this.#start = start;
    this.#headerLength = headerLength;
    this.#size = segmentSize;
    this.#next = start + headerLength;
    this.#end = start + length;
    return true;
  }

  /** The next datagram, in slot `index`. Precondition: `isBusy`. */
  take(index: number): PacketBuffer {
    const bytes = this.#bytes;
    const headerLength = this.#headerLength;
    const payload = Math.min(this.#size, this.#end - this.#next);
    const at = this.#slots.start(index);
    bytes.copyWithin(at, this.#start, this.#start + headerLength);
    bytes.copyWithin(at + headerLength, this.#next, this.#next + payload);
    this.#next += payload;
    const udpAt = at + headerLength - udp.HEADER_LENGTH;
    const udpLength = udp.HEADER_LENGTH + payload;
    write16(bytes, udpAt + 4, udpLength);
    write16(bytes, udpAt + 6, 0);
    if (bytes[at]! >>> 4 === 4) {
      write16(bytes, at + 2, udpAt - at + udpLength);
      ipv4.writeChecksum(bytes, at);
    } else {
      write16(bytes, at + 4, udpLength);
    }
    const window = this.#slots.windows[index]!.reset(bytes, at, at + headerLength + payload);
    window.checksum = 'verified';
    return window;
  }

  /** Gives the memory back to the arena. */
  release(): void {
    this.#slots.release();
  }
}
