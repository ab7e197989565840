/**
 * The laws of STT codecs. Pass your own implementation to test it, with the layouts as oracle:
 *
 *     for (const law of sttSegmentLaws(myCodec)) it(law.name, () => fc.assert(law.property));
 */
import { type Codec, type Encapsulation, PacketBuffer } from '@overlane/wire';
import { type EncapsulationLaw, type Law, type LawSubject, codecLaws, encapsulationLaws } from '@overlane/wire/laws';
import { network, sttFrameHeader, sttSegmentHeader } from './arbitraries.js';
import { SttEncapsulation } from './encapsulation.js';
import * as frame from './frame/index.js';
import { sttFrameLayout, sttFrameMsbLayout, sttLayout } from './layout.js';
import { Segmenter } from './segmenter.js';
import * as segment from './segment/index.js';

const HALF_MAX = 0xffff_ffff;

/** The segment header as a law subject. */
export const sttSegmentSubject = (
  codec: Codec<segment.SttSegmentHeader> = segment,
): LawSubject<segment.SttSegmentHeader> => ({
  codec,
  faults: [
    'E_STT_SEGMENT_TRUNCATED',
    'E_STT_BAD_DATA_OFFSET',
    'E_STT_EMPTY_SEGMENT',
    'E_STT_FRAME_TOO_SHORT',
    'E_STT_SEGMENT_OUT_OF_BOUNDS',
  ],
  headers: sttSegmentHeader(),
  // One octet of payload: a segment without is refused.
  packetOf: (header) => Uint8Array.of(...codec.encode(header), 0xa5),
  canonical: (packet) => {
    const header = packet.slice(0, segment.readHeaderLength(packet, 0));
    header[12]! &= 0xf0;
    return header;
  },
  fields: {
    sourcePort: { read: segment.readSourcePort, write: segment.writeSourcePort, max: 0xffff },
    destinationPort: { read: segment.readDestinationPort },
    frameLength: { read: segment.readFrameLength },
    segmentOffset: { read: segment.readSegmentOffset, write: segment.writeSegmentOffset, max: 0xffff },
    packetId: { read: segment.readPacketId, write: segment.writePacketId, max: HALF_MAX },
    checksum: { read: segment.readChecksum, write: segment.writeChecksum, max: 0xffff },
  },
  oracle: sttLayout as LawSubject<segment.SttSegmentHeader>['oracle'] & object,
  toRecord: ({ flags, ...rest }) => ({
    ...rest,
    dataOffset: 5 + rest.options.length / 4,
    fin: (flags & segment.FLAG.FIN) !== 0,
    syn: (flags & segment.FLAG.SYN) !== 0,
    rst: (flags & segment.FLAG.RST) !== 0,
    psh: (flags & segment.FLAG.PSH) !== 0,
    ack: (flags & segment.FLAG.ACK) !== 0,
    urg: (flags & segment.FLAG.URG) !== 0,
    ece: (flags & segment.FLAG.ECE) !== 0,
    cwr: (flags & segment.FLAG.CWR) !== 0,
  }),
});

/** The frame header as a law subject, in either order of flag bits. `codec` must have that order. */
export const sttFrameSubject = (
  order: frame.FlagBitOrder = 'lsb',
  codec: Codec<frame.SttFrameHeader> = codecOf(order),
): LawSubject<frame.SttFrameHeader> => ({
  codec,
  faults: ['E_STT_FRAME_TOO_SHORT', 'E_STT_UNSUPPORTED_VERSION', 'E_STT_FLAGS_CONFLICT', 'E_STT_BAD_L4_OFFSET'],
  headers: sttFrameHeader(),
  packetOf: (header) => codec.encode(header),
  canonical: (packet) => canonicalFrameHeader(packet, order),
  fields: {
    l4Offset: { read: frame.readL4Offset },
    mss: { read: frame.readMss },
    vlanValid: { read: frame.readVlanValid },
    pcp: { read: frame.readPcp },
    vlanId: { read: frame.readVlanId },
  },
  oracle: (order === 'lsb' ? sttFrameLayout : sttFrameMsbLayout) as LawSubject<frame.SttFrameHeader>['oracle'] & object,
  // Fields without meaning may have any value on the wire.
  toRecord: ({ flags, contextId, vlanValid, pcp, vlanId, l4Offset, mss }) => ({
    version: 0,
    contextId,
    vlanValid,
    checksumVerified: (flags & frame.FLAG.CHECKSUM_VERIFIED) !== 0,
    checksumPartial: (flags & frame.FLAG.CHECKSUM_PARTIAL) !== 0,
    ...(vlanValid ? { pcp, vlanId } : {}),
    ...((flags & frame.FLAG.CHECKSUM_PARTIAL) !== 0
      ? { l4Offset, mss, ipv4: (flags & frame.FLAG.IPV4) !== 0, tcp: (flags & frame.FLAG.TCP) !== 0 }
      : {}),
  }),
});

/** The laws of a segment header codec: ours, or `codec`. */
export const sttSegmentLaws = (codec?: Codec<segment.SttSegmentHeader>): Law[] => codecLaws(sttSegmentSubject(codec));

/** The laws of a frame header codec: ours, or `codec`. */
export const sttFrameLaws = (order?: frame.FlagBitOrder, codec?: Codec<frame.SttFrameHeader>): Law[] =>
  codecLaws(sttFrameSubject(order, codec));

/** The laws of an STT encapsulation: ours with a path MTU of 120, so that most frames are cut, or what `make` makes. */
export const sttEncapsulationLaws = (make: () => Encapsulation = smallEndpoints()): EncapsulationLaw[] =>
  encapsulationLaws({ make, networks: network() });

/** Endpoints with little memory, because the laws make thousands; they share what the laws copy at once. */
function smallEndpoints(): () => Encapsulation {
  const pathMtu = 120;
  const scratch = new PacketBuffer(new Uint8Array(Segmenter.scratchLength(pathMtu)));
  return () => new SttEncapsulation({ pathMtu, scratch, highMark: 0x1_0000, contextLimit: 16 });
}

/** Our frame header codec with the order of flag bits as its own. */
function codecOf(order: frame.FlagBitOrder): Codec<frame.SttFrameHeader> {
  return {
    ...frame,
    check: (bytes, offset, end) => frame.check(bytes, offset, end, order),
    decode: (bytes, offset, end) => frame.decode(bytes, offset, end, order),
    encodeInto: (header, out, offset) => frame.encodeInto(header, out, offset, order),
    encode: (header) => frame.encode(header, order),
  };
}

function canonicalFrameHeader(packet: Uint8Array, order: frame.FlagBitOrder): Uint8Array {
  const header = packet.slice(0, frame.HEADER_LENGTH);
  const [known, partial, verified] = order === 'lsb' ? ([0x0f, 0x02, 0x01] as const) : ([0xf0, 0x40, 0x80] as const);
  header[1]! &= known;
  if ((header[1]! & partial) === 0) {
    header[1]! &= verified;
    header.fill(0, 2, 6);
  }
  if ((header[6]! & 0x10) === 0) header.fill(0, 6, 8);
  header[3] = header[16] = header[17] = 0;
  return header;
}
