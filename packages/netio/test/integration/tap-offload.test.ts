/** TAP devices with offloads, against two kernels' TCP. As in real-devices.test.ts. */
import { describe, expect } from '@jest/globals';
import { onTaps, run, TIMEOUT_MS } from './namespaced.js';

describe('TAP devices with offloads', () => {
  onTaps(
    'carry TCP whole at each level, in both families, whatever the kernel leaves to them',
    () => {
      const fine = { whole: true, lost: false };
      expect(run('tapOffload')).toEqual([
        { case: 'none 4', superFrames: false, unfinished: false, segments: [], ...fine },
        { case: 'checksum 4', superFrames: false, unfinished: true, segments: [], ...fine },
        { case: 'segmentation 4', superFrames: true, unfinished: true, segments: ['partial tcp4'], ...fine },
        { case: 'segmentation 6', superFrames: true, unfinished: true, segments: ['partial tcp6'], ...fine },
        {
          case: 'segmentation 4 tso off gso off gro off',
          superFrames: false,
          unfinished: true,
          segments: [],
          ...fine,
        },
        { case: 'segmentation 4 tx off', superFrames: false, unfinished: false, segments: [], ...fine },
      ]);
    },
    TIMEOUT_MS,
  );

  onTaps(
    'carry super-datagrams uncut',
    () => {
      const { received, types, longest } = run('tapDatagrams') as Record<string, unknown>;
      expect(received).toBe('1000 '.repeat(20) + '100');
      expect([(types as string[]).includes('partial udp'), longest]).toEqual([true, 20_142]);
    },
    TIMEOUT_MS,
  );

  onTaps(
    'have several queues, which join only a device made for them',
    () => {
      expect(run('tapQueues')).toMatchObject({
        counts: [true, true, 64],
        replies: [true, true],
        alone: { code: 'E_NETIO_DEVICE_BUSY', errno: 'EINVAL' },
        single: { code: 'E_NETIO_DEVICE_BUSY', errno: 'EINVAL' },
        absent: { code: 'E_NETIO_NO_SUCH_DEVICE' },
      });
    },
    TIMEOUT_MS,
  );

  onTaps(
    'refuse a checksum outside of the frame, and count what the kernel refuses',
    () => {
      expect(run('tapRefusals')).toEqual({ taken: true, outside: false, flushed: true, unfinished: 1 });
    },
    TIMEOUT_MS,
  );
});
