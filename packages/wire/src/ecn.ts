/** Explicit congestion notification and DSCP through tunnels: RFC 6040, RFC 2983, `spec/outer-headers.md` §6. */
import type { WireFault } from './fault.js';

/** ECN codepoints (RFC 3168 §5). */
export const ECN = { NOT_ECT: 0, ECT_1: 1, ECT_0: 2, CE: 3 } as const;

/**
 * How odd an inner/outer pair is: sane networks produce none of them. `note` is worth a counter, `alarm` a counter and
 * a rate-limited log line (RFC 6040 §4.2).
 */
export type EcnAnomaly = 'none' | 'note' | 'alarm';

/**
 * Ingress behaviour (RFC 6040 §4.3): `normal` copies the inner codepoint, `compatibility` sends Not-ECT because the
 * egress is not known to combine the two on exit.
 */
export type EcnMode = 'normal' | 'compatibility';

const DROP = -1;
// Rows: inner, columns: outer, both in codepoint order Not-ECT, ECT(1), ECT(0), CE (RFC 6040 §4.2, figure 4).
const COMBINED = Int8Array.of(0, 0, 0, DROP, 1, 1, 1, 3, 2, 1, 2, 3, 3, 3, 3, 3);
const NONE: EcnAnomaly = 'none';
const ANOMALIES: readonly EcnAnomaly[] = [
  ...([NONE, 'alarm', 'alarm', 'alarm'] as const),
  ...([NONE, NONE, 'note', NONE] as const),
  ...([NONE, NONE, NONE, NONE] as const),
  ...([NONE, 'alarm', NONE, NONE] as const),
];

/** The outer codepoint to send for an inner one, 0..3. For a non-IP frame pass Not-ECT. */
export function encapsulateEcn(inner: number, mode: EcnMode): number {
  return mode === 'normal' ? inner : ECN.NOT_ECT;
}

/** The inner codepoint to deliver, 0..3, or the fault that says the packet must be dropped. */
export function decapsulateEcn(inner: number, outer: number): number | Extract<WireFault, 'E_ECN_DROP'> {
  const combined = COMBINED[(inner << 2) | outer]!;
  return combined === DROP ? 'E_ECN_DROP' : combined;
}

/** How odd this pair is. */
export function ecnAnomaly(inner: number, outer: number): EcnAnomaly {
  return ANOMALIES[(inner << 2) | outer]!;
}
