/**
 * Generations: how often a VM has been placed, as 16-bit serial numbers (RFC 1982). 0 says that none is known, so counting
 * steps over it.
 */

/** No generation is known. */
export const GENERATION_UNKNOWN = 0;

/** True if `a` is the later placement of the two. Half a circle apart (RFC 1982 §3.2), neither is. */
export function isNewer(a: number, b: number): boolean {
  const ahead = (a - b) & 0xffff;
  return ahead > 0 && ahead < 0x8000;
}

/** The placement after `generation`. */
export function nextGeneration(generation: number): number {
  return (generation + 1) & 0xffff || 1;
}
