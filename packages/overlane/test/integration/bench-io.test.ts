/** `overlane bench io` as users run it. */
import { describe, expect } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { IoReport } from '../../src/bench/io/io-figures.js';
import { QUICK_SYSTEMS } from '../../src/bench/io/systems.js';
import { requires } from '../../../../tools/testing/requirements.js';
import { COMMAND } from './support/private-world.js';

const TIMEOUT_MS = 180_000;

describe('overlane bench io', () => {
  const native = requires('namespaces', 'ping', 'iperf3', 'ethtool', 'ovs-vswitchd', 'ovsdb-server');

  native.it(
    'measures the rows of a quick run, judges the targets and draws the plot',
    () => {
      const folder = mkdtempSync(join(tmpdir(), 'overlane-bench-io-'));
      try {
        const plot = join(folder, 'plot.svg');
        const words = [COMMAND, 'bench', 'io', '--quick', '--json', '--plot', plot];
        const { status, stdout, stderr } = spawnSync(process.execPath, words, {
          encoding: 'utf8',
          timeout: TIMEOUT_MS,
        });
        expect({ status, stderr: stderr.replace(/^overlane: measuring.*\n/gm, '') }).toEqual({ status: 0, stderr: '' });
        const { rows, targets } = JSON.parse(stdout) as IoReport;
        expect(rows.map(({ name }) => name)).toEqual(QUICK_SYSTEMS.map(({ name }) => name));
        for (const { name, figures, kind } of rows) {
          expect(`${name} ${figures.gigabits! > 0}`).toBe(`${name} true`);
          expect(`${name} ${figures.cpuNsPerOctet! > figures.forwardersNsPerOctet!}`).toBe(`${name} true`);
          if (kind === 'overlane') expect(figures.packets).toBeGreaterThan(1000);
        }
        // Figures of a quick run mean little; that they are judged is what counts.
        expect(targets.some(({ met }) => met !== null)).toBe(true);
        expect(readFileSync(plot, 'utf8')).toMatch(/^<svg /);
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
    TIMEOUT_MS,
  );

  native.it('refuses a plot that it can not write, before it measures', () => {
    const words = [COMMAND, 'bench', 'io', '--quick', '--plot', '/no/such/folder/plot.svg'];
    const { status, stderr } = spawnSync(process.execPath, words, { encoding: 'utf8' });
    expect(status).toBe(2);
    expect(stderr).toContain("can't write the plot");
  });
});
