import { describe, expect, it } from '@jest/globals';
import { type Codec, PacketBuffer, TunnelMetadata } from '@overlane/wire';
import fc from 'fast-check';
import { sttPackets } from '../src/arbitraries.js';
import { SttEncapsulation, frame, segment } from '../src/index.js';
import { sttEncapsulationLaws, sttFrameLaws, sttSegmentLaws } from '../src/laws.js';

describe('STT segment header keeps the law', () => {
  for (const law of sttSegmentLaws()) it(law.name, () => fc.assert(law.property));
});

describe.each(['lsb', 'msb'] as const)('STT frame header keeps the law, %s first', (order) => {
  for (const law of sttFrameLaws(order)) it(law.name, () => fc.assert(law.property));
});

describe('STT encapsulation keeps the law', () => {
  for (const law of sttEncapsulationLaws()) it(law.name, () => fc.assert(law.property));
});

describe('generated packets', () => {
  it('are put together from last to first', () => {
    const small = { pathMtu: 120, highMark: 1 << 16, contextLimit: 4 };
    const receiver = new SttEncapsulation(small);
    const tunnel = new TunnelMetadata();
    fc.assert(
      fc.property(sttPackets(small, { payloadMax: 600 }), ({ packets, frame: inner, tunnel: sent }) => {
        const windows = packets.map((packet) => new PacketBuffer(packet)).reverse();
        const outcomes = windows.map((packet) => receiver.decapsulate(packet, tunnel, 0));
        return (
          outcomes.every((outcome, i) => outcome === (i === windows.length - 1 ? undefined : 'incomplete')) &&
          Buffer.compare(windows.at(-1)!.view(), inner) === 0 &&
          tunnel.network === sent.network &&
          tunnel.dscp === sent.dscp
        );
      }),
    );
  });
});

describe('checkFrame', () => {
  const faults: readonly unknown[] = [
    undefined,
    'E_STT_FRAME_TOO_SHORT',
    'E_STT_UNSUPPORTED_VERSION',
    'E_STT_FLAGS_CONFLICT',
    'E_STT_INNER_TRUNCATED',
    'E_STT_BAD_L4_OFFSET',
    'E_STT_OFFLOAD_MISMATCH',
  ];

  it('is total', () => {
    const front = fc.tuple(fc.constantFrom(0, 1), fc.nat({ max: 15 }), fc.nat({ max: 80 }));
    const types = fc.constantFrom([0x08, 0x00, 0x45], [0x86, 0xdd, 0x60], [0, 0, 0]);
    const frames = fc.tuple(front, types, fc.uint8Array({ maxLength: 160 })).map(([header, type, bytes]) => {
      bytes.set(header.slice(0, bytes.length));
      if (bytes.length >= 33) bytes.set(type, 30);
      return bytes;
    });
    fc.assert(fc.property(frames, (bytes) => faults.includes(frame.checkFrame(bytes, 0, bytes.length))));
  });

  it('never passes what `check` refuses', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), (bytes) => {
        bytes[0] = 0;
        return frame.check(bytes) === undefined || frame.checkFrame(bytes, 0, bytes.length) !== undefined;
      }),
    );
  });
});

describe('the laws find a planted fault', () => {
  const failing = (laws: ReturnType<typeof sttSegmentLaws>): string[] =>
    laws.filter(({ property }) => (fc.check(property) as fc.RunDetails<unknown>).failed).map(({ name }) => name);

  it('frame length and segment offset exchanged', () => {
    const exchanged: Codec<segment.SttSegmentHeader> = {
      ...segment,
      decode: (...args) => {
        const header = segment.decode(...args);
        return { ...header, frameLength: header.segmentOffset, segmentOffset: header.frameLength };
      },
    };
    expect(failing(sttSegmentLaws(exchanged))).toEqual(expect.arrayContaining(['roundtrip', 'oracle']));
  });

  it('the other order of flag bits', () => {
    expect(failing(sttFrameLaws('msb', frame))).toEqual(expect.arrayContaining(['oracle']));
  });
});
