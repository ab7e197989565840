import { describe, expect, it } from '@jest/globals';
import { errnoName, NetioError, systemError } from '../src/errors.js';
import { bringInterfaceUp, setInterfaceMtu } from '../src/interface-control.js';
import { enterNetworkNamespace, inNetworkNamespace } from '../src/network-namespace.js';
import { requirePlatform } from '../src/sys.js';
import { fakeArena, FakeSystem } from './fake-system.js';

describe('NetioError', () => {
  it('carries code, subject, errno and remedy', () => {
    const error = systemError(98, 'udp 192.0.2.1:4789', 'bind');
    expect(error).toMatchObject({ code: 'E_NETIO_ADDRESS_IN_USE', subject: 'udp 192.0.2.1:4789', errno: 'EADDRINUSE' });
    expect(error.message).toBe(
      'udp 192.0.2.1:4789: could not bind (EADDRINUSE); close the program (or kernel tunnel device) that holds the port, or choose another one',
    );
    expect(NetioError.is(error)).toBe(true);
    expect(NetioError.is(new Error('E_NETIO_SYSTEM'))).toBe(false);
    expect(NetioError.is(undefined)).toBe(false);
  });

  it('names error numbers', () => {
    expect([1, 11, 77, 90, 105, 9999].map(errnoName)).toEqual([
      'EPERM',
      'EAGAIN',
      'EBADFD',
      'EMSGSIZE',
      'ENOBUFS',
      'errno 9999',
    ]);
  });
});

describe('requirePlatform', () => {
  it.each([
    ['linux', 'x64', 'LE'],
    ['linux', 'arm64', 'LE'],
  ])('takes %s %s %s', (...platform) => {
    expect(() => requirePlatform(...platform)).not.toThrow();
  });

  it.each([
    ['darwin', 'arm64', 'LE'],
    ['win32', 'x64', 'LE'],
    ['linux', 's390x', 'BE'],
    ['linux', 'ia32', 'LE'],
  ])('refuses %s %s %s', (...platform) => {
    expect(() => requirePlatform(...platform)).toThrow(
      expect.objectContaining({ code: 'E_NETIO_UNSUPPORTED_PLATFORM', subject: `${platform[0]} ${platform[1]}` }),
    );
  });
});

describe('network namespaces', () => {
  it('are entered and left, and no descriptor stays', () => {
    const system = new FakeSystem();
    const order: number[] = [];
    system.always('setns', (fd) => {
      order.push(fd!);
      return 1;
    });
    expect(inNetworkNamespace('blue', () => order.length, system)).toBe(1);
    expect(order).toEqual([11, 10]);
    expect(() =>
      inNetworkNamespace(
        'blue',
        () => {
          throw new Error('inside');
        },
        system,
      ),
    ).toThrow('inside');
    expect(order).toEqual([11, 10, 13, 12]);
    expect(system.openFds.size).toBe(0);
  });

  it('fail typed', () => {
    const attempt = (system: FakeSystem) => () => enterNetworkNamespace('blue', system);
    const missing = 'blue: no network namespace at /var/run/netns/blue (ENOENT)';
    expect(attempt(new FakeSystem().answer('open', -2))).toThrow(
      expect.objectContaining({ code: 'E_NETIO_NO_SUCH_DEVICE', message: missing }),
    );
    const denied = new FakeSystem().answer('setns', -1);
    expect(attempt(denied)).toThrow(expect.objectContaining({ code: 'E_NETIO_NO_PERMISSION', errno: 'EPERM' }));
    expect(denied.openFds.size).toBe(0);
  });
});

describe('interfaces', () => {
  it('get an MTU and come up, other flags kept', () => {
    const arena = fakeArena();
    const system = new FakeSystem();
    const seen: (readonly [number, number])[] = [];
    system.always('ioctl', (_fd, request, address) => {
      const at = address! - arena.baseAddress + 16;
      if (request === 0x8913) arena.halfWords[at >>> 1] = 0x1002;
      seen.push([request!, arena.words[at >>> 2]!]);
      return 1;
    });
    setInterfaceMtu('eth0', 9000, arena, system);
    bringInterfaceUp('eth0', arena, system);
    expect(seen).toEqual([
      [0x8922, 9000],
      [0x8913, 0x1002],
      [0x8914, 0x1003],
    ]);
    expect(system.openFds.size).toBe(0);
  });

  it('fail typed', () => {
    const attempt = (errno: number) => () =>
      bringInterfaceUp('eth0', fakeArena(), new FakeSystem().answer('ioctl', -errno));
    expect(attempt(19)).toThrow(expect.objectContaining({ code: 'E_NETIO_NO_SUCH_DEVICE', errno: 'ENODEV' }));
    expect(attempt(1)).toThrow(expect.objectContaining({ code: 'E_NETIO_NO_PERMISSION' }));
    expect(() => setInterfaceMtu('eth0', 1, fakeArena(), new FakeSystem())).toThrow('mtu must be');
  });
});
