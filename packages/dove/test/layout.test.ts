import { describe, expect, it } from '@jest/globals';
import { createDissector } from '@overlane/layout';
import { wireBindings } from '@overlane/layout/headers';
import { hostileBytes } from '@overlane/wire/laws';
import fc from 'fast-check';
import { doveOption } from '../src/arbitraries.js';
import { dove } from '../src/index.js';
import {
  doveBindings,
  doveFragmentLayout,
  doveLayout,
  doveOptionsLayout,
  doveOptionsLayoutWith,
  otvLayout,
  splitOptions,
} from '../src/layout.js';
import { doveSubject } from '../src/laws.js';
import { octets } from './vector-file.js';

const dissector = createDissector([...wireBindings, ...doveBindings]);
const ruler = `
 0                   1                   2                   3
 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
`.slice(1);

describe('diagram', () => {
  it('is the figure of draft-hasmit-otv-04', () => {
    expect(`${otvLayout.diagram()}\n`).toBe(`${ruler}\
|R|R|R|R|I|R|R|R|                  Overlay ID                   |
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
|                  Instance ID                  |   Reserved    |
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
`);
  });

  it('is the figure of the DOVE header', () => {
    expect(`${doveLayout.diagram()}\n`).toBe(`${ruler}\
|Version|I|F|C|R|                  Overlay ID                   |
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
|                  Instance ID                  |  Next Header  |
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
`);
  });

  it('is the figure of the Fragment extension', () => {
    expect(`${doveFragmentLayout.diagram()}\n`).toBe(`${ruler}\
|  Next Header  |    Length     |     Fragment Offset     |R|R|M|
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
|                        Identification                         |
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
`);
  });
});

describe('options', () => {
  const encode = (options: readonly dove.DoveOption[]): Uint8Array => {
    const extensions = [{ kind: 'options', options }] as const;
    return dove.encode({ version: 1, control: false, overlayId: 1, instanceId: 1, extensions }).subarray(8);
  };

  it('oracle: taken apart they are what was encoded', () => {
    const property = fc.property(fc.array(doveOption(), { maxLength: 3 }), (options) => {
      const short = options.map(({ type, value }) => ({ type, value: value.subarray(0, 60) }));
      const { options: raw } = doveOptionsLayout.decode(encode(short));
      const expected = dove.padOptions(short).map(({ type, value }) => ({ type, length: value.length, value }));
      return fc.stringify(splitOptions(raw)) === fc.stringify(expected);
    });
    fc.assert(property);
  });

  it('the layout that shows them field by field holds the same octets', () => {
    const bytes = encode([dove.policyTag(7), { type: 9, value: new Uint8Array(0) }, dove.lossClass(2)]);
    const layout = doveOptionsLayoutWith(bytes.subarray(2));
    expect(layout.length(bytes)).toBe(bytes.length);
    expect(layout.encode(layout.decode(bytes))).toEqual(bytes);
  });
});

describe('dissect', () => {
  const stack = (hex: string, start = 'dove'): string[] =>
    dissector.dissect(octets(hex), { start }).layers.map(({ protocol }) => protocol);

  it('follows the chain to a frame, a message or a piece', () => {
    const frame = '00'.repeat(14);
    expect(stack('1800000102000002' + '9002010400000000' + '00010102' + frame)).toEqual([
      ...['dove', 'dove-options', 'dove-extension', 'ethernet'],
      ...stack(frame, 'ethernet').slice(1),
    ]);
    expect(stack('1a00000102000002' + '0002010400000000' + '0100001811223344020000000002' + '00'.repeat(10))).toEqual([
      ...['dove', 'dove-options', 'van'],
    ]);
    expect(stack('1e00000102000001' + '0002000100000001' + '00'.repeat(8))).toEqual(['dove', 'dove-fragment', 'data']);
  });

  it('reads version 0 as OTV, its reserved bits as no chain and no message', () => {
    expect(stack('0f00000102000001' + '00'.repeat(14))[1]).toBe('ethernet');
  });

  it('total: on hostile octets it shows what is there, and names what the codec names', () => {
    const property = fc.property(hostileBytes(doveSubject()), (bytes) => {
      const { layers, fault } = dissector.dissect(bytes, { start: 'dove' });
      const expected = dove.check(bytes);
      if (expected !== undefined) return fault === expected && layers.length <= 1;
      const headers = layers.filter(({ protocol }) => protocol.startsWith('dove'));
      return headers.reduce((sum, { length }) => sum + length, 0) === dove.readHeaderLength(bytes, 0);
    });
    fc.assert(property);
  });
});
