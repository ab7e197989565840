import { describe, expect, it } from '@jest/globals';
import { IpAddress, PacketBuffer } from '@overlane/wire';
import { readTunnelVnetHeader } from '../src/tunnel-vnet-header.js';
import type { TunUnderlayOptions } from '../src/tun-underlay.js';
import { DEVICE_MAC, openTun } from './tun-fixture.js';
import { tunnelPacket, workOf } from './tunnel-fixture.js';

const SEGMENTS = { payload: new Uint8Array(3000), segmentSize: 1000 };
const LINK = 38;
const EIO = -5;

describe('TunUnderlay opening', () => {
  it('makes a device without ARP, and the route to it', () => {
    const { port, kernel } = openTun();
    expect(port).toMatchObject({ name: 'udp 203.0.113.2:4789 on vtep0', device: 'vtep0', family: 4, fds: [10] });
    expect([kernel.interfaceFlags, kernel.vnetLength, kernel.asked]).toEqual([0x81, 24, [0x1ef]]);
    // RTM_NEWROUTE, create or replace: a /32 in the main table, of scope link, by interface 7.
    expect(kernel.route.slice(8, 16)).toBe('18000505');
    expect(kernel.route.slice(32)).toBe(`02200000fe04fd0100000000${'08000100cb007102'}${'0800040007000000'}`);
    const six = openTun({ local: IpAddress.parse('2001:db8:77::2') });
    expect(six.kernel.route.slice(32, 56)).toBe('0a800000fe04000100000000');
  });

  it.each([
    [0x1ff, true, 24, [0x1ef]],
    [0x7f, false, 10, [0x1ef, 0x6f]],
    [0x1f, false, 10, [0x1ef, 0x6f, 0x0f]],
  ])('does with what the kernel knows: offloads up to %i', (offloads, inside, vnetLength, asked) => {
    const { port, kernel } = openTun({}, { offloads });
    expect([port.finishesInside, kernel.vnetLength, kernel.asked]).toEqual([inside, vnetLength, asked]);
    const packet = tunnelPacket(SEGMENTS);
    expect(port.canFinish(packet)).toBe(inside);
  });

  it.each([
    [{ tunnelSegmentation: 'wrapper' }, [0x6f]],
    [{ offload: 'checksum' }, [1]],
    [{ offload: 'none' }, [0]],
  ] as const)('asks for no more than %j', (options, asked) => {
    const { port, kernel } = openTun(options);
    expect([port.finishesInside, kernel.vnetLength, kernel.asked]).toEqual([false, 10, asked]);
    expect(port.canFinish(tunnelPacket({}))).toBe(false);
  });

  it('refuses a host that does not forward, and says how', () => {
    const code = 'E_NETIO_NOT_FORWARDING';
    const message = expect.stringContaining('sysctl -w net.ipv4.ip_forward=1');
    expect(() => openTun({}, { forwarding: '0' })).toThrow(expect.objectContaining({ code, message }));
    const local = IpAddress.parse('2001:db8:77::2');
    const six = expect.stringContaining('net.ipv6.conf.all.forwarding=1');
    expect(() => openTun({ local }, { forwarding: '0' })).toThrow(expect.objectContaining({ code, message: six }));
  });

  it('refuses an address of the host, whose packets its kernel would keep', () => {
    const local = IpAddress.parse('127.0.0.1');
    const message =
      'udp 127.0.0.1:4789: local must not be an address of the host, but lo has it; choose one of its own';
    expect(() => openTun({ local })).toThrow(expect.objectContaining({ code: 'E_NETIO_BAD_OPTION', message }));
  });

  it.each([{ transport: { protocol: 'udp', port: 0 } }, { batch: 0 }, { mtu: 10 }, { device: 'a/b' }] as const)(
    'refuses %j',
    (options: Partial<TunUnderlayOptions>) => {
      expect(() => openTun(options)).toThrow(expect.objectContaining({ code: 'E_NETIO_BAD_OPTION' }));
    },
  );

  it('gives device and memory back, also if the route is refused', () => {
    const { arena, port, system } = openTun();
    const used = arena.allocate(64);
    port.close();
    port.close();
    expect([system.openFds.size, port.fds]).toEqual([0, []]);
    expect(used).toBeGreaterThan(0);
    const failing = () => openTun({}, { routeErrno: 1 });
    const message = '203.0.113.2: not permitted to add a route to it (EPERM); run as root';
    expect(failing).toThrow(expect.objectContaining({ message: expect.stringContaining(message) }));
  });
});

describe('TunUnderlay sending', () => {
  it.each([4, 6] as const)('writes a super-frame as it is behind headers that say what is left, IPv%i', (outer) => {
    const local = IpAddress.parse(outer === 4 ? '203.0.113.2' : '2001:db8:77::2');
    const { arena, port, kernel } = openTun({ local });
    const packet = tunnelPacket({ ...SEGMENTS, outer });
    const own = new PacketBuffer(arena.bytes, arena.allocate(8192) + 1024);
    arena.bytes.fill(0xee, own.start - 64, own.start);
    arena.bytes.set(packet.view(), own.start);
    own.end = own.start + packet.length;
    own.copyOffload(packet);
    for (const field of ['checksumStart', 'checksumField', 'innerStart'] as const)
      own[field] += own.start - packet.start;
    for (const each of [packet, own]) expect([port.canFinish(each), port.send(each)]).toEqual([true, true]);
    for (const frame of kernel.written) {
      expect(Buffer.from(frame.subarray(24, LINK)).toString('hex')).toBe(
        DEVICE_MAC + DEVICE_MAC + (outer === 4 ? '0800' : '86dd'),
      );
      expect(Buffer.from(frame.subarray(LINK)).equals(packet.view())).toBe(true);
      const back = new PacketBuffer(frame, 24);
      const transport = LINK + (outer === 4 ? 20 : 40);
      expect(readTunnelVnetHeader(frame, 0, back, outer, transport)).toBeUndefined();
      back.start = LINK;
      expect(workOf(back)).toEqual(workOf(packet));
    }
    expect(arena.bytes.subarray(own.start - 64, own.start).every((octet) => octet === 0xee)).toBe(true);
    expect(port.flush()).toBe(0);
    expect(port.statistics).toMatchObject({ sent: 2, sentSuper: 2, sentUnfinished: 2, copied: 1, refused: 0 });
  });

  it('refuses what the kernel could not finish', () => {
    const { port, kernel } = openTun();
    const { port: checksums } = openTun({ offload: 'checksum' });
    const six = tunnelPacket({ ...SEGMENTS, outer: 6 });
    const nested = Object.assign(tunnelPacket(SEGMENTS), { innerStart: 1 });
    const tcp = tunnelPacket(SEGMENTS);
    tcp.bytes[tcp.start + 9] = 6;
    const options = tunnelPacket(SEGMENTS);
    options.bytes[options.start] = 0x46;
    for (const packet of [six, nested, tcp, options])
      expect([port.canFinish(packet), port.send(packet)]).toEqual([false, true]);
    expect(checksums.canFinish(tunnelPacket(SEGMENTS))).toBe(false);
    expect([kernel.written.length, port.flush(), port.flush()]).toEqual([0, 4, 0]);
    expect(port.statistics).toMatchObject({ refused: 4, unfinished: 4 });
  });

  it('takes outer segments as a packet underlay does', () => {
    const { port } = openTun();
    const datagrams = tunnelPacket({});
    const at = datagrams.start + 20;
    Object.assign(datagrams, {
      innerStart: 0,
      segmentType: 'udp',
      segmentSize: 50,
      checksumStart: at,
      checksumField: at + 6,
    });
    expect(port.canFinish(datagrams)).toBe(true);
    const { port: older } = openTun({}, { offloads: 0x1f });
    expect(older.canFinish(datagrams)).toBe(false);
  });

  it('counts what is lost by reason', () => {
    const { port, system } = openTun();
    system.answer('write', EIO, -22, -11);
    const whole = tunnelPacket({});
    whole.clearOffload();
    for (let i = 0; i < 3; i++) expect(port.send(whole)).toBe(true);
    expect(port.send(new PacketBuffer(new Uint8Array(40)))).toBe(true);
    expect(port.flush()).toBe(4);
    expect(port.statistics).toMatchObject({ ENETDOWN: 1, otherErrors: 1, lastErrno: 22, EAGAIN: 1, malformed: 1 });
  });
});
