import { cpus, loadavg } from 'node:os';
import type { Peer, PeerState } from './peers/index.js';
import type { PeerName } from './suite.js';

/** Where and when the figures were taken. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  /** Processes that wanted a core, on average over the last minute before the run. Above 0.5, figures are noisy. */
  readonly load: number;
  readonly node: string;
  readonly v8: string;
  readonly peers: Readonly<Partial<Record<PeerName, PeerState>>>;
  /** ISO 8601, UTC. */
  readonly date: string;
}

/** Describes this machine. */
export function describeMachine(peers: readonly Peer[], now: Date): Machine {
  const processors = cpus();
  return {
    cpu: processors[0]?.model.trim() ?? 'unknown',
    cores: processors.length,
    load: Number(loadavg()[0]!.toFixed(2)),
    node: process.version,
    v8: process.versions.v8,
    peers: Object.fromEntries(peers.map(({ name, state }) => [name, state])),
    date: now.toISOString(),
  };
}
