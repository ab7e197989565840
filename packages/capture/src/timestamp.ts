/** The clock of a pcapng interface: what its 64-bit timestamps count (draft-ietf-opsawg-pcapng §4.2). */
export interface InterfaceClock {
  /** Units per second, at least 1. */
  readonly unitsPerSecond: bigint;
  /** Nanoseconds per unit where that is a whole number: most clocks, and a multiplication instead of a division. */
  readonly nsPerUnit: bigint | undefined;
  /** Added to every timestamp, in nanoseconds. */
  readonly offsetNs: bigint;
}

const NS_PER_SECOND = 1_000_000_000n;

/** Resolution that holds without `if_tsresol`: microseconds. */
export const DEFAULT_RESOLUTION = 6;

/**
 * Builds the clock for the octet `if_tsresol` (a power of 10, or with the top bit a power of 2) and `if_tsoffset` in
 * seconds. All 256 resolutions have a meaning, so none is refused. Source: draft-ietf-opsawg-pcapng §4.2.
 */
export function createClock(resolution: number, offsetSeconds: bigint): InterfaceClock {
  const exponent = BigInt(resolution & 0x7f);
  const unitsPerSecond = resolution & 0x80 ? 2n ** exponent : 10n ** exponent;
  const nsPerUnit = NS_PER_SECOND % unitsPerSecond === 0n ? NS_PER_SECOND / unitsPerSecond : undefined;
  return { unitsPerSecond, nsPerUnit, offsetNs: offsetSeconds * NS_PER_SECOND };
}

/** Nanoseconds since 1970 of a timestamp given as two 32-bit halves, rounded down. */
export function readClockNs(clock: InterfaceClock, upper: number, lower: number): bigint {
  // One BigInt instead of three while the sum is exact as a number: for microseconds until the year 2255.
  const units = upper < 0x20_0000 ? BigInt(upper * 0x1_0000_0000 + lower) : (BigInt(upper) << 32n) | BigInt(lower);
  const { nsPerUnit } = clock;
  const ns = nsPerUnit === undefined ? (units * NS_PER_SECOND) / clock.unitsPerSecond : units * nsPerUnit;
  return ns + clock.offsetNs;
}

/** Whole microseconds of `ns`, rounded down; the nearest number beyond 2^53. */
export function floorToUs(ns: bigint): number {
  const us = ns / 1000n;
  return Number(ns < 0n && us * 1000n !== ns ? us - 1n : us);
}
