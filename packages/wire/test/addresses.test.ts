import { isIPv4, isIPv6 } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ipv4Address, ipv6Address, mac } from '../src/arbitraries.js';
import {
  CodecError,
  IpAddress,
  formatIpv4,
  formatIpv6,
  formatMac,
  ipv4Octets,
  isGroupMac,
  parseIpv4,
  parseIpv6,
  parseMac,
} from '../src/index.js';

function code(run: () => unknown): string | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    if (CodecError.is(error)) return error.code;
    throw error;
  }
}

const octets = (...groups: number[]): Uint8Array => Uint8Array.from(groups.flatMap((g) => [g >>> 8, g & 255]));

describe('MAC', () => {
  it('round trips', () => {
    fc.assert(fc.property(mac(), (address) => formatMac(parseMac(formatMac(address))) === formatMac(address)));
  });

  it('takes both separators and cases', () => {
    expect([...parseMac('52-54-00-AB-cd-0F')]).toEqual([0x52, 0x54, 0, 0xab, 0xcd, 0x0f]);
  });

  it.each(['', '52:54:00:00:00', '52:54:00:00:00:00:00', '52:54-00:00:00:00', '5:54:00:00:00:00', 'gg:00:00:00:00:00'])(
    "refuses '%s'",
    (text) => expect(code(() => parseMac(text))).toBe('E_ADDRESS_SYNTAX'),
  );

  it('knows group addresses', () => {
    const bytes = Uint8Array.of(0x33, 0x52, 0x01);
    expect([0, 1, 2].map((offset) => isGroupMac(bytes, offset))).toEqual([true, false, true]);
  });
});

describe('IPv4 text', () => {
  it('round trips', () => {
    fc.assert(fc.property(ipv4Address(), (address) => parseIpv4(formatIpv4(address)) === address));
  });

  it.each([
    '',
    '1.2.3',
    '1.2.3.4.5',
    '256.0.0.1',
    '01.2.3.4',
    '1.2.3.',
    ' 1.2.3.4',
    '1.2.3.4 ',
    '0x1.2.3.4',
    '1e1.2.3.4',
    '-1.2.3.4',
  ])("refuses '%s'", (text) => expect(code(() => parseIpv4(text))).toBe('E_ADDRESS_SYNTAX'));

  it('gives octets', () => expect([...ipv4Octets(0xc0000201)]).toEqual([192, 0, 2, 1]));
});

describe('IPv6 text', () => {
  it.each([
    // RFC 5952 §4 and §5, each rule with its example.
    [octets(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1), '2001:db8::1'],
    [octets(0x2001, 0xdb8, 0, 1, 1, 1, 1, 1), '2001:db8:0:1:1:1:1:1'],
    [octets(0x2001, 0, 0, 1, 0, 0, 0, 1), '2001:0:0:1::1'],
    [octets(0x2001, 0xdb8, 0, 0, 1, 0, 0, 1), '2001:db8::1:0:0:1'],
    [octets(0x2001, 0xdb8, 0xaaaa, 0xbbbb, 0xcccc, 0xdddd, 0xeeee, 0xaaaa), '2001:db8:aaaa:bbbb:cccc:dddd:eeee:aaaa'],
    [octets(0, 0, 0, 0, 0, 0xffff, 0xc000, 0x0201), '::ffff:192.0.2.1'],
    [octets(0, 0, 0, 0, 0, 0, 0, 0), '::'],
    [octets(0, 0, 0, 0, 0, 0, 0, 1), '::1'],
    [octets(1, 0, 0, 0, 0, 0, 0, 0), '1::'],
  ])('%p is %s', (address, text) => {
    expect(formatIpv6(address)).toBe(text);
    expect([...parseIpv6(text)]).toEqual([...address]);
  });

  it.each([
    ['::192.0.2.1', octets(0, 0, 0, 0, 0, 0, 0xc000, 0x0201)],
    ['64:ff9b::192.0.2.33', octets(0x64, 0xff9b, 0, 0, 0, 0, 0xc000, 0x0221)],
    ['0:0:0:0:0:0:0:0', octets(0, 0, 0, 0, 0, 0, 0, 0)],
    ['2001:DB8::A', octets(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0xa)],
    ['1:2:3:4:5:6:7::', octets(1, 2, 3, 4, 5, 6, 7, 0)],
  ])('reads %s', (text, address) => expect([...parseIpv6(text)]).toEqual([...address]));

  it.each([
    '',
    ':',
    ':::',
    '1::2::3',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '12345::',
    '::1%eth0',
    '1:2:3:4:5:6:7:8::',
    '::192.0.2',
    '192.0.2.1::',
    ':1::',
    '1:',
    '::192.0.2.1:1',
    'g::',
    '1:2:3:4:5:6:7:192.0.2.1',
  ])("refuses '%s'", (text) => expect(code(() => parseIpv6(text))).toBe('E_ADDRESS_SYNTAX'));

  it('round trips', () => {
    fc.assert(
      fc.property(ipv6Address(), (address) => {
        const text = formatIpv6(address);
        return isIPv6(text) && parseIpv6(text).every((octet, i) => octet === address[i]);
      }),
    );
  });

  it('agrees with the system about what is an address', () => {
    const pieces = fc.constantFrom('0', '1', 'ffff', '12345', ':', '::', '.', '192.0.2.1', 'g', '');
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 12 }), (parts) => {
        const text = parts.join('');
        const both = (code(() => parseIpv6(text)) === undefined) === isIPv6(text);
        return both && (code(() => parseIpv4(text)) === undefined) === isIPv4(text);
      }),
    );
  });
});

describe('IpAddress', () => {
  const texts = fc.oneof(
    ipv4Address().map(formatIpv4),
    ipv6Address().map((address) => formatIpv6(address)),
  );

  it('keeps what it is given', () => {
    fc.assert(
      fc.property(texts, texts, (first, second) => {
        const address = IpAddress.parse(first);
        const bytes = new Uint8Array(20).fill(0xa5);
        address.write(bytes, 2);
        const copy = IpAddress.parse(second);
        copy.read(bytes, 2, address.family);
        const equal = IpAddress.parse(second).equals(address);
        return copy.equals(address) && copy.toString() === address.toString() && equal === (first === second);
      }),
    );
  });

  it('writes only its octets', () => {
    const bytes = new Uint8Array(6);
    IpAddress.parse('255.255.255.255').write(bytes, 1);
    expect([...bytes]).toEqual([0, 255, 255, 255, 255, 0]);
    expect(IpAddress.parse('192.0.2.1').length).toBe(4);
    expect(IpAddress.parse('::').length).toBe(16);
  });

  it('tells ::102:304 from 1.2.3.4', () => {
    const address = new IpAddress();
    address.read(octets(0x0102, 0x0304, 0, 0, 0, 0, 0, 0), 0, 6);
    expect(address.equals(IpAddress.parse('1.2.3.4'))).toBe(false);
  });

  it.each([
    ['224.0.0.1', true],
    ['239.255.255.255', true],
    ['255.255.255.255', true],
    ['192.0.2.1', false],
    ['ff02::1', true],
    ['fe80::1', false],
  ])('%s multicast: %p', (text, expected) => expect(IpAddress.parse(text).isMulticast).toBe(expected));

  it('is text in JSON', () =>
    expect(JSON.stringify({ a: IpAddress.parse('2001:db8:0::1') })).toBe('{"a":"2001:db8::1"}'));
});
