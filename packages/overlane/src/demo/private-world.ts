/**
 * The private world: new network, mount and process namespaces (and a user namespace for those who are not root), in
 * which this command runs itself again. Everything it makes there ends with its first process, whatever ended that.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { loadSystemCalls } from '@overlane/netio';
import { OutcomeError } from '../exit.js';
import { tryProgram } from './run-program.js';
import { commandLine } from './switch-process.js';

const PRIVATE = ['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'];
const OWN_USER = ['--user', '--map-root-user'];
/** Fresh /run, so that `ip netns` has a place of its own. */
const MOUNT_RUN = 'mount -t tmpfs -o mode=0755 tmpfs /run';
const TRIAL = `set -e
for tool in ip ping mount; do command -v $tool > /dev/null || { echo "$tool is not installed" >&2; exit 1; }; done
${MOUNT_RUN}
ip link set lo up
ip netns add trial
ip -n trial tuntap add dev trial mode tap
ip netns exec trial true
ping -q -n -c 1 -W 1 127.0.0.1 > /dev/null || { echo "ping does not work" >&2; exit 1; }
`;
/** How long the inner command may take to end once told. */
const END_MS = 3000;

/** What a private world needs and how this machine answers. */
export type PrivateWorldSupport =
  { readonly unshare: readonly string[]; readonly missing?: undefined } | { readonly missing: string };

/**
 * Tries whether a private world can be made here, by making a small one; says how, or what is missing. `more` is a shell
 * script that must succeed in it, too.
 */
export async function findPrivateWorld(more = ''): Promise<PrivateWorldSupport> {
  if (process.platform !== 'linux') return { missing: `network namespaces need Linux, this is ${process.platform}` };
  try {
    accessSync('/dev/net/tun', constants.R_OK | constants.W_OK);
    loadSystemCalls();
  } catch (error) {
    return { missing: (error as Error).message };
  }
  // Root of a container may lack the capabilities, yet be allowed a user namespace.
  const ways = process.getuid!() === 0 ? [PRIVATE, [...OWN_USER, ...PRIVATE]] : [[...OWN_USER, ...PRIVATE]];
  let missing = '';
  for (const unshare of ways) {
    try {
      const { status, stderr } = await tryProgram('unshare', [...unshare, 'sh', '-c', TRIAL + more]);
      if (status === 0) return { unshare };
      missing ||= stderr.trim().replaceAll('\n', '; ') || `unshare ended with status ${status}`;
    } catch (error) {
      return { missing: (error as Error).message };
    }
  }
  return { missing };
}

/**
 * Runs this command line with `args` in a private world, and returns its exit status. SIGINT and SIGTERM end the world
 * first; then the status is 128 plus the signal's number, as shells have it.
 */
export async function runInPrivateWorld(unshare: readonly string[], args: readonly string[]): Promise<number> {
  const script = `${MOUNT_RUN} && exec "$@"`;
  const inner = ['sh', '-c', script, 'sh', process.execPath, ...commandLine(...args)];
  // A session of its own: Ctrl-C reaches this process only, which then ends the world in order. The pipe is the inner
  // command's lifeline: it closes even if this process is killed.
  const child = spawn('unshare', [...unshare, ...inner], { stdio: ['pipe', 'inherit', 'inherit'], detached: true });
  let stoppedBy = 0;
  const stop = (_signal: NodeJS.Signals, number: number): void => {
    stoppedBy = number;
    endWorld(child);
  };
  process.on('SIGINT', stop).on('SIGTERM', stop).on('SIGHUP', stop);
  try {
    const status = await new Promise<number | null>((resolve, reject) => {
      child.once('error', (error) => reject(new OutcomeError(`can't run unshare: ${error.message}`)));
      child.once('close', resolve);
    });
    if (stoppedBy !== 0) return 128 + stoppedBy;
    if (status === null) throw new OutcomeError('the private world was killed');
    return status;
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop).off('SIGHUP', stop);
  }
}

function endWorld(child: ChildProcess): void {
  child.stdin!.destroy();
  // --kill-child takes the inner command along.
  setTimeout(() => child.kill('SIGKILL'), END_MS).unref();
}

/**
 * For the inner command: ends this process, and with it the world, when the outer one is gone. Returns what lets go of
 * standard input again, which would keep the process alive.
 */
export function endWithOuterCommand(): () => void {
  const end = (): never => process.exit(1);
  process.stdin.on('close', end).on('error', end).resume();
  return () => process.stdin.off('close', end).off('error', end).destroy();
}
