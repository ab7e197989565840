/** A short run of `bench/fuzz.mjs`: hostile datagrams against a server in a process of its own, over loopback. */
import { describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const SCRIPT = join(__dirname, '../../bench/fuzz.mjs');
const DATAGRAMS = 20_000;
const TIMEOUT_MS = 120_000;

describe('a lookup server', () => {
  it(
    'survives hostile datagrams, amplifies none, and changes nothing for them',
    () => {
      const words = [SCRIPT, '--json', '--datagrams', String(DATAGRAMS), '--seed', '7'];
      const { status, stdout, stderr } = spawnSync(process.execPath, words, { encoding: 'utf8', timeout: TIMEOUT_MS });
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      const { ok, reports } = JSON.parse(stdout.split('\n')[0]!) as {
        ok: boolean;
        reports: { mode: string; judged: number; shed: number; replies: number; faults: Record<string, number> }[];
      };
      expect(ok).toBe(true);
      expect(reports.map(({ mode }) => mode)).toEqual(['mutual', 'reply']);
      for (const { judged, shed, faults } of reports) {
        // A machine with other work to do may have the server shed some lookups.
        expect(judged + shed).toBeGreaterThanOrEqual(DATAGRAMS / 2);
        expect(faults['E_OLD_UNAUTHENTICATED']).toBeGreaterThan(0);
      }
      expect(reports[1]!.replies).toBeGreaterThan(0);
    },
    TIMEOUT_MS,
  );
});
