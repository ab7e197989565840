import { describe, it } from '@jest/globals';
import * as arbitraries from '@overlane/wire/arbitraries';
import fc from 'fast-check';
import { LAYERS_MAX } from '../src/index.js';
import { dissector } from './packets.js';

describe('laws', () => {
  const edits = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 4 });
  const hostile = fc.oneof(
    fc.uint8Array({ maxLength: 120 }),
    fc.tuple(arbitraries.frame(), edits, fc.nat()).map(([frame, changes, cut]) => {
      for (const [at, value] of changes) frame[at % frame.length] = value;
      return frame.subarray(0, cut % 4 === 0 ? cut % (frame.length + 1) : frame.length);
    }),
  );
  const starts = fc.constantFrom(...dissector.protocols, 'ip');

  it('total: any octets give ordered layers inside the packet, and JSON', () => {
    fc.assert(
      fc.property(hostile, starts, (bytes, start) => {
        const before = bytes.slice();
        const { layers } = dissector.dissect(bytes, { start });
        let at = 0;
        for (const { offset, length } of layers) {
          if (offset < at || length < 1 || offset + length > bytes.length) throw new Error(`layer at ${offset}`);
          at = offset + length;
        }
        if (layers.length > LAYERS_MAX) throw new Error('too many layers');
        JSON.stringify(layers);
        return before.every((octet, i) => octet === bytes[i]);
      }),
    );
  });

  it('good frames have no fault, and every octet up to the padding is in one layer', () => {
    fc.assert(
      fc.property(arbitraries.frame(), (frame) => {
        const { layers, fault } = dissector.dissect(frame);
        if (fault !== undefined) throw new Error(fault);
        return layers.reduce((sum, { length }) => sum + length, 0) === frame.length;
      }),
    );
  });

  it('a flipped bit in a covered octet never passes for a good packet with the same fields', () => {
    fc.assert(
      fc.property(arbitraries.frame(), fc.nat(), (frame, where) => {
        const good = JSON.stringify(dissector.dissect(frame));
        const { layers } = dissector.dissect(frame);
        const covered = layers
          .filter(({ protocol }) => protocol !== 'data')
          .reduce((sum, { length }) => sum + length, 0);
        frame[(where >>> 3) % covered]! ^= 1 << (where & 7);
        return JSON.stringify(dissector.dissect(frame)) !== good;
      }),
    );
  });
});
