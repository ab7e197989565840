/** Packets leave nothing on the heap, whatever the tunnel: the built package, each kind in a process of its own. */
import { describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { ENCAPSULATION_NAMES } from '../../src/index.js';

const TIMEOUT_MS = 60_000;
/** DOVE learns where stations are by messages of its own. */
const TYPES = ENCAPSULATION_NAMES.filter((type) => type !== 'dove');

const CASES = [
  ...TYPES.map((type) => [type, 'finished'] as const),
  // Those that leave work inside of the tunnel.
  ...(['vxlan', 'geneve'] as const).map((type) => [type, 'unfinished'] as const),
];

describe.each(CASES)('%s, packets %s', (type, work) => {
  it(
    'leaves nothing on the heap per packet',
    () => {
      const child = spawnSync(process.execPath, [join(__dirname, 'garbage.mjs'), type, work], { encoding: 'utf8' });
      if (child.status !== 0) throw new Error(child.stderr);
      expect(JSON.parse(child.stdout)).toEqual({ type, work, lost: 0, left: 0 });
    },
    TIMEOUT_MS,
  );
});
