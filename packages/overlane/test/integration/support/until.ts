import { setTimeout } from 'node:timers/promises';

/** Waits until `holds`. @throws Error naming `what` after 15 seconds, so that a test never hangs */
export async function until(holds: () => boolean, what: string): Promise<void> {
  for (let turn = 0; !holds(); turn++) {
    if (turn > 750) throw new Error(`waited in vain: ${what}`);
    await setTimeout(20);
  }
}
