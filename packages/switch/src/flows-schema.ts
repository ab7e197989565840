/** The part of a switch's configuration that limits its flow cache. */
import { z } from 'zod';
import { integer } from './config-integer.js';
import { FLOW_DEFAULTS } from './forwarding.js';

const MICROFLOWS_MAX = 65_536;

const microflows = z
  .int({ error: notAPower })
  .refine((count) => count >= 0 && count <= MICROFLOWS_MAX && (count & (count - 1)) === 0, { error: notAPower })
  .default(FLOW_DEFAULTS.microflows)
  .describe('Whole keys remembered: a power of two, or 0 for none');

/** Limits of the flow cache, each with its default. */
export const flowsSchema = z
  .strictObject({
    microflows,
    maxFlows: integer(1, 1_048_576).default(FLOW_DEFAULTS.maxFlows).describe('Megaflows held'),
    maxFlowsPerPartition: integer(1, 1_048_576)
      .optional()
      .describe('Megaflows held of one network on one port; default: all of them, but 16384 at most'),
    maxMasks: integer(1, 1024).default(FLOW_DEFAULTS.maxMasks).describe('Masks held of one network on one port'),
    idleMs: integer(1, 86_400_000)
      .default(FLOW_DEFAULTS.idleMs)
      .describe('Milliseconds until a megaflow without packets goes'),
    upcallsPerSecond: integer(1, 1_000_000_000)
      .default(FLOW_DEFAULTS.upcallsPerSecond)
      .describe('Decisions of one network on one port that are kept per second; more are made and not kept'),
    upcallBurst: integer(1, 1_000_000_000)
      .default(FLOW_DEFAULTS.upcallBurst)
      .describe('Decisions kept at once after a pause'),
  })
  .superRefine(({ maxFlows, maxFlowsPerPartition: share = 1 }, context) => {
    if (share <= maxFlows) return;
    const message = `must be at most maxFlows (${maxFlows}), got ${share}`;
    context.addIssue({ code: 'custom', path: ['maxFlowsPerPartition'], message });
  })
  .prefault({});

function notAPower({ input }: { input?: unknown }): string {
  return `must be 0 or a power of two up to ${MICROFLOWS_MAX}, got ${JSON.stringify(input)}`;
}
