/** Runs cases on the built package, each in a process and a network namespace of its own. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { requires } from '../../../../tools/testing/requirements.js';

/** Longest time for one case. */
export const TIMEOUT_MS = 60_000;
const ROOT = process.getuid?.() === 0;
const UNSHARE = ROOT ? ['-n'] : ['-Urn'];
const CHILD = join(__dirname, 'child.mjs');

/** `it` where network namespaces can be made, else a skipped one. */
export const onSockets = requires('network-namespaces').it;
/** `it` where TAP devices can be made as well, else a skipped one. */
export const onTaps = requires('namespaces').it;

/** The JSON line of one case of child.mjs. */
export function run(name: string): Record<string, never> {
  if (!existsSync(join(__dirname, '../../dist/index.js'))) throw new Error('build first: npx tsup in packages/netio');
  const words = [...UNSHARE, process.execPath, '--expose-gc', CHILD, name];
  const child = spawnSync('unshare', words, { encoding: 'utf8', timeout: TIMEOUT_MS / 2 });
  if (child.status !== 0) throw new Error(`${name} failed: ${child.error?.message ?? child.stderr}`);
  return JSON.parse(child.stdout.trim().split('\n').at(-1)!) as Record<string, never>;
}
