import type { Operation } from './measure.js';

/**
 * Baselines of our own: layouts (the readable specification), `Uint8Array.set` of the same octets, VXLAN's packets with the
 * same octets; for look-ups a `Map` keyed by text, and a scan of all entries.
 */
export const OWN_BASELINES = ['layout', 'set', 'vxlan', 'map', 'scan'] as const;

/** One of {@link OWN_BASELINES}. */
export type OwnSide = (typeof OWN_BASELINES)[number];

/** Who can do an operation: our code, our baselines, and other projects. */
export type Side = 'overlane' | OwnSide | PeerSide;

/** The outside programs that we compare with. */
export const PEERS = ['gopacket', 'scapy', 'openvswitch', 'dpdk', 'cutsplit'] as const;

/** One of {@link PEERS}. */
export type PeerName = (typeof PEERS)[number];

/** What the outside programs do, by column of the report. DPDK's library has a plain and a vectorised way. */
export const PEER_SIDES = {
  gopacket: 'gopacket',
  scapy: 'scapy',
  openvswitch: 'openvswitch',
  dpdkScalar: 'dpdk',
  dpdkSimd: 'dpdk',
  cutsplit: 'cutsplit',
} as const satisfies Record<string, PeerName>;

/** A key of {@link PEER_SIDES}. */
export type PeerSide = keyof typeof PEER_SIDES;

/** The same work done by a baseline of our own. */
export interface OwnBaseline {
  /** What is called, for readers of the report. */
  readonly does: string;
  /** Prepares inputs and returns the operation. */
  readonly setup: () => Operation;
}

/** The same work done by a program in `peers/`. */
export interface PeerBaseline {
  /** Name of the operation in the peer's program. */
  readonly operation: string;
  /** What is called, for readers of the report. */
  readonly does: string;
  /**
   * A program of the peer that is started for this row alone. Without it, the one that runs all along and knows the octets of
   * {@link Suite.inputs}.
   */
  readonly program?: PeerProgram;
}

/** A program in `peers/` with its arguments. */
export interface PeerProgram {
  /** Name of its source without the suffix, such as `ovs_classifier`. */
  readonly source: string;
  /** Text of the files that it is given, in order. Made when the row is measured. */
  readonly files: readonly (() => string)[];
}

/** The same work done by others, where they can do it. */
type Others = Readonly<Partial<Record<OwnSide, OwnBaseline> & Record<PeerSide, PeerBaseline>>>;

/** One row of the report. */
export interface BenchCase extends Others {
  /** Name, unique in its suite. */
  readonly name: string;
  /** What is called, for readers of the report. */
  readonly does: string;
  /** On the `data path` nothing may be allocated; the `value` tier makes objects and errors. */
  readonly tier: 'data path' | 'value';
  /** Octets that a call works through, where GB/s says more than calls. */
  readonly octets?: number;
  /** Prepares inputs and returns the operation. */
  readonly setup: () => Operation;
  /** How many of what the row is about a call does; times are given for one. Default 1. */
  readonly perCall?: number;
}

/** Something measured that is not the time of one call. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  /** Such as `us` or `octets`; empty for a ratio. */
  readonly unit: string;
}

/** Figures that are taken together, in a process of their own. */
export interface FigureCase {
  /** Name, unique in its suite. */
  readonly name: string;
  /** What is measured, for readers of the report. */
  readonly does: string;
  /** Takes the figures. `effort` 0..1 says how much of the time for figures to quote may be spent. */
  readonly measure: (effort: number) => Figure[];
}

/** Rows about one package. */
export interface Suite {
  /** Name as on the command line. */
  readonly name: string;
  /** `long` if rows work on more than the nearest caches hold, which other programs fill between two rounds. */
  readonly rounds?: 'long';
  /** The rows. */
  readonly cases: readonly BenchCase[];
  /** Figures of another kind. */
  readonly figures?: readonly FigureCase[];
  /** Octets that the peers work on, by the name of the list. */
  readonly inputs: () => Readonly<Record<string, readonly Uint8Array[]>>;
}
