/**
 * Both STT headers as `@overlane/layout` describes headers: specification for people, oracle for the tests, layers for
 * the dissector. Transcribed from the figures, not from the codecs.
 */
import { tcp, checksum } from '@overlane/wire';
import { type Binding, type DissectContext, flags, header, hex, reserved, rest, u64, uint } from '@overlane/layout';
import { FRAME_HEADER_LENGTH, PORT } from './constants.js';
import { type FlagBitOrder, check as checkFrameHeader } from './frame/frame-header.js';
import { checkFrame } from './frame/frame-rules.js';
import { check as checkSegment } from './segment/segment-header.js';

/** Segment header (draft-davie-stt-08 §3.2): the bits of RFC 9293, other meanings. */
export const sttLayout = header(
  'stt',
  [
    uint('sourcePort', 16),
    uint('destinationPort', 16),
    uint('frameLength', 16),
    uint('segmentOffset', 16),
    hex('packetId', 32, 'Packet ID'),
    uint('dataOffset', 4, 'Data'),
    reserved('reserved1', 4),
    flags(['cwr', 'ece', 'urg', 'ack', 'psh', 'rst', 'syn', 'fin'], ['C', 'E', 'U', 'A', 'P', 'R', 'S', 'F']),
    uint('window', 16),
    hex('checksum', 16),
    uint('urgentPointer', 16),
    rest('options', ({ dataOffset }: { dataOffset: number }) => 4 * dataOffset - 20),
  ],
  { reference: 'draft-davie-stt-08 §3.2' },
);

/** Frame header (draft-davie-stt-08 §3.1), flags as deployed: least significant bit first. */
export const sttFrameLayout = header(
  'stt-frame',
  [
    uint('version', 8),
    reserved('reserved1', 4, 'R|R|R|R'),
    flags(['tcp', 'ipv4', 'checksumPartial', 'checksumVerified'], ['T', '4', 'P', 'C']),
    uint('l4Offset', 8, 'L4 Offset'),
    reserved('reserved2', 8),
    uint('mss', 16, 'Maximum Segment Size'),
    uint('pcp', 3, 'PCP'),
    flags(['vlanValid'], ['V']),
    uint('vlanId', 12, 'VLAN ID'),
    u64('contextId', 'Context ID'),
    reserved('padding', 16, 'Padding'),
  ],
  { reference: 'draft-davie-stt-08 §3.1' },
);

/** Frame header with the flags in the order of the draft's figure read by RFC custom, as illumos has them. */
export const sttFrameMsbLayout = header(
  'stt-frame',
  [
    uint('version', 8),
    flags(['checksumVerified', 'checksumPartial', 'ipv4', 'tcp'], ['C', 'P', '4', 'T']),
    reserved('reserved1', 4, 'R|R|R|R'),
    uint('l4Offset', 8, 'L4 Offset'),
    reserved('reserved2', 8),
    uint('mss', 16, 'Maximum Segment Size'),
    uint('pcp', 3, 'PCP'),
    flags(['vlanValid'], ['V']),
    uint('vlanId', 12, 'VLAN ID'),
    u64('contextId', 'Context ID'),
    reserved('padding', 16, 'Padding'),
  ],
  { reference: 'draft-davie-stt-08 §3.1' },
);

/**
 * How a dissector walks through a segment: checksum verified; the payload is a frame header if it starts a frame, and data
 * otherwise, since a dissector sees one packet.
 */
export const sttBinding: Binding<ReturnType<typeof sttLayout.decode>> = {
  layout: sttLayout,
  check: checkSegment,
  verify: (_header, { bytes, offset, end, outer }) => {
    const ip = [...outer].reverse().find(({ protocol }) => protocol === 'ipv4' || protocol === 'ipv6');
    if (ip === undefined) return undefined;
    const pseudoHeader = ip.protocol === 'ipv4' ? checksum.pseudoHeaderV4 : checksum.pseudoHeaderV6;
    const sum = pseudoHeader(bytes, ip.offset, tcp.IP_PROTOCOL, end - offset);
    return checksum.sum(bytes, offset, end, sum) === 0xffff ? undefined : 'E_STT_BAD_CHECKSUM';
  },
  next: ({ segmentOffset }, { offset, length, end }) => ({
    protocol: segmentOffset === 0 && end - offset - length >= FRAME_HEADER_LENGTH ? 'stt-frame' : 'data',
    offset: offset + length,
    end,
  }),
};

/** How a dissector walks through a frame: the inner frame is Ethernet if the whole frame is in the packet, else data. */
export const sttFrameBinding = frameBinding('lsb');

/** The bindings of a tunnel, for `createDissector`. */
export const sttBindings = (flagBitOrder: FlagBitOrder = 'lsb'): readonly Binding[] => [
  sttBinding,
  flagBitOrder === 'lsb' ? sttFrameBinding : frameBinding('msb'),
];

/** The assigned TCP port, for `DissectOptions.tcpPorts`. */
export const STT_TCP_PORTS: Readonly<Record<number, string>> = { [PORT]: 'stt' };

function frameBinding(order: FlagBitOrder): Binding<ReturnType<typeof sttFrameLayout.decode>> {
  return {
    layout: order === 'lsb' ? sttFrameLayout : sttFrameMsbLayout,
    check: (bytes, offset, end) => checkFrameHeader(bytes, offset, end, order),
    verify: (_header, context) =>
      isWhole(context) ? checkFrame(context.bytes, context.offset, context.end, order) : undefined,
    next: (_header, context) => ({
      protocol: isWhole(context) ? 'ethernet' : 'data',
      offset: context.offset + context.length,
      end: context.end,
    }),
  };
}

/** A frame that the walk starts at, as after reassembly, is whole; behind a segment header its length says so. */
function isWhole({ outer, offset, end }: DissectContext): boolean {
  const segment = outer.at(-1);
  return segment?.protocol !== 'stt' || segment.record['frameLength'] === end - offset;
}
