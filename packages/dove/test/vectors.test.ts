import { describe, expect, it } from '@jest/globals';
import { createDissector } from '@overlane/layout';
import { wireBindings } from '@overlane/layout/headers';
import { PacketBuffer, TunnelMetadata } from '@overlane/wire';
import { DoveEncapsulation, dove, otv } from '../src/index.js';
import { DOVE_UDP_PORTS, doveBindings } from '../src/layout.js';
import { check as checkMessage } from '../src/van/message.js';
import {
  arrivals,
  entropyOf,
  octets,
  outerPacket,
  receiverFor,
  send,
  toHex,
  tunnelTo,
  udpPayload,
  vector,
  vectors,
} from './vector-file.js';

const named = (list: typeof vectors) => list.map((v) => [v.name, v] as const);
const packets = vectors.filter(({ fields }) => fields.layer !== 'inner-frame');
const good = packets.filter(({ expectError }) => expectError === undefined);
const bad = packets.filter(({ expectError }) => expectError !== undefined);
/** Faults of the header, which the codec finds; others are the endpoint's or the control protocol's. */
const ofCodec = (fault: string): boolean => !/VAN|INNER|OVERLAP/.test(fault);

it('all vectors are there', () => {
  expect([good.length, bad.length, vectors.length]).toEqual([20, 16, 37]);
});

describe('codec', () => {
  it.each(named(good))('reads and writes %s', (_name, v) => {
    const { fields } = v;
    const payload = udpPayload(v);
    const header = v.mode === 'otv' ? otv.decode(payload) : dove.decode(payload);
    const expected = { overlayId: fields.overlayId, instanceId: fields.instanceId ?? undefined };
    if (fields.overlayId !== undefined) expect(header).toMatchObject(expected);
    if (v.mode === 'otv') {
      const canonical = octets(toHex(payload.subarray(0, 8)));
      canonical[0]! &= 8;
      canonical[7] = 0;
      expect(otv.encode(header)).toEqual(canonical);
      return;
    }
    const decoded = header as dove.DoveHeader;
    const encoded = dove.encode(decoded);
    expect(toHex(encoded)).toBe(toHex(payload.subarray(0, encoded.length)));
    expect(dove.readHeaderLength(payload, 0)).toBe(encoded.length);
    if (fields.cBit !== undefined) expect(decoded.control).toBe(fields.cBit === 1);
    if (fields.innerLength !== undefined) expect(payload.length - encoded.length).toBe(fields.innerLength);
    if (fields.fragmentLength !== undefined) expect(payload.length - encoded.length).toBe(fields.fragmentLength);
    fields.extensions?.forEach((extension, i) => {
      const found = decoded.extensions[i]!;
      if (extension.id !== undefined) {
        const { offset, id, more } = extension;
        expect(found).toEqual({ kind: 'fragment', offset, more: more === 1, identification: id });
      } else if (extension.tlvs === undefined) expect(found).toMatchObject({ kind: 'opaque', type: extension.type });
      else {
        const options = extension.tlvs.map(({ type, value }) => ({ type, value: octets(value) }));
        expect(found).toEqual({ kind: 'options', options });
      }
    });
  });

  it.each(named(bad.filter((v) => ofCodec(v.expectError!))))('refuses %s', (_name, v) => {
    const payload = udpPayload(v);
    const fault = v.mode === 'otv' ? otv.check(payload, 0, payload.length, v.fields.options) : dove.check(payload);
    expect(fault).toBe(v.expectError);
  });
});

describe('decapsulate', () => {
  const receive = (v: (typeof vectors)[number]) => {
    const endpoint = receiverFor(v);
    const tunnel = new TunnelMetadata();
    let packet = new PacketBuffer(new Uint8Array(0));
    let outcome: string | undefined;
    for (packet of arrivals(v)) outcome = endpoint.decapsulate(packet, tunnel, 0);
    return { outcome, packet, tunnel };
  };

  it.each(named(good))('takes %s', (_name, v) => {
    const { outcome, packet, tunnel } = receive(v);
    if (v.fields.fragmentLength !== undefined) {
      expect(outcome).toBe('incomplete');
      return;
    }
    expect(outcome).toBeUndefined();
    expect(tunnel.control).toBe(v.fields.cBit === 1);
    if (v.fields.instanceId !== undefined) expect(tunnel.network).toBe(v.fields.instanceId ?? 171);
    if (v.fields.udpSrc !== undefined) expect(tunnel.entropy).toBe(v.fields.udpSrc);
    if (v.fields.innerLength !== undefined) expect(packet.length).toBe(v.fields.innerLength);
    expect(udpPayload(v).slice(-packet.length)).toEqual(packet.copy());
  });

  it.each(named(bad))('refuses %s', (_name, v) => {
    const { outcome, packet, tunnel } = receive(v);
    const fault =
      tunnel.control && outcome === undefined ? checkMessage(packet.bytes, packet.start, packet.end) : outcome;
    expect(fault).toBe(v.expectError);
  });

  it('puts dove-frag-1of2 and dove-frag-2of2 together in either order', () => {
    const parts = [vector('dove-frag-1of2'), vector('dove-frag-2of2')];
    for (const order of [parts, parts.slice().reverse()]) {
      const endpoint = receiverFor(order[0]!);
      const tunnel = new TunnelMetadata();
      const [first, last] = order.map(({ hex }) => outerPacket(octets(hex))) as [PacketBuffer, PacketBuffer];
      expect(endpoint.decapsulate(first, tunnel, 0)).toBe('incomplete');
      expect(endpoint.decapsulate(last, tunnel, 999)).toBeUndefined();
      expect(toHex(last.copy())).toBe(vector('dove-frag-reassembled').hex);
      expect(tunnel.network).toBe(0x0102a3);
    }
  });
});

describe('encapsulate', () => {
  const sent = ['otv-frame-basic', 'otv-frame-max-ids', 'otv-vxlan-alias', 'dove-v1-frame'].map(vector);
  it.each(named(sent))('sends the octets of %s', (_name, v) => {
    const frame = octets(v.hex);
    const payload = frame.subarray(42);
    const endpoint = new DoveEncapsulation({ mode: v.mode, overlayId: v.fields.overlayId! });
    const tunnel = tunnelTo(v.fields.instanceId!);
    tunnel.entropy = entropyOf(frame[34]! * 256 + frame[35]!);
    expect(send(endpoint, payload.slice(8), tunnel).map(toHex)).toEqual([toHex(frame.subarray(14))]);
  });

  it('sends the octets of the control frames', () => {
    for (const name of ['van-learn-request-frame', 'van-learn-reply-frame', 'van-unlearn-frame']) {
      const frame = octets(vector(name).hex);
      const tunnel = new TunnelMetadata();
      tunnel.source.read(frame, 26, 4);
      tunnel.destination.read(frame, 30, 4);
      Object.assign(tunnel, { network: 0x0102a3, control: true, ttl: frame[22]! });
      tunnel.entropy = entropyOf(frame[34]! * 256 + frame[35]!);
      const endpoint = new DoveEncapsulation({ overlayId: 7 });
      expect(send(endpoint, frame.slice(50), tunnel).map(toHex)).toEqual([toHex(frame.subarray(14))]);
    }
  });

  it('cuts dove-frag-reassembled as the vectors have it', () => {
    const endpoint = new DoveEncapsulation({ overlayId: 7, pathMtu: 124, takesExtensions: () => true });
    const emitted = send(endpoint, octets(vector('dove-frag-reassembled').hex), tunnelTo(0x0102a3));
    const identifications = emitted.map((packet) => toHex(packet.slice(40, 44)));
    expect(identifications[1]).toBe(identifications[0]);
    const withId = emitted.map((packet) => toHex(packet.slice(28)).replace(identifications[0]!, 'deadbeef'));
    expect(withId).toEqual([vector('dove-frag-1of2').hex, vector('dove-frag-2of2').hex]);
  });

  it.each(named(['dove-options', 'dove-zovn-class'].map(vector)))('sends the options of %s', (_name, v) => {
    const payload = octets(v.hex);
    const [extension] = dove.decode(payload).extensions;
    const options = extension?.kind === 'options' ? extension.options : [];
    const endpoint = new DoveEncapsulation({ overlayId: 7, options, takesExtensions: () => true });
    const [packet] = send(endpoint, payload.slice(dove.readHeaderLength(payload, 0)), tunnelTo(0x0102a3));
    expect(toHex(packet!.slice(28))).toBe(v.hex);
  });
});

describe('dissect', () => {
  const dissector = createDissector([...wireBindings, ...doveBindings]);
  const dissect = (v: (typeof vectors)[number]) =>
    v.fields.layer === 'frame'
      ? dissector.dissect(octets(v.hex), { udpPorts: v.mode === 'otv' ? { 8472: 'otv' } : DOVE_UDP_PORTS })
      : dissector.dissect(octets(v.hex), { start: v.mode });

  it.each(named(good))('shows %s', (_name, v) => {
    const { fields } = v;
    const { layers, fault } = dissect(v);
    expect(fault).toBeUndefined();
    const at = layers.findIndex(({ protocol }) => protocol === v.mode);
    const shown = layers[at]!.fields;
    if (fields.overlayId !== undefined) expect(shown['overlayId']).toBe(fields.overlayId);
    if (typeof fields.instanceId === 'number') expect(shown['instanceId']).toBe(fields.instanceId);
    if (fields.iBit !== undefined) expect(shown['instanceValid']).toBe(fields.iBit === 1);
    if (fields.fBit !== undefined) expect(shown['fragment']).toBe(fields.fBit === 1);
    if (fields.cBit !== undefined) expect(shown['control']).toBe(fields.cBit === 1);
    const names = { 1: 'dove-fragment', 2: 'dove-options' } as Readonly<Record<number, string>>;
    const extensions = (fields.extensions ?? []).map(({ type, length }) => [names[type] ?? 'dove-extension', length]);
    const inner = fields.fragmentLength === undefined ? 'ethernet' : 'data';
    const expected = [...extensions, [fields.cBit === 1 ? 'van' : inner, expect.any(Number)]];
    expect(layers.slice(at + 1, at + 1 + expected.length).map(({ protocol, length }) => [protocol, length])).toEqual(
      expected,
    );
  });

  it.each(named(bad.filter((v) => v.mode === 'dove' && !/OVERLAP/.test(v.expectError!))))(
    'names the fault of %s',
    (_name, v) => {
      expect(dissect(v).fault).toBe(v.expectError);
    },
  );

  it('shows options field by field', () => {
    const layer = dissect(vector('dove-options')).layers.find(({ protocol }) => protocol === 'dove-options')!;
    expect(layer.fields).toEqual({
      ...{ nextHeader: '0x00', length: 3, option0Type: 1, option0Length: 4, option0Value: '0a0b0c0d' },
      ...{ option1Type: 0, option1Length: 2, option1Value: '0000' },
    });
  });
});
