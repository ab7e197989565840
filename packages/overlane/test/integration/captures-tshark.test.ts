/** tshark judges every packet that `encap` writes. */
import { describe, expect } from '@jest/globals';
import fc from 'fast-check';
import { flowHash, sourcePort, DYNAMIC_PORTS } from '@overlane/wire';
import { frame } from '@overlane/wire/arbitraries';
import { requires } from '../../../../tools/testing/requirements.js';
import { type Workshop, inWorkshop, toHex } from './workshop.js';

const FRAMES = 300;
/** Values of tshark's `*.checksum.status`. */
const GOOD = '1';
const NOT_PRESENT = '3';

const ENDPOINTS = {
  4: { source: '192.0.2.1', destination: '192.0.2.2', macs: ['02:00:c0:00:02:02', '02:00:c0:00:02:01'] },
  6: { source: '2001:db8::1', destination: '2001:db8::2', macs: ['02:00:00:00:00:02', '02:00:00:00:00:01'] },
} as const;

const CASES = [
  { family: 4, checksum: 'zero', network: 0 },
  { family: 4, checksum: 'computed', network: 5001 },
  { family: 6, checksum: 'zero', network: 0xff_ffff },
  { family: 6, checksum: 'computed', network: 42 },
] as const;

const FIELDS = [
  'eth.dst',
  'eth.src',
  'ip.src',
  'ip.dst',
  'ip.ttl',
  'ip.dsfield.dscp',
  'ip.flags.df',
  'ip.len',
  'ip.checksum.status',
  'ipv6.src',
  'ipv6.dst',
  'ipv6.hlim',
  'ipv6.plen',
  'udp.srcport',
  'udp.dstport',
  'udp.checksum.status',
  'vxlan.flags',
  'vxlan.vni',
  'vxlan.reserved8',
  'frame.len',
] as const;
type Row = Record<(typeof FIELDS)[number], string>;

/** The first occurrence of each field: the outer header's. Checksums are verified only if tshark is told to. */
function tsharkRows({ run }: Workshop, file: string): Row[] {
  const verify = ['-o', 'ip.check_checksum:TRUE', '-o', 'udp.check_checksum:TRUE'];
  const fields = FIELDS.flatMap((field) => ['-e', field]);
  const out = run('tshark', '-r', file, '-n', ...verify, '-T', 'fields', '-E', 'occurrence=f', ...fields);
  return out
    .trimEnd()
    .split('\n')
    .map((line) => {
      const values = line.split('\t');
      return Object.fromEntries(FIELDS.map((field, i) => [field, values[i] ?? ''])) as Row;
    });
}

/** What the frames are made of. Behind a random port tshark would look for, and miss, some application's protocol. */
const KNOWN = new Set(['frame', 'eth', 'ethertype', 'ip', 'ipv6', 'udp', 'tcp', 'vxlan', 'arp', 'data', 'ieee8023']);
const SEVERITY_ERROR = 0x80_0000;

/** Everything that tshark calls malformed or an error, wrong checksums included, in the outer or the inner headers. */
function complaints({ run, write }: Workshop, file: string): string {
  const names = run('tshark', '-G', 'protocols')
    .split('\n')
    .map((line) => line.split('\t')[2] ?? '');
  write('disabled_protos', names.filter((name) => name !== '' && !KNOWN.has(name)).join('\n'));
  const verify = ['ip.check_checksum', 'udp.check_checksum', 'tcp.check_checksum'].flatMap((name) => [
    '-o',
    `${name}:TRUE`,
  ]);
  const filter = `_ws.malformed || _ws.expert.severity == ${SEVERITY_ERROR}`;
  return run('env', 'WIRESHARK_CONFIG_DIR=.', 'tshark', '-r', file, '-n', ...verify, '-Y', filter);
}

describe('encap vxlan', () => {
  requires('tshark').it.each(CASES)('over IPv$family, checksum $checksum', (wanted) => {
    const { family, checksum, network } = wanted;
    const { source, destination, macs } = ENDPOINTS[family];
    const frames = fc.sample(frame(), { numRuns: FRAMES, seed: family * 10 + network });
    inWorkshop((workshop) => {
      workshop.writeFrames('in.pcap', frames);
      const where = ['--network', `${network}`, '--source', source, '--destination', destination];
      const how = ['--udp-checksum', checksum, '--ttl', '33', '--dscp', '46', '--json'];
      const ended = workshop.overlane('encap', 'vxlan', 'in.pcap', 'out.pcap', ...where, ...how);
      expect(ended.stderr).toBe('');
      expect(JSON.parse(ended.stdout)).toEqual({ packets: FRAMES, written: FRAMES, faults: {} });

      const rows = tsharkRows(workshop, 'out.pcap');
      const overhead = family === 4 ? 50 : 70;
      const outer =
        family === 4
          ? { 'ip.src': source, 'ip.dst': destination, 'ip.ttl': '33', 'ip.flags.df': '1', 'ip.checksum.status': GOOD }
          : { 'ipv6.src': source, 'ipv6.dst': destination, 'ipv6.hlim': '33' };
      expect(rows).toHaveLength(FRAMES);
      frames.forEach((inner, i) => {
        const port = sourcePort(flowHash(inner, 0, inner.length), DYNAMIC_PORTS);
        expect(rows[i]).toMatchObject({
          'eth.dst': macs[0],
          'eth.src': macs[1],
          ...outer,
          ...(family === 4
            ? { 'ip.len': `${inner.length + overhead - 14}`, 'ip.dsfield.dscp': '46' }
            : { 'ipv6.plen': `${inner.length + overhead - 54}` }),
          'udp.srcport': `${port}`,
          'udp.dstport': '4789',
          'udp.checksum.status': checksum === 'computed' ? GOOD : family === 4 ? NOT_PRESENT : '4',
          'vxlan.flags': '0x0800',
          'vxlan.vni': `${network}`,
          'vxlan.reserved8': '0',
          'frame.len': `${inner.length + overhead}`,
        });
      });
      expect(workshop.readFrames('out.pcap').map((hex) => hex.slice(2 * overhead))).toEqual(frames.map(toHex));
      // A zero checksum over IPv6 is what was asked for, and what tshark calls illegal.
      if (family === 4 || checksum === 'computed') expect(complaints(workshop, 'out.pcap')).toBe('');
      else expect(complaints(workshop, 'out.pcap').trimEnd().split('\n')).toHaveLength(FRAMES);
    });
  });
});
