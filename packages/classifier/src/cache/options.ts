import { ClassifierError } from '../errors.js';
import type { FlowKey } from '../key/flow-key.js';
import type { FlowMask } from '../key/flow-mask.js';
import type { Schema } from '../schema/schema.js';

/** How a {@link FlowCache} is set up. */
export interface FlowCacheOptions<Result> {
  /**
   * The answer without a cache. It notes in `mask`, which comes empty, every bit of the key that the answer depends on: any
   * key equal in these bits must get the same answer until `invalidate` says otherwise. Bits too many cost hits, a bit too
   * few makes wrong answers. It may call `invalidate`. What it throws reaches the caller, and nothing is cached.
   */
  readonly slowPath: (key: FlowKey, mask: FlowMask) => Result;
  /** Whether two results mean the same, so that a megaflow may stay after a change. Default `===`. */
  readonly sameResult?: (a: Result, b: Result) => boolean;
  /** Whether a result is to drop: such megaflows get at most a quarter of a partition. Default never. */
  readonly isDrop?: (result: Result) => boolean;
  /**
   * Told packets and octets that were answered with `result`, since it was last told, each exactly once: when a megaflow
   * goes, as `maintain` passes, and on `flush`. It must not call the cache.
   */
  readonly credit?: (result: Result, packets: number, octets: number) => void;
  /** Any 32-bit number; give a random one, so that a sender can't choose keys that collide. Same seed, same behaviour. */
  readonly seed: number;
  /** The cache of whole keys. */
  readonly microflow?: MicroflowOptions;
  /** The cache of regions. */
  readonly megaflow?: MegaflowOptions;
  /** What happens to megaflows from before a change. */
  readonly revalidation?: RevalidationOptions;
  /** How often a partition may have answers cached; `false` for no limit. */
  readonly upcall?: UpcallOptions | false;
  /** How many changes are remembered to tell unconcerned megaflows by; 0..65536, default 256, 236 octets each. */
  readonly changeLog?: number;
  /** Bits of every hash that are kept, for tests. Default those of the schema. */
  readonly hashBits?: number;
}

/** What happens to megaflows from before a change. */
export interface RevalidationOptions {
  /**
   * `strict`, the default: none answers before it has passed a test. `eventual`, for those who change rules thousands of times
   * a second: megaflows go on answering for `maxStaleMs`, in which `maintain` tests them one after the other, with keys that
   * are zero outside the masks; only those it has not come to by then, or left out for they have few packets and it was late,
   * are tested by their next packet. It needs to be told the time.
   */
  readonly mode?: 'strict' | 'eventual';
  /** 1..3600000, default 500. */
  readonly maxStaleMs?: number;
}

/**
 * A token bucket for each partition. When it is empty `classify` asks the slow path and caches nothing. A cache that is
 * never told the time has no limit.
 */
export interface UpcallOptions {
  /** 1..1000000000, default 20,000. */
  readonly ratePerSecond?: number;
  /** What a partition may have at once after a pause: 1..1000000000, default 2000. */
  readonly burst?: number;
}

/** Limits of the cache of whole keys. */
export interface MicroflowOptions {
  /** A power of two up to 65,536, or 0 for no such cache. Default 8192; 64 octets each, more if masks have over 8 words. */
  readonly entries?: number;
  /** From half full on, one new key in so many enters: 1..1000000, default 100. */
  readonly insertInverse?: number;
}

/** Limits of the cache of regions. */
export interface MegaflowOptions {
  /** Megaflows in all: 1..1048576, default 65,536. About 160 octets each with masks of up to 8 words, as they come into use. */
  readonly maxFlows?: number;
  /** Megaflows of a partition: at most `maxFlows`, default 16,384. */
  readonly maxFlowsPerPartition?: number;
  /** Masks of a partition: 1..1024, default 128. */
  readonly maxMasks?: number;
  /** Partitions: 1..65536, default 4096. */
  readonly maxPartitions?: number;
  /** Fields by which megaflows are kept apart; they count as looked at. Default `in_port` and `recirc_id`, if there are. */
  readonly partitionBy?: readonly string[];
  /** A megaflow without packets for so long goes. Default 10,000; a quarter of it for those that drop. */
  readonly idleMs?: number;
  /** The same while its partition or the whole is more than nine tenths full. Default 100. */
  readonly pressureIdleMs?: number;
  /**
   * Of so many megaflows of a mask that went, one in twenty must have had a second packet; otherwise new ones take the widest
   * mask for a while. 0..1000000, 0 for never, default 256.
   */
  readonly dampAfter?: number;
  /** For how long: 1..2^30, default 10,000. */
  readonly dampMs?: number;
  /** Megaflows that one call of `maintain` looks at. Default 2048. */
  readonly sweepFlows?: number;
}

/** Options with defaults in place. */
export interface FlowCacheLimits {
  readonly microflow: Required<MicroflowOptions>;
  readonly megaflow: Required<MegaflowOptions>;
  readonly revalidation: Required<RevalidationOptions>;
  readonly upcall: Required<UpcallOptions> | false;
  readonly changeLog: number;
  readonly hashBits: number;
}

/** Most that a rate or a burst may be. */
const COUNT_MAX = 1_000_000_000;

/** @throws ClassifierError E_BAD_OPTION, E_UNKNOWN_FIELD */
export function readLimits(
  schema: Schema,
  options: Omit<FlowCacheOptions<unknown>, 'slowPath' | 'credit' | 'sameResult' | 'isDrop' | 'seed'>,
): FlowCacheLimits {
  const { microflow = {}, megaflow = {} } = options;
  const maxFlows = within('maxFlows', megaflow.maxFlows ?? 65_536, 1, 1 << 20);
  const entries = within('entries', microflow.entries ?? 8192, 0, 65_536);
  if ((entries & (entries - 1)) !== 0) throw refused('entries', `must be a power of two or 0, got ${entries}`);
  const partitionBy = megaflow.partitionBy ?? ['in_port', 'recirc_id'].filter((name) => schema.has(name));
  for (const name of partitionBy) schema.field(name);
  return {
    microflow: { entries, insertInverse: within('insertInverse', microflow.insertInverse ?? 100, 1, 1_000_000) },
    megaflow: {
      maxFlows,
      maxFlowsPerPartition: within(
        'maxFlowsPerPartition',
        megaflow.maxFlowsPerPartition ?? Math.min(16_384, maxFlows),
        1,
        maxFlows,
      ),
      maxMasks: within('maxMasks', megaflow.maxMasks ?? 128, 1, 1024),
      maxPartitions: within('maxPartitions', megaflow.maxPartitions ?? 4096, 1, 65_536),
      partitionBy,
      idleMs: within('idleMs', megaflow.idleMs ?? 10_000, 1, 1 << 30),
      pressureIdleMs: within('pressureIdleMs', megaflow.pressureIdleMs ?? 100, 1, 1 << 30),
      dampAfter: within('dampAfter', megaflow.dampAfter ?? 256, 0, 1_000_000),
      dampMs: within('dampMs', megaflow.dampMs ?? 10_000, 1, 1 << 30),
      sweepFlows: within('sweepFlows', megaflow.sweepFlows ?? 2048, 1, 1 << 20),
    },
    revalidation: readRevalidation(options.revalidation),
    upcall: readUpcall(options.upcall),
    changeLog: within('changeLog', options.changeLog ?? 256, 0, 65_536),
    hashBits: options.hashBits ?? schema.hashMask,
  };
}

function readRevalidation({
  mode = 'strict',
  maxStaleMs = 500,
}: RevalidationOptions = {}): Required<RevalidationOptions> {
  if (mode !== 'strict' && mode !== 'eventual')
    throw refused('mode', `must be strict or eventual, got ${String(mode)}`);
  return { mode, maxStaleMs: within('maxStaleMs', maxStaleMs, 1, 3_600_000) };
}

function readUpcall(upcall: UpcallOptions | false = {}): Required<UpcallOptions> | false {
  if (upcall === false) return false;
  return {
    ratePerSecond: within('ratePerSecond', upcall.ratePerSecond ?? 20_000, 1, COUNT_MAX),
    burst: within('burst', upcall.burst ?? 2000, 1, COUNT_MAX),
  };
}

function within(path: string, value: number, least: number, most: number): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw refused(path, `must be an integer in ${least}..${most}, got ${value}`);
}

function refused(path: string, detail: string): ClassifierError {
  return new ClassifierError('E_BAD_OPTION', path, detail);
}
