/**
 * Generations: how often a VM has been placed, as 32-bit serial numbers (RFC 1982). Here they are signed integers, the
 * form that tables hold. 0 says that no generation is known, so counting steps over it.
 */

/** No generation is known. */
export const GENERATION_UNKNOWN = 0;

/** True if `a` is the later placement of the two. Half a circle apart (RFC 1982 §3.2), neither is. */
export function isNewer(a: number, b: number): boolean {
  return ((a - b) | 0) > 0;
}

/** The later placement of the two, either of which may be unknown. */
export function latestOf(a: number, b: number): number {
  if (a === GENERATION_UNKNOWN || b === GENERATION_UNKNOWN) return a | b;
  return isNewer(b, a) ? b : a;
}

/** The placement after `generation`. */
export function nextGeneration(generation: number): number {
  return (generation + 1) | 0 || 1;
}
