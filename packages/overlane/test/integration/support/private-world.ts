/**
 * A private world for one test file: new network, mount and process namespaces (and a user namespace for those who are
 * not root), with a /run of its own for `ip netns`. All of it goes with the test process, whatever ends that.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** The built command line. */
export const COMMAND = join(__dirname, '..', '..', '..', 'bin', 'overlane.js');

const IS_ROOT = process.getuid?.() === 0;
const UNSHARE = [
  ...(IS_ROOT ? [] : ['--user', '--map-root-user']),
  ...['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'],
];
const SET_UP = 'mount -t tmpfs tmpfs /run && ip link set lo up && echo ready && exec cat';
const OUTPUT_LENGTH_MAX = 1 << 26;

/** A process at work in the world. */
export interface WorldProcess {
  /** The process that stands for it out here; signals to this one do not reach it. */
  readonly child: ChildProcess;
  /** Its id inside the world. */
  readonly pid: Promise<string>;
  /** Lines of its standard output so far. */
  readonly lines: readonly string[];
  /** What it has written to standard error so far. */
  stderr(): string;
  /** Exit status, once it has ended. */
  readonly ended: Promise<number | null>;
}

/** The world: commands run in it, in one of its network namespaces. */
export class PrivateWorld {
  readonly #root: ChildProcess;
  readonly #enter: readonly string[];

  private constructor(root: ChildProcess) {
    const user = IS_ROOT ? [] : ['--user', '--preserve-credentials'];
    this.#root = root;
    this.#enter = [
      '--target',
      `${root.pid}`,
      ...user,
      '--net',
      '--mount',
      `--pid=/proc/${root.pid}/ns/pid_for_children`,
    ];
  }

  /** Makes a world. @throws Error if it can't be made */
  static async open(): Promise<PrivateWorld> {
    const root = spawn('unshare', [...UNSHARE, 'sh', '-c', SET_UP], { stdio: ['pipe', 'pipe', 'inherit'] });
    const [line] = (await Promise.race([once(root.stdout, 'data'), once(root, 'close')])) as [unknown];
    if (String(line).trim() !== 'ready') throw new Error('no private world can be made here');
    return new PrivateWorld(root);
  }

  /** Runs a command in `namespace` ('' is the world's own) and returns its output. @throws Error if it fails */
  run(namespace: string, command: readonly string[], input = ''): string {
    const { status, stdout, stderr } = this.attempt(namespace, command, input);
    if (status !== 0)
      throw new Error(`${command.join(' ')} in '${namespace}' ended with ${status}: ${stdout}${stderr}`);
    return stdout;
  }

  /** The same, with any outcome. */
  attempt(
    namespace: string,
    command: readonly string[],
    input = '',
  ): { readonly status: number | null; readonly stdout: string; readonly stderr: string } {
    const words = [...this.#enter, ...inNamespace(namespace), ...command];
    return spawnSync('nsenter', words, { input, encoding: 'utf8', maxBuffer: OUTPUT_LENGTH_MAX, timeout: 60_000 });
  }

  /** Runs `ip` commands, one a line, in one namespace. @throws Error if one fails */
  ip(namespace: string, ...commands: readonly string[]): void {
    this.run(namespace, ['ip', '-batch', '-'], `${commands.join('\n')}\n`);
  }

  /** Adds namespaces without IPv6 autoconfiguration, whose messages would blur counters. */
  addNamespaces(...names: readonly string[]): void {
    this.ip('', ...names.map((name) => `netns add ${name}`));
    const quiet =
      'for f in accept_dad accept_ra autoconf router_solicitations; do echo 0 > /proc/sys/net/ipv6/conf/default/$f; done';
    const noLinkLocal = 'echo 1 > /proc/sys/net/ipv6/conf/default/addr_gen_mode';
    for (const name of names) this.run(name, ['sh', '-c', `${quiet}; ${noLinkLocal}; ip link set lo up`]);
  }

  /** Starts a command. */
  start(namespace: string, command: readonly string[]): WorldProcess {
    const tellPid = ['sh', '-c', 'echo $$; exec "$@"', 'sh', ...command];
    const child = spawn('nsenter', [...this.#enter, ...inNamespace(namespace), ...tellPid], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const lines: string[] = [];
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    const pid = new Promise<string>((resolve) => {
      const reader = createInterface({ input: child.stdout });
      reader.once('line', (first) => {
        resolve(first);
        reader.on('line', (line) => lines.push(line));
      });
    });
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
    return { child, pid, lines, stderr: () => stderr, ended };
  }

  /** Sends a signal to a process of the world. */
  async signal(to: WorldProcess, signal: 'TERM' | 'USR1' | 'INT'): Promise<void> {
    this.run('', ['kill', `-${signal}`, await to.pid]);
  }

  /** Ends everything in the world. */
  async close(): Promise<void> {
    const closed = once(this.#root, 'close');
    this.#root.kill('SIGKILL');
    await closed;
  }
}

function inNamespace(name: string): string[] {
  return name === '' ? [] : ['ip', 'netns', 'exec', name];
}
