import { Capabilities } from './capabilities.js';
import { FLAG } from './constants.js';
import { FaultCounts } from './fault-counts.js';
import { LocalStations } from './local-stations.js';
import { VanMembers } from './members.js';
import { Membership } from './membership.js';
import { VAN_DEFAULTS, type VanLimits, type VanOptions } from './options.js';
import { Outbox } from './outbox.js';
import { RateLimiter } from './rate-limiter.js';
import { RemoteStations } from './remote-stations.js';
import { Tombstones } from './tombstones.js';

/** All that a VAN switch knows. */
export interface SwitchState {
  /** Our endpoint, a signed integer. */
  readonly own: number;
  readonly limits: VanLimits;
  readonly faults: FaultCounts;
  readonly outbox: Outbox;
  readonly locals: LocalStations;
  readonly tombstones: Tombstones;
  readonly remotes: RemoteStations;
  readonly capabilities: Capabilities;
  /** Absent if the replicator's members don't come and go. */
  readonly membership: Membership | undefined;
  readonly unlearns: RateLimiter;
  readonly answers: RateLimiter;
  random32(): number;
}

/** The state of a switch that has no VMs yet. */
export function createSwitchState(options: VanOptions): SwitchState {
  const { address, replicator } = options;
  if (address.family !== 4) throw new TypeError('the endpoint of a VAN switch is an IPv4 address');
  const limits: VanLimits = { ...VAN_DEFAULTS, ...options };
  const random32 = (): number => options.random32();
  const own = address.word0;
  const faults = new FaultCounts();
  const outbox = new Outbox({ capacity: limits.outbox, headroom: limits.headroom }, faults, (network) =>
    replicator.targets(network),
  );
  const remotes = new RemoteStations({ limits, outbox, faults, random32, flags: FLAG.EXTENSIONS, askedOf: 'members' });
  return {
    own,
    limits,
    faults,
    outbox,
    random32,
    remotes,
    locals: new LocalStations(limits.localStations, limits.peersPerStation, random32()),
    tombstones: new Tombstones(limits.tombstones, limits.tombstoneMs, random32()),
    capabilities: new Capabilities(limits.switches),
    membership:
      replicator instanceof VanMembers
        ? new Membership({ members: replicator, outbox, own, served: options.networks ?? [], random32 })
        : undefined,
    unlearns: new RateLimiter(limits.unlearnMs, limits.ratePairs, random32()),
    answers: new RateLimiter(limits.answerMs, limits.ratePairs, random32()),
  };
}
