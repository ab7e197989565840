/** `overlane demo --system netlord` on network namespaces: edge and core switches that the kernel plays, and a link that is cut. */
import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { requires } from '../../../../tools/testing/requirements.js';
import { systemState } from './support/leftovers.js';
import { COMMAND } from './support/private-world.js';

const TIME_LIMIT_MS = 120_000;

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'overlane-demo-netlord-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

interface Summary {
  readonly fabric: {
    readonly tables: Readonly<Record<string, readonly string[]>>;
    readonly failover: { readonly sent: number; readonly answered: number; readonly moved: boolean };
  };
}

describe('demo of NetLord', () => {
  requires('namespaces', 'unshare', 'ip', 'ping', 'sysctl', 'nft').it(
    "holds with the kernel's switches: core switches know edge switches alone, flows leave a cut link, nothing is left behind",
    () => {
      const before = systemState();
      const env = { ...process.env, TMPDIR: folder };
      const words = [COMMAND, 'demo', '--system', 'netlord', '--json'];
      const { status, stdout, stderr } = spawnSync(process.execPath, words, {
        encoding: 'utf8',
        timeout: TIME_LIMIT_MS,
        env,
      });
      expect(stderr).not.toContain('✗');
      const { fabric, ...rest } = JSON.parse(stdout) as Summary;
      expect(rest).toMatchObject({
        ok: true,
        mode: 'namespaces',
        encapsulation: 'netlord',
        pings: { expected: 18, answered: 18 },
        isolation: { tried: 12, leaked: 0 },
      });
      expect(Object.keys(fabric.tables)).toEqual(['core1', 'core2']);
      for (const entries of Object.values(fabric.tables)) {
        const macs = new Set(entries.map((entry) => entry.split(' ')[0]));
        expect(macs).toEqual(new Set(['02:e0:00:00:00:01', '02:e0:00:00:00:02']));
      }
      expect(fabric.failover).toMatchObject({ sent: 100, moved: true });
      expect(status).toBe(0);
      expect(systemState()).toEqual(before);
    },
    TIME_LIMIT_MS,
  );
});
