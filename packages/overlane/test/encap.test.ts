import { describe, expect, it } from '@jest/globals';
import { existsSync, linkSync, readFileSync, symlinkSync } from 'node:fs';
import { LINKTYPE_RAW } from '@overlane/capture';
import { IpAddress, ethernet, flowHash, formatMac, ipv4, ipv6, sourcePort, udp, DYNAMIC_PORTS } from '@overlane/wire';
import { frame } from '@overlane/wire/arbitraries';
import { readVni } from '@overlane/vxlan';
import fc from 'fast-check';
import { macOf } from '../src/captures/outer-ethernet.js';
import { type Ended, type FileItem, inFolder, octets, overlane, toHex } from './command-line.js';
import { ARP_FRAME, TAGGED_FRAME } from './packets.js';

const V4 = ['--network', '5001', '--source', '192.0.2.1', '--destination', '192.0.2.2'];
const V6 = ['--network', '5001', '--source', '2001:db8::1', '--destination', '2001:db8:0:0:a:b:c:d'];

interface Wrapped extends Ended {
  readonly frames: Uint8Array[];
  readonly timestamps: (bigint | undefined)[];
}

async function wrapFile(items: readonly FileItem[], ...words: readonly string[]): Promise<Wrapped> {
  let wrapped: Wrapped | undefined;
  await inFolder(async ({ path, writePcap, readPackets }) => {
    const input = writePcap('in.pcap', items, { resolution: 'nanoseconds' });
    const ended = await overlane('encap', 'vxlan', input, path('out.pcap'), ...words);
    const packets = readPackets('out.pcap');
    wrapped = {
      ...ended,
      frames: packets.map(({ bytes }) => bytes),
      timestamps: packets.map(({ timestampNs }) => timestampNs),
    };
  });
  return wrapped!;
}

describe('encap vxlan', () => {
  it('writes Ethernet, IPv4, UDP and VXLAN around every frame', async () => {
    const { status, stderr, frames } = await wrapFile([ARP_FRAME], ...V4, '--ttl', '9', '--dscp', '46');
    const [out] = frames;
    expect([status, stderr]).toEqual([0, '1 packet, 1 wrapped\n']);
    expect(ethernet.decode(out!)).toMatchObject({ etherType: 0x0800, tags: [] });
    expect([formatMac(out!, 0), formatMac(out!, 6)]).toEqual(['02:00:c0:00:02:02', '02:00:c0:00:02:01']);
    expect(ipv4.decode(out!, 14)).toMatchObject({ ttl: 9, dscp: 46, dontFragment: true, totalLength: 78 });
    const port = sourcePort(flowHash(ARP_FRAME, 0, ARP_FRAME.length), DYNAMIC_PORTS);
    expect(udp.decode(out!, 34)).toEqual({ sourcePort: port, destinationPort: 4789, length: 58, checksum: 0 });
    expect(readVni(out!, 42)).toBe(5001);
    expect(toHex(out!.subarray(50))).toBe(toHex(ARP_FRAME));
  });

  it('writes IPv6 with a checksum, unless told not to', async () => {
    const { frames } = await wrapFile([ARP_FRAME], ...V6);
    expect(formatMac(frames[0]!, 0)).toBe('02:00:00:0c:00:0d');
    expect(ipv6.decode(frames[0]!, 14)).toMatchObject({ hopLimit: 64, payloadLength: 58, nextHeader: 17 });
    expect(udp.readChecksum(frames[0]!, 54)).not.toBe(0);
    const zero = await wrapFile([ARP_FRAME], ...V6, '--udp-checksum', 'zero');
    expect(udp.readChecksum(zero.frames[0]!, 54)).toBe(0);
    const computed = await wrapFile([ARP_FRAME], ...V4, '--udp-checksum', 'computed');
    expect(udp.readChecksum(computed.frames[0]!, 34)).not.toBe(0);
  });

  it('strips VLAN tags, or keeps them', async () => {
    const [stripped, kept] = [
      await wrapFile([TAGGED_FRAME], ...V4),
      await wrapFile([TAGGED_FRAME], ...V4, '--keep-vlan'),
    ];
    expect(toHex(stripped.frames[0]!.subarray(50))).toBe(toHex(ARP_FRAME));
    expect(toHex(kept.frames[0]!.subarray(50))).toBe(toHex(TAGGED_FRAME));
  });

  it('uses the MACs given', async () => {
    const macs = ['--source-mac', '52-54-00-00-00-0A', '--destination-mac', '52:54:00:00:00:0b'];
    const { frames } = await wrapFile([ARP_FRAME], ...V4, ...macs);
    expect([formatMac(frames[0]!, 0), formatMac(frames[0]!, 6)]).toEqual(['52:54:00:00:00:0b', '52:54:00:00:00:0a']);
  });

  it.each([
    ['192.0.2.1', '02:00:c0:00:02:01'],
    ['239.129.2.3', '01:00:5e:01:02:03'],
    ['255.255.255.255', 'ff:ff:ff:ff:ff:ff'],
    ['2001:db8::1:2', '02:00:00:01:00:02'],
    ['ff02::1:ff00:1', '33:33:ff:00:00:01'],
  ])('makes of %s the MAC %s', (address, mac) => {
    expect(formatMac(macOf(IpAddress.parse(address)))).toBe(mac);
  });

  it('keeps timestamps to the nanosecond', async () => {
    const timestamps = [1_700_000_000_123_456_789n, 0n];
    const wrapped = await wrapFile(
      timestamps.map((timestampNs) => ({ bytes: ARP_FRAME, timestampNs })),
      ...V4,
    );
    expect(wrapped.timestamps).toEqual(timestamps);
  });

  it('writes microseconds for microseconds', async () => {
    await inFolder(async ({ path, writePcap, read }) => {
      await overlane('encap', 'vxlan', writePcap('in.pcap', [ARP_FRAME]), path('out.pcap'), ...V4);
      expect(toHex(read('out.pcap').subarray(0, 4))).toBe('d4c3b2a1');
    });
  });

  it('is undone by decap, whatever the frame', async () => {
    const frames = fc.sample(frame({ payloadMax: 1400 }), 200);
    for (const words of [V4, V6]) {
      await inFolder(async ({ path, writePcap, readPackets }) => {
        await overlane('encap', 'vxlan', writePcap('in.pcap', frames), path('out.pcap'), ...words);
        const { status, stderr } = await overlane('decap', path('out.pcap'), path('back.pcap'));
        expect([status, stderr]).toEqual([0, '200 packets, 200 unwrapped, 0 skipped (no tunnel)\n']);
        expect(readPackets('back.pcap').map(({ bytes }) => toHex(bytes))).toEqual(frames.map(toHex));
      });
    }
  });
});

describe('encap: frames that do not fit', () => {
  const long = new Uint8Array(1451).fill(1);
  const items = [ARP_FRAME, long, long.subarray(1), ARP_FRAME.subarray(0, 13)];

  it('writes the others, counts these by fault, and ends with 1', async () => {
    const { status, message, frames } = await wrapFile(items, ...V4, '--mtu', '1486');
    expect(status).toBe(1);
    expect(frames.map(({ length }) => length)).toEqual([92, 1500]);
    expect(message.split('\n')).toEqual([
      '4 packets, 2 wrapped, 2 refused:',
      '  E_MTU_EXCEEDED           1',
      '  E_VXLAN_INNER_TRUNCATED  1',
    ]);
  });

  it('says so in JSON', async () => {
    const { stdout, stderr } = await wrapFile(items, ...V4, '--mtu', '1486', '--json');
    const faults = { E_MTU_EXCEEDED: 1, E_VXLAN_INNER_TRUNCATED: 1 };
    expect(JSON.parse(stdout)).toEqual({ packets: 4, written: 2, faults });
    expect(stderr).toBe('');
  });

  it('has no limit but the length field without --mtu', async () => {
    const [fits, beyond] = [new Uint8Array(65_535 - 36), new Uint8Array(65_535 - 35)];
    const { message, frames } = await wrapFile([fits, beyond], ...V4);
    expect(frames.map(({ length }) => length)).toEqual([65_549]);
    expect(message).toContain('E_MTU_EXCEEDED');
  });

  it('tells of packets that the capture holds in part', async () => {
    const { stderr, frames } = await wrapFile([{ bytes: ARP_FRAME, timestampNs: 0n, originalLength: 1514 }], ...V4);
    expect(frames).toHaveLength(1);
    expect(stderr).toContain('cut short in the capture, wrapped as they stand: 1');
  });
});

describe('encap: files', () => {
  it('counts a later packet of another link type, and a time before 1970, as faults of the packet', async () => {
    await inFolder(async ({ path, write, readPackets }) => {
      const section = '0a0d0d0a 0000001c 1a2b3c4d 0001 0000 ffffffffffffffff 0000001c';
      const ethernetInterface = '00000001 00000014 0001 0000 00000000 00000014';
      // if_tsoffset: minus one second.
      const earlyInterface = '00000001 00000024 0001 0000 00000000 000e0008 ffffffffffffffff 00000000 00000024';
      const rawInterface = '00000001 00000014 0065 0000 00000000 00000014';
      const packet = (id: number): string =>
        `00000006 0000004c 0000000${id} 00000000 00000001 0000002a 0000002a ${toHex(ARP_FRAME)} 0000 0000004c`;
      const file = [section, ethernetInterface, earlyInterface, rawInterface, packet(0), packet(1), packet(2)];
      const input = write('in.pcapng', octets(file.join('')));
      const ended = await overlane('encap', 'vxlan', input, path('out.pcap'), ...V4, '--json');
      const faults = { E_FIELD_RANGE: 1, E_CAPTURE_LINK_TYPE_MISMATCH: 1 };
      expect(JSON.parse(ended.stdout)).toEqual({ packets: 3, written: 1, faults });
      expect(ended.status).toBe(1);
      expect(readPackets('out.pcap')[0]!.timestampNs).toBe(1000n);
    });
  });

  it('writes to standard output, and the summary elsewhere', async () => {
    await inFolder(async ({ writePcap, write, readPackets }) => {
      const ended = await overlane('encap', 'vxlan', writePcap('in.pcap', [ARP_FRAME]), '-', ...V4, '--json');
      write('out.pcap', Buffer.from(ended.stdout, 'latin1'));
      expect(readPackets('out.pcap')).toHaveLength(1);
      expect(JSON.parse(ended.stderr)).toEqual({ packets: 1, written: 1, faults: {} });
    });
  });

  it('leaves an existing file alone until the input is known to be good', async () => {
    await inFolder(async ({ path, write, writePcap, read }) => {
      const out = write('out.pcap', 'precious');
      const raw = writePcap('raw.pcap', [ARP_FRAME], { linkType: LINKTYPE_RAW });
      for (const input of [path('absent'), write('text', 'no capture'), raw]) {
        expect((await overlane('encap', 'vxlan', input, out, ...V4)).status).toBe(1);
        expect(Buffer.from(read('out.pcap')).toString()).toBe('precious');
      }
      expect((await overlane('encap', 'vxlan', raw, out, ...V4)).message).toMatch(/needs Ethernet.*101 \(RAW\)/);
      expect((await overlane('encap', 'vxlan', writePcap('in.pcap', []), out, ...V4)).status).toBe(0);
      expect(read('out.pcap')).toHaveLength(24);
    });
  });

  it('writes what stands in front of the cut of a file that is cut off', async () => {
    await inFolder(async ({ path, write, writePcap, readPackets }) => {
      const whole = readFileSync(writePcap('in.pcap', [ARP_FRAME, ARP_FRAME]));
      const ended = await overlane('encap', 'vxlan', write('cut.pcap', whole.subarray(0, -1)), path('out.pcap'), ...V4);
      expect(ended.status).toBe(1);
      expect(ended.message).toMatch(/E_CAPTURE_TRUNCATED]\n1 packet, 1 wrapped/);
      expect(readPackets('out.pcap')).toHaveLength(1);
    });
  });

  it('refuses to read and write one file, under any name', async () => {
    await inFolder(async ({ path, writePcap, readPackets }) => {
      const input = writePcap('in.pcap', [ARP_FRAME]);
      symlinkSync(input, path('soft'));
      linkSync(input, path('hard'));
      for (const out of [input, path('soft'), path('hard')]) {
        expect(await overlane('encap', 'vxlan', input, out, ...V4)).toMatchObject({
          status: 2,
          message: expect.stringContaining('same file') as unknown,
        });
      }
      expect(readPackets('in.pcap')).toHaveLength(1);
    });
  });

  it('says why it cannot write', async () => {
    await inFolder(async ({ path, writePcap }) => {
      const input = writePcap('in.pcap', [ARP_FRAME]);
      const ended = await overlane('encap', 'vxlan', input, path('absent/out.pcap'), ...V4);
      expect([ended.status, ended.message]).toEqual([1, expect.stringContaining('ENOENT')]);
      if (!existsSync('/dev/full')) return;
      const full = await overlane('encap', 'vxlan', input, '/dev/full', ...V4);
      expect([full.status, full.message]).toEqual([1, expect.stringContaining('ENOSPC')]);
    });
  });
});

describe('encap: wrong use', () => {
  const withValue = (name: string, value: string): string[] =>
    V4.flatMap((word, i) => (V4[i - 1] === name ? [value] : [word]));
  it.each([
    ['a protocol that is not there', ['ipsec', 'a', 'b', ...V4], 'Allowed choices are vxlan, geneve, gre, nvgre, stt'],
    ['no network', ['vxlan', 'a', 'b', ...V4.slice(2)], '--network'],
    ['a VNI beyond 24 bits', ['vxlan', 'a', 'b', ...withValue('--network', '16777216')], '0..16777215'],
    ['a VNI that is no number', ['vxlan', 'a', 'b', ...withValue('--network', '1e3')], '--network'],
    ['a negative VNI', ['vxlan', 'a', 'b', ...withValue('--network', '-1')], '--network'],
    ['a bad address', ['vxlan', 'a', 'b', ...withValue('--source', '192.0.2')], '--source'],
    ['two families', ['vxlan', 'a', 'b', ...withValue('--source', '::1')], 'one family'],
    ['a multicast source', ['vxlan', 'a', 'b', ...withValue('--source', '239.0.0.1')], 'unicast'],
    ['an MTU below the least', ['vxlan', 'a', 'b', ...V4, '--mtu', '67'], '68..65535'],
    ['an MTU below the least of IPv6', ['vxlan', 'a', 'b', ...V6, '--mtu', '1279'], '1280..65535'],
    ['an MTU beyond the length field', ['vxlan', 'a', 'b', ...V4, '--mtu', '65536'], '--mtu'],
    ['a bad MAC', ['vxlan', 'a', 'b', ...V4, '--source-mac', '02:00'], '--source-mac'],
    ['a TTL of 0', ['vxlan', 'a', 'b', ...V4, '--ttl', '0'], '1..255'],
    ['a DSCP beyond 6 bits', ['vxlan', 'a', 'b', ...V4, '--dscp', '64'], '0..63'],
    ['a policy that is not there', ['vxlan', 'a', 'b', ...V4, '--udp-checksum', 'maybe'], 'zero, computed'],
    ['no output', ['vxlan', 'a', ...V4], 'out'],
  ])('refuses %s', async (_name, words, said) => {
    const ended = await overlane('encap', ...words);
    expect(ended.status).toBe(2);
    expect(ended.stderr + ended.message).toContain(said);
  });
});
