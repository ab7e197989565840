import { afterAll } from '@jest/globals';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Memory, where there is such a disk: these tests are not about durability, and need not wait for flushes. */
const BASE = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

/** Makes directories that go when the tests of this file are over. */
export function temporaryDirectories(): () => string {
  const made: string[] = [];
  afterAll(() => {
    for (const directory of made) rmSync(directory, { recursive: true, force: true });
  });
  return () => {
    const directory = mkdtempSync(join(BASE, 'overlane-store-'));
    made.push(directory);
    return directory;
  };
}
