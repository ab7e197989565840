import { describe, expect, it } from '@jest/globals';
import { IpAddress, ipv4 } from '@overlane/wire';
import fc from 'fast-check';
import { OuterHeaderFields } from '../src/control-message.js';
import { readInterfaceName, writeInterfaceRequest } from '../src/interface-control.js';
import { CONTROL_SPACE, MessageTable } from '../src/message-table.js';
import { writeIpv4Around, writeIpv6Around, writeUdp } from '../src/outer-header.js';
import { writeSocketAddress } from '../src/socket-address.js';
import { fakeArena } from './fake-system.js';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** A `struct cmsghdr` with its data, padded. */
function controlMessage(level: number, type: number, data: readonly number[]): number[] {
  const bytes = new Uint8Array(Math.ceil((16 + data.length) / 8) * 8);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(16 + data.length), true);
  view.setInt32(8, level, true);
  view.setInt32(12, type, true);
  bytes.set(data, 16);
  return [...bytes];
}

function readControl(octets: readonly number[]): OuterHeaderFields {
  const bytes = new Uint8Array(256).fill(0xaa);
  bytes.set(octets, 64);
  const fields = new OuterHeaderFields();
  fields.read(bytes, new Uint32Array(bytes.buffer), 64, octets.length);
  return fields;
}

describe('MessageTable', () => {
  it('lays out mmsghdr, iovec and pointers as <sys/socket.h> has them', () => {
    const arena = fakeArena();
    const table = new MessageTable(arena, 3, 'control');
    table.setBuffer(2, 4096, 1500);
    table.setLengths(2, 28, CONTROL_SPACE);
    const offset = table.address(2) - arena.baseAddress;
    expect(table.address(2) - table.address(1)).toBe(64);
    const view = new DataView(arena.bytes.buffer);
    const pointer = (at: number): number => Number(view.getBigUint64(at, true)) - arena.baseAddress;
    expect(pointer(offset)).toBe(table.nameOffset(2));
    expect(view.getUint32(offset + 8, true)).toBe(28);
    const vector = pointer(offset + 16);
    expect(view.getBigUint64(offset + 24, true)).toBe(1n);
    expect(pointer(offset + 32)).toBe(table.controlOffset(2));
    expect(view.getBigUint64(offset + 40, true)).toBe(BigInt(CONTROL_SPACE));
    expect(pointer(vector)).toBe(4096);
    expect(view.getBigUint64(vector + 8, true)).toBe(1500n);
    view.setUint32(offset + 48, 0x20, true);
    view.setUint32(offset + 56, 1234, true);
    expect([table.flags(2), table.length(2), table.controlLength(2)]).toEqual([0x20, 1234, CONTROL_SPACE]);
  });

  it('points to no control messages where it has none', () => {
    const arena = fakeArena();
    const offset = new MessageTable(arena, 1, 'plain').address(0) - arena.baseAddress;
    expect(new DataView(arena.bytes.buffer).getBigUint64(offset + 32, true)).toBe(0n);
  });
});

describe('socket addresses', () => {
  it('are sockaddr_in and sockaddr_in6', () => {
    const bytes = new Uint8Array(28).fill(0xff);
    expect(writeSocketAddress(bytes, 0, IpAddress.parse('192.0.2.1'), 4789)).toBe(16);
    expect(hex(bytes.subarray(0, 16))).toBe('020012b5c00002010000000000000000');
    expect(writeSocketAddress(bytes, 0, IpAddress.parse('2001:db8::1'), 4789)).toBe(28);
    expect(hex(bytes)).toBe('0a0012b50000000020010db800000000000000000000000100000000');
  });
});

describe('ifreq', () => {
  it('keeps names of 1 to 15 characters', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[!-.0-9;-~]{1,15}$/), (name) => {
        fc.pre(name !== '.' && name !== '..');
        const bytes = new Uint8Array(48).fill(0xff);
        writeInterfaceRequest(bytes, 4, name);
        return readInterfaceName(bytes, 4) === name && bytes[3] === 0xff && bytes[44] === 0xff && bytes[43] === 0;
      }),
    );
  });

  it.each(['', '.', '..', 'a/b', 'a:b', 'a b', 'tap\u00e9', 'x'.repeat(16), 'a\0b'])('refuses %j', (name) => {
    expect(() => writeInterfaceRequest(new Uint8Array(40), 0, name)).toThrow('interface name');
  });
});

describe('OuterHeaderFields', () => {
  it('reads TOS and TTL in either order', () => {
    const ttl = controlMessage(0, 2, [63, 0, 0, 0]);
    const tos = controlMessage(0, 1, [0xb9]);
    expect(readControl([...ttl, ...tos])).toMatchObject({ ttl: 63, classAndLabel: 0xb9 });
    expect(readControl([...tos, ...ttl])).toMatchObject({ ttl: 63, classAndLabel: 0xb9 });
  });

  it('reads hop limit, traffic class and flow label, and passes over what it does not know', () => {
    const octets = [
      ...controlMessage(
        1,
        29,
        Array.from({ length: 16 }, () => 0xff),
      ),
      ...controlMessage(41, 52, [255, 0, 0, 0]),
      ...controlMessage(41, 11, [0x02, 0xea, 0xbc, 0xde]),
    ];
    expect(readControl(octets)).toMatchObject({ ttl: 255, classAndLabel: 0x02eabcde });
  });

  it('forgets the last packet', () => {
    const fields = readControl(controlMessage(0, 2, [63, 0, 0, 0]));
    fields.read(new Uint8Array(8), new Uint32Array(2), 0, 0);
    expect(fields).toMatchObject({ ttl: 0, classAndLabel: 0 });
  });

  it('total: ends on all octets, with values in range', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.integer({ min: 0, max: 30 }), fc.nat(255)), { maxLength: 128 }), (octets) => {
        const { ttl, classAndLabel } = readControl(octets);
        return ttl >= 0 && ttl <= 255 && classAndLabel >= 0 && classAndLabel <= 0x0fffffff;
      }),
    );
  });
});

describe('outer headers', () => {
  const octet = fc.nat(255);

  it('IPv4: written around its addresses, and good to the codec', () => {
    const addresses = fc.uint8Array({ minLength: 8, maxLength: 8 });
    fc.assert(
      fc.property(
        addresses,
        fc.integer({ min: 20, max: 0xffff }),
        octet,
        octet,
        octet,
        (ends, length, protocol, tos, ttl) => {
          const bytes = new Uint8Array(3 + length).fill(0x5a, 0, 24);
          bytes.set(ends, 3 + 12);
          writeIpv4Around(bytes, 3, length, protocol, tos, ttl);
          if (ipv4.check(bytes, 3) !== undefined) throw new Error(`refused: ${ipv4.check(bytes, 3)}`);
          if (bytes[3 + 1] !== tos || bytes[3 + 8] !== ttl || bytes[3 + 9] !== protocol) return false;
          return (bytes[3 + 2]! << 8) + bytes[3 + 3]! === length && hex(bytes.subarray(15, 23)) === hex(ends);
        },
      ),
    );
  });

  it('IPv6 and UDP: every octet but the addresses', () => {
    const bytes = new Uint8Array(49).fill(0xcc);
    writeIpv6Around(bytes, 0, 0x1234, 17, 0x0ebabcde, 77);
    writeUdp(bytes, 40, 0xc001, 4789, 0x0123);
    expect(hex(bytes.subarray(0, 8))).toBe('6ebabcde1234114d');
    expect(hex(bytes.subarray(8, 40))).toBe('cc'.repeat(32));
    expect(hex(bytes.subarray(40))).toBe('c00112b501230000cc');
  });
});
