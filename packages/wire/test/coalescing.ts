/** What the tests of the coalescer share: traffic, and what becomes of it. */
import fc from 'fast-check';
import { PacketBuffer, SegmentCoalescer, SoftwareOffload, TunnelMetadata, tcp } from '../src/index.js';
import { type OffloadFrameFields, offloadFrame } from '../src/arbitraries.js';

/** Octets that repeat only after long. */
export const octets = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => (i * 13) ^ (i >>> 8));
/** Octets as hexadecimal text. */
export const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
/** Whether both lists hold the same octets in the same order. */
export const same = (a: readonly Uint8Array[], b: readonly Uint8Array[]): boolean =>
  a.length === b.length && a.every((each, i) => Buffer.compare(each, b[i]!) === 0);

/** A copy of a packet and of what it says about offload. */
function copyOf(packet: PacketBuffer): PacketBuffer {
  const copy = PacketBuffer.from(packet.copy());
  copy.copyOffload(packet);
  if (packet.checksum === 'partial') {
    copy.checksumStart += copy.start - packet.start;
    copy.checksumField += copy.start - packet.start;
  }
  return copy;
}

/** What comes out of a coalescer, in order. */
export function coalesce(
  packets: readonly PacketBuffer[],
  coalescer = (sink: (packet: PacketBuffer) => void) => new SegmentCoalescer(sink),
): PacketBuffer[] {
  const out: PacketBuffer[] = [];
  const tunnel = new TunnelMetadata();
  const made = coalescer((packet) => out.push(copyOf(packet)));
  for (const packet of packets) if (!made.accept(packet, tunnel)) out.push(copyOf(packet));
  made.flush();
  return out;
}

/** Cuts and finishes. */
export const cutter = new SoftwareOffload();

/** The segments of frames that are yet to be cut, and ordinary frames as they are. */
export function cut(packets: readonly PacketBuffer[]): Uint8Array[] {
  const out: Uint8Array[] = [];
  for (const packet of packets) {
    const fault = cutter.run(packet, (segment) => out.push(segment.copy()));
    if (fault !== undefined) throw new Error(fault);
  }
  return out;
}

/** The segments of a frame that is yet to be cut. */
export const segmentsOf = (fields: OffloadFrameFields): PacketBuffer[] =>
  cut([offloadFrame(fields)]).map((segment) => PacketBuffer.from(segment));

const families = fc.constantFrom(4 as const, 6 as const);
const transports = fc.constantFrom('tcp' as const, 'udp' as const);
/** Frames that are yet to be cut. */
export const superFrames = fc
  .record({
    family: families,
    transport: transports,
    payload: fc.integer({ min: 1, max: 3000 }).map(octets),
    segmentSize: fc.integer({ min: 50, max: 1500 }),
    tcpOptions: fc.constantFrom(0, 12, 40),
    identification: fc.constantFrom(7, 0xfffe),
    sequenceNumber: fc.constantFrom(7, 0xffff_fff0),
    flags: fc.constantFrom(tcp.FLAG.ACK, tcp.FLAG.ACK | tcp.FLAG.PSH),
    tags: fc.nat(2),
  })
  .filter(({ payload, segmentSize }) => payload.length > segmentSize);
