import { describe, expect, it } from '@jest/globals';
import { type Fault, PacketBuffer, TunnelMetadata, checksum, ipv4 } from '@overlane/wire';
import { type SttOptions, SttEncapsulation, segment } from '../src/index.js';
import { arrivals, receive, tcpSumIsRight, vector } from './endpoints.js';

describe('rules', () => {
  const good = arrivals(vector('stt-tcp4-partial'))[0]!.copy();
  const edited = (edit: (ip: Uint8Array) => void): PacketBuffer => {
    const bytes = good.slice();
    edit(bytes);
    ipv4.writeChecksum(bytes, 0);
    segment.writeChecksum(bytes, 20, 0);
    const pseudo = checksum.pseudoHeaderV4(bytes, 0, 6, bytes.length - 20);
    segment.writeChecksum(bytes, 20, checksum.compute(bytes, 20, bytes.length, pseudo));
    return new PacketBuffer(bytes);
  };

  const cases: readonly [string, Fault, (ip: Uint8Array) => void, SttOptions?][] = [
    ['S1 another protocol', 'E_STT_WRONG_PROTOCOL', (ip) => (ip[9] = 17)],
    ['S3 port', 'E_STT_WRONG_PORT', (ip) => (ip[23] = 0)],
    ['S3 comes before S4', 'E_STT_WRONG_PORT', (ip) => ip.set([0x10], 32) ?? (ip[23] = 0)],
    ['S7 frame length', 'E_STT_FRAME_TOO_SHORT', (ip) => ip.set([0, 17], 24)],
    ['S8 bounds', 'E_STT_SEGMENT_OUT_OF_BOUNDS', (ip) => (ip[27] = 1)],
    ['F1 version', 'E_STT_UNSUPPORTED_VERSION', (ip) => (ip[40] = 1)],
    ['F2 C and P', 'E_STT_FLAGS_CONFLICT', (ip) => (ip[41] = 0x0f)],
    ['F4 L4 offset', 'E_STT_BAD_L4_OFFSET', (ip) => (ip[42] = 33)],
    ['F5 IPv6 flag', 'E_STT_BAD_L4_OFFSET', (ip) => (ip[41] = 0x0a)],
    ['F5 UDP flag', 'E_STT_OFFLOAD_MISMATCH', (ip) => (ip[41] = 0x06)],
    ['F5 EtherType', 'E_STT_OFFLOAD_MISMATCH', (ip) => (ip[70] = 9)],
    ['F5 another L4 offset', 'E_STT_OFFLOAD_MISMATCH', (ip) => (ip[42] = 38)],
    ['F6 CE around Not-ECT', 'E_ECN_DROP', (ip) => (ip[1] = 3)],
    ['F6 comes before F7', 'E_ECN_DROP', (ip) => (ip[1] = 3), { networks: new Set() }],
    ['F7 context', 'E_STT_UNKNOWN_CONTEXT', () => undefined, { networks: new Set([1]) }],
    ['F7 context from 2^53 on', 'E_STT_UNKNOWN_CONTEXT', (ip) => ip.set([0, 0x20], 48)],
  ];
  it.each(cases.map(([rule, fault, edit, options = {}]) => [rule, { fault, edit, options }] as const))(
    '%s',
    (_rule, { fault, edit, options }) => {
      expect(receive([edited(edit)], options).outcome).toBe(fault);
    },
  );

  it('F7 serves what is in `networks`, and reads it on every frame', () => {
    const networks = new Set<number>();
    const endpoint = new SttEncapsulation({ networks });
    const tunnel = new TunnelMetadata();
    const outcome = (): unknown =>
      endpoint.decapsulate(
        edited(() => undefined),
        tunnel,
        0,
      );
    expect(outcome()).toBe('E_STT_UNKNOWN_CONTEXT');
    networks.add(0xabcde);
    expect([outcome(), tunnel.network]).toEqual([undefined, 0xabcde]);
  });

  it('S4 in strict mode refuses TCP options', () => {
    const options = good.slice(0, 40);
    const bytes = Uint8Array.of(...options, 1, 1, 1, 1, ...good.subarray(40));
    bytes[32] = 0x60;
    bytes[3]! += 4;
    ipv4.writeChecksum(bytes, 0);
    segment.writeChecksum(bytes, 20, 0);
    const pseudo = checksum.pseudoHeaderV4(bytes, 0, 6, bytes.length - 20);
    segment.writeChecksum(bytes, 20, checksum.compute(bytes, 20, bytes.length, pseudo));
    expect(receive([new PacketBuffer(bytes.slice())], { tcpOptions: 'refused' }).outcome).toBe('E_STT_TCP_OPTIONS');
    expect(receive([new PacketBuffer(bytes)]).outcome).toBeUndefined();
  });

  it('datagrams with an MSS are delivered if they fit the egress, else refused', () => {
    const udp = arrivals(vector('stt-udp4-partial'))[0]!.copy();
    udp.set([1, 0], 44);
    segment.writeChecksum(udp, 20, 0);
    const pseudo = checksum.pseudoHeaderV4(udp, 0, 6, udp.length - 20);
    segment.writeChecksum(udp, 20, checksum.compute(udp, 20, udp.length, pseudo));
    expect(receive([new PacketBuffer(udp.slice())]).outcome).toBeUndefined();
    expect(receive([new PacketBuffer(udp)], { egressMtu: 20 }).outcome).toBe('E_STT_UDP_SEGMENTATION_UNSUPPORTED');
  });

  it('the flag bit order is the tunnel\u2019s: the same octets, read the other way', () => {
    const packet = (): PacketBuffer => arrivals(vector('stt-flags-msb-order-default'))[0]!;
    const lsb = receive([packet()]);
    expect([lsb.endpoint.warnings.reservedFlagBits, lsb.endpoint.warnings.offloadFieldsWithoutPartial]).toEqual([1, 1]);
    const msb = receive([packet()], { flagBitOrder: 'msb' });
    expect([msb.outcome, tcpSumIsRight(msb.packet), tcpSumIsRight(lsb.packet)]).toEqual([undefined, true, false]);
  });

  it('gives up incomplete frames in time, which are told of', () => {
    const endpoint = new SttEncapsulation({ timeoutMs: 100 });
    const [first] = arrivals(vector('stt-hole-timeout'));
    expect(endpoint.decapsulate(first!, new TunnelMetadata(), 0)).toBe('incomplete');
    endpoint.tick(100);
    expect(endpoint.reassembly.takeEvents().map(({ fault }) => fault)).toEqual(['E_STT_REASM_TIMEOUT']);
  });
});
