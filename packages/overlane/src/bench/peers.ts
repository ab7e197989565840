/** The two outside programs: found where Debian puts them, or reported as not installed. */
import { execFile } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Contestant } from './contestant.js';
import { PEERS, type PeerName, type Suite } from './suite.js';

/** What became of a peer. */
export type PeerState =
  | { readonly state: 'measured'; readonly version: string }
  | { readonly state: 'not installed'; readonly packages: string }
  | { readonly state: 'failed'; readonly reason: string };

/** A peer that is ready to answer, or why it is not. */
export interface Peer {
  readonly name: PeerName;
  readonly state: PeerState;
  readonly contestant: Contestant | undefined;
}

const run = promisify(execFile);
const GOPATH = '/usr/share/gocode';
const PACKAGES = {
  gopacket: 'golang-go golang-github-google-gopacket-dev',
  scapy: 'python3-scapy',
} as const satisfies Record<PeerName, string>;

/** Starts the peers on the octets of `suites`. `folder` takes the inputs and the compiled Go program; it may go after. */
export async function startPeers(suites: readonly Suite[], folder: string): Promise<Peer[]> {
  const inputs = join(folder, 'inputs.json');
  writeFileSync(inputs, JSON.stringify(hexInputs(suites)));
  const start = { gopacket: startGopacket, scapy: startScapy };
  const peers: Peer[] = [];
  for (const name of PEERS) peers.push(await startPeer(name, () => start[name](inputs, folder)));
  return peers;
}

async function startPeer(
  name: PeerName,
  start: () => Promise<{ contestant: Contestant; version: string } | undefined>,
): Promise<Peer> {
  try {
    const started = await start();
    if (started === undefined) {
      return { name, state: { state: 'not installed', packages: PACKAGES[name] }, contestant: undefined };
    }
    return { name, state: { state: 'measured', version: started.version }, contestant: started.contestant };
  } catch (error) {
    // A peer that can't be built or started is a gap in the report, not the end of it.
    return { name, state: { state: 'failed', reason: (error as Error).message }, contestant: undefined };
  }
}

async function startScapy(inputs: string): Promise<{ contestant: Contestant; version: string } | undefined> {
  // Debian's scapy belongs to Debian's Python, which need not be the first one on the path.
  for (const python of ['/usr/bin/python3', 'python3']) {
    if (!(await answers(python, ['-c', 'import scapy']))) continue;
    const contestant = new Contestant('scapy', python, [peerFile('scapy_bench.py'), inputs]);
    return { contestant, version: await versionOf(contestant) };
  }
  return undefined;
}

async function startGopacket(
  inputs: string,
  folder: string,
): Promise<{ contestant: Contestant; version: string } | undefined> {
  if (!existsSync(join(GOPATH, 'src/github.com/google/gopacket')) || !(await answers('go', ['version']))) {
    return undefined;
  }
  const program = join(folder, 'gopacket-bench');
  const env = { ...process.env, GO111MODULE: 'off', GOPATH, GOFLAGS: '', GOCACHE: process.env['GOCACHE'] };
  // Go keeps compiled packages below the home folder; a service may have none.
  if (env.GOCACHE === undefined && process.env['HOME'] === undefined) env.GOCACHE = join(folder, 'go-cache');
  await run('go', ['build', '-o', program, peerFile('gopacket/main.go')], { env });
  const contestant = new Contestant('gopacket', program, [inputs]);
  const go = await versionOf(contestant);
  return { contestant, version: `${await debianVersion('golang-github-google-gopacket-dev')} (${go})` };
}

async function versionOf(contestant: Contestant): Promise<string> {
  try {
    return await contestant.version();
  } catch (error) {
    await contestant.close();
    throw error;
  }
}

/** gopacket has no version of its own at run time. */
async function debianVersion(name: string): Promise<string> {
  const query = run('dpkg-query', ['-W', '-f=${Version}', name]);
  return query.then(
    ({ stdout }) => stdout,
    () => 'unknown version',
  );
}

function answers(command: string, args: readonly string[]): Promise<boolean> {
  return run(command, args).then(
    () => true,
    () => false,
  );
}

/** The programs stand in `peers/` of this package, two folders above this module in `src` and in `dist`. */
function peerFile(name: string): string {
  return fileURLToPath(new URL(`../../peers/${name}`, import.meta.url));
}

function hexInputs(suites: readonly Suite[]): Record<string, string[]> {
  const lists = suites.flatMap((suite) => Object.entries(suite.inputs()));
  return Object.fromEntries(lists.map(([name, octets]) => [name, octets.map((o) => Buffer.from(o).toString('hex'))]));
}
