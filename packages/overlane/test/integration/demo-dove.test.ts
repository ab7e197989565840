/** `overlane demo --system dove` on network namespaces: learning, fragments, and a VM that moves while it is pinged. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { requires } from '../../../../tools/testing/requirements.js';
import { systemState } from './support/leftovers.js';
import { COMMAND } from './support/private-world.js';

const TIME_LIMIT_MS = 90_000;

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'overlane-demo-dove-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function demo(...words: readonly string[]): { status: number | null; stdout: string; stderr: string } {
  const env = { ...process.env, TMPDIR: folder };
  return spawnSync(process.execPath, [COMMAND, 'demo', ...words], { encoding: 'utf8', timeout: TIME_LIMIT_MS, env });
}

interface Summary {
  readonly ok: boolean;
  readonly migration: {
    readonly pings: { readonly sent: number; readonly answered: number };
    readonly jumbos: { readonly sent: number; readonly answered: number };
  };
}

describe('demo of DOVE', () => {
  requires('namespaces', 'unshare', 'ip', 'ping', 'sysctl').it(
    'loses two pings at most while a VM moves, carries frames of 9,000 octets, and leaves nothing behind',
    () => {
      const before = systemState();
      const { status, stdout, stderr } = demo('--system', 'dove', '--json');
      expect(stderr).not.toContain('✗');
      const { migration, ...rest } = JSON.parse(stdout) as Summary;
      expect(rest).toMatchObject({ ok: true, mode: 'namespaces', encapsulation: 'dove', isolation: { leaked: 0 } });
      expect(migration.pings.sent).toBe(30);
      expect(migration.pings.answered).toBeGreaterThanOrEqual(28);
      expect(migration.jumbos.answered).toBeGreaterThanOrEqual(2);
      expect(status).toBe(0);
      expect(systemState()).toEqual(before);
    },
    TIME_LIMIT_MS,
  );

  it('holds in memory, too, without the move', () => {
    const { status, stdout } = demo('--system', 'dove', '--json', '--memory');
    expect(JSON.parse(stdout)).toMatchObject({ ok: true, mode: 'memory', encapsulation: 'dove' });
    expect(JSON.parse(stdout)).not.toHaveProperty('migration');
    expect(status).toBe(0);
  });

  it('names the systems that it knows', () => {
    const { status, stderr } = demo('--system', 'nothing');
    expect([status, stderr.includes("unknown system 'nothing'; known: vxlan, dove, netlord")]).toEqual([2, true]);
  });
});
