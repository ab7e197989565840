import { describe, expect, it } from '@jest/globals';
import type { Codec } from '@overlane/wire';
import * as vxlan from './vxlan-header.js';
import { dove, otv } from '../src/index.js';
import { octets, refusal, toHex } from './vector-file.js';

const otvCodec: Codec<otv.OtvHeader> = otv;
const doveCodec: Codec<dove.DoveHeader> = dove;

/** By hand, from the figure of draft-hasmit-otv-04: overlay 0x010203, instance 0x0a0b0c. */
const OTV = octets('080102030a0b0c00');
const headerOf = (fields: Partial<dove.DoveHeader> = {}): dove.DoveHeader => ({
  ...{ version: 1, control: false, overlayId: 0x010203, instanceId: 0x0a0b0c, extensions: [] },
  ...fields,
});

describe('OTV', () => {
  it('reads and writes the octets of the figure', () => {
    expect(otvCodec.decode(OTV)).toEqual({ overlayId: 0x010203, instanceId: 0x0a0b0c });
    expect(otvCodec.encode({ overlayId: 0x010203, instanceId: 0x0a0b0c })).toEqual(OTV);
  });

  it.each([0, 1, 2, 3, 4, 5, 6, 7])('refuses %i octets and says so', (length) => {
    const error = refusal(() => otvCodec.decode(new Uint8Array(42 + length), 42));
    expect(error.code).toBe('E_OTV_TRUNCATED');
    expect(error.detail).toMatchObject({ offset: 42, expected: 8, actual: length, boundBy: 'end' });
    expect(dove.check(new Uint8Array(42 + length), 42)).toBe('E_OTV_TRUNCATED');
  });

  it('has no instance if I is clear, whatever the octets say', () => {
    expect(otv.decode(octets('000102030a0b0c00'))).toEqual({ overlayId: 0x010203, instanceId: undefined });
    expect(toHex(otv.encode({ overlayId: 1, instanceId: undefined }))).toBe('0000000100000000');
  });

  it('ignores reserved bits, or refuses them in front of a missing instance', () => {
    expect(otv.check(octets('f7010203000000ff'))).toBeUndefined();
    const strict = { strictReserved: true, requireInstance: true };
    expect(otv.check(octets('4001020300000000'), 0, 8, strict)).toBe('E_OTV_RESERVED');
    expect(otv.check(octets('0801020300000001'), 0, 8, strict)).toBe('E_OTV_RESERVED');
    expect(otv.check(octets('0001020300000000'), 0, 8, strict)).toBe('E_OTV_NO_INSTANCE');
    expect(otv.check(OTV, 0, 8, strict)).toBeUndefined();
    expect(refusal(() => otv.decode(octets('4001020300000000'), 0, 8, strict)).code).toBe('E_OTV_RESERVED');
    expect(refusal(() => otv.decode(octets('0001020300000000'), 0, 8, strict)).code).toBe('E_OTV_NO_INSTANCE');
  });

  it.each([-1, 0x1000000, 1.5, Number.NaN])('refuses identifier %d and leaves the output alone', (id) => {
    const out = new Uint8Array(8).fill(0xa5);
    expect(refusal(() => otv.encodeInto({ overlayId: id, instanceId: 1 }, out)).code).toBe('E_FIELD_RANGE');
    expect(refusal(() => otv.encodeInto({ overlayId: 1, instanceId: id }, out)).code).toBe('E_FIELD_RANGE');
    expect(refusal(() => dove.encodeInto(headerOf({ overlayId: id }), out)).code).toBe('E_FIELD_RANGE');
    expect(refusal(() => dove.encodeInto(headerOf({ instanceId: id }), out)).code).toBe('E_FIELD_RANGE');
    expect(out).toEqual(new Uint8Array(8).fill(0xa5));
  });

  it.each([-1, 1, 8, Number.NaN])('refuses to write at offset %d of eight octets', (offset) => {
    const out = new Uint8Array(8).fill(0xa5);
    expect(refusal(() => otv.encodeInto({ overlayId: 1, instanceId: 1 }, out, offset)).code).toBe('E_OUTPUT_TRUNCATED');
    expect(refusal(() => dove.encodeInto(headerOf(), out, offset)).code).toBe('E_OUTPUT_TRUNCATED');
    expect(out).toEqual(new Uint8Array(8).fill(0xa5));
  });

  it.each([0, 1, 0x1234, 0xff_ffff])('with overlay 0 is VXLAN with VNI %i, bit for bit', (id) => {
    const header = otv.encode({ overlayId: 0, instanceId: id });
    expect(header).toEqual(vxlan.encode(id));
    // Nothing in the octets tells whose they are: all three read them.
    expect(vxlan.readVni(header)).toBe(id);
    expect(otv.decode(header)).toEqual({ overlayId: 0, instanceId: id });
    expect(dove.decode(header)).toEqual(headerOf({ version: 0, overlayId: 0, instanceId: id }));
  });
});

describe('DOVE', () => {
  it('differs from OTV in the version only', () => {
    expect(toHex(doveCodec.encode(headerOf()))).toBe('180102030a0b0c00');
    expect(doveCodec.encode(headerOf({ version: 0 }))).toEqual(OTV);
    expect(doveCodec.decode(OTV)).toEqual(headerOf({ version: 0 }));
  });

  it('takes version 0 as OTV, whatever its reserved bits say', () => {
    expect(dove.decode(octets('0f0102030a0b0cff'))).toEqual(headerOf({ version: 0 }));
    expect(dove.decode(octets('060102030a0b0c01')).instanceId).toBeUndefined();
    expect(dove.readHeaderLength(octets('0f0102030a0b0cff'), 0)).toBe(8);
    expect(toHex(dove.encode(headerOf({ version: 0, instanceId: undefined })))).toBe('0001020300000000');
  });

  it('reads C and F where the figure has them', () => {
    expect(toHex(dove.encode(headerOf({ control: true })))).toBe('1a0102030a0b0c00');
    const fragment = { kind: 'fragment', offset: 80, more: true, identification: 0xdeadbeef } as const;
    expect(toHex(dove.encode(headerOf({ extensions: [fragment] })))).toBe('1c0102030a0b0c01' + '00020051deadbeef');
  });

  it.each([2, 3, 7, 8, 15])('refuses version %i', (version) => {
    const error = refusal(() => dove.decode(Uint8Array.of((version << 4) | 8, 0, 0, 1, 0, 0, 1, 0)));
    expect(error.code).toBe('E_DOVE_VERSION');
    expect(error.detail).toMatchObject({ field: 'version', actual: version });
    const header = { ...headerOf(), version } as unknown as dove.DoveHeader;
    expect(refusal(() => dove.encode(header)).code).toBe('E_DOVE_VERSION');
  });

  it('names the instance in version 1', () => {
    expect(refusal(() => dove.decode(octets('100102030a0b0c00'))).code).toBe('E_DOVE_NO_INSTANCE');
    expect(refusal(() => dove.encode(headerOf({ instanceId: undefined }))).code).toBe('E_DOVE_NO_INSTANCE');
  });

  it('has neither control messages nor extensions in version 0', () => {
    const extensions = [{ kind: 'options', options: [] }] as const;
    expect(refusal(() => dove.encode(headerOf({ version: 0, control: true }))).code).toBe('E_FIELD_RANGE');
    expect(refusal(() => dove.encode(headerOf({ version: 0, extensions }))).code).toBe('E_FIELD_RANGE');
    const half = { ...headerOf(), version: 0.5 } as unknown as dove.DoveHeader;
    expect(refusal(() => dove.encode(half)).code).toBe('E_FIELD_RANGE');
  });
});

describe('view', () => {
  it('reads and writes in place and moves', () => {
    const bytes = new Uint8Array(32);
    dove.encodeInto(headerOf(), bytes, 0);
    dove.encodeInto(headerOf({ control: true, instanceId: 9 }), bytes, 16);
    const view = new dove.DoveView(bytes);
    const second = view.at(bytes, 16);
    expect([second.version, second.control, second.fragment, second.instanceValid]).toEqual([1, true, false, true]);
    expect([second.overlayId, second.instanceId, second.headerLength]).toEqual([0x010203, 9, 8]);
    view.instanceId = 0xabcdef;
    view.overlayId = 5;
    expect([otv.readOverlayId(bytes, 16), otv.readInstanceId(bytes, 16)]).toEqual([5, 0xabcdef]);
    expect(view.at(bytes).offset).toBe(0);
    expect(view.walkExtensions().next()).toBe(false);
    expect(new dove.DoveView().bytes.length).toBe(0);
    expect(new otv.OtvView(bytes).overlayId).toBe(0x010203);
  });

  it('walks extensions and options, and starts anew', () => {
    const options = [dove.policyTag(0x0a0b0c0d), dove.lossClass(5), { type: 9, value: Uint8Array.of(1) }];
    const opaque = { kind: 'opaque', type: 0x90, body: Uint8Array.of(1, 2) } as const;
    const bytes = dove.encode(headerOf({ extensions: [opaque, { kind: 'options', options }] }));
    const view = new dove.DoveView(bytes);
    for (let round = 0; round < 2; round++) {
      const walk = view.walkExtensions();
      expect([walk.next(), walk.type, walk.length]).toEqual([true, 0x90, 4]);
      expect([walk.next(), walk.type]).toEqual([true, dove.EXTENSION.OPTIONS]);
      const inner = new dove.OptionWalk().at(bytes, walk.bodyOffset, walk.offset + walk.length);
      const seen = [];
      while (inner.next()) seen.push([inner.type, inner.policyTag, inner.lossClass]);
      expect(seen.slice(0, 3)).toEqual([
        [1, 0x0a0b0c0d, undefined],
        [2, undefined, 5],
        [9, undefined, undefined],
      ]);
      expect([walk.next(), walk.offset]).toEqual([false, bytes.length]);
    }
  });
});
