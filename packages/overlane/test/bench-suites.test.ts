import { describe, expect, it } from '@jest/globals';
import { decode } from '@overlane/vxlan';
import { ipv4, udp } from '@overlane/wire';
import { baselineOperation, createAnswerer } from '../src/bench/answer.js';
import { createPackets, createTunnels, packWindows, sharedFrames } from '../src/bench/inputs.js';
import { INPUTS, sumOfResults } from '../src/bench/measure.js';
import type { WarmAnswer } from '../src/bench/protocol.js';
import { OWN_BASELINES } from '../src/bench/suite.js';
import { SUITES } from '../src/bench/suites.js';

describe('inputs', () => {
  it('are 1,024 different frames of 1,450 octets, the same in every process', () => {
    const frames = sharedFrames();
    expect(frames).toHaveLength(INPUTS);
    expect(new Set(frames.map((frame) => Buffer.from(frame).toString('hex'))).size).toBe(INPUTS);
    expect(frames.every(({ length }) => length === 1450)).toBe(true);
    // Changing the inputs changes figures that have been published: then this sum changes too.
    expect(frames.reduce((sum, frame) => sum + frame.reduce((a, b) => a + b), 0)).toMatchInlineSnapshot(`187114503`);
  });

  it('are packets with the VNIs asked for', () => {
    const vnis = createPackets().map((packet) => {
      const transport = ipv4.HEADER_LENGTH;
      return decode(packet, transport + udp.HEADER_LENGTH).vni;
    });
    expect(vnis).toEqual(createTunnels().map(({ network }) => network));
    expect(new Set(vnis).size).toBeGreaterThan(INPUTS - 5);
  });

  it('stand at offsets of all alignments, apart from each other', () => {
    const { bytes, starts, ends } = packWindows([...sharedFrames()], 64);
    expect(new Set(Array.from(starts, (start) => start % 8)).size).toBe(8);
    for (let i = 0; i < INPUTS; i++) {
      expect(starts[i]! - (ends[i - 1] ?? 0)).toBeGreaterThanOrEqual(64);
      expect(Buffer.compare(bytes.subarray(starts[i], ends[i]), sharedFrames()[i]!)).toBe(0);
    }
  });
});

describe.each(SUITES)('suite $name', (suite) => {
  it('has names that are unique', () => {
    expect(new Set(suite.cases.map(({ name }) => name)).size).toBe(suite.cases.length);
  });

  // The larger rule sets take seconds to make; the rows are the same.
  it.each(suite.cases.filter(({ name }) => !/ (10|64)k/.test(name)))(
    '$name: does its work, and its baselines get the same',
    async (row) => {
      const { name, setup } = row;
      const answer = createAnswerer(suite, () => 0);
      const operation = setup();
      const sum = sumOfResults(operation);
      expect(Number.isSafeInteger(sum)).toBe(true);
      for (let i = 0; i < INPUTS; i++) {
        const value = operation(i);
        if ((value | 0) !== value) throw new Error('not a small integer');
      }
      for (const side of OWN_BASELINES) {
        const baseline = row[side];
        if (baseline === undefined) continue;
        expect(sumOfResults(baseline.setup())).toBe(sum);
        const operation = baselineOperation(side, name);
        expect(await answer({ do: 'round', operation, iterations: 1 })).toEqual({ nsPerOp: 0 });
      }
    },
  );

  it('refuses an operation that it has not', async () => {
    const answer = createAnswerer(suite, () => 0);
    await expect(answer({ do: 'round', operation: 'no such', iterations: 1 })).rejects.toThrow(
      "no operation 'no such'",
    );
  });
});

it('answers a warm-up with the sum over all inputs', async () => {
  let now = 0;
  const answer = createAnswerer(SUITES[1], () => (now += 1e6));
  const { sum } = (await answer({ do: 'warm', operation: 'decapsulate', ms: 1 })) as WarmAnswer;
  expect(sum).toBe(createTunnels().reduce((total, { network }) => total + network, 0));
});
