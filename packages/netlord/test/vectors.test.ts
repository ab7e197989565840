import { describe, expect, it } from '@jest/globals';
import { formatMac } from '@overlane/wire';
import { type NetlordFrame, DEFAULT_VID, frame, header, nlArp } from '../src/index.js';
import { refusal } from './refusal.js';
import { VECTORS, type Vector, octets, octetsOf, toHex } from './vector-file.js';

/** What a receiver makes of a vector: its faults, or its fields in the vector's terms. */
function read(vector: Vector): Record<string, unknown> {
  const bytes = octets(vector.hex);
  if (vector.fields['layer'] === 'nlarp') return messageFields(bytes, 0, bytes.length);
  const at = nlArp.findBroadcastMessage(bytes, 0, bytes.length);
  if (at >= 0) {
    const link = { outerDst: formatMac(bytes, 0), outerSrc: formatMac(bytes, 6), vid: bytes[15], etherType: 0x88b5 };
    return { ...messageFields(bytes, at, bytes.length), ...link };
  }
  const fields = frameFields(frame.decode(bytes));
  if (fields['ipProto'] === 253) return fields;
  const { port, tenantId, ...message } = messageFields(
    bytes,
    frame.readHeaderLength(bytes, 0),
    frame.readEnd(bytes, 0),
  );
  return { ...message, ...fields, ...(vector.name === 'nlarp-here-unicast-reply' ? { port, tenantId } : {}) };
}

function frameFields(decoded: NetlordFrame): Record<string, unknown> {
  const { header: ip } = decoded;
  return {
    outerDst: formatMac(decoded.destination),
    outerSrc: formatMac(decoded.source),
    vlanTci: decoded.isTagged ? ip.tci : null,
    vid: ip.tci & 0xfff,
    ipProto: ip.protocol,
    ttl: ip.ttl,
    df: 1,
    ipId: ip.tci,
    macAsId: ip.macAsId,
    port: ip.port,
    tenantId: ip.tenantId,
  };
}

function messageFields(bytes: Uint8Array, offset: number, end: number): Record<string, unknown> {
  const message = nlArp.decode(bytes, offset, end);
  return {
    version: 1,
    op: message.operation,
    flags: (message.unicast ? 1 : 0) | (message.stopped ? 2 : 0),
    generation: message.generation,
    tenantId: message.tenantId,
    port: message.port,
    macAsId: message.macAsId,
    vmMac: formatMac(message.vmMac),
    edgeMac: formatMac(message.edgeMac),
  };
}

const good = VECTORS.filter(({ expectError }) => expectError === undefined);
const bad = VECTORS.filter(({ expectError }) => expectError !== undefined);
const named = (vectors: readonly Vector[]): (readonly [string, Vector])[] => vectors.map((v) => [v.name, v] as const);

describe('vectors', () => {
  it.each(named(good))('%s has the fields it says', (_name, vector) => {
    // What the tool that made the vectors adds to the fields of the header.
    const {
      layer: _layer,
      ipSrc: _s,
      ipDst: _d,
      innerDst: _id,
      innerSrc: _is,
      overhead: _o,
      ...expected
    } = vector.fields;
    expect(read(vector)).toMatchObject(expected);
  });

  it.each(named(bad))('%s is refused', (_name, vector) => {
    expect(refusal(() => read(vector)).code).toBe(vector.expectError);
  });

  it.each(['netlord-data-ingress', 'netlord-data-egress', 'netlord-data-max'])(
    '%s is written as it was read',
    (name) => {
      const bytes = octetsOf(name);
      const headers = frame.encode(frame.decode(bytes));
      expect(toHex(headers)).toBe(toHex(bytes.subarray(0, headers.length)));
    },
  );

  it('carries the inner frame to the last octet', () => {
    const bytes = octetsOf('netlord-data-ingress');
    expect(formatMac(bytes, frame.readHeaderLength(bytes, 0))).toBe('02:00:00:00:00:02');
    expect(frame.readEnd(bytes, 0)).toBe(bytes.length);
  });

  it('is at a server what the egress edge switch made of it', () => {
    const [sent, received] = [octetsOf('netlord-data-ingress'), octetsOf('netlord-data-egress')];
    const at = frame.readHeaderOffset(sent, 0);
    header.decrementTtl(sent, at);
    expect(toHex(sent.subarray(at))).toBe(toHex(received.subarray(frame.readHeaderOffset(received, 0))));
  });
});

describe('NL-ARP frames', () => {
  const high = 0x02e0;

  it('a broadcast has 60 octets, padding included', () => {
    const expected = octetsOf('nlarp-here-frame');
    const out = new Uint8Array(64).fill(0xa5);
    const at = nlArp.writeBroadcast(out, 2, high, 0x0000_0002, DEFAULT_VID);
    nlArp.encodeInto(nlArp.decode(expected, 18), out, at);
    expect(toHex(out)).toBe(`a5a5${toHex(expected)}a5a5`);
    expect([expected.length, at]).toEqual([nlArp.BROADCAST_LENGTH, 20]);
  });

  it('a unicast is a NetLord frame of protocol 254', () => {
    const expected = octetsOf('nlarp-nothere-frame');
    const out = new Uint8Array(nlArp.UNICAST_LENGTH);
    const at = nlArp.writeUnicastHeaders(out, 0, high, 1, high, 2, 101, 7, 0x0300_abcd);
    nlArp.encodeInto(nlArp.decode(expected, 38), out, at);
    expect(toHex(out)).toBe(toHex(expected));
  });

  it.each([
    ['a tagged broadcast', '81000001 88b5', 18],
    ['a broadcast from an access port', '88b5', 14],
    ['IPv4', '0800', -1],
    ['a tag with IPv4 behind it', '81000001 0800', -1],
  ])('finds the message in %s', (_name, types, expected) => {
    const bytes = octets(`ffffffffffff02e000000002${types.replace(' ', '')}`);
    expect(nlArp.findBroadcastMessage(bytes, 0, bytes.length)).toBe(expected);
    for (let end = 0; end < bytes.length; end++) expect(nlArp.findBroadcastMessage(bytes, 0, end)).toBe(-1);
  });
});
