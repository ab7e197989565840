/** Packets leave nothing on the heap, whatever the tunnel: the built package, each kind in a process of its own. */
import { describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { ENCAPSULATION_NAMES } from '../../src/index.js';

const TIMEOUT_MS = 60_000;
/** DOVE learns where stations are by messages of its own. */
const TYPES = ENCAPSULATION_NAMES.filter((type) => type !== 'dove');

describe.each(TYPES)('%s', (type) => {
  it(
    'leaves nothing on the heap per packet',
    () => {
      const child = spawnSync(process.execPath, [join(__dirname, 'garbage.mjs'), type], { encoding: 'utf8' });
      if (child.status !== 0) throw new Error(child.stderr);
      expect(JSON.parse(child.stdout)).toEqual({ type, lost: 0, left: 0 });
    },
    TIMEOUT_MS,
  );
});
