import type { Contestant } from '../contestant.js';
import type { PeerName, PeerProgram } from '../suite.js';

/** What became of a peer. */
export type PeerState =
  | { readonly state: 'measured'; readonly version: string }
  /** `remedy` says how to get it. */
  | { readonly state: 'not installed'; readonly remedy: string }
  | { readonly state: 'failed'; readonly reason: string };

/** An outside program, or why there is none. */
export interface Peer {
  readonly name: PeerName;
  readonly state: PeerState;
  /** The program that runs all along and knows the octets of all suites, if the peer is of that kind. */
  readonly shared?: Contestant;
  /** Starts a program for one row. The caller must close it. @throws OutcomeError if it can't be started */
  start(program: PeerProgram): Promise<Contestant>;
  /** Ends the shared program. */
  close(): Promise<void>;
}

/** What a peer is started with. */
export interface Workplace {
  /** A folder for inputs and compiled programs, which goes when the run is over. */
  readonly folder: string;
  /** Name of a file in it with the octets of all suites: lists of hexadecimal text, by name. */
  readonly inputs: string;
}

/** A peer that can be measured. */
export type Started = Omit<Peer, 'name' | 'state'> & { readonly version: string };

/** How a peer is found and made ready. */
export interface PeerKind {
  readonly name: PeerName;
  /** How to get it, for a report where it is missing. */
  readonly remedy: string;
  /** Returns `undefined` if it is not installed. @throws Error if it can't be built or started */
  prepare(workplace: Workplace): Promise<Started | undefined>;
}
