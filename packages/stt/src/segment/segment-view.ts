import { HeaderView } from '@overlane/wire';
import {
  readChecksum,
  readDestinationPort,
  readFlags,
  readFrameLength,
  readHeaderLength,
  readPacketId,
  readSegmentOffset,
  readSourcePort,
  writePacketId,
  writeSegmentOffset,
  writeSourcePort,
} from './segment-header.js';

/**
 * A segment header in place, as an object: for code that passes headers around. Make one and move it with `at`.
 * It checks nothing: call `check` first. Setters leave the checksum as it was.
 */
export class SttSegmentView extends HeaderView {
  /** Octets of header and options, 20..60. */
  get headerLength(): number {
    return readHeaderLength(this.bytes, this.offset);
  }

  /** Source port. */
  get sourcePort(): number {
    return readSourcePort(this.bytes, this.offset);
  }

  set sourcePort(port: number) {
    writeSourcePort(this.bytes, this.offset, port);
  }

  /** Destination port. */
  get destinationPort(): number {
    return readDestinationPort(this.bytes, this.offset);
  }

  /** Octets of the whole frame. */
  get frameLength(): number {
    return readFrameLength(this.bytes, this.offset);
  }

  /** Where the payload goes in the frame. */
  get segmentOffset(): number {
    return readSegmentOffset(this.bytes, this.offset);
  }

  set segmentOffset(segmentOffset: number) {
    writeSegmentOffset(this.bytes, this.offset, segmentOffset);
  }

  /** Packet id, 0..2^32-1. */
  get packetId(): number {
    return readPacketId(this.bytes, this.offset);
  }

  set packetId(packetId: number) {
    writePacketId(this.bytes, this.offset, packetId);
  }

  /** Control bits. */
  get flags(): number {
    return readFlags(this.bytes, this.offset);
  }

  /** Checksum as it stands. */
  get checksum(): number {
    return readChecksum(this.bytes, this.offset);
  }
}
