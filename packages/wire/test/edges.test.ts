import { describe, expect, it } from '@jest/globals';
import type { Codec } from '../src/index.js';
import { CodecError, arp, ethernet, icmpv4, ipv4, ipv6, neighbor, tcp, udp } from '../src/index.js';

function refusal(run: () => unknown): CodecError {
  try {
    run();
  } catch (error) {
    if (CodecError.is(error)) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

const mac = new Uint8Array(6);
const six = new Uint8Array(16);
const none = new Uint8Array(0);

/** A good header of each codec, with all its integer fields and their largest values. */
const subjects: [string, Codec<unknown>, object, Record<string, number>][] = [
  ['ethernet', ethernet, { destination: mac, source: mac, tags: [], etherType: 0x0800 }, { etherType: 0xffff }],
  [
    'arp',
    arp,
    { operation: 1, senderMac: mac, senderIp: 1, targetMac: mac, targetIp: 2 },
    { operation: 0xffff, senderIp: 0xffffffff, targetIp: 0xffffffff },
  ],
  [
    'ipv4',
    ipv4,
    {
      dscp: 0,
      ecn: 0,
      totalLength: 20,
      identification: 0,
      dontFragment: true,
      moreFragments: false,
      fragmentOffset: 0,
      ttl: 64,
      protocol: 17,
      source: 1,
      destination: 2,
      options: none,
    },
    {
      dscp: 63,
      ecn: 3,
      totalLength: 0xffff,
      identification: 0xffff,
      fragmentOffset: 0x1fff,
      ttl: 255,
      protocol: 255,
      source: 0xffffffff,
      destination: 0xffffffff,
    },
  ],
  [
    'ipv6',
    ipv6,
    { dscp: 0, ecn: 0, flowLabel: 0, payloadLength: 0, nextHeader: 17, hopLimit: 64, source: six, destination: six },
    { dscp: 63, ecn: 3, flowLabel: 0xfffff, payloadLength: 0xffff, nextHeader: 255, hopLimit: 255 },
  ],
  [
    'udp',
    udp,
    { sourcePort: 1, destinationPort: 2, length: 8, checksum: 0 },
    { sourcePort: 0xffff, destinationPort: 0xffff, length: 0xffff, checksum: 0xffff },
  ],
  [
    'tcp',
    tcp,
    {
      sourcePort: 1,
      destinationPort: 2,
      sequenceNumber: 3,
      acknowledgmentNumber: 4,
      flags: 2,
      window: 5,
      checksum: 0,
      urgentPointer: 0,
      options: none,
    },
    {
      sourcePort: 0xffff,
      destinationPort: 0xffff,
      sequenceNumber: 0xffffffff,
      acknowledgmentNumber: 0xffffffff,
      flags: 255,
      window: 0xffff,
      checksum: 0xffff,
      urgentPointer: 0xffff,
    },
  ],
  [
    'icmp',
    icmpv4,
    { type: 8, code: 0, checksum: 0, rest: 1 },
    { type: 255, code: 255, checksum: 0xffff, rest: 0xffffffff },
  ],
  [
    'neighbor',
    neighbor,
    { type: 135, checksum: 0, router: false, solicited: false, override: false, target: six, linkLayerAddress: mac },
    { checksum: 0xffff },
  ],
];

describe.each(subjects)('%s', (_name, codec, good, limits) => {
  const header = codec.encode(good);

  it('refuses every shorter length, at any offset, with numbers', () => {
    const length = codec.readHeaderLength(header, 0);
    for (let left = 0; left < length; left++) {
      const bytes = new Uint8Array(5 + left);
      bytes.set(header.subarray(0, left), 5);
      const { code, detail } = refusal(() => codec.decode(bytes, 5));
      expect(code).toMatch(/_TRUNCATED$|_BAD_LENGTH$/);
      expect(detail).toMatchObject({ offset: 5, actual: left });
      expect(codec.check(header, 0, left)).toBe(code);
    }
  });

  it.each(Object.entries(limits))('%s: edges', (field, max) => {
    for (const value of [-1, 1.5, Number.NaN, max + 1, Infinity]) {
      const out = new Uint8Array(header.length).fill(0xa5);
      const error = refusal(() => codec.encodeInto({ ...good, [field]: value }, out));
      expect(error.detail.field).toBe(field);
      expect(out).toEqual(new Uint8Array(header.length).fill(0xa5));
    }
    // Lengths promise data that a bare header hasn't got: look at the octets only.
    expect(codec.encode({ ...good, [field]: max })).toHaveLength(header.length);
  });

  it.each([-1, 1, Number.NaN])('writes nothing at offset %d of a buffer that just fits', (offset) => {
    const out = new Uint8Array(header.length).fill(0xa5);
    expect(refusal(() => codec.encodeInto(good, out, offset)).code).toBe('E_OUTPUT_TRUNCATED');
    expect(out).toEqual(new Uint8Array(header.length).fill(0xa5));
  });
});

describe('refused header values', () => {
  const header = ethernet.decode(new Uint8Array(14));
  const ip = ipv4.decode(ipv4.encode(subjects[2]![2] as ipv4.Ipv4Header));
  const tag = { tpid: 0x8100, pcp: 0, dei: 0, vid: 1 };

  it.each<[string, string, () => unknown]>([
    ['E_FIELD_RANGE', 'a MAC of 5 octets', () => ethernet.encode({ ...header, source: new Uint8Array(5) })],
    ['E_ETH_TOO_MANY_TAGS', 'three tags', () => ethernet.encode({ ...header, tags: [tag, tag, tag] })],
    ['E_ETH_TOO_MANY_TAGS', 'a TPID as EtherType', () => ethernet.encode({ ...header, etherType: 0x8100 })],
    ['E_FIELD_RANGE', 'an unknown TPID', () => ethernet.encode({ ...header, tags: [{ ...tag, tpid: 0x9100 }] })],
    ['E_FIELD_RANGE', 'VID 4096', () => ethernet.encode({ ...header, tags: [{ ...tag, vid: 4096 }] })],
    ['E_FIELD_RANGE', 'PCP 8', () => ethernet.encode({ ...header, tags: [{ ...tag, pcp: 8 }] })],
    ['E_FIELD_RANGE', 'DEI 2', () => ethernet.encode({ ...header, tags: [{ ...tag, dei: 2 }] })],
    ['E_IPV4_BAD_TOTAL_LENGTH', 'a total length below the header', () => ipv4.encode({ ...ip, totalLength: 19 })],
    ['E_FIELD_RANGE', 'three octets of options', () => ipv4.encode({ ...ip, options: new Uint8Array(3) })],
    ['E_FIELD_RANGE', '44 octets of options', () => ipv4.encode({ ...ip, options: new Uint8Array(44) })],
    [
      'E_UDP_BAD_LENGTH',
      'a UDP length of 7',
      () => udp.encode({ sourcePort: 1, destinationPort: 2, length: 7, checksum: 0 }),
    ],
    [
      'E_FIELD_RANGE',
      'TCP options of 41 octets',
      () => tcp.encode({ ...tcp.decode(tcp.encode(subjects[5]![2] as tcp.TcpHeader)), options: new Uint8Array(41) }),
    ],
    [
      'E_ND_NOT_NEIGHBOR',
      'type 137',
      () => neighbor.encode({ ...(subjects[7]![2] as neighbor.NeighborMessage), type: 137 as 135 }),
    ],
  ])('%s: %s', (code, _what, run) => expect(refusal(run).code).toBe(code));
});

describe('CodecError', () => {
  it('is recognized across copies of the class', () => {
    const copy = Object.assign(new Error('copy'), { [Symbol.for('@overlane/wire.CodecError')]: true });
    expect(CodecError.is(copy)).toBe(true);
    expect([new Error('x'), undefined, null, 'E_X', {}].map((value) => CodecError.is(value))).toEqual([
      false,
      false,
      false,
      false,
      false,
    ]);
  });

  it('says protocol, fact and numbers', () => {
    expect(refusal(() => ipv4.decode(new Uint8Array(19))).message).toBe(
      'ipv4: header needs 20 octets at offset 0, 19 left',
    );
    expect(refusal(() => ethernet.decode(Uint8Array.of(...new Uint8Array(12), 0x81, 0, 0))).message).toBe(
      'ethernet: header needs 18 octets at offset 0, 15 left',
    );
  });
});
