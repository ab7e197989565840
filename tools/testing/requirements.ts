/** Outside tools that a test needs. Without them it is skipped, with the reason; where the gate runs, it fails. */
import { it } from '@jest/globals';
import { spawnSync } from 'node:child_process';

/** A way to find out whether a tool is there: a command that succeeds if so. */
const CHECKS: Readonly<Record<string, readonly string[]>> = {
  scapy: ['/usr/bin/python3', '-c', 'import scapy.all'],
  gopacket: ['sh', '-c', 'command -v go && test -d /usr/share/gocode/src/github.com/google/gopacket'],
  dpdk: ['sh', '-c', 'command -v gcc && pkg-config --exists libdpdk'],
  // Members are started so that they end with the test, however it ends.
  etcd: ['sh', '-c', 'command -v etcd && command -v setpriv'],
  'network-namespaces': inFreshNamespaces('ip link set lo up'),
  // What private worlds are made of: namespaces, `ip netns` on a fresh /run, and TAP devices.
  namespaces: inFreshNamespaces('mount -t tmpfs tmpfs /run && ip netns add one && ip tuntap add dev tap0 mode tap'),
  // Whether root can become somebody else who may make namespaces.
  'nobody-namespaces': [
    ...['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups'],
    ...['unshare', '--user', '--map-root-user', '--net', '--mount', 'mount', '-t', 'tmpfs', 'tmpfs', '/run'],
  ],
  'kernel-vxlan': inFreshNamespaces('ip link add vx0 type vxlan id 1 dstport 4789 local 127.0.0.1'),
};
const said = new Set<string>();

/**
 * `it` if all `tools` (names of commands, or of `CHECKS`) are installed. Otherwise a skipped `it`, and the reason is
 * printed once per tool. @throws Error, so that the file fails, if `OVERLANE_REQUIRE_NATIVE` is in the environment
 */
export function requires(...tools: readonly string[]): { it: typeof it | typeof it.skip } {
  const missing = tools.filter((tool) => !isInstalled(tool));
  if (missing.length === 0) return { it };
  if (process.env['OVERLANE_REQUIRE_NATIVE'] !== undefined) {
    throw new Error(`not installed: ${missing.join(', ')}; OVERLANE_REQUIRE_NATIVE asks for all tools`);
  }
  for (const tool of missing.filter((name) => !said.has(name))) process.stderr.write(`skipped: ${tool} is missing\n`);
  missing.forEach((tool) => said.add(tool));
  return { it: it.skip };
}

function isInstalled(tool: string): boolean {
  const [command = 'sh', ...words] = CHECKS[tool] ?? ['sh', '-c', `command -v ${tool}`];
  return spawnSync(command, words).status === 0;
}

function inFreshNamespaces(script: string): string[] {
  const user = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user'];
  return ['unshare', ...user, '--net', '--mount', 'sh', '-c', script];
}
