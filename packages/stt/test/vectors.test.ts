/** Every vector of `stt.json`: receive vectors packet by packet, and those of encoders. Plans: `segmenter.test.ts`. */
import { describe, expect, it } from '@jest/globals';
import { CodecError, PacketBuffer, TunnelMetadata, ethernet, read16 } from '@overlane/wire';
import { OutgoingFrame, SttEncapsulation, WARNING, frame, segment } from '../src/index.js';
import { SttReceiver } from '../src/receiver.js';
import { ReassemblyStore } from '../src/reassembly/index.js';
import { SegmentCarrier } from '../src/segment-carrier.js';
import vectorFile from './vectors/stt.json';

interface SegmentFields {
  readonly srcPort: number;
  readonly dstPort: number;
  readonly frameLength: number;
  readonly segmentOffset: number;
  readonly packetId: string;
  readonly dataOffset: number;
  readonly tcpFlags: string;
  readonly window: number;
  readonly checksum: string;
  readonly urgent: number;
  readonly segmentPayloadLength: number;
}

interface FrameFields {
  readonly flags: number;
  readonly l4Offset: number;
  readonly mss: number;
  readonly vlanTci: number;
  readonly contextId: string;
  readonly inner: string;
  readonly vlan: { readonly present: boolean; readonly pcp: number; readonly vid: number };
  readonly flagNames: readonly string[];
}

interface Vector {
  readonly name: string;
  readonly kind?: string;
  readonly hex: string | readonly string[];
  readonly options?: { readonly flagBitOrder?: frame.FlagBitOrder };
  readonly fields: { readonly segments?: readonly SegmentFields[]; readonly frames?: readonly FrameFields[] };
  readonly expect: {
    readonly outcome: readonly string[];
    readonly warnings?: readonly string[];
    readonly afterSeconds?: number;
    readonly timerError?: string;
  };
  readonly error?: string;
}

const vectors = vectorFile.vectors as unknown as Vector[];
const received = vectors.filter(({ kind }) => kind === undefined);
const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** The packets of a vector in order of arrival, each with a copy of its own, from the outer IP header on. */
function arrivals({ hex }: Vector): PacketBuffer[] {
  return [hex].flat().map((text) => {
    const bytes = Uint8Array.from(Buffer.from(text, 'hex'));
    return new PacketBuffer(bytes, ethernet.readHeaderLength(bytes, 0));
  });
}

const receiver = ({ options }: Vector): SttReceiver =>
  new SttReceiver(new SegmentCarrier(), new ReassemblyStore(), undefined, options?.flagBitOrder ?? 'lsb');

describe('segment headers', () => {
  const readable = received.filter(({ error }) => error !== 'E_STT_SEGMENT_TRUNCATED');
  it.each(readable.map((v) => [v.name, v] as const))('%s', (_name, v) => {
    arrivals(v).forEach(({ bytes, start, end }, i) => {
      const { segmentPayloadLength, dataOffset, ...expected } = v.fields.segments![i]!;
      const at = start + (bytes[start]! >>> 4 === 6 ? 40 : 20);
      // The readers, because some of these packets are refused.
      expect({
        srcPort: segment.readSourcePort(bytes, at),
        dstPort: segment.readDestinationPort(bytes, at),
        frameLength: segment.readFrameLength(bytes, at),
        segmentOffset: segment.readSegmentOffset(bytes, at),
        packetId: `0x${segment.readPacketId(bytes, at).toString(16).padStart(8, '0')}`,
        tcpFlags: `0x${(read16(bytes, at + 12) & 0x1ff).toString(16).padStart(3, '0')}`,
        window: read16(bytes, at + 14),
        checksum: `0x${segment.readChecksum(bytes, at).toString(16).padStart(4, '0')}`,
        urgent: read16(bytes, at + 18),
      }).toEqual(expected);
      expect(segment.readHeaderLength(bytes, at)).toBe(dataOffset);
      expect(end - at - dataOffset).toBe(segmentPayloadLength);
    });
  });
});

describe('receive', () => {
  it.each(received.map((v) => [v.name, v] as const))('%s', (_name, v) => {
    const endpoint = receiver(v);
    const tunnel = new TunnelMetadata();
    const frames: object[] = [];
    let warnings = 0;
    const outcomes = arrivals(v).map((packet) => {
      const outcome = endpoint.receive(packet, tunnel, 0);
      warnings |= endpoint.warnings.last;
      if (outcome === undefined) frames.push(describeFrame(packet, tunnel, v.options?.flagBitOrder));
      return outcome === 'incomplete' ? 'held' : (outcome ?? 'frame');
    });
    const big = (v.fields.frames ?? []).some(({ contextId }) => BigInt(contextId) > BigInt(Number.MAX_SAFE_INTEGER));
    // Choice: TunnelMetadata.network is a number, so context ids from 2^53 on are never known.
    expect(outcomes).toEqual(big ? ['E_STT_UNKNOWN_CONTEXT'] : v.expect.outcome);
    if (!big) expect(frames).toEqual((v.fields.frames ?? []).map(expectedFrame));
    for (const name of v.expect.warnings ?? []) {
      const key = name.toUpperCase().replaceAll('-', '_') as keyof typeof WARNING;
      expect([name, warnings & WARNING[key]]).toEqual([name, WARNING[key]]);
    }
    if (v.expect.timerError !== undefined) {
      endpoint.store.tick(v.expect.afterSeconds! * 1000 - 1);
      expect(endpoint.store.takeEvents()).toEqual([]);
      endpoint.store.tick(v.expect.afterSeconds! * 1000);
      expect(endpoint.store.takeEvents().map(({ fault }) => fault)).toEqual([v.expect.timerError]);
    }
  });

  it('a context id of 64 bits is read whole', () => {
    const [packet] = arrivals(vectors.find(({ name }) => name === 'stt-context-64bit')!);
    expect(frame.decode(packet!.bytes, packet!.start + 40).contextId).toBe(0xfedcba9876543210n);
  });
});

function describeFrame({ bytes, start, end }: PacketBuffer, { network }: TunnelMetadata, order: 'lsb' | 'msb' = 'lsb') {
  return {
    octet: bytes[start + 1],
    claims: frame.readFlags(bytes, start, order),
    l4Offset: frame.readL4Offset(bytes, start),
    mss: frame.readMss(bytes, start),
    vlanTci: read16(bytes, start + 6),
    vlan: {
      present: frame.readVlanValid(bytes, start),
      pcp: frame.readPcp(bytes, start),
      vid: frame.readVlanId(bytes, start),
    },
    network: BigInt(network),
    inner: toHex(bytes.subarray(start + 18, end)),
  };
}

function expectedFrame({ flags, flagNames, contextId, inner, l4Offset, mss, vlanTci, vlan }: FrameFields) {
  const masks: Record<string, number> = { csumVerified: 1, csumPartial: 2, ipv4: 4, tcp: 8 };
  const claims = flagNames.reduce((sum, name) => sum | masks[name]!, 0);
  return { octet: flags, claims, l4Offset, mss, vlanTci, vlan, network: BigInt(contextId), inner };
}

describe('encode vectors', () => {
  const cases = vectors.filter(({ kind }) => kind === 'encode');
  it.each(cases.map((v) => [v.name, v] as const))('%s', (_name, v) => {
    const { input } = v.fields as unknown as { input: { innerLength?: number; flags?: number; singleIpPacket?: true } };
    if (input.flags !== undefined) {
      const header = { flags: input.flags, l4Offset: 0, mss: 0, vlanValid: false, pcp: 0, vlanId: 0, contextId: 0n };
      expect(codeOf(() => frame.encode(header))).toBe(v.error);
      return;
    }
    const packet = PacketBuffer.from(new Uint8Array(input.innerLength!));
    const endpoint = new SttEncapsulation(input.singleIpPacket === true ? { superFrames: true } : {});
    expect(endpoint.encapsulate(packet, new TunnelMetadata(), () => undefined)).toBe(v.error);
    if (input.singleIpPacket === undefined) {
      expect(new OutgoingFrame().load(packet.bytes, packet.start, packet.end)).toBe(v.error);
    }
  });
});

function codeOf(run: () => unknown): string | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    if (CodecError.is(error)) return error.code;
    throw error;
  }
}
