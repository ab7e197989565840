/** Numbers of the configuration, with messages that say what they may be. */
import { z } from 'zod';

/** An integer in a range, with a message that says so. */
export function integer(min: number, max: number): z.ZodInt {
  const error = ({ input }: { input?: unknown }): string => outOfRange(min, max, input);
  return z.int({ error }).min(min, { error }).max(max, { error });
}

/** That message. */
export function outOfRange(min: number, max: number, input: unknown): string {
  return `must be an integer in ${min}..${max}, got ${JSON.stringify(input)}`;
}
