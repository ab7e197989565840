/**
 * The built package on real devices. Each case is a process of its own in a new network namespace (child.mjs), as root
 * or in a user namespace, and nothing of it is left behind. Where that is not allowed the case is skipped and says why.
 */
import { describe, expect } from '@jest/globals';
import { onSockets, onTaps, run, TIMEOUT_MS } from './namespaced.js';

describe('TAP devices', () => {
  onTaps(
    'carry ARP and echo requests to the kernel and its replies back',
    () => {
      const result = run('tap');
      expect(result).toEqual({
        name: 'tap0',
        mtu: 1400,
        arpSender: '0a090001',
        alignment: [2, 2],
        echoData: true,
        icmpSum: 0,
        headroom: 'ee'.repeat(12),
        copied: 1,
        flushed: 0,
        sent: 2,
      });
    },
    TIMEOUT_MS,
  );

  onTaps(
    'join two namespaces for a real ping, without a copy',
    () => {
      expect(run('ping')).toEqual({ answered: 3, copied: 0 });
    },
    TIMEOUT_MS,
  );

  onTaps(
    'refuse names that are taken or wrong, leak nothing, and go when closed',
    () => {
      expect(run('tapErrors')).toMatchObject({
        taken: { code: 'E_NETIO_DEVICE_BUSY', errno: 'EBUSY' },
        notTap: { code: 'E_NETIO_DEVICE_BUSY', errno: 'EINVAL' },
        badName: { code: 'E_NETIO_BAD_OPTION' },
        longName: { code: 'E_NETIO_BAD_OPTION' },
        badMtu: { code: 'E_NETIO_BAD_OPTION' },
        leaked: 0,
        gone: true,
      });
    },
    TIMEOUT_MS,
  );

  onTaps(
    'go with a process that is killed, even if its children live on',
    () => {
      expect(run('killed')).toEqual({ before: true, childLives: true, after: false });
    },
    TIMEOUT_MS,
  );

  onTaps(
    'count frames for a device that is down, and frames longer than a slot',
    () => {
      expect(run('tapLimits')).toMatchObject({
        takenWhileDown: true,
        lostWhileDown: 1,
        refused: 0,
        lengths: [142, 242],
        batches: [4, 4, 2, 0],
        statistics: { deviceDown: 1, oversized: 1, sent: 0, receiveErrors: 0, received: 12 },
      });
    },
    TIMEOUT_MS,
  );
});

describe('underlay sockets', () => {
  onSockets(
    'deliver over IPv4 the very headers that were sent',
    () => {
      const result = run('udp4');
      expect(result['received']).toEqual(result['sent']);
      expect(result).toMatchObject({
        refused: 0,
        checksum: ['verified', 'verified', 'verified'],
        alignment: [2, 2, 2],
        back: 1,
        statistics: { sent: 3, received: 1, refused: 0, truncated: 0 },
        names: ['udp 127.0.0.1:4789', 'udp 127.0.0.2:4789'],
      });
      expect(result['sent']).toHaveLength(3);
    },
    TIMEOUT_MS,
  );

  onSockets(
    'deliver over IPv6 traffic class, flow label and hop limit, and obey the zero-checksum option',
    () => {
      const { zero, good, refuse, accept } = run('udp6');
      expect(refuse).toEqual({ refused: 0, received: [good], checksum: ['verified'] });
      expect(accept).toEqual({ refused: 0, received: [zero, good], checksum: ['verified', 'verified'] });
    },
    TIMEOUT_MS,
  );

  onSockets(
    'skip and count packets that the kernel refuses in mid-batch',
    () => {
      expect(run('refusals')).toMatchObject({
        outcomes: [true, true, true, true],
        refused: 4,
        lengths: [100, 101, 102, 104],
        again: 0,
        statistics: { sent: 4, refused: 4, malformed: 2, EMSGSIZE: 1, ENETUNREACH: 1, otherErrors: 0 },
      });
    },
    TIMEOUT_MS,
  );

  onSockets(
    'drop and count datagrams longer than a slot',
    () => {
      expect(run('truncation')).toEqual({ lengths: [10, 2082, 20], truncated: 2, received: 3 });
    },
    TIMEOUT_MS,
  );

  onSockets(
    'carry a raw IP protocol in both families',
    () => {
      const result = run('gre');
      expect(result['received']).toEqual(result['sent']);
      expect(result).toMatchObject({
        refused: 0,
        checksum: ['unverified', 'unverified'],
        name: 'protocol 47 on fd00::2',
      });
    },
    TIMEOUT_MS,
  );

  onSockets(
    'carry segments in TCP syntax without a word from TCP',
    () => {
      const { sent, ...result } = run('segments') as Record<string, unknown> as { sent: [string, string] };
      expect(result).toMatchObject({
        received: [sent[0], sent[0], sent[1], sent[1]],
        refused: 0,
        resets: 0,
        resetsElsewhere: 2,
        others: 0,
        checksum: ['unverified', 'unverified', 'unverified', 'unverified'],
        name: 'tcp 127.0.0.1:7471',
        taken: { code: 'E_NETIO_ADDRESS_IN_USE' },
      });
    },
    TIMEOUT_MS,
  );

  onSockets(
    'fail typed, leak no descriptor, and close twice',
    () => {
      expect(run('underlayErrors')).toMatchObject({
        inUse: { code: 'E_NETIO_ADDRESS_IN_USE' },
        absent: { code: 'E_NETIO_ADDRESS_NOT_AVAILABLE' },
        absent6: { code: 'E_NETIO_ADDRESS_NOT_AVAILABLE' },
        wildcard: { code: 'E_NETIO_BAD_OPTION' },
        multicast: { code: 'E_NETIO_BAD_OPTION' },
        badPort: { code: 'E_NETIO_BAD_OPTION' },
        noMemory: { code: 'E_NETIO_NO_MEMORY' },
        noDevice: { code: 'E_NETIO_NO_SUCH_DEVICE' },
        leaked: 0,
        closed: 2,
      });
    },
    TIMEOUT_MS,
  );

  onSockets(
    'allocate nothing per packet',
    () => {
      const { received, octetsPerPacket } = run('heap');
      expect(received).toBe(307_200);
      // One small object per packet would be 16 octets or more; what is left is the compiler's own.
      expect(octetsPerPacket).toBeLessThan(2);
    },
    TIMEOUT_MS,
  );
});

describe('waiting and namespaces', () => {
  onTaps(
    'sleep until a packet comes or another thread wakes',
    () => {
      expect(run('poller')).toEqual({
        low: true,
        woken: { ready: 0, after: 0 },
        promptly: true,
        idle: 0,
        readable: 1,
        muted: 1,
        after: { received: 0, receiveErrors: 1 },
      });
    },
    TIMEOUT_MS,
  );

  onTaps(
    'open ports in another namespace and come back',
    () => {
      expect(run('namespaces')).toMatchObject({
        inside: true,
        outside: false,
        thrown: { code: 'Error: expected' },
        back: true,
        missing: { code: 'E_NETIO_NO_SUCH_DEVICE' },
        moved: true,
      });
    },
    TIMEOUT_MS,
  );
});
