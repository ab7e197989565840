/** Numbers of SPAIN (NSDI 2010), as NetLord uses it. Choice: the timers; the papers leave them open. */

/** The VLAN that spans everything: broadcasts before anything is known, and frames that no other VLAN can carry. */
export const TREE_VLAN = 1;
/** The first VLAN that carries paths. */
export const FIRST_PATH_VLAN = 2;
/** The highest VLAN identifier (IEEE 802.1Q: 4095 is reserved). */
export const VLAN_MAX = 4094;
/** How many VLANs there can be beside {@link TREE_VLAN}. */
export const PATH_VLANS_MAX = VLAN_MAX - TREE_VLAN;
/** Paths of a pair of edge switches unless told otherwise: as many as core switches, but at most this many. */
export const PATHS_DEFAULT_MAX = 16;
/** Seeds that the packing tries unless told otherwise. */
export const PACKING_ROUNDS = 20;

/** Mean time between the chirps of an edge switch on a VLAN in use. */
export const CHIRP_PERIOD_MS = 2500;
/** A chirp comes this much earlier or later, as a share of the period. */
export const CHIRP_JITTER = 0.2;
/** After this many chirp periods of silence a VLAN is down. */
export const SILENT_PERIODS = 3;
/** A flow that was idle for longer picks a VLAN anew. */
export const FLOW_IDLE_MS = 10_000;
/** Flows that are remembered unless told otherwise: 65,536, 20 octets each. */
export const FLOW_CAPACITY = 65_536;
