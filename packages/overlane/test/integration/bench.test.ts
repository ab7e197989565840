/** The bench as users run it, and the programs that it compares with. */
import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BenchReport } from '../../src/bench/figures.js';
import { createTunnels, sharedFrames } from '../../src/bench/inputs.js';
import { sumOfResults } from '../../src/bench/measure.js';
import { type Peer, startPeers } from '../../src/bench/peers/index.js';
import { classifierSuite } from '../../src/bench/classifier/index.js';
import { SUITES } from '../../src/bench/suites.js';
import { requires } from '../../../../tools/testing/requirements.js';

const PROGRAM = fileURLToPath(new URL('../../bin/overlane.js', import.meta.url));
const TIMEOUT_MS = 120_000;
const native = requires('gopacket', 'scapy');
const PACKET_PEERS = ['gopacket', 'scapy'] as const;

describe('the peers', () => {
  let folder: string;
  let peers: Peer[];
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'overlane-bench-test-'));
    peers = await startPeers(SUITES, folder);
  }, TIMEOUT_MS);
  afterAll(async () => {
    for (const peer of peers) await peer.close();
    rmSync(folder, { recursive: true, force: true });
  });

  native.it.each(PACKET_PEERS)('%s reads the VNIs that were written, and the inner ports', async (name) => {
    const { shared: contestant } = peers.find((peer) => peer.name === name)!;
    const vnis = createTunnels().map(({ network }) => network);
    const { sum } = await contestant!.warm('decapsulate', 0);
    expect(sum).toBe(vnis.reduce((total, vni) => total + vni, 0));
    const ports = sharedFrames().map((frame) => (frame[34]! << 8) ^ frame[35]! ^ (frame[36]! << 8) ^ frame[37]!);
    const inner = await contestant!.warm('decapsulate with inner headers', 0);
    expect(inner.sum).toBe(vnis.reduce((total, vni, i) => total + (vni ^ ports[i]!), 0));
  });

  native.it.each(PACKET_PEERS)(
    '%s agrees with every row that names it',
    async (name) => {
      const { shared: contestant } = peers.find((peer) => peer.name === name)!;
      for (const row of SUITES.flatMap(({ cases }) => [...cases])) {
        const operation = row[name]?.operation;
        if (operation === undefined) continue;
        const { sum } = await contestant!.warm(operation, 0);
        expect(`${row.name} ${sum}`).toBe(`${row.name} ${sumOfResults(row.setup())}`);
      }
    },
    TIMEOUT_MS,
  );

  native.it('an operation that a peer does not know ends it with its complaint', async () => {
    const started = await startPeers(SUITES, folder);
    try {
      const gopacket = started.find(({ name }) => name === 'gopacket')!.shared!;
      await expect(gopacket.warm('no such', 0)).rejects.toThrow('bench: gopacket: no operation no such');
      await expect(gopacket.round('decapsulate', 1)).rejects.toThrow('no operation no such');
    } finally {
      for (const peer of started) await peer.close();
    }
  });
});

describe('peers of the classifier', () => {
  requires('dpdk').it(
    'DPDK gives every packet of a generated set the rule that we give it',
    async () => {
      const row = classifierSuite.cases.find(({ name }) => name === 'fw 1k')!;
      const folder = mkdtempSync(join(tmpdir(), 'overlane-bench-test-'));
      const { openvswitch: _ovs, cutsplit: _cutsplit, ...withDpdk } = row;
      const [dpdk] = await startPeers([{ ...classifierSuite, cases: [withDpdk] }], folder);
      const program = await dpdk!.start(row.dpdkSimd!.program!);
      try {
        const sum = sumOfResults(row.setup());
        for (const side of ['dpdkScalar', 'dpdkSimd'] as const) {
          expect((await program.warm(row[side]!.operation, 0)).sum).toBe(sum);
        }
      } finally {
        await program.close();
        rmSync(folder, { recursive: true, force: true });
      }
    },
    TIMEOUT_MS,
  );
});

describe('overlane bench', () => {
  native.it(
    'measures one suite and prints one JSON object',
    () => {
      const { status, stdout, stderr } = spawnSync(process.execPath, [PROGRAM, 'bench', 'vxlan', '--quick', '--json'], {
        encoding: 'utf8',
      });
      expect({ status, stderr: stderr.replace(/^overlane: measuring.*\n/gm, '') }).toEqual({ status: 0, stderr: '' });
      const report = JSON.parse(stdout) as BenchReport;
      expect(report.machine.peers).toMatchObject({ gopacket: { state: 'measured' }, scapy: { state: 'measured' } });
      const [suite] = report.suites;
      expect(suite!.results.map(({ name }) => name)).toEqual(SUITES[1].cases.map(({ name }) => name));
      for (const { nsPerOp, ratios } of suite!.results) {
        expect(nsPerOp).toBeGreaterThan(0);
        expect(ratios).toMatchObject({ gopacket: expect.any(Number), scapy: expect.any(Number) });
      }
      // Figures of a quick run on a busy machine mean little; that they are judged is what counts.
      expect(report.targets.map(({ met }) => typeof met)).toEqual(Array(5).fill('boolean'));
    },
    TIMEOUT_MS,
  );

  native.it('refuses a suite that it has not', () => {
    const { status, stderr } = spawnSync(process.execPath, [PROGRAM, 'bench', 'stt2'], { encoding: 'utf8' });
    expect(status).toBe(2);
    expect(stderr).toContain('wire, vxlan, geneve, nvgre, stt');
  });
});
