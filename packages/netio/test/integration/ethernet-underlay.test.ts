/** Ethernet underlays on a veth pair between two namespaces. */
import { describe, expect } from '@jest/globals';
import { onSockets, run, TIMEOUT_MS } from './namespaced.js';

describe('Ethernet underlays', () => {
  onSockets(
    'carry frames as they were sent, VLAN tags included, and receive their own types addressed to them alone',
    () => {
      const result = run('ethernetFrames') as unknown as Record<string, unknown>;
      expect(result).toMatchObject({
        same: [true, true, true, true, true, true],
        ...{ lost: 0, refused: 2, more: 0, back: true },
        counted: {
          near: { sent: 10, copied: 11, EMSGSIZE: 1, malformed: 1, refused: 2 },
          far: { received: 6, retagged: 3, truncated: 0 },
        },
        none: { code: 'E_NETIO_NO_SUCH_DEVICE' },
      });
    },
    TIMEOUT_MS,
  );
});
