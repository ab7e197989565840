import type { SwitchSnapshot } from '@overlane/switch';
import type { PingSeries } from './timed-ping.js';
import type { Probe, Station } from './topology.js';

/** How a world is made: of kernel namespaces and devices, or of objects. */
export type Mode = 'namespaces' | 'memory';

/** Counters of the switches, by name of the host. */
export type SwitchCounters = ReadonlyMap<string, SwitchSnapshot>;

/** One thing that was done while building, for people. */
export interface BuildStep {
  /** What it does. */
  readonly title: string;
  /** Does it. */
  run(): Promise<void> | void;
}

/** A ping during which a link of the fabric was cut. */
export interface CutFindings extends PingSeries {
  /** The switches that the link joined. */
  readonly cut: string;
  /** Mean time between chirps. */
  readonly chirpPeriodMs: number;
  /** Whether the flow went through another core switch afterwards. */
  readonly moved: boolean;
}

/** The switches between the hosts, in a world that has some. */
export interface FabricControl {
  /** What they are made of, as a sentence. */
  readonly note: string;
  /** What each core switch has learned: MACs, each followed by a blank and its VLAN. */
  coreTables(): Promise<ReadonlyMap<string, readonly string[]>>;
  /** Pings, and cuts the link that carries the requests; mends it afterwards. */
  pingWhileCut(from: Station, to: Station): Promise<CutFindings>;
}

/** The topology, built somewhere. The checks see only this. */
export interface World {
  /** What it is made of. */
  readonly mode: Mode;
  /** Its fabric, where there is one: NetLord's. */
  readonly fabric?: FabricControl | undefined;
  /** What has to be done before the first probe, in order. */
  readonly steps: readonly BuildStep[];
  /** Sends the echo requests of `probe`; returns how many were answered. */
  ping(probe: Probe): Promise<number>;
  /** Tells `from` which MAC `address` has, or with `undefined` to forget it again. */
  pinNeighbor(from: Station, address: string, mac: string | undefined): Promise<void>;
  /** Echo requests that each station has received for itself since it was made. */
  echoRequests(): Promise<ReadonlyMap<Station, number>>;
  /** Stops the switches, which completes the capture, and returns their counters. */
  stopSwitches(): Promise<SwitchCounters>;
  /** Gives everything back, also after an error. Harmless after `stopSwitches`. */
  close(): void;
}
