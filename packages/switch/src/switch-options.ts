/** What a switch is made of, and what it reports. */
import type { Encapsulation, Path, Queue, Replicator, Resolver } from '@overlane/wire';
import type { PortSnapshot } from './counters.js';
import type { LedgerSnapshot } from './ledger.js';
import type { MacTableOptions } from './mac-table.js';
import type { Allocate } from './offload.js';

/** The five choices that make a system. */
export interface SwitchRoles {
  /** Which octets go around a frame. */
  readonly encapsulation: Encapsulation;
  /** Where a destination is. */
  readonly resolver: Resolver;
  /** Who gets a broadcast. */
  readonly replicator: Replicator;
  /** Which way through the fabric. */
  readonly path: Path;
  /** What happens when the next hop is full; called once per port. */
  makeQueue(portName: string): Queue;
}

/** Limits of a switch, each with a default. */
export interface SwitchOptions {
  /** Size and ageing of each network's table of local addresses. */
  readonly learning?: MacTableOptions;
  /**
   * Gives memory in the array of the ports' packets, so that segments are cut and joined without garbage; it is kept. Default:
   * memory of its own, taken when it is needed.
   */
  readonly allocate?: Allocate | undefined;
}

/** Counters of all ports at one moment, by port name. */
export interface SwitchSnapshot {
  /** Counters per port, the underlay included. */
  readonly ports: Readonly<Record<string, PortSnapshot>>;
  /** What became of all packets, those of ports that were taken out included. */
  readonly ledger: LedgerSnapshot;
}
