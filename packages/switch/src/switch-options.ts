/** What a switch is made of, and what it reports. */
import type { Encapsulation, Fault, Gateway, Path, Queue, Replicator, Resolver } from '@overlane/wire';
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
  /** Who speaks for stations that every switch plays. Default: nobody. */
  readonly gateway?: Gateway;
  /** The system's name for a frame from a source address that its port may not use. Default `E_SWITCH_SPOOF`. */
  readonly spoofFault?: Fault;
}

/** What a tenant's port is held to. */
export interface LocalPortOptions {
  /** Source addresses that it may use, six octets each. Default: all. Read once. */
  readonly macs?: readonly Uint8Array[];
}

/** Limits of a switch, each with a default. */
export interface SwitchOptions {
  /** Size and ageing of each network's table of local addresses. */
  readonly learning?: MacTableOptions;
  /** The flow cache. */
  readonly flows?: FlowOptions;
  /**
   * Gives memory in the array of the ports' packets, so that segments are cut and joined without garbage; it is kept. Default:
   * memory of its own, taken when it is needed.
   */
  readonly allocate?: Allocate | undefined;
}

/** The cache in front of the forwarding decision. */
export interface FlowOptions {
  /** `bypassed`: every packet is decided anew, for comparison. Default `used`. */
  readonly cache?: 'used' | 'bypassed';
  /** Any 32-bit number, random so that a sender can't choose flows whose hashes collide. Default 0. */
  readonly seed?: number;
  /** Whole keys remembered in front of the megaflows: a power of two up to 65,536, or 0 for none. Default 8,192. */
  readonly microflows?: number;
  /** Most megaflows held, 1..1,048,576. Default 16,384; each reserves 160 octets. */
  readonly maxFlows?: number;
  /** Most megaflows of one network on one port, at most `maxFlows`. Default `maxFlows`, but 16,384 at most. */
  readonly maxFlowsPerPartition?: number | undefined;
  /** Most masks of one network on one port, 1..1,024. Default 128. */
  readonly maxMasks?: number;
  /** Decisions of one network on one port that are kept per second, 1..1,000,000,000. Default 20,000. */
  readonly upcallsPerSecond?: number;
  /** Decisions kept at once after a pause, 1..1,000,000,000. Default 2,000. */
  readonly upcallBurst?: number;
  /** Milliseconds after which a flow without packets goes. Default 10,000. */
  readonly idleMs?: number;
}

/** The flow cache at one moment. */
export interface FlowSnapshot {
  /** Packets; each is one of the next three. */
  readonly lookups: number;
  /** Found by their whole key. */
  readonly microflowHits: number;
  /** Found by the bits that matter. */
  readonly megaflowHits: number;
  /** Decided anew. */
  readonly misses: number;
  /** Misses whose decision was not kept, because its network on its port had too many. */
  readonly uncached: number;
  /** Hits that were decided again because something had changed since. */
  readonly rechecked: number;
  /** Megaflows now. */
  readonly flows: number;
  /** Different masks now. */
  readonly masks: number;
  /** Megaflows with the most packets, at most 64: which packets, and what becomes of them. */
  readonly megaflows: readonly {
    readonly match: string;
    readonly program: string;
    readonly packets: number;
    readonly octets: number;
  }[];
}

/** Counters of all ports at one moment, by port name. */
export interface SwitchSnapshot {
  /** Counters per port, the underlay included. */
  readonly ports: Readonly<Record<string, PortSnapshot>>;
  /** What became of all packets, those of ports that were taken out included. */
  readonly ledger: LedgerSnapshot;
  /** The flow cache. */
  readonly flows: FlowSnapshot;
}
