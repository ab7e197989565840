/** Timers and limits of VAN switches and proxies. Times are in milliseconds. */
import type { IpAddress, Replicator } from '@overlane/wire';

/** Every timer and every bound on memory. */
export interface VanLimits {
  /** Remote VMs known or asked for, over all instances. Default 65,536. */
  readonly stations: number;
  /** The same in one instance; more destinations are refused. Default 4,096. */
  readonly stationsPerInstance: number;
  /** Frames held per destination that is being asked for. Default 8. */
  readonly framesPerStation: number;
  /** Octets of all frames held. Default 4 MiB. */
  readonly heldOctets: number;
  /** Octets kept free in front of frames held and of control messages. Default 128. */
  readonly headroom: number;
  /** Wait for the first answer; each further wait is twice as long. Default 100. */
  readonly retryMs: number;
  /** Questions asked before giving up. Default 4. */
  readonly tries: number;
  /** How long nobody is asked again after that. Default 2,000. */
  readonly negativeMs: number;
  /** How long a VM is remembered that nobody sends to. Default 300,000. */
  readonly idleMs: number;
  /** How long a hint holds until the switch it names confirms it. Default 1,500: as long as a question is asked. */
  readonly hintMs: number;
  /** What our answers say about how long they hold, 0..65,535 s; 0 until un-learned. Default 300. */
  readonly lifetimeS: number;
  /** Local VMs, over all instances. Default 4,096. */
  readonly localStations: number;
  /** How long after its arrival a VM is believed to be here whatever others say. Default 1,000. */
  readonly settleMs: number;
  /** Switches remembered per local VM, to be told when it leaves; 0 for none. Default 1,024. */
  readonly peersPerStation: number;
  /** VMs that left, over all instances; the oldest makes room. Default 4,096. */
  readonly tombstones: number;
  /** How long it is remembered that a VM left, and where to. Default 300,000. */
  readonly tombstoneMs: number;
  /** Least time between two UNLEARN for a VM to one switch. Default 100. */
  readonly unlearnMs: number;
  /** Least time between two answers for a VM to one switch. Default 50: half the first wait. */
  readonly answerMs: number;
  /** (Switch, VM) pairs remembered for each of these limits, a power of two: also most messages per interval. Default 4,096. */
  readonly ratePairs: number;
  /** Control messages and frames waiting to be sent. Default 4,096. */
  readonly outbox: number;
  /** Switches remembered for what they understand. Default 16,384. */
  readonly switches: number;
}

/** Defaults of {@link VanLimits}. */
export const VAN_DEFAULTS: VanLimits = {
  stations: 65_536,
  stationsPerInstance: 4096,
  framesPerStation: 8,
  heldOctets: 4 << 20,
  headroom: 128,
  retryMs: 100,
  tries: 4,
  negativeMs: 2000,
  idleMs: 300_000,
  hintMs: 1500,
  lifetimeS: 300,
  localStations: 4096,
  settleMs: 1000,
  peersPerStation: 1024,
  tombstones: 4096,
  tombstoneMs: 300_000,
  unlearnMs: 100,
  answerMs: 50,
  ratePairs: 4096,
  outbox: 4096,
  switches: 16_384,
};

/** What a switch is made with. */
export interface VanOptions extends Partial<VanLimits> {
  /** Our endpoint in the underlay, IPv4: control messages have no room for a longer locator. */
  readonly address: IpAddress;
  /** The switches of each instance. `VanMembers` come and go by JOIN and LEAVE; others are as they are. */
  readonly replicator: Replicator;
  /**
   * Instances that this switch is always a member of, so that their broadcasts come even before a VM has spoken. Others
   * are joined with their first VM and left with their last. Read once. Default none.
   */
  readonly networks?: Iterable<number>;
  /** Any 32 bits, anew on each call, that others can't guess: transactions, and the seeds of hashes. */
  random32(): number;
}
