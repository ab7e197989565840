/** DOVE and OTV in `encap`, `decap` and `dissect`. What all protocols share is tested with VXLAN, command by command. */
import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join as joinPath } from 'node:path';
import fc from 'fast-check';
import { frame } from '@overlane/wire/arbitraries';
import { type Ended, type FileItem, inFolder, octets, overlane, toHex } from './command-line.js';
import { ARP_FRAME, OUTER_ETHERNET, TAGGED_FRAME, join } from './packets.js';

const ADDRESSES = {
  4: ['--source', '192.0.2.1', '--destination', '192.0.2.2'],
  6: ['--source', '2001:db8::1', '--destination', '2001:db8::2'],
} as const;
const V4 = ['--network', '5001', ...ADDRESSES[4]];

interface Rewritten extends Ended {
  readonly frames: Uint8Array[];
}

async function rewrite(command: readonly string[], items: readonly FileItem[], words: readonly string[]) {
  let rewritten: Rewritten | undefined;
  await inFolder(async ({ path, writePcap, readPackets }) => {
    const ended = await overlane(...command, writePcap('in.pcap', items), path('out.pcap'), ...words);
    rewritten = { ...ended, frames: readPackets('out.pcap').map(({ bytes }) => bytes) };
  });
  return rewritten!;
}

const encap = (protocol: string, items: readonly FileItem[], ...words: readonly string[]): Promise<Rewritten> =>
  rewrite(['encap', protocol], items, words);
const decap = (items: readonly FileItem[], ...words: readonly string[]): Promise<Rewritten> =>
  rewrite(['decap'], items, words);
const summaryOf = ({ stdout }: Ended): unknown => JSON.parse(stdout);
/** A frame of an experimental EtherType. */
const longFrame = (length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => (i < 12 ? 2 : i === 12 ? 0x88 : i === 13 ? 0xb5 : i * 7));

interface Layers {
  readonly layers: readonly { readonly protocol: string; readonly fields: Readonly<Record<string, unknown>> }[];
  readonly fault?: string;
}

interface Report extends Layers {
  readonly packet: number;
  readonly reassembled?: Layers & { readonly packets: readonly number[]; readonly length: number };
}

const stackOf = ({ layers }: Layers): string => layers.map(({ protocol }) => protocol).join('/');

async function dissect(items: readonly FileItem[], ...words: readonly string[]): Promise<Report[]> {
  let reports: Report[] = [];
  await inFolder(async ({ writePcap }) => {
    const { stdout } = await overlane('dissect', writePcap('in.pcap', items), '--json', ...words);
    const lines = stdout.trimEnd().split('\n');
    reports = lines.map((line) => JSON.parse(line) as Report);
  });
  return reports;
}

describe('encap, then decap', () => {
  const frames = [...fc.sample(frame({ payloadMax: 1200 }), { numRuns: 60, seed: 7 }), TAGGED_FRAME];
  const cases = (['dove', 'otv'] as const).flatMap((name) => ([4, 6] as const).map((family) => ({ name, family })));

  it.each(cases)('$name over IPv$family gives the same frames', async ({ name, family }) => {
    const wrapped = await encap(
      name,
      frames,
      '--network',
      '0xfffffe',
      ...ADDRESSES[family],
      '--overlay',
      '9',
      '--json',
    );
    expect(summaryOf(wrapped)).toEqual({ packets: 61, written: 61, faults: {} });
    const unwrapped = await decap(wrapped.frames, '--json');
    expect(summaryOf(unwrapped)).toEqual({ packets: 61, written: 61, skipped: 0, incompleteFrames: 0, faults: {} });
    expect(unwrapped.frames.map(toHex)).toEqual(frames.map(toHex));
    expect((await decap(wrapped.frames, '--otv-port', '8472')).frames.length).toBe(61);
  });

  it.each([
    [4, 576],
    [4, 1500],
    [6, 1280],
  ] as const)('frames over IPv%i in packets of up to %i octets, in any order', async (family, mtu) => {
    const many = [longFrame(20_000), ...frames.slice(0, 10), longFrame(1465)];
    const wrapped = await encap('dove', many, '--network', '5001', ...ADDRESSES[family], '--mtu', `${mtu}`);
    expect(wrapped.frames.every(({ length }) => length <= 14 + mtu)).toBe(true);
    expect(wrapped.frames.length).toBeGreaterThan(many.length);
    for (const packets of [wrapped.frames, [...wrapped.frames].reverse()]) {
      const { frames: back, status } = await decap(packets);
      expect(status).toBe(0);
      expect(back.map(toHex).sort()).toEqual(many.map(toHex).sort());
    }
  });
});

describe('encap', () => {
  it.each([
    ['dove', [], '18 000001 001389 00'],
    ['dove', ['--overlay', '0xabcdef'], '18 abcdef 001389 00'],
    ['otv', [], '08 000001 001389 00'],
    ['otv', ['--overlay', '0'], '08 000000 001389 00'],
  ])('%s with %j writes its header', async (protocol, words, header) => {
    const [out] = (await encap(protocol, [ARP_FRAME], ...V4, ...words)).frames;
    expect(toHex(out!.subarray(36, 38))).toBe('2118');
    expect(toHex(out!.subarray(42, 50))).toBe(toHex(octets(header)));
    expect(toHex(out!.subarray(50))).toBe(toHex(ARP_FRAME));
  });

  it('otv with overlay 0 is what vxlan writes, but for the port', async () => {
    const [otv] = (await encap('otv', [ARP_FRAME], ...V4, '--overlay', '0')).frames;
    const [vxlan] = (await encap('vxlan', [ARP_FRAME], ...V4)).frames;
    expect(toHex(otv!).replace('2118', '12b5')).toBe(toHex(vxlan!));
  });

  it('otv cuts nothing', async () => {
    expect((await encap('otv', [longFrame(9000)], ...V4)).frames.map(({ length }) => length)).toEqual([9050]);
    const { message } = await encap('otv', [longFrame(9000)], ...V4, '--mtu', '1500');
    expect(message).toContain('E_DOVE_TOO_BIG  1');
  });

  it.each([
    ['vxlan', ['--overlay', '1'], '--overlay is for dove and otv, and means nothing to vxlan'],
    ['dove', ['--keep-vlan'], 'means nothing to dove'],
    ['dove', ['--overlay', '16777216'], '0..16777215'],
    ['otv', ['--network', '16777216'], '0..16777215'],
  ])('%s refuses %j', async (protocol, words, said) => {
    const ended = await overlane('encap', protocol, 'in', 'out', ...V4, ...words);
    expect([ended.status, ended.message + ended.stderr]).toEqual([2, expect.stringContaining(said)]);
  });
});

const VECTORS = joinPath(__dirname, '..', '..', 'dove', 'test', 'vectors');
const vector = (file: string, name: string): Uint8Array => {
  const all = JSON.parse(readFileSync(joinPath(VECTORS, file), 'utf8')) as { name: string; hex: string }[];
  return octets(all.find((candidate) => candidate.name === name)!.hex);
};

describe('decap', () => {
  it('skips control messages, and takes frames without an instance', async () => {
    const items = [
      vector('dove.json', 'van-learn-request-frame'),
      vector('dove.json', 'van-learn-reply-frame'),
      vector('otv.json', 'otv-frame-i-clear'),
      vector('otv.json', 'otv-vxlan-alias'),
    ];
    const { stdout, frames } = await decap(items, '--json');
    expect(JSON.parse(stdout)).toEqual({ packets: 4, written: 2, skipped: 2, incompleteFrames: 0, faults: {} });
    const asVxlan = await decap(items.slice(3), '--vxlan-port', '8472');
    expect(asVxlan.frames.map(toHex)).toEqual(frames.slice(1).map(toHex));
  });

  it('counts what stays incomplete and what overlaps, and ends with 1', async () => {
    const { frames } = await encap('dove', [longFrame(3000), longFrame(4000)], ...V4);
    expect(frames).toHaveLength(6);
    const cut = await decap(frames.slice(0, -1));
    expect([cut.status, cut.message]).toEqual([
      1,
      '5 packets, 1 unwrapped, 0 skipped (no tunnel)\nframes that never became complete: 1',
    ]);
    const spoilt = Uint8Array.from(frames[0]!);
    spoilt[100]! ^= 1;
    const { message } = await decap([frames[0]!, spoilt, ...frames.slice(1)]);
    expect(message).toContain('E_DOVE_FRAG_OVERLAP  3');
  });

  it('lets the time of the capture pass', async () => {
    const { frames } = await encap('dove', [longFrame(2000)], ...V4);
    const at = (...ms: readonly bigint[]): FileItem[] =>
      frames.map((bytes, i) => ({ bytes, timestampNs: ms[i]! * 1_000_000n }));
    expect((await decap(at(5000n, 5999n))).frames).toHaveLength(1);
    expect((await decap(at(5000n, 6000n))).frames).toHaveLength(0);
  });
});

describe('dissect', () => {
  it.each([4, 6] as const)('shows over IPv%i the frame with the packet that completes it', async (family) => {
    const { frames } = await encap('dove', [longFrame(3000), longFrame(3000)], '--network', '7', ...ADDRESSES[family]);
    const [a, b, c, d, e, f] = frames as [Uint8Array, Uint8Array, Uint8Array, Uint8Array, Uint8Array, Uint8Array];
    const reports = await dissect([f, ARP_FRAME, a, d, a, b, e, c]);
    expect(reports.map(({ fault }) => fault).filter(Boolean)).toEqual([]);
    expect(stackOf(reports[0]!)).toBe(`ethernet/ipv${family}/udp/dove/dove-fragment/data`);
    const done = reports.filter(({ reassembled }) => reassembled !== undefined);
    expect(done.map(({ packet, reassembled }) => [packet, reassembled!.packets, reassembled!.length])).toEqual([
      [7, [1, 4, 7], 3000],
      [8, [3, 6, 8], 3000],
    ]);
    expect(stackOf(done[0]!.reassembled!)).toBe('ethernet/data');
  });

  it('names a fragment that overlaps', async () => {
    const { frames } = await encap('dove', [longFrame(3000)], ...V4);
    const spoilt = Uint8Array.from(frames[0]!);
    spoilt[100]! ^= 1;
    const reports = await dissect([frames[0]!, spoilt, frames[1]!]);
    expect(reports.map(({ fault }) => fault)).toEqual([undefined, 'E_DOVE_FRAG_OVERLAP', 'E_DOVE_FRAG_OVERLAP']);
  });

  it('reads control messages, options and OTV', async () => {
    const outer = (payload: Uint8Array): Uint8Array => {
      const udpLength = 8 + payload.length;
      const udp = octets(`c000 2118 ${udpLength.toString(16).padStart(4, '0')} 0000`);
      const ip = octets(`4500 ${(20 + udpLength).toString(16).padStart(4, '0')} 0000 4000 4011 0000 c0000201 c0000202`);
      let sum = 0;
      for (let i = 0; i < 20; i += 2) sum += ip[i]! * 256 + ip[i + 1]!;
      sum = 65_535 - ((sum & 0xffff) + (sum >>> 16));
      ip.set([sum >>> 8, sum & 255], 10);
      return join(OUTER_ETHERNET[4], join(ip, join(udp, payload)));
    };
    const [request, options, otv] = await dissect([
      vector('dove.json', 'van-learn-request-frame'),
      outer(vector('dove.json', 'dove-options')),
      vector('otv.json', 'otv-frame-basic'),
    ]);
    expect(stackOf(request!)).toBe('ethernet/ipv4/udp/dove/van');
    expect(stackOf(options!)).toMatch(/udp\/dove\/dove-options\/ethernet/);
    expect(options!.layers[4]!.fields).toMatchObject({ option0Value: '0a0b0c0d' });
    expect(otv!.layers[3]).toMatchObject({ protocol: 'dove', fields: { version: 0, overlayId: 1, instanceId: 100 } });
  });
});
