import { describe, expect, it } from '@jest/globals';
import { ipv4 } from '@overlane/wire';
import fc from 'fast-check';
import { netlordFrame, netlordHeader, nlArpMessage } from '../src/arbitraries.js';
import {
  type AddressPlan,
  type NetlordHeader,
  ADDRESS_PLAN,
  NetlordView,
  addressPlan,
  frame,
  header,
  isPort,
  nlArp,
  tenantIdMax,
} from '../src/index.js';
import { refusal } from './refusal.js';
import { octetsOf } from './vector-file.js';

const sent = octetsOf('netlord-data-ingress');
const received = octetsOf('netlord-data-egress');
const plain: NetlordHeader = header.decode(received, 14);

/** The IPv4 header with one octet changed and the checksum made right again. */
function changed(at: number, value: number, bytes = received.subarray(14)): Uint8Array {
  const copy = bytes.slice();
  copy[at] = value;
  if (at !== 10) {
    copy.fill(0, 10, 12);
    let sum = 0;
    for (let i = 0; i < 20; i += 2) sum += (copy[i]! << 8) | copy[i + 1]!;
    while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
    copy.set([(~sum >>> 8) & 255, ~sum & 255], 10);
  }
  return copy;
}

describe('header faults, in order', () => {
  it.each([
    ['E_NL_HEADER', 0, 0x55, 'netlord: version and IHL at offset 0 must be 69, got 85'],
    ['E_NL_HEADER', 0, 0x46, 'netlord: version and IHL at offset 0 must be 69, got 70'],
    ['E_NL_CHECKSUM', 10, 0, 'netlord: checksum at offset 10 must be that of the header, got 122'],
    ['E_NL_PROTOCOL', 9, 252, 'netlord: protocol at offset 9 must be 253 or 254, got 252'],
    ['E_NL_PROTOCOL', 9, 255, 'netlord: protocol at offset 9 must be 253 or 254, got 255'],
    ['E_NL_FRAGMENT', 6, 0x00, 'netlord: flags and offset at offset 6 must be DF alone, got 0'],
    ['E_NL_FRAGMENT', 6, 0x60, 'netlord: flags and offset at offset 6 must be DF alone, got 24576'],
    ['E_NL_FRAGMENT', 7, 0x01, 'netlord: flags and offset at offset 6 must be DF alone, got 16385'],
    ['E_NL_TTL', 8, 0, 'netlord: ttl at offset 8 must be 1..255, got 0'],
    ['E_NL_PORT', 16, 0, 'netlord: port at offset 16 must be a forwardable first octet, got 0'],
    ['E_NL_PORT', 16, 127, 'netlord: port at offset 16 must be a forwardable first octet, got 127'],
    ['E_NL_PORT', 16, 128, 'netlord: port at offset 16 must be a forwardable first octet, got 128'],
    ['E_NL_VLAN_ID', 5, 0, 'netlord: vid at offset 4 must be 1..4094, got 0'],
    ['E_NL_INNER_TRUNCATED', 3, 33, 'netlord: totalLength at offset 2 must be at least 34, got 33'],
    ['E_NL_INNER_TRUNCATED', 3, 0, 'netlord: totalLength at offset 2 must be at least 34, got 0'],
    ['E_NL_TRUNCATED', 3, 79, 'netlord: header needs 79 octets at offset 0, 78 left'],
  ])('%s: octet %i is %i', (fault, at, value, message) => {
    const bytes = changed(at, value);
    expect(header.check(bytes)).toBe(fault);
    const error = refusal(() => header.decode(bytes));
    expect([error.code, error.message]).toEqual([fault, message]);
  });

  it('the first in order is named where several rules are broken', () => {
    const breakers: readonly (readonly [number, number, string])[] = [
      [0, 0x46, 'E_NL_HEADER'],
      [9, 17, 'E_NL_PROTOCOL'],
      [6, 0, 'E_NL_FRAGMENT'],
      [8, 0, 'E_NL_TTL'],
      [16, 127, 'E_NL_PORT'],
      [5, 0, 'E_NL_VLAN_ID'],
      [3, 20, 'E_NL_INNER_TRUNCATED'],
    ];
    for (let first = 0; first < breakers.length; first++) {
      let bytes: Uint8Array = received.slice(14);
      for (const [at, value] of breakers.slice(first)) bytes = changed(at, value, bytes);
      expect(header.check(bytes)).toBe(breakers[first]![2]);
      if (first > 0) expect(header.check(changed(10, bytes[10]! ^ 1, bytes))).toBe('E_NL_CHECKSUM');
    }
  });

  it.each(Array.from({ length: 20 }, (_, length) => length))('refuses %i octets', (length) => {
    expect(header.check(received, 14, 14 + length)).toBe('E_NL_TRUNCATED');
    expect(refusal(() => header.decode(received, 14, 14 + length)).detail).toMatchObject({
      offset: 14,
      actual: length,
    });
  });

  it('ignores the reserved bit and takes any TTL but 0', () => {
    expect(header.check(changed(6, 0xc0))).toBeUndefined();
    expect(header.decode(changed(8, 255)).ttl).toBe(255);
  });

  it('takes NL-ARP of any length, even none', () => {
    expect(header.check(changed(9, 254, changed(3, 20)))).toBeUndefined();
    expect(header.check(changed(9, 254, changed(3, 19)))).toBe('E_NL_INNER_TRUNCATED');
  });
});

describe('frame faults', () => {
  it.each(Array.from({ length: 38 }, (_, length) => length))('refuses a tagged frame of %i octets', (length) => {
    expect(frame.check(sent, 0, length)).toBe('E_NL_TRUNCATED');
    expect(refusal(() => frame.decode(sent, 0, length)).code).toBe('E_NL_TRUNCATED');
  });

  it.each(Array.from({ length: 34 }, (_, length) => length))('refuses an untagged frame of %i octets', (length) => {
    expect(frame.check(received, 0, length)).toBe('E_NL_TRUNCATED');
    expect(refusal(() => frame.decode(received, 0, length)).code).toBe('E_NL_TRUNCATED');
  });

  it('refuses what is not IPv4, with a tag or two', () => {
    const other = Uint8Array.from(received);
    other.set([0x86, 0xdd], 12);
    const double = Uint8Array.from(sent);
    double.set([0x81, 0x00], 16);
    expect([frame.check(other), frame.check(double)]).toEqual(['E_NL_HEADER', 'E_NL_HEADER']);
    expect(refusal(() => frame.decode(double)).message).toBe(
      'netlord-frame: etherType at offset 16 must be 2048, got 33024',
    );
  });

  it('compares the whole tag with the identification, priority included', () => {
    const bytes = Uint8Array.from(sent);
    bytes[14] = 0x20;
    expect(frame.check(bytes)).toBe('E_NL_VLAN_ID');
    expect(refusal(() => frame.decode(bytes)).message).toBe(
      "netlord: identification at offset 22 must be the tag's 8293, got 101",
    );
  });

  it('leaves padding out', () => {
    const padded = new Uint8Array(received.length + 20);
    padded.set(received);
    expect(frame.check(padded)).toBeUndefined();
    expect(frame.readEnd(padded, 0)).toBe(received.length);
  });
});

describe('encode refuses', () => {
  it.each<[string, Partial<NetlordHeader>]>([
    ['E_FIELD_RANGE', { dscp: 64 }],
    ['E_FIELD_RANGE', { ecn: 4 }],
    ['E_FIELD_RANGE', { totalLength: 0x1_0000 }],
    ['E_FIELD_RANGE', { totalLength: 34.5 }],
    ['E_NL_INNER_TRUNCATED', { totalLength: 33 }],
    ['E_NL_INNER_TRUNCATED', { protocol: 254, totalLength: 19 }],
    ['E_NL_PROTOCOL', { protocol: 17 as 253 }],
    ['E_NL_TTL', { ttl: 0 }],
    ['E_NL_TTL', { ttl: 256 }],
    ['E_NL_PORT', { port: 0 }],
    ['E_NL_PORT', { port: 127 }],
    ['E_NL_PORT', { port: 128 }],
    ['E_NL_PORT', { port: Number.NaN }],
    ['E_NL_PORT', { port: 1.5 }],
    ['E_NL_TENANT_RANGE', { tenantId: 2 ** 24 }],
    ['E_NL_TENANT_RANGE', { tenantId: -1 }],
    ['E_NL_MAC_AS_ID_RANGE', { macAsId: 2 ** 32 }],
    ['E_NL_MAC_AS_ID_RANGE', { macAsId: -1 }],
    ['E_NL_VLAN_ID', { tci: 0 }],
    ['E_NL_VLAN_ID', { tci: 4095 }],
    ['E_NL_VLAN_ID', { tci: 0x1_0001 }],
  ])('%s for %j', (code, part) => {
    const out = new Uint8Array(20).fill(0xa5);
    expect(refusal(() => header.encodeInto({ ...plain, ...part }, out)).code).toBe(code);
    expect(out).toEqual(new Uint8Array(20).fill(0xa5));
  });

  it('addresses that are none, and output that is too short', () => {
    const value = frame.decode(sent);
    expect(refusal(() => frame.encode({ ...value, source: new Uint8Array(5) })).code).toBe('E_FIELD_RANGE');
    expect(refusal(() => frame.encode({ ...value, destination: new Uint8Array(7) })).code).toBe('E_FIELD_RANGE');
    expect(refusal(() => frame.encodeInto(value, new Uint8Array(37))).code).toBe('E_OUTPUT_TRUNCATED');
    expect(refusal(() => header.encodeInto(plain, new Uint8Array(20), 1)).code).toBe('E_OUTPUT_TRUNCATED');
  });
});

describe('view', () => {
  it('reads in place and moves', () => {
    const bytes = Uint8Array.of(...sent, ...received);
    const view = new NetlordView(bytes, 18);
    const read = (): unknown[] => [view.totalLength, view.vid, view.ttl, view.protocol, view.macAsId, view.port];
    expect([...read(), view.tenantId]).toEqual([78, 101, 2, 253, 7, 12, 0xabcd]);
    expect([view.at(bytes, sent.length + 14).ttl, view.at(sent).offset]).toEqual([1, 0]);
    expect(new NetlordView(received, 14, addressPlan({ portBits: 12 })).port).toBe(0xc0);
  });
});

describe('checksum', () => {
  it('is the one that summing the header gives, at the ends of every field', () => {
    fc.assert(
      fc.property(netlordHeader(), (value) => {
        const octets = header.encode(value);
        const again = octets.slice();
        ipv4.writeChecksum(again, 0);
        if (!octets.every((octet, i) => octet === again[i])) throw new Error('checksums differ');
      }),
    );
  });

  it('holds after each hop', () => {
    fc.assert(
      fc.property(netlordHeader(), (value) => {
        const packet = new Uint8Array(value.totalLength);
        header.encodeInto(value, packet);
        header.decrementTtl(packet, 0);
        return header.check(packet) === (value.ttl === 1 ? 'E_NL_TTL' : undefined);
      }),
    );
  });
});

describe('address plan', () => {
  const wide = addressPlan({ widePorts: 'accepted' });
  const twelve = addressPlan({ portBits: 12 });

  it.each<[string, AddressPlan, number[], number[]]>([
    ['8 bits', ADDRESS_PLAN, [1, 126], [0, 127, 128, 223, 256]],
    ['8 bits, wide', wide, [1, 126, 128, 223], [0, 127, 224, 255]],
    ['12 bits', twelve, [16, 2031], [0, 15, 2032, 2048, 4096]],
    ['12 bits, wide', addressPlan({ portBits: 12, widePorts: 'accepted' }), [16, 2048, 3583], [2047, 3584]],
  ])('with %s', (_name, plan, good, bad) => {
    expect(good.map((port) => isPort(port, plan))).toEqual(good.map(() => true));
    expect(bad.map((port) => isPort(port, plan))).toEqual(bad.map(() => false));
  });

  it('gives the port bits of the tenant', () => {
    expect([ADDRESS_PLAN, twelve].map(tenantIdMax)).toEqual([0xff_ffff, 0xf_ffff]);
    const octets = header.encode({ ...plain, port: 0x123, tenantId: 0x4_5678 }, twelve);
    expect([...octets.subarray(16)]).toEqual([0x12, 0x34, 0x56, 0x78]);
    expect(refusal(() => header.encode({ ...plain, port: 16, tenantId: 2 ** 20 }, twelve)).code).toBe(
      'E_NL_TENANT_RANGE',
    );
  });

  it.each([7, 13, 8.5, Number.NaN])('refuses %d port bits', (portBits) => {
    expect(refusal(() => addressPlan({ portBits })).code).toBe('E_FIELD_RANGE');
  });

  it.each([8, 9, 10, 11, 12])('carries frames and messages with %i port bits', (portBits) => {
    for (const widePorts of ['accepted', 'refused'] as const) {
      const plan = addressPlan({ portBits, widePorts });
      fc.assert(
        fc.property(netlordFrame(plan), nlArpMessage(plan), (value, message) => {
          const packet = new Uint8Array(38 + value.header.totalLength);
          const at = frame.encodeInto(value, packet, 0, plan);
          const { port, tenantId } = frame.decode(packet, 0, at - 20 + value.header.totalLength, plan).header;
          const again = nlArp.decode(nlArp.encode(message, plan), 0, 24, plan);
          return (
            port === value.header.port &&
            tenantId === value.header.tenantId &&
            again.port === message.port &&
            again.tenantId === message.tenantId &&
            again.generation === message.generation
          );
        }),
      );
    }
  });
});
