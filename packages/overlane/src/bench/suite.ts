import type { Operation } from './measure.js';

/**
 * Baselines of our own: layouts (the readable specification), `Uint8Array.set` of the same octets, and VXLAN's packets
 * with the same octets.
 */
export const OWN_BASELINES = ['layout', 'set', 'vxlan'] as const;

/** One of {@link OWN_BASELINES}. */
export type OwnSide = (typeof OWN_BASELINES)[number];

/** Who can do an operation: our code, our baselines, and two other projects. */
export type Side = 'overlane' | OwnSide | PeerName;

/** The outside programs that we compare with. */
export const PEERS = ['gopacket', 'scapy'] as const;

/** One of {@link PEERS}. */
export type PeerName = (typeof PEERS)[number];

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
}

/** One row of the report. */
export interface BenchCase {
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
  /** The same with layouts, where they can do it. */
  readonly layout?: OwnBaseline;
  /** The same octets copied, where copying is what it comes to. */
  readonly set?: OwnBaseline;
  /** The same octets in VXLAN's packets. */
  readonly vxlan?: OwnBaseline;
  /** The same with gopacket, where it can do it. */
  readonly gopacket?: PeerBaseline;
  /** The same with scapy, where it can do it. */
  readonly scapy?: PeerBaseline;
}

/** Rows about one package. */
export interface Suite {
  /** Name as on the command line. */
  readonly name: string;
  /** The rows. */
  readonly cases: readonly BenchCase[];
  /** Octets that the peers work on, by the name of the list. */
  readonly inputs: () => Readonly<Record<string, readonly Uint8Array[]>>;
}
