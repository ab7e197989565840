/** Packet underlays on a veth pair between two namespaces, with every way its ends may treat what is left to them. */
import { describe, expect } from '@jest/globals';
import { requires } from '../../../../tools/testing/requirements.js';
import { run, TIMEOUT_MS } from './namespaced.js';

const { it: onVeth } = requires('namespaces', 'ethtool');
const { it: onKernelVxlan } = requires('namespaces', 'ethtool', 'kernel-vxlan');

/** Super-datagrams that arrive if `sent` left: all; none if they are cut; some if the kernel joins what it finds at once. */
function expectArrived(name: string, sent: number, arrived: unknown): void {
  if (name.includes('joined')) expect(arrived).toBeGreaterThan(0);
  else expect(arrived).toBe(name.includes('uncut') ? sent : 0);
}

describe('packet underlays', () => {
  onVeth(
    'carry each transport in both families as it was sent, find next hops, and let the kernel answer nothing',
    () => {
      const { results, elsewhere } = run('packetSingles') as unknown as {
        results: Record<string, unknown>[];
        elsewhere: number;
      };
      expect(results).toHaveLength(6);
      for (const result of results) {
        expect(result).toMatchObject({ same: true, alignment: [2], refused: 0, answers: [0, 0] });
        expect(result['byKernel']).toBeLessThan(4);
      }
      expect(results.map(({ name }) => name)).toEqual(
        expect.arrayContaining([
          'udp 10.7.0.2:4789 on far',
          'tcp [fd07::2]:7471 on far',
          'protocol 47 on fd07::2 on far',
        ]),
      );
      expect(elsewhere).toBe(1);
    },
    TIMEOUT_MS,
  );

  onVeth(
    'carry super-frames in TCP syntax, uncut, cut, and joined again',
    () => {
      const results = run('packetSuperFrames') as unknown as { case: string; pieces: number; kinds: string[] }[];
      expect(results).toHaveLength(10);
      for (const result of results) {
        expect(result).toMatchObject({ fine: true, answered: false });
        const type = result.case.startsWith('4') ? 'tcp4' : 'tcp6';
        const name = result.case.slice(2);
        if (name.startsWith('uncut')) expect(result).toMatchObject({ pieces: 1, kinds: [`partial ${type}`] });
        if (name === 'cut') expect(result).toMatchObject({ pieces: 42, kinds: ['partial none'] });
        if (name === 'cut, sums in software') expect(result).toMatchObject({ pieces: 42, kinds: ['unverified none'] });
        if (name === 'cut and joined') expect(result.pieces).toBeLessThan(42);
      }
    },
    TIMEOUT_MS,
  );

  onVeth(
    'send runs of datagrams as one, and hand super-datagrams out as single packets',
    () => {
      const results = run('packetDatagrams') as unknown as { case: string; receivedSuper: number }[];
      expect(results).toHaveLength(10);
      for (const result of results) {
        const software = result.case.endsWith('software');
        expectArrived(result.case, 1, result.receivedSuper);
        expect(result).toMatchObject({
          fine: true,
          answered: false,
          sentSuper: 1,
          coalesced: 40,
          kinds: [software ? 'unverified none' : 'verified none'],
          sums: 1,
        });
      }
    },
    TIMEOUT_MS,
  );

  onVeth(
    'have the like on UDP sockets: runs sent as one, joined ones handed out singly, a taken source port gone around',
    () => {
      const results = run('socketDatagrams') as unknown as Record<string, unknown>[];
      expect(results).toHaveLength(12);
      for (const result of results.filter(({ closed }) => closed === undefined)) {
        const name = result['case'] as string;
        const [sentSuper, coalesced, refusals] = name.startsWith('4') ? [2, 24, 1] : [3, 40, 0];
        expectArrived(name, sentSuper, result['joined']);
        expect(result).toMatchObject({ fine: true, sentSuper, coalesced, refusals, kinds: ['verified none'] });
      }
      expect(results.filter(({ closed }) => closed !== undefined)).toEqual([{ closed: 4 }, { closed: 5 }]);
    },
    TIMEOUT_MS,
  );

  onVeth(
    'fail typed, live through an interface that goes down, and count what one that is gone loses',
    () => {
      expect(run('packetTroubles')).toMatchObject({
        errors: {
          inUse: { code: 'E_NETIO_ADDRESS_IN_USE' },
          absent: { code: 'E_NETIO_ADDRESS_NOT_AVAILABLE' },
          notLocal: { code: 'E_NETIO_ADDRESS_NOT_AVAILABLE', errno: 'EADDRNOTAVAIL' },
          noDevice: { code: 'E_NETIO_NO_SUCH_DEVICE' },
          loopback: { code: 'E_NETIO_BAD_OPTION' },
          longName: { code: 'E_NETIO_BAD_OPTION' },
        },
        ...{ well: [0, 1], down: [1, 0], again: 1, waits: false, gone: 1 },
        ...{ counted: true, interfaceDown: true, otherErrors: 0, leaked: 0 },
      });
    },
    TIMEOUT_MS,
  );

  onKernelVxlan(
    'take super-frames of a kernel tunnel device uncut, told of the inner packet',
    () => {
      expect(run('packetKernelVxlan')).toEqual({
        single: ['1078 partial none 0'],
        uncut: ['5078 partial udp 1000'],
        badSegments: 0,
        cut: Array.from({ length: 5 }, () => '1078 partial none 0'),
      });
    },
    TIMEOUT_MS,
  );
});
