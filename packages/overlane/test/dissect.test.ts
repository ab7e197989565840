import { describe, expect, it } from '@jest/globals';
import {
  LINKTYPE_ETHERNET,
  LINKTYPE_IPV4,
  LINKTYPE_IPV6,
  LINKTYPE_LINUX_SLL,
  LINKTYPE_LINUX_SLL2,
  LINKTYPE_NULL,
  LINKTYPE_RAW,
} from '@overlane/capture';
import fc from 'fast-check';
import { PacketReporter } from '../src/captures/dissect-capture.js';
import { LINK_LAYERS } from '../src/captures/link-layer.js';
import { formatPacketText, formatTime } from '../src/captures/packet-text.js';
import { type Ended, encodePcap, inFolder, octets, overlane } from './command-line.js';
import { ARP_FRAME, join, wrap, wrapInEthernet } from './packets.js';

interface Report {
  readonly packet: number;
  readonly timeUs?: number;
  readonly length: number;
  readonly capturedLength?: number;
  readonly layers: readonly { readonly protocol: string; readonly fields: Record<string, unknown> }[];
  readonly fault?: string;
}

const readReports = ({ stdout }: Ended): Report[] =>
  stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Report);
const stackOf = ({ layers }: Report): string => layers.map(({ protocol }) => protocol).join('/');
const VXLAN_ARP = wrapInEthernet(ARP_FRAME);
const clearVniFlag = (frame: Uint8Array): Uint8Array => frame.map((octet, i) => (i === 42 ? 0 : octet));
const V6 = { source: '2001:db8::1', destination: '2001:db8::2' };

describe('dissect --json', () => {
  it('prints one object per packet and line', async () => {
    await inFolder(async ({ writePcap }) => {
      const file = writePcap('a.pcap', [ARP_FRAME, { bytes: VXLAN_ARP, timestampNs: 1_700_000_000_000_001_999n }], {
        resolution: 'nanoseconds',
      });
      const ended = await overlane('dissect', file, '--json');
      const [first, second] = readReports(ended);
      expect(ended).toMatchObject({ status: 0, stderr: '' });
      expect(ended.stdout.endsWith('}\n')).toBe(true);
      expect(first).toMatchObject({ packet: 1, timeUs: 0, length: 42 });
      expect(first).not.toHaveProperty('fault');
      expect(first).not.toHaveProperty('capturedLength');
      expect(second).toMatchObject({ packet: 2, timeUs: 1_700_000_000_000_001, length: 92 });
      expect(stackOf(second!)).toBe('ethernet/ipv4/udp/vxlan/ethernet/arp');
      expect(second!.layers[3]).toMatchObject({ protocol: 'vxlan', offset: 42, length: 8, fields: { vni: 5001 } });
    });
  });

  it('says how much of a cut packet is there, and leaves out a time that is not', async () => {
    await inFolder(async ({ write, writePcap }) => {
      const cut = writePcap('cut.pcap', [{ bytes: ARP_FRAME, timestampNs: 0n, originalLength: 1514 }]);
      expect(readReports(await overlane('dissect', cut, '--json'))[0]).toMatchObject({
        length: 1514,
        capturedLength: 42,
      });
      // Section header, interface description (Ethernet), and a Simple Packet Block of 4 octets.
      const section = '0a0d0d0a 0000001c 1a2b3c4d 0001 0000 ffffffffffffffff 0000001c';
      const description = '00000001 00000014 0001 0000 00000000 00000014';
      const simple = write(
        'simple.pcapng',
        octets(`${section} ${description} 00000003 00000014 00000004 01020304 00000014`),
      );
      const [report] = readReports(await overlane('dissect', simple, '--json'));
      expect(report).toEqual({ packet: 1, length: 4, layers: [], fault: 'E_ETH_TRUNCATED' });
      expect((await overlane('dissect', simple)).stdout).toContain('no time');
    });
  });

  it.each([
    ['ETHERNET', LINKTYPE_ETHERNET, VXLAN_ARP, 'ethernet/ipv4'],
    ['RAW', LINKTYPE_RAW, wrap(ARP_FRAME), 'ipv4'],
    ['RAW, IPv6', LINKTYPE_RAW, wrap(ARP_FRAME, V6), 'ipv6'],
    ['IPV4', LINKTYPE_IPV4, wrap(ARP_FRAME), 'ipv4'],
    ['IPV6', LINKTYPE_IPV6, wrap(ARP_FRAME, V6), 'ipv6'],
    ['NULL, little-endian', LINKTYPE_NULL, join(octets('02000000'), wrap(ARP_FRAME)), 'null/ipv4'],
    ['NULL, big-endian', LINKTYPE_NULL, join(octets('0000001e'), wrap(ARP_FRAME, V6)), 'null/ipv6'],
    [
      'SLL',
      LINKTYPE_LINUX_SLL,
      join(octets('0000 0001 0006 0200c0000201 0000 0800'), wrap(ARP_FRAME)),
      'linux-sll/ipv4',
    ],
    [
      'SLL2',
      LINKTYPE_LINUX_SLL2,
      join(octets('86dd 0000 00000002 0001 00 06 0200c0000201 0000'), wrap(ARP_FRAME, V6)),
      'linux-sll2/ipv6',
    ],
  ])('takes link type %s apart', async (_name, linkType, packet, front) => {
    await inFolder(async ({ writePcap }) => {
      const [report] = readReports(await overlane('dissect', writePcap('a.pcap', [packet], { linkType }), '--json'));
      expect(report!.fault).toBeUndefined();
      expect(stackOf(report!)).toBe(`${front}/udp/vxlan/ethernet/arp`);
    });
  });

  it('names a link type it does not know as a fault of the packet', async () => {
    await inFolder(async ({ writePcap }) => {
      const file = writePcap('wifi.pcap', [VXLAN_ARP], { linkType: 105 });
      const ended = await overlane('dissect', file, '--json');
      expect(ended.status).toBe(0);
      expect(readReports(ended)[0]).toMatchObject({ layers: [], fault: 'E_DISSECT_LINK_TYPE' });
      expect((await overlane('dissect', file)).stdout).toContain('link type 105');
    });
  });

  it('prints a packet of 32 layers and more as a fault, not as an error', async () => {
    await inFolder(async ({ writePcap }) => {
      let packet = ARP_FRAME;
      for (let i = 0; i < 9; i++) packet = wrapInEthernet(packet);
      const ended = await overlane('dissect', writePcap('deep.pcap', [packet]), '--json');
      expect(ended.status).toBe(0);
      expect(readReports(ended)[0]!.fault).toBe('E_LAYOUT_TOO_MANY_LAYERS');
    });
  });
});

describe('dissect: which ports carry what', () => {
  it.each([
    [4789, [], 'vxlan'],
    [8472, [], 'dove'],
    [8472, ['--vxlan-port', '4789', '--vxlan-port', '8472'], 'vxlan'],
    [8472, ['--otv-port', '8472'], 'otv'],
    [8472, ['--dove-port', '7000'], 'data'],
    [7000, ['--dove-port', '7000'], 'dove'],
    [4789, ['--vxlan-port', '7000'], 'data'],
    [7000, ['--vxlan-port', '7000'], 'vxlan'],
    [7001, ['--vxlan-port', '7000', '--vxlan-port', '7001'], 'vxlan'],
    [7000, ['--vxlan-gpe-port', '7000'], 'vxlan-gpe'],
    [4789, ['--vxlan-gpe-port', '4789'], 'vxlan-gpe'],
  ])('port %i with %j is %s', async (port, flags, protocol) => {
    await inFolder(async ({ writePcap }) => {
      const file = writePcap('a.pcap', [wrapInEthernet(ARP_FRAME, { port })]);
      const [report] = readReports(await overlane('dissect', file, '--json', ...flags));
      expect(report!.layers[3]!.protocol).toBe(protocol);
    });
  });

  it('takes tunnels over IPv6 without checksum only if told to, and other datagrams never', async () => {
    await inFolder(async ({ writePcap }) => {
      const packet = { ...V6, checksumIpv6: 'zero' } as const;
      const frames = [wrapInEthernet(ARP_FRAME, packet), wrapInEthernet(ARP_FRAME, { ...packet, port: 53_000 })];
      const file = writePcap('a.pcap', frames);
      const faults = async (...flags: string[]): Promise<unknown[]> =>
        readReports(await overlane('dissect', file, '--json', ...flags)).map(({ fault }) => fault);
      expect(await faults()).toEqual(['E_UDP_ZERO_CHECKSUM_NOT_ALLOWED', 'E_UDP_ZERO_CHECKSUM_NOT_ALLOWED']);
      expect(await faults('--allow-zero-checksum-ipv6')).toEqual([undefined, 'E_UDP_ZERO_CHECKSUM_NOT_ALLOWED']);
    });
  });

  it.each([
    [['--vxlan-port', '0'], '1..65535'],
    [['--vxlan-port', 'http'], '--vxlan-port'],
    [['--frobnicate'], '--frobnicate'],
    [['--vxlan-port', '9', '--vxlan-gpe-port', '9'], 'both 9'],
  ])('%j is wrong use', async (flags, said) => {
    const ended = await overlane('dissect', '/dev/null', ...flags);
    expect(ended.status).toBe(2);
    expect(ended.stderr + ended.message).toContain(said);
  });
});

describe('dissect: bad files', () => {
  it('prints what it read of a file that is cut off, then names the fault', async () => {
    await inFolder(async ({ write }) => {
      const whole = encodePcap([ARP_FRAME, VXLAN_ARP]);
      const ended = await overlane('dissect', write('cut.pcap', whole.subarray(0, -1)), '--json');
      expect(ended.status).toBe(1);
      expect(ended.message).toMatch(/cut\.pcap: .*E_CAPTURE_TRUNCATED/);
      expect(readReports(ended).map(({ packet }) => packet)).toEqual([1]);
    });
  });

  it.each([
    ['nothing', '', 'E_CAPTURE_TRUNCATED'],
    ['text', 'no capture at all', 'E_CAPTURE_UNKNOWN_FORMAT'],
  ])('refuses %s', async (_name, content, code) => {
    await inFolder(async ({ write }) => {
      const ended = await overlane('dissect', write('bad', content));
      expect(ended).toMatchObject({ status: 1, stdout: '' });
      expect(ended.message).toContain(code);
    });
  });

  it('says which file it cannot read', async () => {
    await inFolder(async ({ path }) => {
      expect(await overlane('dissect', path('absent'))).toMatchObject({
        status: 1,
        message: expect.stringContaining('ENOENT') as unknown,
      });
      expect((await overlane('dissect', path('.'))).message).toContain('EISDIR');
    });
  });

  it('reports any octets behind any link type without throwing, as JSON and as text', () => {
    const linkType = fc.oneof(fc.constantFrom(...LINK_LAYERS.keys()), fc.nat({ max: 0xffff }));
    const time = fc.option(fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }), { nil: undefined });
    const udpPorts = { 4789: 'vxlan', 4790: 'vxlan-gpe', 6081: 'geneve' };
    const reporter = new PacketReporter({ udpPorts, tcpPorts: { 7471: 'stt' }, ipProtocols: { 47: 'nvgre' } });
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), linkType, time, (octetsOfPacket, type, timestampNs) => {
        const bytes = Uint8Array.from(octetsOfPacket);
        const packet = { bytes, linkType: type, timestampNs, timeUs: 0, originalLength: bytes.length, interfaceId: 0 };
        const report = reporter.report(packet, 1);
        JSON.parse(JSON.stringify(report));
        const text = formatPacketText(report, packet);
        if (report.fault !== undefined && !text.includes(`! ${report.fault}`))
          throw new Error('the fault is not shown');
        if (!text.startsWith('#1 ') || !text.endsWith('\n\n')) throw new Error(text);
      }),
    );
  });
});

describe('dissect for people', () => {
  it('prints a summary line, then layers and fields', async () => {
    await inFolder(async ({ writePcap }) => {
      const file = writePcap('a.pcap', [{ bytes: clearVniFlag(VXLAN_ARP), timestampNs: 1_700_000_000_000_001_000n }]);
      const { stdout } = await overlane('dissect', file);
      expect(stdout).toMatchInlineSnapshot(`
       "#1     2023-11-14 22:13:20.000001     92 octets  ethernet/ipv4/udp/vxlan  192.0.2.1 > 192.0.2.2  ! E_VXLAN_VNI_NOT_VALID
         ethernet  at 0, 14 octets
           destination  02:00:c0:00:02:02
           source       02:00:c0:00:02:01
           etherType    0x0800
         ipv4  at 14, 20 octets
           version         4
           ihl             5
           dscp            0
           ecn             0
           totalLength     78
           identification  0
           reserved        0
           dontFragment    true
           moreFragments   false
           fragmentOffset  0
           ttl             64
           protocol        17
           headerChecksum  0xb69b
           source          192.0.2.1
           destination     192.0.2.2
           options         -
         udp  at 34, 8 octets
           sourcePort       49152
           destinationPort  4789
           length           58
           checksum         0x0000
         vxlan  at 42, 8 octets
           reserved0  0
           vniValid   false
           reserved1  0
           reserved2  0
           vni        5001
           reserved3  0
         ! E_VXLAN_VNI_NOT_VALID, in or behind vxlan

       "
      `);
    });
  });

  it.each([
    [0n, '1970-01-01 00:00:00.000000'],
    [1_700_000_000_000_001_000n, '2023-11-14 22:13:20.000001'],
    [1_700_000_000_000_000_001n, '2023-11-14 22:13:20.000000001'],
    [-1_000n, '1969-12-31 23:59:59.999999'],
    [10n ** 24n, '1000000000000000.000000 s'],
  ])('writes the time %s as %s', (timestampNs, text) => {
    expect(formatTime(timestampNs)).toBe(text);
  });
});
