/**
 * tcpdump and tshark judge what `encap` writes for DOVE and OTV, and the vectors go through the built `dissect` and
 * `decap`. The package has deeper judges of its own.
 */
import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { frame } from '@overlane/wire/arbitraries';
import { requires } from '../../../../tools/testing/requirements.js';
import { type Workshop, inWorkshop, toHex } from './workshop.js';

const FRAMES = 300;
const NETWORK = 0x123456;
const OVERLAY = 0xabcdef;
const WHERE = {
  4: ['--source', '192.0.2.1', '--destination', '192.0.2.2'],
  6: ['--source', '2001:db8::1', '--destination', '2001:db8::2'],
} as const;
const CASES = (['dove', 'otv'] as const).flatMap((protocol) =>
  ([4, 6] as const).map((family) => ({ protocol, family })),
);

function encap({ writeFrames, overlane }: Workshop, protocol: string, family: 4 | 6, frames: readonly Uint8Array[]) {
  writeFrames('in.pcap', frames);
  const words = ['--network', `${NETWORK}`, '--overlay', `${OVERLAY}`, ...WHERE[family], '--json'];
  const { status, stdout } = overlane('encap', protocol, 'in.pcap', 'out.pcap', ...words);
  expect([status, JSON.parse(stdout)]).toMatchObject([0, { packets: frames.length, faults: {} }]);
}

const rowsOf = (text: string): string[][] =>
  text
    .slice(0, -1)
    .split('\n')
    .map((line) => line.split('\t'));
const longFrame = (length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => (i < 12 ? 2 : i === 12 ? 0x88 : i === 13 ? 0xb5 : i * length));

describe('encap', () => {
  requires('tcpdump', 'tshark').it.each(CASES)('$protocol over IPv$family', ({ protocol, family }) => {
    const frames = fc.sample(frame(), { numRuns: FRAMES, seed: family });
    inWorkshop((workshop) => {
      encap(workshop, protocol, family, frames);
      const flags = protocol === 'otv' ? '08' : '18';
      const said = `OTV, flags [I] (0x${flags}), overlay ${OVERLAY}, instance ${NETWORK}`;
      const lines = workshop.run('tcpdump', '-nn', '-t', '-r', 'out.pcap').split('\n');
      expect(lines.filter((line) => line.endsWith(said))).toHaveLength(FRAMES);
      // tshark has no dissector for OTV, but VXLAN's octets are the same.
      const asVxlan = ['-d', 'udp.port==8472,vxlan', '-o', 'udp.check_checksum:TRUE', '-E', 'occurrence=f'];
      const fields = ['frame.protocols', 'vxlan.vni', 'udp.checksum.status'].flatMap((name) => ['-e', name]);
      const rows = rowsOf(workshop.run('tshark', '-r', 'out.pcap', '-n', ...asVxlan, '-T', 'fields', ...fields));
      expect(rows).toHaveLength(FRAMES);
      for (const [protocols, network, checksum] of rows) {
        expect(`${protocols}:`).toMatch(new RegExp(`^eth:ethertype:ip(v6)?:udp:vxlan:eth`));
        expect([Number(network), checksum]).toEqual([NETWORK, family === 4 ? '3' : '1']);
      }
      const front = 14 + (family === 4 ? 20 : 40) + 16;
      expect(workshop.readFrames('out.pcap').map((hex) => hex.slice(2 * front))).toEqual(frames.map(toHex));
    });
  });

  requires('tshark').it.each([4, 6] as const)('frames of 9,000 octets over IPv%i cross a path of 1,500', (family) => {
    const frames = Array.from({ length: 50 }, (_, i) => longFrame(9000 - i));
    inWorkshop((workshop) => {
      encap(workshop, 'dove', family, frames);
      const fields = ['-e', 'frame.len', '-e', 'udp.srcport', '-e', 'ip.flags.df', '-e', '_ws.malformed'];
      const asData = ['-d', 'udp.port==8472,data'];
      const rows = rowsOf(workshop.run('tshark', '-r', 'out.pcap', '-n', ...asData, '-T', 'fields', ...fields));
      expect(rows.length).toBe(7 * frames.length);
      expect(rows.every(([length]) => Number(length) <= 1514)).toBe(true);
      expect(new Set(rows.map((row) => row.slice(1).join())).size).toBe(1);
      expect(workshop.overlane('decap', 'out.pcap', 'back.pcap').status).toBe(0);
      expect(workshop.readFrames('back.pcap')).toEqual(frames.map(toHex));
    });
  });
});

interface Vector {
  readonly name: string;
  readonly hex: string;
  readonly fields: Readonly<Record<string, unknown>> & { readonly layer: string };
  readonly expectError?: string;
}

describe('vectors', () => {
  const all = ['otv', 'dove'].flatMap((name) => {
    const file = join(__dirname, '..', '..', '..', 'dove', 'test', 'vectors', `${name}.json`);
    return JSON.parse(readFileSync(file, 'utf8')) as Vector[];
  });
  const vectors = all.filter(({ fields }) => fields.layer === 'frame');

  it('are dissected, field by field, and unwrapped or skipped', () => {
    inWorkshop((workshop) => {
      workshop.writeFrames(
        'in.pcap',
        vectors.map(({ hex }) => Buffer.from(hex, 'hex')),
      );
      const reports = workshop.overlane('dissect', 'in.pcap', '--json', '--otv-port', '9').stdout.trimEnd().split('\n');
      const otv = workshop.overlane('dissect', 'in.pcap', '--json', '--otv-port', '8472').stdout.trimEnd().split('\n');
      expect([reports.length, otv.length]).toEqual([vectors.length, vectors.length]);
      vectors.forEach(({ name, fields }, i) => {
        // Version 9, for whoever reads versions.
        const isOtvOnly = fields['mode'] === 'otv-plain';
        const report = JSON.parse((isOtvOnly ? otv : reports)[i]!) as {
          readonly layers: readonly { readonly protocol: string; readonly fields: Readonly<Record<string, unknown>> }[];
          readonly fault?: string;
        };
        expect([name, report.fault]).toEqual([name, undefined]);
        const layer = report.layers[3]!;
        expect(layer.protocol).toBe(isOtvOnly ? 'otv' : 'dove');
        for (const field of ['overlayId', 'instanceId', 'version'].filter((key) => typeof fields[key] === 'number')) {
          expect([name, field, layer.fields[field]]).toEqual([name, field, fields[field]]);
        }
        expect(report.layers[4]!.protocol).toBe(name.startsWith('van-') ? 'van' : 'ethernet');
      });
      const { stdout } = workshop.overlane('decap', 'in.pcap', 'out.pcap', '--json');
      const isControl = vectors.filter(({ name }) => name.startsWith('van-')).length;
      expect(JSON.parse(stdout)).toMatchObject({ skipped: isControl, faults: { E_DOVE_VERSION: 1 } });
      const carried = vectors.filter(({ name, fields }) => !name.startsWith('van-') && fields['mode'] === undefined);
      expect(workshop.readFrames('out.pcap')).toEqual(carried.map(({ hex }) => hex.slice(100)));
    });
  });
});
