/** Underlays behind devices that a kernel forwards between. As in real-devices.test.ts. */
import { describe, expect } from '@jest/globals';
import { onTaps, run, TIMEOUT_MS } from './namespaced.js';

const UNCUT = ['partial tcp4 1200', 'partial tcp6 1200', 'partial udp 1200', 'partial none 0'];

describe('TunUnderlay', () => {
  onTaps(
    'exchanges packets with work left inside of tunnels untouched, if the kernel knows how',
    () => {
      const { release, results } = run('tunExchange') as unknown as { release: string; results: { family: 4 | 6 }[] };
      const [major, minor] = release.split('.').map(Number) as [number, number];
      const inside = major > 6 || (major === 6 && minor >= 17);
      const kinds = [...(inside ? UNCUT : []), 'unverified none 0'];
      const same = kinds.map(() => true);
      expect(results).toEqual([4, 6].map((family) => ({ family, inside, lost: 0, same, kinds })));
    },
    TIMEOUT_MS,
  );

  onTaps(
    'does without on a kernel that refuses',
    () => {
      expect(run('tunFallback')).toEqual({ inside: false, takes: false, length: true, lost: 0 });
    },
    TIMEOUT_MS,
  );

  onTaps(
    'says what is missing when it is opened, and leaves nothing behind',
    () => {
      expect(run('tunOpening')).toMatchObject({
        notForwarding: 'E_NETIO_NOT_FORWARDING',
        ofHost: 'E_NETIO_BAD_OPTION',
        busy: 'E_NETIO_DEVICE_BUSY',
        there: expect.stringMatching(/^203\.0\.113\.1 dev vtep7 proto static scope link/),
        gone: '',
      });
    },
    TIMEOUT_MS,
  );
});
