import { describe, expect, it } from '@jest/globals';
import { checksum, icmpv4, icmpv6, ipv6, parseIpv6 } from '../src/index.js';

const octets = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'));

describe('ICMP', () => {
  it('echo: identifier, sequence number, checksum over the data too', () => {
    const message = Uint8Array.of(...icmpv4.encode({ type: 8, code: 0, checksum: 0, rest: 0x1234_0007 }), 1, 2, 3);
    icmpv4.writeChecksum(message, 0, message.length);
    // By hand: 0800 + 1234 + 0007 + 0102 + 0300 = 1e3d.
    expect(icmpv4.decode(message).checksum).toBe(0xe1c2);
    expect([
      icmpv4.readType(message, 0),
      icmpv4.readIdentifier(message, 0),
      icmpv4.readSequenceNumber(message, 0),
    ]).toEqual([icmpv4.TYPE.ECHO_REQUEST, 0x1234, 7]);
    expect(icmpv4.checkChecksum(message, 0, message.length)).toBeUndefined();
    message[9]! ^= 1;
    expect(icmpv4.checkChecksum(message, 0, message.length)).toBe('E_ICMP_BAD_CHECKSUM');
  });

  it('fragmentation needed: the next-hop MTU', () => {
    const { UNREACHABLE } = icmpv4.TYPE;
    const message = icmpv4.encode({
      type: UNREACHABLE,
      code: icmpv4.UNREACHABLE_CODE.FRAGMENTATION_NEEDED,
      checksum: 0,
      rest: 1450,
    });
    expect([icmpv4.readCode(message, 0), icmpv4.readNextHopMtu(message, 0)]).toEqual([4, 1450]);
  });
});

describe('ICMPv6', () => {
  it('packet too big: 32 bits of MTU', () => {
    const message = icmpv6.encode({ type: icmpv6.TYPE.PACKET_TOO_BIG, code: 0, checksum: 0, rest: 0x1_0000 });
    expect(icmpv6.readMtu(message, 0)).toBe(65536);
  });

  it('sums the pseudo-header', () => {
    const message = octets('8000000000010001');
    const header = ipv6.encode({
      dscp: 0,
      ecn: 0,
      flowLabel: 0,
      payloadLength: message.length,
      nextHeader: icmpv6.IP_PROTOCOL,
      hopLimit: 255,
      source: parseIpv6('fe80::1'),
      destination: parseIpv6('ff02::1'),
    });
    const pseudo = checksum.pseudoHeaderV6(header, 0, icmpv6.IP_PROTOCOL, message.length);
    icmpv6.writeChecksum(message, 0, message.length, pseudo);
    // By hand: fe80 + 1 + ff02 + 1 + 8 + 3a + 8000 + 1 + 1 = 27dc8, folded 7dca, complement 8235.
    expect(icmpv6.decode(message).checksum).toBe(0x8235);
    expect(icmpv6.checkChecksum(message, 0, message.length, pseudo)).toBeUndefined();
    expect(icmpv6.checkChecksum(message, 0, message.length)).toBe('E_ICMP_BAD_CHECKSUM');
  });
});
