import { describe, expect, it } from '@jest/globals';
import { LINKTYPE_LINUX_SLL2, LINKTYPE_NULL, LINKTYPE_RAW } from '@overlane/capture';
import { ipv4, write16 } from '@overlane/wire';
import fc from 'fast-check';
import { findCarrier } from '../src/captures/find-carrier.js';
import { type Ended, type FileItem, inFolder, octets, overlane, toHex } from './command-line.js';
import { ARP_FRAME, OUTER_ETHERNET, TAGGED_FRAME, join, wrap, wrapInEthernet } from './packets.js';

const V6 = { source: '2001:db8::1', destination: '2001:db8::2' };

interface Unwrapped extends Ended {
  readonly frames: string[];
}

async function unwrapFile(
  items: readonly FileItem[],
  { linkType, words = [] }: { linkType?: number; words?: readonly string[] } = {},
): Promise<Unwrapped> {
  let unwrapped: Unwrapped | undefined;
  await inFolder(async ({ path, writePcap, readPackets }) => {
    const input = writePcap('in.pcap', items, linkType === undefined ? {} : { linkType });
    const ended = await overlane('decap', input, path('out.pcap'), ...words);
    unwrapped = { ...ended, frames: readPackets('out.pcap').map(({ bytes }) => toHex(bytes)) };
  });
  return unwrapped!;
}

/** The packet with one octet changed. */
const patch = (packet: Uint8Array, at: number, value: number): Uint8Array =>
  packet.map((octet, i) => (i === at ? value : octet));

/** An IPv4 packet in Ethernet with other flags and fragment offset, and the right header checksum. */
function fragment(frame: Uint8Array, flags: number): Uint8Array {
  const copy = Uint8Array.from(frame);
  write16(copy, 20, flags);
  ipv4.writeChecksum(copy, 14);
  return copy;
}

describe('decap', () => {
  it('gives the frames inside, over IPv4 and IPv6, on both ports, under VLAN tags, without padding', async () => {
    const tagged = join(OUTER_ETHERNET[4].subarray(0, 12), octets('8100 0fa0 0800'), wrap(ARP_FRAME));
    const packets = [
      wrapInEthernet(ARP_FRAME),
      wrapInEthernet(ARP_FRAME, V6),
      wrapInEthernet(ARP_FRAME, { port: 8472 }),
      tagged,
      join(wrapInEthernet(ARP_FRAME), new Uint8Array(9)),
    ];
    const { status, stderr, frames } = await unwrapFile(packets);
    expect([status, stderr]).toEqual([0, '5 packets, 5 unwrapped, 0 skipped (no tunnel)\n']);
    expect(frames).toEqual(packets.map(() => toHex(ARP_FRAME)));
  });

  it.each([
    ['RAW', LINKTYPE_RAW, ''],
    ['NULL', LINKTYPE_NULL, '02000000'],
    ['SLL2', LINKTYPE_LINUX_SLL2, '0800 0000 00000002 0001 00 06 0200c0000201 0000'],
  ])('takes link type %s', async (_name, linkType, front) => {
    const { frames } = await unwrapFile([join(octets(front), wrap(ARP_FRAME))], { linkType });
    expect(frames).toEqual([toHex(ARP_FRAME)]);
  });

  it('takes one level off', async () => {
    const nested = wrapInEthernet(ARP_FRAME);
    expect((await unwrapFile([wrapInEthernet(nested)])).frames).toEqual([toHex(nested)]);
  });

  it('skips what is no tunnel, and counts it', async () => {
    const packets = [
      ARP_FRAME,
      wrapInEthernet(ARP_FRAME, { port: 53 }),
      wrapInEthernet(ARP_FRAME, { port: 4790 }),
      patch(wrapInEthernet(ARP_FRAME), 23, 6),
      octets('00'),
      OUTER_ETHERNET[4],
      // A later fragment tells no port.
      fragment(wrapInEthernet(ARP_FRAME), 0x0001),
      wrapInEthernet(ARP_FRAME),
    ];
    const { status, stdout, frames } = await unwrapFile(packets, { words: ['--json'] });
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toEqual({ packets: 8, written: 1, skipped: 7, incompleteFrames: 0, faults: {} });
    expect(frames).toEqual([toHex(ARP_FRAME)]);
  });

  it('leaves out tunnel packets that break a rule, counts them by fault, and ends with 1', async () => {
    const good = wrapInEthernet(ARP_FRAME);
    const { status, message, frames } = await unwrapFile([
      patch(good, 42, 0),
      patch(good, 24, 1),
      fragment(good, 0x2000),
      good.subarray(0, 60),
      wrapInEthernet(ARP_FRAME, { ...V6, checksumIpv6: 'zero' }),
      wrapInEthernet(TAGGED_FRAME, { keepInnerVlan: new Set([5001]) }),
      patch(good, 42, 0),
      good,
    ]);
    expect(status).toBe(1);
    expect(frames).toEqual([toHex(ARP_FRAME)]);
    expect(message.split('\n')).toEqual([
      '8 packets, 1 unwrapped, 0 skipped (no tunnel), 7 refused:',
      '  E_VXLAN_VNI_NOT_VALID            2',
      '  E_IPV4_BAD_CHECKSUM              1',
      '  E_IPV4_BAD_TOTAL_LENGTH          1',
      '  E_OUTER_FRAGMENT                 1',
      '  E_UDP_ZERO_CHECKSUM_NOT_ALLOWED  1',
      '  E_VXLAN_INNER_VLAN               1',
    ]);
  });

  it('takes what options allow', async () => {
    const packets = [
      wrapInEthernet(ARP_FRAME, { ...V6, checksumIpv6: 'zero' }),
      wrapInEthernet(TAGGED_FRAME, { keepInnerVlan: new Set([7]), network: 7 }),
      wrapInEthernet(ARP_FRAME, { port: 7000 }),
    ];
    const ports = ['--vxlan-port', '4789', '--vxlan-port', '7000'];
    const words = ['--allow-zero-checksum-ipv6', '--keep-vlan', ...ports];
    const { status, frames } = await unwrapFile(packets, { words });
    expect(status).toBe(0);
    expect(frames).toEqual([ARP_FRAME, TAGGED_FRAME, ARP_FRAME].map(toHex));
  });

  it('refuses a link type without IP, and one file for both', async () => {
    await inFolder(async ({ path, writePcap, write, read }) => {
      const out = write('out.pcap', 'precious');
      const wifi = writePcap('wifi.pcap', [ARP_FRAME], { linkType: 105 });
      expect(await overlane('decap', wifi, out)).toMatchObject({
        status: 1,
        message: expect.stringContaining('got 105') as unknown,
      });
      expect(Buffer.from(read('out.pcap')).toString()).toBe('precious');
      expect((await overlane('decap', wifi, path('wifi.pcap'))).status).toBe(2);
      expect((await overlane('decap', wifi, out, '--vxlan-port', '65536')).status).toBe(2);
    });
  });
});

describe('findCarrier', () => {
  it('knows the protocol behind IPv6 extension headers, and the port of a first fragment only', () => {
    const packet = wrap(ARP_FRAME, V6);
    const udpPart = packet.subarray(40);
    const behind = (nextHeader: string, extension: string): Uint8Array => {
      const whole = join(packet.subarray(0, 40), octets(extension), udpPart);
      whole.set(octets(nextHeader), 6);
      write16(whole, 4, whole.length - 40);
      return whole;
    };
    expect(findCarrier(behind('3c', '11 00 010400000000'), 0)).toEqual({ protocol: 17, port: 4789 });
    expect(findCarrier(behind('2c', '11 00 0001 00000001'), 0)).toEqual({ protocol: 17, port: 4789 });
    expect(findCarrier(behind('2c', '11 00 0009 00000001'), 0)).toEqual({ protocol: 17, port: undefined });
    // Too long for the buffer: the fixed header must do.
    expect(findCarrier(packet.subarray(0, 60), 0)).toEqual({ protocol: 17, port: 4789 });
  });

  it('takes any octets', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), fc.constantFrom(0x45, 0x60, 0x4f), (bytes, first) => {
        if (bytes.length > 0) bytes[0] = first;
        const carrier = findCarrier(bytes, 0);
        return carrier === undefined || (carrier.protocol <= 255 && (carrier.port ?? 0) <= 0xffff);
      }),
    );
  });
});
