/** The outside programs: found where Debian puts them or built from source, or reported as not installed. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PEER_SIDES, type PeerName, type PeerSide, type Suite } from '../suite.js';
import { cutsplitPeer, dpdkPeer, openvswitchPeer } from './classifier-peers.js';
import { gopacketPeer, scapyPeer } from './packet-peers.js';
import type { Peer, PeerKind, Workplace } from './peer.js';

/** A peer, and what became of it. */
export type { Peer, PeerState } from './peer.js';

const KINDS: readonly PeerKind[] = [gopacketPeer, scapyPeer, openvswitchPeer, dpdkPeer, cutsplitPeer];

/** Starts the peers that rows of `suites` ask for. `folder` takes inputs and compiled programs, and must stay. */
export async function startPeers(suites: readonly Suite[], folder: string): Promise<Peer[]> {
  const inputs = join(folder, 'inputs.json');
  writeFileSync(inputs, JSON.stringify(hexInputs(suites)));
  const wanted = peersOf(suites);
  const peers: Peer[] = [];
  for (const kind of KINDS) if (wanted.has(kind.name)) peers.push(await startPeer(kind, { folder, inputs }));
  return peers;
}

function peersOf(suites: readonly Suite[]): Set<PeerName> {
  const rows = suites.flatMap(({ cases }) => cases);
  const sides = Object.keys(PEER_SIDES) as PeerSide[];
  return new Set(sides.filter((side) => rows.some((row) => row[side] !== undefined)).map((side) => PEER_SIDES[side]));
}

async function startPeer(kind: PeerKind, workplace: Workplace): Promise<Peer> {
  const { name, remedy } = kind;
  const absent = {
    start: () => Promise.reject(new Error(`${name} is not there`)),
    close: async () => undefined,
  };
  try {
    const started = await kind.prepare(workplace);
    if (started === undefined) return { name, state: { state: 'not installed', remedy }, ...absent };
    return { name, state: { state: 'measured', version: started.version }, ...started };
  } catch (error) {
    // A peer that can't be built or started is a gap in the report, not the end of it.
    return { name, state: { state: 'failed', reason: (error as Error).message }, ...absent };
  }
}

/** Suites may share a list: then its octets are the same. */
function hexInputs(suites: readonly Suite[]): Record<string, string[]> {
  const lists = suites.flatMap((suite) => Object.entries(suite.inputs()));
  return Object.fromEntries(lists.map(([name, octets]) => [name, octets.map((o) => Buffer.from(o).toString('hex'))]));
}
