/** Commands of iproute2. */
import { runProgram } from './run-program.js';

/** IPv6 would announce itself on every device, and blur the counters. */
const DISABLE_IPV6 = 'for f in /proc/sys/net/ipv6/conf/*/disable_ipv6; do [ ! -e $f ] || echo 1 > $f; done';

/** Runs several `ip` commands in one process, on `namespace` ('' is this process's own). @throws OutcomeError if one fails */
export async function runIp(namespace: string, commands: readonly string[]): Promise<void> {
  const options = namespace === '' ? [] : ['-n', namespace];
  await runProgram('ip', [...options, '-batch', '-'], `${commands.join('\n')}\n`);
}

/** Adds network namespaces that do not speak IPv6. @throws OutcomeError */
export async function addQuietNamespaces(names: readonly string[]): Promise<void> {
  await runIp(
    '',
    names.map((name) => `netns add ${name}`),
  );
  await Promise.all(names.map((name) => runProgram('ip', ['netns', 'exec', name, 'sh', '-c', DISABLE_IPV6])));
}
