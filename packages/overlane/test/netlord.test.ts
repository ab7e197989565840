/** NetLord in `encap`, `decap` and `dissect`. What all protocols share is tested with VXLAN, command by command. */
import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join as joinPath } from 'node:path';
import fc from 'fast-check';
import { frame } from '@overlane/wire/arbitraries';
import { LINKTYPE_RAW } from '@overlane/capture';
import { type Ended, type FileItem, inFolder, octets, overlane, toHex } from './command-line.js';
import { ARP_FRAME, TAGGED_FRAME } from './packets.js';

interface Vector {
  readonly name: string;
  readonly hex: string;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly expectError?: string;
}

const VECTOR_FILE = joinPath(__dirname, '..', '..', 'netlord', 'test', 'vectors', 'netlord.json');
const { vectors } = JSON.parse(readFileSync(VECTOR_FILE, 'utf8')) as { vectors: readonly Vector[] };
const vector = (name: string): Uint8Array => octets(vectors.find((candidate) => candidate.name === name)!.hex);
const SENT = vector('netlord-data-ingress');
const WHERE = ['--network', '0xabcd', '--mac-as-id', '7', '--edge-port', '12', '--vlan', '101'];

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

const encap = (items: readonly FileItem[], ...words: readonly string[]): Promise<Rewritten> =>
  rewrite(['encap', 'netlord'], items, words);
const decap = (items: readonly FileItem[], ...words: readonly string[]): Promise<Rewritten> =>
  rewrite(['decap'], items, ['--netlord', ...words]);
const summaryOf = ({ stdout }: Ended): unknown => JSON.parse(stdout);

interface Report {
  readonly layers: readonly { readonly protocol: string; readonly fields: Readonly<Record<string, unknown>> }[];
  readonly fault?: string;
}

async function dissect(items: readonly FileItem[], ...words: readonly string[]): Promise<Report[]> {
  let reports: Report[] = [];
  await inFolder(async ({ writePcap }) => {
    const { stdout } = await overlane('dissect', writePcap('in.pcap', items), '--json', ...words);
    reports = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Report);
  });
  return reports;
}

describe('encap netlord', () => {
  it('writes the vector octet for octet', async () => {
    const { frames } = await encap([SENT.subarray(38)], ...WHERE);
    expect(frames.map(toHex)).toEqual([toHex(SENT)]);
  });

  it('sends from edge switch to edge switch, as it is told', async () => {
    const macs = ['--source-mac', '02:e0:00:00:00:09', '--destination-mac', '02:e0:00:00:00:08'];
    const [out] = (await encap([ARP_FRAME], '--network', '1', ...macs, '--ttl', '5', '--dscp', '46')).frames;
    expect(toHex(out!.subarray(0, 18))).toBe('02e00000000802e000000009810000010800');
    expect([out![19], out![26]]).toEqual([46 << 2, 5]);
    expect(toHex(out!.subarray(30, 38))).toBe('0100000001000001');
  });

  it('gives back the frames it was given, tags included', async () => {
    const frames = [...fc.sample(frame({ payloadMax: 1200 }), { numRuns: 60, seed: 11 }), TAGGED_FRAME];
    const wrapped = await encap(frames, ...WHERE, '--json');
    expect(summaryOf(wrapped)).toEqual({ packets: 61, written: 61, faults: {} });
    const unwrapped = await decap(wrapped.frames, '--json');
    expect(summaryOf(unwrapped)).toEqual({ packets: 61, written: 61, skipped: 0, incompleteFrames: 0, faults: {} });
    expect(unwrapped.frames.map(toHex)).toEqual(frames.map(toHex));
  });

  it('counts frames that do not fit the physical network', async () => {
    const ended = await encap([new Uint8Array(1480), new Uint8Array(1481)], ...WHERE, '--mtu', '1500', '--json');
    expect([ended.status, summaryOf(ended)]).toEqual([1, { packets: 2, written: 1, faults: { E_MTU_EXCEEDED: 1 } }]);
  });

  it.each([
    ['an address', [...WHERE, '--source', '192.0.2.1'], '--source and --destination mean nothing to netlord'],
    ['a tenant beyond 24 bits', ['--network', '16777216'], '0..16777215'],
    ['port 127', ['--network', '1', '--edge-port', '127'], '1..126'],
    ['VLAN 4095', ['--network', '1', '--vlan', '4095'], '1..4094'],
    ['a UDP checksum', [...WHERE, '--udp-checksum', 'zero'], 'means nothing to netlord'],
  ])('refuses %s', async (_name, words, said) => {
    const ended = await overlane('encap', 'netlord', 'a', 'b', ...words);
    expect([ended.status, ended.stderr + ended.message]).toEqual([2, expect.stringContaining(said)]);
  });

  it.each([
    [['--source', '192.0.2.1'], 'vxlan needs --source and --destination'],
    [['--source', '192.0.2.1', '--destination', '192.0.2.2', '--vlan', '1'], '--vlan is for netlord'],
  ])('others refuse %j', async (words, said) => {
    const ended = await overlane('encap', 'vxlan', 'a', 'b', '--network', '1', ...words);
    expect([ended.status, ended.stderr + ended.message]).toEqual([2, expect.stringContaining(said)]);
  });
});

describe('decap --netlord', () => {
  it('takes frames from both sides of the edge switch, skips NL-ARP and names faults', async () => {
    const frames = vectors.filter(({ fields }) => fields['layer'] === 'frame').map(({ hex }) => octets(hex));
    const ended = await decap(frames, '--json');
    expect(summaryOf(ended)).toMatchObject({
      written: 3,
      faults: {
        E_NL_FRAGMENT: 1,
        E_NL_CHECKSUM: 1,
        E_NL_PORT: 1,
        E_NL_VLAN_ID: 2,
        E_NL_INNER_TRUNCATED: 1,
      },
    });
    expect(new Set(ended.frames.map(toHex))).toEqual(new Set([toHex(SENT.subarray(38))]));
  });

  it('skips what it is not told about, and what has lost its Ethernet header', async () => {
    expect(summaryOf(await rewrite(['decap'], [SENT], ['--json']))).toMatchObject({ skipped: 1, written: 0 });
    await inFolder(async ({ path, writePcap }) => {
      const raw = writePcap('raw.pcap', [SENT.subarray(18)], { linkType: LINKTYPE_RAW });
      const ended = await overlane('decap', raw, path('out.pcap'), '--netlord', '--json');
      expect(summaryOf(ended)).toMatchObject({ skipped: 1, written: 0 });
    });
  });
});

describe('dissect --netlord', () => {
  it('shows tenant, port, space and VLAN', async () => {
    const [report] = await dissect([SENT], '--netlord');
    const { layers } = report!;
    expect(layers.map(({ protocol }) => protocol).join('/')).toBe('ethernet/vlan/netlord/ethernet/ipv4/icmpv4/data');
    expect(layers[2]!.fields).toMatchObject({ port: 12, tenantId: 0xabcd, macAsId: 7, vid: 101, ttl: 2 });
  });

  it('shows NL-ARP in both its forms', async () => {
    const reports = await dissect([vector('nlarp-here-frame'), vector('nlarp-nothere-frame')], '--netlord');
    expect(reports.map(({ layers }) => layers.map(({ protocol }) => protocol).join('/'))).toEqual([
      'ethernet/vlan/nl-arp',
      'ethernet/vlan/netlord/nl-arp',
    ]);
    expect(reports.map(({ layers }) => layers.at(-1)!.fields['operation'])).toEqual([1, 3]);
    expect(reports[0]!.layers.at(-1)!.fields).toMatchObject({ edgeMac: '02:e0:00:00:00:02', port: 12, generation: 5 });
  });

  it('names the fault of a packet, and shows plain IPv4 unless asked', async () => {
    const [bad] = await dissect([vector('netlord-err-id-tag-mismatch')], '--netlord');
    expect(bad!.fault).toBe('E_NL_VLAN_ID');
    const [plain] = await dissect([SENT]);
    expect(plain!.layers.map(({ protocol }) => protocol).join('/')).toBe('ethernet/vlan/ipv4/data');
  });
});
