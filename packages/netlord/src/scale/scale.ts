/**
 * How far NetLord scales, by arithmetic (NetLord §4: Table 1, the broadcast budget, the size of an NL-ARP table). Every figure comes
 * with the formula it is made by, so that another network's can be made from its own.
 */

/** VMs per server in the paper's examples. */
export const VMS_PER_SERVER = 50;
/** Ports of a switch in the columns of Table 1. Choice: the values; the paper's text names 72 and 144. */
export const TABLE_PORTS: readonly number[] = [24, 48, 72, 96, 120, 144];
/** FIB entries in the rows of Table 1. Choice: the values; the paper's text names 64K. */
export const TABLE_FIB_ENTRIES: readonly number[] = [16, 32, 64, 128].map((k) => k * 1024);
/** Slots of an NL-ARP table for each entry: it is at most half full. */
const SLOTS_PER_ENTRY = 2;
/** Octets of an NL-ARP table's entry (NetLord §4). */
const ENTRY_LENGTH = 32;
/** Bit times of a HERE on a wire: a frame of the least size, then preamble, delimiter and gap (IEEE 802.3 §4.2.7, §4.4.2). */
const HERE_BIT_TIMES = 512 + 96;

/** A network as far as its size goes. */
export interface NetworkSize {
  /** VMs that can be told apart: V · R · sqrt(F / 2), rounded. */
  readonly vms: number;
  /** Edge switches: sqrt(2 · F), rounded down. */
  readonly edgeSwitches: number;
  /** Servers at each edge switch: R / 2; the other half of the ports are for links. */
  readonly serversPerEdgeSwitch: number;
}

/**
 * The largest network of switches with `ports` ports and `fibEntries` FIB entries, with `vmsPerServer` VMs per server. A
 * core switch meets each of E edge switches' MACs on E / 2 VLANs, so F = E² / 2; each edge switch has R / 2 servers.
 */
export function largestNetwork(ports: number, fibEntries: number, vmsPerServer = VMS_PER_SERVER): NetworkSize {
  return {
    vms: Math.round(vmsPerServer * ports * Math.sqrt(fibEntries / 2)),
    edgeSwitches: Math.floor(Math.sqrt(2 * fibEntries)),
    serversPerEdgeSwitch: ports / 2,
  };
}

/** Table 1: for each number of ports the VMs for each number of FIB entries. */
export interface ScaleTable {
  /** How a cell is made. */
  readonly formula: string;
  /** VMs per server. */
  readonly vmsPerServer: number;
  /** FIB entries, one per column. */
  readonly fibEntries: readonly number[];
  /** One row per number of ports. */
  readonly rows: readonly { readonly ports: number; readonly vms: readonly number[] }[];
}

/** Makes Table 1 for `vmsPerServer` VMs per server. */
export function scaleTable(vmsPerServer = VMS_PER_SERVER): ScaleTable {
  return {
    formula: 'VMs = V * R * sqrt(F / 2)',
    vmsPerServer,
    fibEntries: TABLE_FIB_ENTRIES,
    rows: TABLE_PORTS.map((ports) => ({
      ports,
      vms: TABLE_FIB_ENTRIES.map((fibEntries) => largestNetwork(ports, fibEntries, vmsPerServer).vms),
    })),
  };
}

/** HEREs per second that fit a share (0..1) of a link, not rounded: 164,473.7 for 1 % of 10 Gb/s. */
export function heresPerSecond(linkBitsPerSecond: number, share: number): number {
  return (linkBitsPerSecond * share) / HERE_BIT_TIMES;
}

/** Octets of an NL-ARP table for `entries` NICs, at least 1: 32 per slot, a power of two of slots, at most half of them taken. */
export function nlArpTableOctets(entries: number): number {
  return ENTRY_LENGTH * 2 ** Math.ceil(Math.log2(SLOTS_PER_ENTRY * entries));
}

/** FIB entries that the three designs may need in one core switch. */
export interface FibUse {
  /** Edge switches' MACs on each of k VLANs. */
  readonly netlord: number;
  /** VMs' MACs on each of k VLANs. */
  readonly spain: number;
  /** VMs' MACs. */
  readonly plain: number;
}

/** FIB entries for a network with `edgeSwitches`, `vms` and `k` VLANs through a switch. */
export function fibUse(edgeSwitches: number, vms: number, k: number): FibUse {
  return { netlord: edgeSwitches * k, spain: vms * k, plain: vms };
}
