/** tshark judges what `encap` writes for Geneve, GRE, NVGRE and STT. Each package has deeper judges of its own. */
import { describe, expect } from '@jest/globals';
import fc from 'fast-check';
import { frame } from '@overlane/wire/arbitraries';
import { requires } from '../../../../tools/testing/requirements.js';
import { type Workshop, inWorkshop, toHex } from './workshop.js';

const FRAMES = 300;
const NETWORK = 0x123456;
const FAMILY = {
  4: { name: 'ip', where: ['--source', '192.0.2.1', '--destination', '192.0.2.2'] },
  6: { name: 'ipv6', where: ['--source', '2001:db8::1', '--destination', '2001:db8::2'] },
} as const;

/** Protocol, the name of its network in tshark, and its value there: the first column of each packet. */
const ONE_PACKET = [
  { protocol: 'geneve', stack: 'udp:geneve', field: 'geneve.vni', value: '0x123456', overhead: 16 },
  { protocol: 'gre', stack: 'gre', field: 'gre.key', value: '0x00123456', overhead: 8 },
  { protocol: 'nvgre', stack: 'gre', field: 'gre.key', value: /^0x123456[0-9a-f]{2}$/, overhead: 8 },
].flatMap((wanted) => ([4, 6] as const).map((family) => ({ ...wanted, family })));

function encap({ writeFrames, overlane }: Workshop, protocol: string, family: 4 | 6, frames: readonly Uint8Array[]) {
  writeFrames('in.pcap', frames);
  const words = ['--network', `${NETWORK}`, ...FAMILY[family].where, '--json'];
  const { status, stdout } = overlane('encap', protocol, 'in.pcap', 'out.pcap', ...words);
  expect([status, JSON.parse(stdout)]).toMatchObject([0, { packets: frames.length, faults: {} }]);
}

const rowsOf = (text: string): string[][] =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => line.split('\t'));

describe('tshark', () => {
  requires('tshark').it.each(ONE_PACKET)('reads $protocol over IPv$family', (wanted) => {
    const { protocol, stack, field, value, overhead, family } = wanted;
    const frames = fc.sample(frame(), { numRuns: FRAMES, seed: family });
    inWorkshop((workshop) => {
      encap(workshop, protocol, family, frames);
      const fields = ['frame.protocols', field, 'udp.checksum.status'].flatMap((name) => ['-e', name]);
      const verify = ['-o', 'udp.check_checksum:TRUE', '-E', 'occurrence=f'];
      const rows = rowsOf(workshop.run('tshark', '-r', 'out.pcap', '-n', ...verify, '-T', 'fields', ...fields));
      expect(rows).toHaveLength(FRAMES);
      for (const [protocols, network, checksum] of rows) {
        expect(`${protocols}:`).toMatch(new RegExp(`^eth:ethertype:${FAMILY[family].name}:${stack}:eth`));
        expect(network).toMatch(value);
        if (protocol === 'geneve') expect(checksum).toBe('1');
      }
      const front = 14 + (family === 4 ? 20 : 40) + overhead;
      expect(workshop.readFrames('out.pcap').map((hex) => hex.slice(2 * front))).toEqual(frames.map(toHex));
    });
  });

  requires('tshark').it.each([4, 6] as const)('puts stt over IPv%i together', (family) => {
    const length = fc.integer({ min: 60, max: 9000 });
    const frames = fc.sample(length, { numRuns: FRAMES, seed: family }).map(longFrame(family));
    inWorkshop((workshop) => {
      encap(workshop, 'stt', family, frames);
      // STT is a heuristic of tshark's, to be tried before TCP.
      const tried = [
        '-o',
        `${FAMILY[family].name}.try_heuristic_first:TRUE`,
        '-Y',
        'stt.context_id',
        '-E',
        'occurrence=l',
      ];
      const names = ['stt.pkt_id', 'stt.context_id', 'eth.dst', 'eth.src', 'eth.type', 'data.data'];
      const fields = names.flatMap((name) => ['-e', name]);
      const rows = rowsOf(workshop.run('tshark', '-r', 'out.pcap', '-n', ...tried, '-T', 'fields', ...fields));
      const found = new Map(rows.map(([id, context, ...parts]) => [Number(id), [context, joinParts(parts)]]));
      expect(found.size).toBe(FRAMES);
      frames.forEach((inner, i) => {
        const [context, hex] = found.get(i + 1)!;
        expect(Number(context)).toBe(NETWORK);
        expect(hex).toBe(toHex(inner));
      });
    });
  });
});

const PAYLOAD_MAX = { 4: 1460, 6: 1440 } as const;
const FRAME_HEADER_LENGTH = 18;

/**
 * A frame of an experimental EtherType. tshark 4.0 overlooks a last segment of at most 20 octets: such lengths, which the
 * package's own judge counts, become shorter.
 */
function longFrame(family: 4 | 6): (length: number) => Uint8Array {
  return (length) => {
    const tail = (length + FRAME_HEADER_LENGTH) % PAYLOAD_MAX[family];
    const octets = tail <= 20 ? length - tail : length;
    return Uint8Array.from({ length: octets }, (_, i) => (i < 12 ? 2 : i === 12 ? 0x88 : i === 13 ? 0xb5 : i * octets));
  };
}

function joinParts([destination, source, type, data]: readonly string[]): string {
  return `${destination}${source}${type!.slice(2)}${data}`.replaceAll(':', '');
}
