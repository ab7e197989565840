import { describe, expect } from '@jest/globals';
import {
  encodePcapHeader,
  encodePcapRecord,
  LINKTYPE_ETHERNET,
  readCapture,
  type CapturedPacket,
  type PcapOptions,
} from '../src/index.js';
import { fromHex, join, toHex } from './outcome.js';
import { requires } from '../../../tools/testing/requirements.js';
import { inWorkshop, type Workshop } from './outside-tool.js';
import { PcapngBuilder } from './pcapng-builder.js';

const FRAME = fromHex(
  'ffffffffffff 020000000001 0806 0001 0800 06 04 0001 020000000001 0a000001 000000000000 0a000002',
);
const PACKETS = [
  { bytes: FRAME, timestampNs: 1_700_000_000_123_456_789n, originalLength: 42 },
  { bytes: FRAME.subarray(0, 33), timestampNs: 4_294_967_295_999_999_999n, originalLength: 1500 },
];
const FLAVORS = (['big', 'little'] as const).flatMap((byteOrder) =>
  (['microseconds', 'nanoseconds'] as const).map((resolution) => ({ byteOrder, resolution })),
);

function write(options: PcapOptions): Uint8Array {
  return join(encodePcapHeader(options), ...PACKETS.map((packet) => encodePcapRecord(packet, options)));
}

function summary(packets: readonly Omit<CapturedPacket, 'timeUs' | 'linkType' | 'interfaceId'>[], unit = 1n) {
  return packets.map((p) => `${(p.timestampNs ?? 0n) / unit} ${p.originalLength} ${toHex(p.bytes)}`);
}

/** Time, captured length, original length and octets as tshark sees them. */
function tsharkSummary(workshop: Workshop, file: string): string[] {
  const fields = ['frame.time_epoch', 'frame.cap_len', 'frame.len'].flatMap((field) => ['-e', field]);
  const lines = workshop
    .run('tshark', '-r', file, '-T', 'fields', ...fields)
    .trim()
    .split('\n');
  return lines.map((line) => line.replaceAll('\t', ' '));
}

describe('outside tools', () => {
  requires('tshark').it('tshark reads all four flavors as we wrote them', () => {
    for (const flavor of FLAVORS) {
      const seen = inWorkshop((workshop) => {
        workshop.write('ours.pcap', write({ linkType: LINKTYPE_ETHERNET, ...flavor }));
        return tsharkSummary(workshop, 'ours.pcap');
      });
      const [first, second] = flavor.resolution === 'nanoseconds' ? ['789', '999'] : ['000', '000'];
      expect(seen).toEqual([`1700000000.123456${first} 42 42`, `4294967295.999999${second} 33 1500`]);
    }
  });

  requires('tcpdump').it('tcpdump (libpcap) reads all four flavors as we wrote them', () => {
    for (const flavor of FLAVORS) {
      const printed = inWorkshop((workshop) => {
        workshop.write('ours.pcap', write({ linkType: LINKTYPE_ETHERNET, ...flavor }));
        return workshop.run('tcpdump', '-nn', '-tt', '--nano', '-r', 'ours.pcap', '-c', '1');
      });
      const ns = flavor.resolution === 'nanoseconds' ? '789' : '000';
      expect(printed).toContain(`1700000000.123456${ns} ARP, Request who-has 10.0.0.2 tell 10.0.0.1, length 28`);
    }
  });

  requires('editcap').it.each([
    ['pcap', 1000n],
    ['nsecpcap', 1n],
    ['pcapng', 1n],
  ] as const)('reads the %s that editcap makes of ours', (format, unit) => {
    const packets = inWorkshop((workshop) => {
      workshop.write('ours.pcap', write({ linkType: LINKTYPE_ETHERNET, byteOrder: 'big', resolution: 'nanoseconds' }));
      workshop.run('editcap', '-F', format, 'ours.pcap', 'theirs');
      return readCapture(workshop.read('theirs'));
    });
    expect(summary(packets, unit)).toEqual(summary(PACKETS, unit));
    expect(packets.every((packet) => packet.linkType === LINKTYPE_ETHERNET)).toBe(true);
  });

  requires('mergecap').it('reads the pcapng of several interfaces that mergecap makes', () => {
    const packets = inWorkshop((workshop) => {
      workshop.write('a.pcap', write({ linkType: LINKTYPE_ETHERNET, resolution: 'nanoseconds' }));
      workshop.write('b.pcap', write({ linkType: 101 }));
      workshop.run('mergecap', '-a', '-F', 'pcapng', '-I', 'none', '-w', 'both', 'a.pcap', 'b.pcap');
      return readCapture(workshop.read('both'));
    });
    expect(packets.map((packet) => [packet.linkType, packet.interfaceId])).toEqual([
      [1, 0],
      [1, 0],
      [101, 1],
      [101, 1],
    ]);
    expect(summary(packets)).toEqual([...summary(PACKETS), ...summary(readCapture(write({ linkType: 101 })))]);
  });

  requires('text2pcap').it.each([[['-F', 'pcap']], [['-F', 'pcapng']], [['-F', 'nsecpcap']]])(
    'reads what text2pcap %j writes',
    (args) => {
      const [packet] = inWorkshop((workshop) => {
        workshop.write('dump.txt', Buffer.from(`0000 ${toHex(FRAME).replace(/../g, '$& ')}\n`));
        workshop.run('text2pcap', '-q', ...args, '-E', 'rawip4', 'dump.txt', 'theirs');
        return readCapture(workshop.read('theirs'));
      });
      expect([toHex(packet!.bytes), packet!.linkType]).toEqual([toHex(FRAME), 228]);
    },
  );

  requires('tshark').it.each(['big', 'little'] as const)(
    'agrees with tshark on hand-built pcapng, %s-endian',
    (byteOrder) => {
      const ng = new PcapngBuilder(byteOrder);
      const clock = [ng.option(9, Uint8Array.of(0x94)), ng.option(14, ng.i64(1_600_000_000n)), ng.option(0)];
      const file = join(
        ng.section(),
        ng.interface(1),
        ng.interface(1, 0, ...clock),
        ng.enhanced(0, 1_700_000_000_123_456n, FRAME, 99, ng.option(1, fromHex('6869')), ng.option(0)),
        ng.enhanced(1, 3n << 19n, FRAME),
        ng.obsolete(1, 5n, FRAME),
        ng.block(77, FRAME),
        ng.enhanced(0, 1n, FRAME.subarray(0, 13), 60),
      );
      const theirs = inWorkshop((workshop) => {
        workshop.write('ours.pcapng', file);
        return tsharkSummary(workshop, 'ours.pcapng');
      });
      const ours = readCapture(file).map(({ timestampNs = 0n, bytes, originalLength }) => {
        const fraction = String(timestampNs % 1_000_000_000n).padStart(9, '0');
        return `${timestampNs / 1_000_000_000n}.${fraction} ${bytes.length} ${originalLength}`;
      });
      expect(ours).toHaveLength(4);
      expect(theirs).toEqual(ours);
    },
  );
});
