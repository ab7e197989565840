import { describe, expect, it } from '@jest/globals';
import { IpAddress } from '@overlane/wire';
import { PacketUnderlay, type PacketUnderlayOptions } from '../src/packet-underlay.js';
import { fakeKernel } from './fake-kernel.js';
import { fakeArena } from './fake-system.js';
import { open } from './packet-fixture.js';

describe('PacketUnderlay opening', () => {
  it.each([
    [
      'socket',
      [0, 0, -1],
      'E_NETIO_NO_PERMISSION',
      'not permitted to open a packet socket (EPERM); packet sockets need',
    ],
    [
      'socket',
      [0, 0, -97],
      'E_NETIO_NOT_SUPPORTED',
      'could not open a packet socket (EAFNOSUPPORT); this kernel lacks',
    ],
    ['socket', [-24], 'E_NETIO_TOO_MANY_FILES', 'could not open a control socket (EMFILE); raise the limit'],
    ['ioctl', [-19], 'E_NETIO_NO_SUCH_DEVICE', 'eth0: could not find the interface (ENODEV); look for its name'],
    ['bind', [-98], 'E_NETIO_ADDRESS_IN_USE', 'could not bind to the address (EADDRINUSE); close the program'],
    ['bind', [0, -100], 'E_NETIO_DEVICE_DOWN', 'could not bind to the interface (ENETDOWN); bring it up'],
    [
      'setsockopt',
      [-12],
      'E_NETIO_NO_MEMORY',
      'could not attach a packet filter (ENOMEM); the kernel has no buffer left',
    ],
    [
      'setsockopt',
      [0, 0, 0, 0, -92],
      'E_NETIO_NOT_SUPPORTED',
      'could not leave out frames on their way out (ENOPROTOOPT)',
    ],
  ] as const)('%s answering %j: a typed error, and nothing is kept', (call, answers, code, message) => {
    const arena = fakeArena(1 << 22);
    const { system } = fakeKernel(arena);
    system.answer(call, ...answers);
    const attempt = () => open({ arena, system });
    expect(attempt).toThrow(expect.objectContaining({ code, message: expect.stringContaining(message) }));
    expect(system.openFds.size).toBe(0);
  });

  it('wants an Ethernet interface, and an address of this machine', () => {
    const arena = fakeArena(1 << 22);
    const { system, tables } = fakeKernel(arena);
    tables.hardwareType = 772;
    expect(() => open({ arena, system })).toThrow('needs an Ethernet interface');
    const transport = { protocol: 47 } as const;
    const nowhere = () => new PacketUnderlay({ local: IpAddress.parse('192.0.2.1'), transport, arena, system });
    expect(nowhere).toThrow(expect.objectContaining({ code: 'E_NETIO_ADDRESS_NOT_AVAILABLE' }));
    expect(system.openFds.size).toBe(0);
  });

  it('gives memory and sockets back', () => {
    const { arena, system, port } = open();
    port.close();
    port.close();
    expect([system.openFds.size, port.fds]).toEqual([0, []]);
    const used = arena.allocate(64);
    open({ arena, system }).port.close();
    expect(arena.allocate(64)).toBe(used + 64);
    const small = fakeArena(1 << 18);
    const kernel = fakeKernel(small);
    const attempt = () => open({ arena: small, system: kernel.system });
    expect(attempt).toThrow(expect.objectContaining({ code: 'E_NETIO_NO_MEMORY' }));
    expect(kernel.system.openFds.size).toBe(0);
  });

  it.each([
    { transport: { protocol: 'udp', port: 0 } },
    { transport: { protocol: 255 } },
    { batch: 0 },
    { mtu: 10 },
    { local: IpAddress.parse('0.0.0.0') },
  ] as Partial<PacketUnderlayOptions>[])('refuses %j', (options) => {
    expect(() => open(options)).toThrow(expect.objectContaining({ code: 'E_NETIO_BAD_OPTION' }));
  });
});
