import { describe, expect, it } from '@jest/globals';
import { createDissector } from '@overlane/layout';
import { wireBindings } from '@overlane/layout/headers';
import { encode } from '../src/index.js';
import { netlordBinding, netlordLayout } from '../src/layout.js';

describe('diagram', () => {
  it('is the figure of RFC XXXX', () => {
    expect(netlordLayout.diagram()).toMatchInlineSnapshot(`
     " 0                   1                   2                   3
      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
     |Ver|         Reserved          |         Next Protocol         |
     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
     |                    Network                    |   Reserved    |
     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+"
    `);
  });
});

describe('dissect', () => {
  it('shows the fields and goes on to the frame', () => {
    const frame = new Uint8Array(22);
    frame.set(encode({ nextProtocol: 0x6558, network: 42 }));
    const dissector = createDissector([...wireBindings, netlordBinding]);
    const { layers } = dissector.dissect(frame, { start: 'netlord' });
    expect(layers[0]).toMatchObject({
      protocol: 'netlord',
      offset: 0,
      length: 8,
      fields: { version: 0, network: 42 },
    });
    expect(layers[1]).toMatchObject({ protocol: 'ethernet', offset: 8 });
  });
});
