/** Timers and limits of NL-ARP. Times are in milliseconds. */

/** Every timer and every bound on memory. */
export interface NlArpLimits {
  /** NICs known, asked for or local, over all tenants: 64 octets each. Default 1,048,576. */
  readonly entries: number;
  /** Local NICs. Default 4,096. */
  readonly locals: number;
  /**
   * Destinations asked for or lately not found. Each costs three broadcasts in 6.4 s, so 256 of them are at most 120 a second:
   * a thousand agents whose tenants all scan stay within 1 % of 10 Gb/s, which is 164,000. Default 256.
   */
  readonly questions: number;
  /** The same for one tenant, so that one that scans leaves room for others. Default 64. */
  readonly questionsPerTenant: number;
  /** Frames held per destination that is asked for. Default 8. */
  readonly framesPerQuestion: number;
  /** Octets of all frames held. Default 1 MiB. */
  readonly heldOctets: number;
  /** Wait for the first answer; each further wait is twice as long. Default 200. */
  readonly retryMs: number;
  /** Questions asked before giving up. Default 3. */
  readonly tries: number;
  /** How long nobody is asked again after that. Default 5,000. */
  readonly holdDownMs: number;
  /** When HERE is repeated, after its first time, in rising order. Default 1,000 and 5,000. */
  readonly repeatsMs: readonly number[];
  /** Least time between two NOTHERE for one pair of NICs, and between two broadcast answers for one NIC. Default 100. */
  readonly correctionMs: number;
  /** Places in the table of those pairs, a power of two: also most such messages per interval. Default 4,096. */
  readonly corrections: number;
  /** How long after its arrival a NIC is believed to be here though others claim a later placement. Default 5,000. */
  readonly settleMs: number;
  /** Messages and frames waiting to be sent. Default 4,096. */
  readonly outbox: number;
  /** Octets kept free in front of frames held and of messages. Default 128. */
  readonly headroom: number;
}

/** Defaults of {@link NlArpLimits}. */
export const NL_ARP_DEFAULTS: NlArpLimits = {
  entries: 1_048_576,
  locals: 4096,
  questions: 256,
  questionsPerTenant: 64,
  framesPerQuestion: 8,
  heldOctets: 1 << 20,
  retryMs: 200,
  tries: 3,
  holdDownMs: 5000,
  repeatsMs: [1000, 5000],
  correctionMs: 100,
  corrections: 4096,
  settleMs: 5000,
  outbox: 4096,
  headroom: 128,
};

/** Where an agent is: the edge switch that its server hangs on, and the port there. */
export interface Place {
  /** Port of the edge switch, 1..223. */
  readonly port: number;
  /** Upper 16 bits of the edge switch's MAC. */
  readonly edgeHigh: number;
  /** Lower 32 bits of it, signed. */
  readonly edgeLow: number;
}

/** Where a NIC is, and since which of its moves. */
export interface Placement extends Place {
  /** Generation, 0..65535. */
  readonly generation: number;
}

/** Hears where NICs of other agents are, entry by entry, so that others can keep an index. */
export interface PlaceWatcher {
  /** A NIC of (tenant, address space) is at that place from now on. */
  appeared(tenant: number, macAsId: number, port: number, edgeHigh: number, edgeLow: number): void;
  /** It no longer is. */
  disappeared(tenant: number, macAsId: number, port: number, edgeHigh: number, edgeLow: number): void;
}

/** What an NL-ARP machine is made with. */
export interface NlArpOptions extends Partial<NlArpLimits> {
  /** Where this agent is. */
  readonly place: Place;
  /** Any 32 bits, anew on each call, that others can't guess: the seeds of hashes. */
  random32(): number;
  /** Hears of every change of a remote NIC's place. */
  readonly watcher?: PlaceWatcher;
}
