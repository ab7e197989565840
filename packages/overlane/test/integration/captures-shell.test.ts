/** The commands among other processes: standard streams, closed pipes, exit statuses. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { frame } from '@overlane/wire/arbitraries';
import { inWorkshop, toHex } from './workshop.js';

const TUNNEL = '--network 42 --source 192.0.2.1 --destination 192.0.2.2';
const frames = fc.sample(frame(), { numRuns: 500, seed: 1 });

describe('captures in a shell', () => {
  it('pass through pipes', () => {
    inWorkshop((workshop) => {
      workshop.writeFrames('in.pcap', frames);
      const line = `$overlane encap vxlan - - ${TUNNEL} <in.pcap | $overlane decap - - >out.pcap`;
      const { status, stderr } = workshop.shell(line);
      expect(status).toBe(0);
      expect(stderr.trimEnd().split('\n').sort()).toEqual([
        '500 packets, 500 unwrapped, 0 skipped (no tunnel)',
        '500 packets, 500 wrapped',
      ]);
      expect(workshop.readFrames('out.pcap')).toEqual(frames.map(toHex));
    });
  });

  it('end quietly when nobody reads on', () => {
    inWorkshop((workshop) => {
      workshop.writeFrames('in.pcap', frames);
      const line = '{ $overlane dissect in.pcap; echo "status $?" >&2; } | head -n 1';
      const { stdout, stderr } = workshop.shell(line);
      expect(stdout).toMatch(/^#1 .*\n$/);
      expect(stderr).toBe('status 0\n');
    });
  });

  it('don’t wait for the rest of an input that they can’t use', () => {
    inWorkshop((workshop) => {
      workshop.writeFrames('in.pcap', frames.slice(0, 1));
      // The first process keeps the pipe open until the second has ended; `wait` would hang if that didn't.
      const line = `mkfifo pipe; { cat in.pcap; read _ <pipe; } | { $overlane decap - absent/out.pcap; echo $?; echo >pipe; }`;
      const { stdout, stderr } = workshop.shell(line);
      expect(stdout).toBe('1\n');
      expect(stderr).toMatch(/^overlane: can't write absent\/out.pcap: ENOENT/);
    });
  });

  it('refuse a file redirected onto itself', () => {
    inWorkshop((workshop) => {
      workshop.writeFrames('in.pcap', frames);
      const { status, stderr } = workshop.shell('$overlane decap - in.pcap <in.pcap');
      expect([status, stderr]).toEqual([2, expect.stringContaining('same file')]);
      expect(workshop.readFrames('in.pcap')).toHaveLength(500);
    });
  });

  it('end with 1 for bad input and 2 for wrong use, and one message', () => {
    inWorkshop((workshop) => {
      workshop.write('bad', 'no capture');
      const status = (line: string): unknown[] => {
        const { status: code, stderr } = workshop.shell(`$overlane ${line}`);
        return [code, stderr.includes('at file:') || stderr.includes('    at ')];
      };
      expect(status('dissect bad')).toEqual([1, false]);
      expect(status(`encap vxlan bad out ${TUNNEL}`)).toEqual([1, false]);
      expect(status(`encap vxlan bad out ${TUNNEL} --mtu 1`)).toEqual([2, false]);
      expect(status('decap bad')).toEqual([2, false]);
    });
  });
});
