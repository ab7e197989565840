import { describe, expect } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { requires } from '../../../../tools/testing/requirements.js';

describe('an embedded store on a full disk', () => {
  requires('namespaces').it(
    'says so, keeps what it acknowledged, and goes on when there is room again',
    () => {
      const directory = mkdtempSync(join(tmpdir(), 'overlane-full-'));
      const user = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user'];
      const script = [process.execPath, join(__dirname, 'fill-disk.mjs'), directory];
      const { stdout, stderr } = spawnSync('unshare', [...user, '--mount', ...script], { encoding: 'utf8' });
      rmSync(directory, { recursive: true });
      if (stdout === '') throw new Error(stderr);
      const { codes, written, kept, revisions, later } = JSON.parse(stdout) as Record<string, unknown>;
      expect(codes).toEqual(Array(3).fill('E_STORE_DISK_FULL'));
      expect(written).toBeGreaterThan(10);
      expect({ kept, revisions, later }).toEqual({ kept: written, revisions: written, later: 1 });
    },
    60_000,
  );
});
