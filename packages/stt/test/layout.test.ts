import { describe, expect, it } from '@jest/globals';
import { createDissector } from '@overlane/layout';
import { wireBindings } from '@overlane/layout/headers';
import { STT_TCP_PORTS, sttBindings, sttFrameLayout, sttFrameMsbLayout, sttLayout } from '../src/layout.js';
import vectorFile from './vectors/stt.json';

const dissector = createDissector([...wireBindings, ...sttBindings()]);
const octets = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'));
const vector = (name: string): { hex: string | string[] } => vectorFile.vectors.find((v) => v.name === name)!;

const ruler = `
 0                   1                   2                   3
 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
`.slice(1);

describe('diagram', () => {
  it('of a segment is that of TCP with other names', () => {
    expect(`${sttLayout.diagram()}\n`).toBe(`${ruler}\
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
|          Source Port          |       Destination Port        |
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
|         Frame Length          |        Segment Offset         |
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
|                           Packet ID                           |
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
| Data  | Rsvd  |C|E|U|A|P|R|S|F|            Window             |
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
|           Checksum            |        Urgent Pointer         |
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
~                            Options                            ~
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
`);
  });

  it('of a frame shows the flags as deployed', () => {
    expect(`${sttFrameLayout.diagram()}\n`).toBe(`${ruler}\
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
|    Version    |R|R|R|R|T|4|P|C|   L4 Offset   |   Reserved    |
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
|     Maximum Segment Size      | PCP |V|        VLAN ID        |
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
|                                                               |
+                          Context ID                           +
|                                                               |
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
|            Padding            |
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
`);
    expect(sttFrameMsbLayout.diagram()).toContain('|    Version    |C|P|4|T|R|R|R|R|   L4 Offset   |');
  });
});

describe('dissect', () => {
  const whole = vectorFile.vectors.filter(
    (v) => v.kind === undefined && v.error === undefined && !Array.isArray(v.hex),
  );
  it.each(whole.map((v) => [v.name, v] as const))('%s', (_name, v) => {
    const { layers, fault } = dissector.dissect(octets(v.hex as string), { tcpPorts: STT_TCP_PORTS });
    // Partial inner checksums are not right ones, as the inner layers then say.
    expect([undefined, 'E_TCP_BAD_CHECKSUM', 'E_UDP_BAD_CHECKSUM']).toContain(fault);
    const at = layers.findIndex(({ protocol }) => protocol === 'stt');
    expect(layers.slice(at, at + 3).map(({ protocol, length }) => [protocol, length])).toEqual([
      ['stt', 20],
      ['stt-frame', 18],
      ['ethernet', 14],
    ]);
    const [{ contextId }] = v.fields.frames as unknown as [{ contextId: string }];
    expect(layers[at + 1]!.fields['contextId']).toBe(BigInt(contextId).toString());
  });

  const protocols = (hex: string): string[] => {
    const { layers, fault } = dissector.dissect(octets(hex), { tcpPorts: STT_TCP_PORTS });
    return [...layers.map(({ protocol }) => protocol), ...(fault === undefined ? [] : [fault])];
  };

  it('shows the frame header of a cut frame where it is, and the rest as data', () => {
    const [third, first, second] = vector('stt-three-segments-out-of-order').hex as string[];
    expect(protocols(first!)).toEqual(['ethernet', 'ipv4', 'stt', 'stt-frame', 'data']);
    for (const hex of [second!, third!]) expect(protocols(hex)).toEqual(['ethernet', 'ipv4', 'stt', 'data']);
    const split = vector('stt-header-split-across-segments').hex as string[];
    expect(protocols(split[0]!)).toEqual(['ethernet', 'ipv4', 'stt', 'data']);
  });

  it.each([
    ['stt-bad-tcp-checksum', ['stt', 'E_STT_BAD_CHECKSUM']],
    ['stt-empty-segment', ['stt', 'E_STT_EMPTY_SEGMENT']],
    ['stt-bad-version', ['stt', 'stt-frame', 'E_STT_UNSUPPORTED_VERSION']],
    ['stt-l4-offset-past-end', ['stt', 'stt-frame', 'E_STT_BAD_L4_OFFSET']],
  ])('%s', (name, expected) => {
    expect(protocols(vector(name).hex as string).slice(2)).toEqual(expected);
  });

  it('starts at a frame that was put together elsewhere, in either order of flag bits', () => {
    const bytes = octets(vector('stt-flags-msb-order-default').hex as string).subarray(54);
    const flagsOf = (order: 'lsb' | 'msb'): unknown => {
      const walker = createDissector([...wireBindings, ...sttBindings(order)]);
      const [layer] = walker.dissect(bytes, { start: 'stt-frame' }).layers;
      return layer!.fields['checksumPartial'];
    };
    expect([flagsOf('lsb'), flagsOf('msb')]).toEqual([false, true]);
  });
});
