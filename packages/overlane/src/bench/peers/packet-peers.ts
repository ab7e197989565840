/** Libraries that read and write packets: found where Debian puts them. One process each, for all rows. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Contestant } from '../contestant.js';
import { answers, peerFile, run } from './commands.js';
import type { PeerKind, Started } from './peer.js';

const GOPATH = '/usr/share/gocode';

/** scapy, of Debian's Python. */
export const scapyPeer: PeerKind = {
  name: 'scapy',
  remedy: 'Debian: python3-scapy',
  prepare: async ({ inputs }) => {
    // Debian's scapy belongs to Debian's Python, which need not be the first one on the path.
    for (const python of ['/usr/bin/python3', 'python3']) {
      if (!(await answers(python, ['-c', 'import scapy']))) continue;
      const contestant = new Contestant('scapy', python, [peerFile('scapy_bench.py'), inputs]);
      return shared(contestant, await versionOf(contestant));
    }
    return undefined;
  },
};

/** gopacket, with a program of ours that is compiled here. */
export const gopacketPeer: PeerKind = {
  name: 'gopacket',
  remedy: 'Debian: golang-go golang-github-google-gopacket-dev',
  prepare: async ({ folder, inputs }) => {
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
    return shared(contestant, `${await debianVersion('golang-github-google-gopacket-dev')} (${go})`);
  },
};

function shared(contestant: Contestant, version: string): Started {
  return { version, shared: contestant, start: async () => contestant, close: () => contestant.close() };
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
