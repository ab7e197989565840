/** `overlane netlord` as users type it. */
import { describe, expect, it } from '@jest/globals';
import { inFolder, overlane } from './command-line.js';

const FABRIC = {
  switches: [
    { name: 'e1', kind: 'edge', mac: '02:e0:00:00:00:01', hosts: [{ port: 3, mac: '02:50:00:00:00:03' }] },
    { name: 'e2', kind: 'edge', mac: '02:e0:00:00:00:02' },
    { name: 'c1', kind: 'core' },
  ],
  links: [
    { a: 'e1', b: 'c1' },
    { a: 'e2', b: 'c1' },
  ],
};

/** A table's text without its frame. */
const unframed = (stdout: string): string => stdout.replaceAll(/[^\x20-\x7e\n]+/g, '');

describe('overlane netlord scale', () => {
  it("prints Table 1 with its formula, and the paper's other arithmetic", async () => {
    const { status, stdout } = await overlane('netlord', 'scale');
    expect(status).toBe(0);
    expect(stdout).toContain('V * R * sqrt(F / 2), with V = 50 VMs');
    expect(unframed(stdout)).toMatch(/72 +325,835 +460,800 +651,670 +921,600/);
    expect(unframed(stdout)).toMatch(/144 +651,670 +921,600 +1,303,339 +1,843,200/);
    expect(stdout).toContain('164,474 HEREs per second');
    expect(stdout).toContain('= 64 MiB');
  });

  it('prints one object with --json, for other numbers of VMs too', async () => {
    const { stdout } = await overlane('netlord', 'scale', '--vms', '100', '--json');
    const { vmsPerServer, fibEntries, rows, heresPerSecond, nlArpTableOctetsPerMillion } = JSON.parse(stdout) as {
      vmsPerServer: number;
      fibEntries: number[];
      rows: { ports: number; vms: number[] }[];
      heresPerSecond: number;
      nlArpTableOctetsPerMillion: number;
    };
    expect({ vmsPerServer, fibEntries }).toEqual({ vmsPerServer: 100, fibEntries: [16384, 32768, 65536, 131072] });
    expect(rows[2]).toEqual({ ports: 72, vms: [651_670, 921_600, 1_303_339, 1_843_200] });
    expect([heresPerSecond, nlArpTableOctetsPerMillion]).toEqual([164_474, 67_108_864]);
  });
});

describe('overlane netlord paths', () => {
  it('plans a fat tree in as many VLANs as there are core switches', async () => {
    const { status, stdout } = await overlane('netlord', 'paths', 'fat-tree:8x4');
    expect(status).toBe(0);
    expect(stdout).toContain('112 paths, up to 4 per pair, in 4 VLANs (lower bound 4)');
    expect(unframed(stdout)).toMatch(/edge1 +edge8 +2 3 4 5/);
    expect(stdout).toContain('Verified: no loop, every pair joined');
  });

  it('gives all of it with --json, the same again for the same seed', async () => {
    const words = ['netlord', 'paths', 'clique:8', '-k', '7', '--seed', '5', '--json'];
    const [first, second] = [await overlane(...words), await overlane(...words)];
    expect(first.stdout).toBe(second.stdout);
    const plan = JSON.parse(first.stdout) as { vlans: unknown[]; reach: unknown[]; findings: unknown[]; k: number };
    expect([plan.k, plan.vlans.length, plan.reach.length, plan.findings]).toEqual([7, 9, 56, []]);
  });

  it('takes a fabric from a file', async () => {
    await inFolder(async ({ write }) => {
      const { stdout } = await overlane('netlord', 'paths', write('fabric.json', JSON.stringify(FABRIC)));
      expect(stdout).toContain('1 paths, up to 1 per pair, in 1 VLANs');
    });
  });
});

describe('overlane netlord edge-config', () => {
  it('prints routes, bindings and VLANs of every switch', async () => {
    const { status, stdout } = await overlane('netlord', 'edge-config', 'fat-tree:2x2', '--hosts', '1');
    expect(status).toBe(0);
    expect(stdout).toContain('edge1: edge switch, MAC 02:e0:00:00:00:01, ageing 300 s, LLDP on');
    expect(unframed(stdout)).toMatch(/p1 +server +1 2 3 +1\.0\.0\.0\/8 +1\.0\.0\.1 +02:50:00:00:01:01/);
    expect(stdout).toContain('core2: core switch, ageing 300 s');
  });

  it('gives data with --json, with a reach table that an agent can take', async () => {
    const { stdout } = await overlane('netlord', 'edge-config', 'fat-tree:2x2', '--json', '--switch', 'edge2');
    const { switches } = JSON.parse(stdout) as { switches: { name: string; reach: unknown; ageingS: number }[] };
    expect(switches).toHaveLength(1);
    expect(switches[0]).toMatchObject({
      name: 'edge2',
      ageingS: 300,
      reach: [{ edge: '02:e0:00:00:00:01', vlans: [2, 3] }],
    });
  });

  it('prints a script for Linux', async () => {
    await inFolder(async ({ write }) => {
      const path = write('fabric.json', JSON.stringify(FABRIC));
      const { stdout } = await overlane('netlord', 'edge-config', path, '--switch', 'e1', '--commands', 'vlan-devices');
      expect(stdout.split('\n')[0]).toBe('# e1');
      expect(stdout).toContain('ip link add link l0 name l0.2 type vlan id 2');
      expect(stdout).toContain('ip route replace 3.0.0.0/8 via 3.0.0.1 dev p3 onlink');
      const json = await overlane('netlord', 'edge-config', path, '--commands', 'nftables', '--json');
      const { switches } = JSON.parse(json.stdout) as { switches: { name: string; ip: string[] }[] };
      expect(switches.map(({ name }) => name)).toEqual(['e1', 'e2', 'c1']);
      expect(switches[0]!.ip).toContain('link set p3 address 02:e0:00:00:00:01 up');
    });
  });
});

describe('wrong use ends with status 2 and names the field', () => {
  it.each<[string, string[], RegExp]>([
    ['no such file', ['paths', './nowhere.json'], /^topology: .*nowhere\.json/],
    ['one edge switch', ['paths', 'clique:1'], /topology: .*E_SPAIN_TOPOLOGY/],
    ['too large', ['paths', 'fat-tree:9999x9999'], /topology: .*too large/],
    ['hosts out of range', ['edge-config', 'fat-tree:3x1', '--switch', 'x'], /^--switch: there is no switch 'x'/],
  ])('%s', async (_, words, message) => {
    const ended = await overlane('netlord', ...words);
    expect(ended.status).toBe(2);
    expect(ended.message).toMatch(message);
  });

  it.each<[string, string[], RegExp]>([
    ['no number of paths', ['paths', 'clique:4', '-k', '0'], /'-k, --paths <count>'.*integer in 1\.\.4093/],
    ['an unknown dialect', ['edge-config', 'clique:4', '--commands', 'cisco'], /--commands.*vlan-devices, nftables/],
    ['an unknown command', ['plan'], /unknown command|too many|plan/],
    ['VMs', ['scale', '--vms', '-1'], /--vms/],
  ])('%s', async (_, words, message) => {
    const ended = await overlane('netlord', ...words);
    expect(ended.status).toBe(2);
    expect(ended.stderr).toMatch(message);
  });

  it('a fabric file with a field that is wrong', async () => {
    await inFolder(async ({ write }) => {
      const { switches, links } = FABRIC;
      const broken: [unknown, RegExp][] = [
        [{ switches, links: [...links, { a: 'e1', b: 'c9' }] }, /links\[2\]\.b: there is no switch 'c9'/],
        [{ switches: switches.slice(0, 2), links: [] }, /switches\[1\]: no links lead from 'e1' to 'e2'/],
        [
          { switches: [{ name: 'e0', kind: 'edge' }, ...switches], links: [...links, { a: 'e0', b: 'c1' }] },
          /switches\[0\]\.mac/,
        ],
      ];
      for (const [fabric, message] of broken) {
        const ended = await overlane('netlord', 'edge-config', write('f.json', JSON.stringify(fabric)));
        expect(ended.status).toBe(2);
        expect(ended.message).toMatch(message);
      }
      const ended = await overlane('netlord', 'paths', write('g.json', '{"switches"'));
      expect([ended.status, ended.message]).toEqual([2, expect.stringMatching(/^topology: .*is not JSON/)]);
    });
  });

  it('is taught by --help', async () => {
    for (const command of ['scale', 'paths', 'edge-config']) {
      const { status, stdout } = await overlane('netlord', command, '--help');
      expect(status).toBe(0);
      expect(stdout).toContain(`$ overlane netlord ${command}`);
    }
  });
});
