/** Rows about `@overlane/stt`: both headers in their tiers, segmentation, reassembly, and super-frames beside VXLAN. */
import * as stt from '@overlane/stt';
import { sttFrameLayout, sttLayout } from '@overlane/stt/layout';
import { type HeaderSubject, headerCases } from './header-cases.js';
import { createInputs } from './inputs.js';
import { keep } from './measure.js';
import { required } from './required.js';
import {
  copyHotFrame,
  copyInPieces,
  copySuperFrames,
  copyTogether,
  decapsulateFromVxlan,
  encapsulateInVxlan,
} from './stt-baselines.js';
import {
  JUMBO_MTU,
  SEGMENT_OCTETS,
  decapsulateWhole,
  encapsulateWhole,
  reassemble,
  reassembleInterleaved,
  segment,
  segmentIntoSlices,
} from './stt-operations.js';
import type { BenchCase, Suite } from './suite.js';
import { SUPER_FRAME_LENGTH } from './super-frames.js';

/** Octets of payload behind the segment headers, because an empty segment is refused. */
const PAYLOAD = 18;

const segmentSubject: HeaderSubject<stt.segment.SttSegmentHeader, ReturnType<typeof sttLayout.decode>> = {
  name: 'segment header',
  headers: () =>
    createInputs(51, (random) => ({
      sourcePort: 49152 + random(16383),
      destinationPort: stt.PORT,
      frameLength: 40_000 + random(25_000),
      segmentOffset: random(39_000),
      packetId: random(0xffff_ffff),
      flags: stt.segment.FLAG.ACK,
      window: 0,
      checksum: random(0xffff),
      urgentPointer: 0,
      options: new Uint8Array(0),
    })),
  encode: (header) => {
    const packet = new Uint8Array(stt.SEGMENT_HEADER_LENGTH + PAYLOAD);
    stt.segment.encodeInto(header, packet);
    return packet;
  },
  read: (bytes, offset, end) => {
    required(stt.segment.check(bytes, offset, end));
    keep(stt.segment.readSourcePort(bytes, offset) ^ stt.segment.readDestinationPort(bytes, offset));
    keep(stt.segment.readPacketId(bytes, offset) ^ stt.segment.readHeaderLength(bytes, offset));
    return stt.segment.readFrameLength(bytes, offset) + stt.segment.readSegmentOffset(bytes, offset);
  },
  reads: 'check, both ports, readPacketId, readHeaderLength, readFrameLength, readSegmentOffset',
  decode: (bytes, offset, end) => stt.segment.decode(bytes, offset, end),
  valueOf: ({ frameLength, segmentOffset }) => frameLength + segmentOffset,
  encodeInto: (header, out, offset) => stt.segment.encodeInto(header, out, offset),
  probe: 6,
  layout: sttLayout,
  layoutValueOf: ({ frameLength, segmentOffset }) => frameLength + segmentOffset,
};

const frameSubject: HeaderSubject<stt.frame.SttFrameHeader, ReturnType<typeof sttFrameLayout.decode>> = {
  name: 'frame header',
  headers: () =>
    createInputs(52, (random) => ({
      flags: stt.frame.FLAG.CHECKSUM_PARTIAL | stt.frame.FLAG.IPV4 | stt.frame.FLAG.TCP,
      l4Offset: 34 + 4 * random(10),
      mss: 536 + random(8000),
      vlanValid: false,
      pcp: 0,
      vlanId: 0,
      contextId: BigInt(random(0x7fff_ffff)),
    })),
  encode: stt.frame.encode,
  read: (bytes, offset, end) => {
    required(stt.frame.check(bytes, offset, end));
    keep(stt.frame.readFlags(bytes, offset) ^ stt.frame.readL4Offset(bytes, offset));
    keep(stt.frame.readMss(bytes, offset) ^ stt.frame.readContextIdHigh(bytes, offset));
    return stt.frame.readContextIdLow(bytes, offset);
  },
  reads: 'check, readFlags, readL4Offset, readMss, readContextIdHigh, readContextIdLow',
  decode: (bytes, offset, end) => stt.frame.decode(bytes, offset, end),
  valueOf: ({ contextId }) => Number(contextId),
  encodeInto: (header, out, offset) => stt.frame.encodeInto(header, out, offset),
  probe: 14,
  layout: sttFrameLayout,
  layoutValueOf: ({ contextId }) => Number(contextId),
};

const wholeFrame = { tier: 'data path', octets: SUPER_FRAME_LENGTH } as const;
/** As much memory as the segmenter's scratch. */
const copyToRing = {
  does: 'Uint8Array.set of the same octets in one call: 64 frames in turn, into 32 places in turn',
  setup: () => copySuperFrames(32),
};
const copyToPlace = {
  does: 'Uint8Array.set of the same octets in one call: 64 frames in turn, always to one place',
  setup: () => copySuperFrames(1),
};
const copyHot = { does: 'Uint8Array.set of one frame in one call, always to one place', setup: copyHotFrame };
const sendVxlan = {
  does: 'VxlanEncapsulation.encapsulate, in place, of the same octets in 45 frames of 1,450 (path MTU 1500)',
  setup: encapsulateInVxlan,
};
const takeVxlan = { does: 'VxlanEncapsulation.decapsulate of the 45 packets', setup: decapsulateFromVxlan };

const frameCases: readonly BenchCase[] = [
  {
    ...wholeFrame,
    name: 'segment',
    does: 'Segmenter.emitPackets of a frame of 65,250 octets at path MTU 1500: octets copied once, all headers and checksums',
    setup: () => segment('software'),
    set: copyToRing,
    vxlan: sendVxlan,
  },
  {
    ...wholeFrame,
    name: 'segment, no checksum',
    does: 'the same with a carrier that leaves the checksum of each segment to hardware',
    setup: () => segment('nobody'),
    set: copyToRing,
    vxlan: sendVxlan,
  },
  {
    ...wholeFrame,
    name: 'segment, no checksum; set hot',
    does: 'the same',
    setup: () => segment('nobody'),
    set: copyHot,
  },
  {
    ...wholeFrame,
    name: 'segment, no checksum; set in pieces',
    does: 'the same',
    setup: () => segment('nobody'),
    set: {
      does: 'Uint8Array.set of the same octets from and to the same places: one call for each segment',
      setup: copyInPieces,
    },
  },
  {
    ...wholeFrame,
    name: 'segment at MTU 9000, no checksum',
    does: 'the same at path MTU 9000',
    setup: () => segment('nobody', JUMBO_MTU),
    set: copyToRing,
  },
  {
    ...wholeFrame,
    name: 'segment into slices',
    does: 'Segmenter.emitSlices: inner octets stay where they are; headers and checksums',
    setup: () => segmentIntoSlices('software'),
    set: copyToRing,
    vxlan: sendVxlan,
  },
  {
    ...wholeFrame,
    name: 'segment into slices, no checksum',
    does: 'the same with a carrier that leaves the checksum of each segment to hardware',
    setup: () => segmentIntoSlices('nobody'),
    set: copyToRing,
    vxlan: sendVxlan,
  },
  {
    ...wholeFrame,
    name: 'reassemble',
    does: 'SttEncapsulation.decapsulate of the 46 segments of a frame, in order: checksums verified, all rules, one copy',
    setup: () => reassemble('unverified'),
    set: copyToPlace,
    vxlan: takeVxlan,
  },
  {
    ...wholeFrame,
    name: 'reassemble, no checksum',
    does: 'the same with segments that a NIC or kernel has verified',
    setup: () => reassemble('verified'),
    set: copyToPlace,
    vxlan: takeVxlan,
  },
  {
    ...wholeFrame,
    name: 'reassemble, no checksum; set hot',
    does: 'the same',
    setup: () => reassemble('verified'),
    set: copyHot,
  },
  {
    ...wholeFrame,
    name: 'reassemble, no checksum; set in pieces',
    does: 'the same',
    setup: () => reassemble('verified'),
    set: {
      does: 'Uint8Array.set of the same octets from and to the same places: one call for each segment',
      setup: copyTogether,
    },
  },
  {
    ...wholeFrame,
    name: 'reassemble at MTU 9000, no checksum',
    does: 'the same at path MTU 9000',
    setup: () => reassemble('verified', JUMBO_MTU),
    set: copyToPlace,
  },
  {
    tier: 'data path',
    octets: SEGMENT_OCTETS,
    name: 'reassemble 1,000 interleaved',
    does: 'ReassemblyStore.accept of one segment, each of another one of 1,000 frames in turn, completed ones delivered',
    setup: reassembleInterleaved,
  },
  {
    ...wholeFrame,
    name: 'encapsulate super-frame',
    does: 'SttEncapsulation.encapsulate with superFrames, in place: checksums and cutting are left to underlay and far end',
    setup: encapsulateWhole,
    vxlan: sendVxlan,
  },
  {
    ...wholeFrame,
    name: 'decapsulate super-frame',
    does: 'SttEncapsulation.decapsulate of a frame that the underlay has joined and verified; it stays whole',
    setup: decapsulateWhole,
    vxlan: takeVxlan,
  },
];

/** Headers and whole frames of `@overlane/stt`. No peer knows STT. */
export const sttSuite: Suite = {
  name: 'stt',
  cases: [...headerCases(segmentSubject), ...headerCases(frameSubject), ...frameCases],
  inputs: () => ({}),
};
