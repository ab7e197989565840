/** Geneve, GRE, NVGRE and STT in `dissect`, and the frames that STT's segments make up. */
import { describe, expect, it } from '@jest/globals';
import { type Ended, type FileItem, inFolder, octets, overlane } from './command-line.js';
import { ARP_FRAME, join } from './packets.js';

const V4 = ['--network', '5001', '--source', '192.0.2.1', '--destination', '192.0.2.2'];
const V6 = ['--network', '5001', '--source', '2001:db8::1', '--destination', '2001:db8::2'];

interface Layers {
  readonly layers: readonly { readonly protocol: string; readonly offset: number; readonly length: number }[];
  readonly fault?: string;
}

interface Report extends Layers {
  readonly packet: number;
  readonly reassembled?: Layers & { readonly packets: readonly number[]; readonly length: number };
}

const stackOf = ({ layers }: Layers): string => layers.map(({ protocol }) => protocol).join('/');

/** Packets that `encap` makes of the frames. */
async function wrap(protocol: string, frames: readonly Uint8Array[], ...words: readonly string[]) {
  let packets: Uint8Array[] = [];
  await inFolder(async ({ path, writePcap, readPackets }) => {
    await overlane('encap', protocol, writePcap('in.pcap', frames), path('out.pcap'), ...words);
    packets = readPackets('out.pcap').map(({ bytes }) => bytes);
  });
  return packets;
}

async function dissect(items: readonly FileItem[], ...words: readonly string[]): Promise<Ended> {
  let ended: Ended | undefined;
  await inFolder(async ({ writePcap }) => {
    ended = await overlane('dissect', writePcap('in.pcap', items), ...words);
  });
  return ended!;
}

async function reportsOf(items: readonly FileItem[], ...words: readonly string[]): Promise<Report[]> {
  const { stdout } = await dissect(items, '--json', ...words);
  const lines = stdout.trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line) as Report);
}

/** A frame of an experimental EtherType, with 3,000 octets in it. */
const LONG_FRAME = join(octets('525400000002 525400000001 88b5'), new Uint8Array(3000).fill(7));

describe('dissect', () => {
  it.each([
    ['geneve', V4, [], 'ethernet/ipv4/udp/geneve/ethernet/arp'],
    ['geneve', V6, [], 'ethernet/ipv6/udp/geneve/ethernet/arp'],
    ['geneve', V4, ['--geneve-port', '7000'], 'ethernet/ipv4/udp/data'],
    ['gre', V4, [], 'ethernet/ipv4/gre/ethernet/arp'],
    ['gre', V6, [], 'ethernet/ipv6/gre/ethernet/arp'],
    ['nvgre', V4, [], 'ethernet/ipv4/gre/ethernet/arp'],
    ['nvgre', V4, ['--nvgre'], 'ethernet/ipv4/nvgre/ethernet/arp'],
    ['nvgre', V6, ['--nvgre'], 'ethernet/ipv6/nvgre/ethernet/arp'],
    ['stt', V4, [], 'ethernet/ipv4/stt/stt-frame/ethernet/arp'],
    ['stt', V6, [], 'ethernet/ipv6/stt/stt-frame/ethernet/arp'],
    ['stt', V4, ['--stt-port', '7000'], 'ethernet/ipv4/tcp/data'],
  ])('takes %s with %j and %j apart', async (protocol, where, words, stack) => {
    const [report] = await reportsOf(await wrap(protocol, [ARP_FRAME], ...where), ...words);
    expect([report!.fault, stackOf(report!)]).toEqual([undefined, stack]);
    expect(report).not.toHaveProperty('reassembled');
  });

  it('sees a Geneve port in the place of another protocol’s', async () => {
    const [packet] = await wrap('geneve', [ARP_FRAME], ...V4);
    const [report] = await reportsOf([packet!], '--vxlan-port', '6081');
    expect(stackOf(report!)).toMatch(/^ethernet\/ipv4\/udp\/vxlan/);
  });
});

describe('dissect: STT frames in several segments', () => {
  it('shows the frame with the packet that completes it, in any order and among others', async () => {
    for (const where of [V4, V6]) {
      const packets = await wrap('stt', [LONG_FRAME, LONG_FRAME], ...where);
      expect(packets).toHaveLength(6);
      const [a, b, c, d, e, f] = packets as [Uint8Array, Uint8Array, Uint8Array, Uint8Array, Uint8Array, Uint8Array];
      const reports = await reportsOf([f, ARP_FRAME, a, d, b, e, c]);
      const done = reports.filter(({ reassembled }) => reassembled !== undefined);
      expect(reports.map(({ fault }) => fault).filter(Boolean)).toEqual([]);
      expect(done.map(({ packet, reassembled }) => [packet, reassembled!.packets])).toEqual([
        [6, [1, 4, 6]],
        [7, [3, 5, 7]],
      ]);
      for (const { reassembled } of done) {
        expect(reassembled!.length).toBe(18 + LONG_FRAME.length);
        expect(reassembled!.layers).toMatchObject([
          { protocol: 'stt-frame', offset: 0, length: 18 },
          { protocol: 'ethernet', offset: 18, length: 14 },
          { protocol: 'data', offset: 32, length: 3000 },
        ]);
      }
      const [ip] = stackOf(reports[2]!).match(/ipv[46]/)!;
      expect(stackOf(reports[2]!)).toBe(`ethernet/${ip}/stt/stt-frame/data`);
      expect(stackOf(reports[0]!)).toBe(`ethernet/${ip}/stt/data`);
    }
  });

  it('names a segment that reassembly refuses, and what is wrong with a frame', async () => {
    const packets = await wrap('stt', [LONG_FRAME], ...V4);
    const [first, second, third] = await reportsOf([packets[0]!, packets[0]!, packets[1]!]);
    expect([first!.fault, second!.fault, third!.fault]).toEqual([undefined, 'E_STT_REASM_DUPLICATE', undefined]);
    // A frame of version 1, which the first segment says; the checksum is made to fit.
    const spoilt = Uint8Array.from(packets[0]!);
    spoilt[54] = 1;
    spoilt[50] = packets[0]![50]! - 1;
    const reports = await reportsOf([spoilt, packets[1]!, packets[2]!]);
    expect(reports[0]!.fault).toBe('E_STT_UNSUPPORTED_VERSION');
    expect(reports[2]).not.toHaveProperty('reassembled');
  });

  it('forgets segments after the time that the protocol gives them', async () => {
    const packets = await wrap('stt', [LONG_FRAME], ...V4);
    const at = (...seconds: readonly bigint[]): FileItem[] =>
      packets.map((bytes, i) => ({ bytes, timestampNs: seconds[i]! * 1_000_000_000n }));
    expect((await reportsOf(at(100n, 110n, 129n)))[2]).toHaveProperty('reassembled');
    expect((await reportsOf(at(129n, 110n, 100n)))[2]).toHaveProperty('reassembled');
    expect((await reportsOf(at(100n, 110n, 130n)))[2]).not.toHaveProperty('reassembled');
  });

  it('counts no packet of an earlier frame with the same number, however many were given up at once', async () => {
    const packets = await wrap(
      'stt',
      Array.from({ length: 100 }, () => LONG_FRAME),
      ...V4,
    );
    const firsts = packets.filter((_, i) => i % 3 === 0).map((bytes) => ({ bytes, timestampNs: 0n }));
    const again = packets.map((bytes) => ({ bytes, timestampNs: 60_000_000_000n }));
    const reports = await reportsOf([...firsts, ...again]);
    const done = reports.flatMap(({ reassembled }) => (reassembled === undefined ? [] : [reassembled.packets]));
    expect(done).toEqual(Array.from({ length: 100 }, (_, i) => [101, 102, 103].map((n) => n + 3 * i)));
  });

  it('is shown to people below the packet', async () => {
    const packets = await wrap('stt', [LONG_FRAME], ...V4);
    const { stdout } = await dissect(packets);
    const [one, , three] = stdout.trimEnd().split('\n\n');
    expect(one).not.toContain('reassembled');
    expect(three!.split('\n').filter((line) => /^ {2,4}\S+ {2}at|reassembled/.test(line))).toEqual([
      '  ethernet  at 0, 14 octets',
      '  ipv4  at 14, 20 octets',
      '  stt  at 34, 20 octets',
      '  data  at 54, 112 octets',
      '  reassembled from #1, #2, #3  3032 octets  stt-frame/ethernet/data  52:54:00:00:00:01 > 52:54:00:00:00:02',
      '    stt-frame  at 0, 18 octets',
      '    ethernet  at 18, 14 octets',
      '    data  at 32, 3000 octets',
    ]);
    const many = await dissect(await wrap('stt', [LONG_FRAME], ...V4, '--mtu', '300'));
    expect(many.stdout).toContain('reassembled from 12 packets #1, #2, #3, #4, ..., #9, #10, #11, #12  3032 octets');
  });
});
