/** Asks servers that stopped answering whether they are back: after a second, then twice as long each time, up to 30 s. */
import { TYPE } from '../old1/constants.js';
import type { ClientContext } from './context.js';
import type { Awaited } from './outstanding.js';
import type { ServerState } from './server-pool.js';

/** One PING that waits for its PONG. */
export interface ProbeAttempt extends Awaited {
  readonly kind: 'probe';
  readonly server: ServerState;
  readonly sentMs: number;
}

/** Sends the probes that are due. */
export function sendProbes(context: ClientContext, nowMs: number): void {
  for (const server of context.pool.servers) {
    if (server.healthy || nowMs < server.probeAtMs) continue;
    server.probed(nowMs);
    const attempt = context.outstanding.add((txidHi, txidLo): ProbeAttempt => ({
      kind: 'probe',
      txidHi,
      txidLo,
      mayAnswer: (index) => index === server.index,
      server,
      sentMs: nowMs,
    }));
    const datagram = context.envelope.wrap({ type: TYPE.PING }, attempt.txidHi, attempt.txidLo);
    context.emit({ type: 'send', server: server.index, datagram });
    // Nobody waits longer than until the next one.
    context.timers.add(server.probeAtMs, () => context.outstanding.remove(attempt));
  }
}
