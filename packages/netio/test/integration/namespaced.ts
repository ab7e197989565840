/** Runs cases on the built package, each in a process and a network namespace of its own. */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { platform } from 'node:os';
import { join } from 'node:path';
import { it } from '@jest/globals';

/** Longest time for one case. */
export const TIMEOUT_MS = 60_000;
const ROOT = process.getuid?.() === 0;
const UNSHARE = ROOT ? ['-n'] : ['-Urn'];
const CHILD = join(__dirname, 'child.mjs');

function findObstacle(): string | undefined {
  if (platform() !== 'linux') return `network namespaces need Linux, this is ${platform()}`;
  const probe = spawnSync('unshare', [...UNSHARE, 'ip', 'link', 'set', 'lo', 'up'], { encoding: 'utf8' });
  if (probe.status !== 0) return `unshare ${UNSHARE.join(' ')}: ${probe.error?.message ?? probe.stderr.trim()}`;
  return undefined;
}

function findTapObstacle(): string | undefined {
  try {
    accessSync('/dev/net/tun', constants.R_OK | constants.W_OK);
    return undefined;
  } catch (error) {
    return `/dev/net/tun: ${error instanceof Error ? error.message : String(error)}`;
  }
}

const obstacle = findObstacle();
const tapObstacle = obstacle ?? findTapObstacle();
/** `it` where network namespaces can be made, else a skipped one. */
export const onSockets = obstacle === undefined ? it : it.skip;
/** `it` where TAP devices can be made as well, else a skipped one. */
export const onTaps = tapObstacle === undefined ? it : it.skip;
if (tapObstacle !== undefined) process.stderr.write(`netio integration: skipped, ${tapObstacle}\n`);

/** The JSON line of one case of child.mjs. */
export function run(name: string): Record<string, never> {
  if (!existsSync(join(__dirname, '../../dist/index.js'))) throw new Error('build first: npx tsup in packages/netio');
  const words = [...UNSHARE, process.execPath, '--expose-gc', CHILD, name];
  const child = spawnSync('unshare', words, { encoding: 'utf8', timeout: TIMEOUT_MS / 2 });
  if (child.status !== 0) throw new Error(`${name} failed: ${child.error?.message ?? child.stderr}`);
  return JSON.parse(child.stdout.trim().split('\n').at(-1)!) as Record<string, never>;
}
