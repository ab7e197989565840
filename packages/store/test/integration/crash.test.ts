import { describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { requires } from '../../../../tools/testing/requirements.js';

const SCRIPT = join(__dirname, '..', '..', 'bench', 'crash.mjs');
const NOTHING_BROKEN = { lostWrites: 0, tornTransactions: 0, gaps: 0, differences: 0 };

function crash(backend: string, rounds: number): unknown {
  const args = [SCRIPT, '--backend', backend, '--rounds', String(rounds), '--seed', String(Date.now() % 1000)];
  const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout);
}

describe('a process killed under load leaves everything it acknowledged', () => {
  it('the writer of an embedded store', () => {
    expect(crash('lmdb', 5)).toMatchObject({ rounds: 5, ...NOTHING_BROKEN });
  }, 120_000);

  requires('etcd').it(
    'an etcd member',
    () => {
      expect(crash('etcd', 4)).toMatchObject({ rounds: 4, ...NOTHING_BROKEN });
    },
    180_000,
  );
});
