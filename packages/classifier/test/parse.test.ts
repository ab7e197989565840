import { IpAddress, TunnelMetadata, ethernet } from '@overlane/wire';
import * as arb from '@overlane/wire/arbitraries';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { FLOW_SCHEMA, FlowKey, parseFrame, parseIpPacket, readWideField } from '../src/index.js';
import { dissect } from './dissect.js';
import { frames, hostileFrames } from './packets.js';

const FIELDS = FLOW_SCHEMA.fields.filter(({ within }) => within === undefined);

const parsed = (bytes: Uint8Array, start = 0, end = bytes.length, into = new FlowKey()): FlowKey => {
  parseFrame(into, bytes, start, end);
  return into;
};

/** The names of fields in which a key differs from what it should be. */
const wrong = (key: FlowKey, expected: Readonly<Record<string, bigint>>): string[] =>
  FIELDS.filter((field) => readWideField(key.words, field) !== (expected[field.name] ?? 0n)).map(({ name }) => name);

const requireSame = (key: FlowKey, expected: Readonly<Record<string, bigint>>, bytes: Uint8Array): void => {
  const fields = wrong(key, expected);
  if (fields.length > 0)
    throw new Error(`${fields.join()} of ${key.format()}, from ${Buffer.from(bytes).toString('hex')}`);
};

describe('parseFrame', () => {
  it('reads what the headers say', () => {
    const key = new FlowKey();
    fc.assert(fc.property(frames, (bytes) => requireSame(parsed(bytes, 0, bytes.length, key), dissect(bytes), bytes)));
  });

  it('total: reads what is there of any octets', () => {
    const key = new FlowKey();
    fc.assert(
      fc.property(hostileFrames, (bytes) => requireSame(parsed(bytes, 0, bytes.length, key), dissect(bytes), bytes)),
    );
  });

  it('never looks outside its window, wherever the packet is cut', () => {
    const [key, alone] = [new FlowKey(), new FlowKey()];
    fc.assert(
      fc.property(frames, fc.nat(), fc.uint8Array({ maxLength: 16 }), (bytes, cut, before) => {
        const start = before.length;
        const end = start + (cut % (bytes.length + 1));
        const around = Uint8Array.from([...before, ...bytes, 0x12, 0x34]);
        parsed(around, start, end, key);
        return key.equals(parsed(bytes.slice(0, end - start), 0, end - start, alone));
      }),
    );
  });

  it('keys are equal only if the headers are', () => {
    fc.assert(
      fc.property(hostileFrames, fc.nat(), fc.integer({ min: 1, max: 255 }), (bytes, at, change) => {
        if (bytes.length === 0) return true;
        const other = bytes.slice();
        other[at % bytes.length]! ^= change;
        const [ours, theirs] = [dissect(bytes), dissect(other)];
        const isSame = FIELDS.every(({ name }) => (ours[name] ?? 0n) === (theirs[name] ?? 0n));
        return parsed(bytes).equals(parsed(other)) === isSame;
      }),
    );
  });

  it('tells a header that is not there from one full of zeros', () => {
    const link = { destination: new Uint8Array(6), source: new Uint8Array(6), tags: [] };
    const frame = (etherType: number, ...data: number[]): Uint8Array =>
      Uint8Array.from([...ethernet.encode({ ...link, etherType }), ...data]);
    const zeros = (length: number): number[] => new Array<number>(length).fill(0);
    const ip = [0x45, 0, 0, 20, ...zeros(16)];
    expect(parsed(frame(0x0800, ...ip)).format()).toBe('ip,packet_kind=eth,l3_present=1');
    expect(parsed(frame(0x0800, ...ip.slice(0, 19))).format()).toBe('ip,packet_kind=eth');
    expect(parsed(new Uint8Array(14)).format()).toBe('packet_kind=eth,eth_type=0x5ff');
    expect(parsed(new Uint8Array(13)).format()).toBe('');
    expect(parsed(frame(0x8847, 0, 0, 0, 0)).format()).toBe('mpls,packet_kind=eth,mpls_present=1');
    expect(parsed(Uint8Array.of(...zeros(12), 0x81, 0, 0, 0, 8, 0)).format()).toBe(
      'ip,packet_kind=eth,vlan_present=1,vlan_tpid=0x8100',
    );
  });

  it('notes port and tunnel', () => {
    const tunnel = Object.assign(new TunnelMetadata(), {
      network: 2 ** 40 + 5,
      dscp: 46,
      ecn: 1,
      ttl: 63,
      control: true,
    });
    tunnel.source.copy(IpAddress.parse('192.0.2.1'));
    tunnel.destination.copy(IpAddress.parse('192.0.2.2'));
    const key = new FlowKey();
    parseFrame(key, new Uint8Array(0), 0, 0, 7, tunnel);
    const text = `in_port=7,tun_id=${2 ** 40 + 5},tun_src=192.0.2.1,tun_dst=192.0.2.2,tun_family=4,tun_flags=control`;
    expect(key.format()).toBe(`${text},tun_tos=0xb9,tun_ttl=63`);
    tunnel.source.copy(IpAddress.parse('2001:db8::1'));
    parseFrame(key, new Uint8Array(0), 0, 0, 7, tunnel);
    expect(key.get('tun_src')).toBe((0x2001_0db8n << 96n) | 1n);
    expect(key.get('tun_family')).toBe(6);
  });

  it('reads IP without Ethernet as it does behind it', () => {
    fc.assert(
      fc.property(arb.frame(), (bytes) => {
        const key = new FlowKey();
        parseIpPacket(key, bytes, 14, bytes.length);
        const { eth_dst: _dst, eth_src: _src, ...fields } = dissect(bytes);
        const isIp = fields['eth_type'] === 0x0800n || fields['eth_type'] === 0x86ddn;
        if (isIp) requireSame(key, { ...fields, packet_kind: 2n }, bytes);
      }),
    );
    const key = new FlowKey();
    parseIpPacket(key, Uint8Array.of(0x12), 0, 1, 3);
    expect(key.format()).toBe('in_port=3');
  });
});

describe('a packed key', () => {
  const words = fc
    .array(fc.oneof(fc.constant(0), fc.integer()), { minLength: FLOW_SCHEMA.words, maxLength: FLOW_SCHEMA.words })
    .map((list) => Int32Array.from(list));
  const keyOf = (list: Int32Array): FlowKey => {
    const key = new FlowKey();
    key.words.set(list);
    key.pack();
    return key;
  };

  it('unpacks to the same words', () => {
    fc.assert(
      fc.property(words, words, (list, before) => {
        const key = keyOf(before);
        key.words.set(list);
        key.pack();
        key.words.fill(-1);
        key.unpack();
        return key.words.every((word, i) => word === list[i]);
      }),
    );
  });

  it('is equal to another exactly if the words are', () => {
    fc.assert(
      fc.property(words, fc.nat(FLOW_SCHEMA.words - 1), fc.integer(), (list, at, word) => {
        const other = list.slice();
        other[at] = word;
        const [a, b] = [keyOf(list), keyOf(other)];
        return a.equals(b) === (list[at] === word);
      }),
    );
  });

  it('is made from fields that have one value each', () => {
    const key = FlowKey.from({ eth_type: 0x800, ip_dst: '10.0.0.1', in_port: 7 });
    key.pack();
    expect(key.format()).toBe('ip,in_port=7,ip_dst=10.0.0.1');
    expect([key.get('in_port'), key.get('ip_dst'), key.packedLength]).toEqual([7, 0x0a00_0001n, 6]);
    const copy = new FlowKey();
    copy.copy(key);
    expect([copy.equals(key), `${copy}`]).toEqual([true, key.format()]);
    copy.clear();
    expect(copy.format()).toBe('');
    for (const ip_dst of ['10.0.0.0/8', { value: 0n, mask: 1n }]) {
      expect(() => FlowKey.from({ eth_type: 0x800, ip_dst })).toThrow(
        'ip_dst: in a key it has one value: no mask, no range (E_BAD_TEXT)',
      );
    }
    expect(() => FlowKey.from({ vlan_vid: [1, 5] })).toThrow('vlan_vid: in a key it has one value');
  });
});
