import { describe, expect, it } from '@jest/globals';
import { IpAddress } from '@overlane/wire';
import fc from 'fast-check';
import { RoutingTables } from '../src/netlink.js';
import { NextHops } from '../src/next-hops.js';
import { fakeKernel, INTERFACE_INDEX, OUR_MAC } from './fake-kernel.js';
import { fakeArena } from './fake-system.js';

const REACHABLE = 2;
const STALE = 4;
const INCOMPLETE = 1;
const PEER_MAC = '0200000000bb';

function open(local = '192.0.2.1') {
  const arena = fakeArena(1 << 13);
  const { system, tables } = fakeKernel(arena);
  const routing = new RoutingTables(arena, system);
  const address = IpAddress.parse(local);
  const hops = new NextHops(routing, address, INTERFACE_INDEX, Buffer.from(OUR_MAC, 'hex'));
  const find = (name: string) => {
    const bytes = new Uint8Array(20);
    IpAddress.parse(name).write(bytes, 2);
    const { isDirect, header } = hops.find(bytes, 2);
    return isDirect ? Buffer.from(header).toString('hex') : 'kernel';
  };
  return { find, hops, routing, system, tables };
}

describe('NextHops', () => {
  it('asks the kernel once, and once a second while in use', () => {
    const { find, hops, tables } = open();
    tables.routes.set('192.0.2.2', { index: INTERFACE_INDEX });
    tables.neighbors.set('192.0.2.2', { state: REACHABLE, mac: PEER_MAC });
    for (let i = 0; i < 100; i++) expect(find('192.0.2.2')).toBe(PEER_MAC + OUR_MAC + '0800');
    hops.refresh(999);
    expect(tables.lookUps).toBe(1);
    tables.neighbors.set('192.0.2.2', { state: REACHABLE, mac: '0200000000cc' });
    hops.refresh(1000);
    expect([tables.lookUps, find('192.0.2.2')]).toEqual([2, '0200000000cc' + OUR_MAC + '0800']);
    hops.refresh(2000);
    hops.refresh(3000);
    expect([tables.lookUps, hops.size]).toEqual([3, 0]);
  });

  it.each([
    ['192.0.2.1', '198.51.100.9', '192.0.2.254', '0800'],
    ['2001:db8::1', '2001:db8:5::9', 'fe80::1', '86dd'],
    ['192.0.2.1', '198.51.100.9', 'fe80::1', '0800'],
  ])('from %s to %s by the gateway %s', (local, destination, gateway, etherType) => {
    const { find, tables } = open(local);
    tables.routes.set(destination, { index: INTERFACE_INDEX, gateway });
    tables.neighbors.set(gateway, { state: REACHABLE, mac: PEER_MAC });
    expect(find(destination)).toBe(PEER_MAC + OUR_MAC + etherType);
  });

  it('leaves to the kernel what it must find first, and asks again ever more rarely', () => {
    const { find, tables } = open();
    tables.routes.set('192.0.2.2', { index: INTERFACE_INDEX });
    tables.neighbors.set('192.0.2.2', { state: INCOMPLETE, mac: '000000000000' });
    const ways = Array.from({ length: 1000 }, () => find('192.0.2.2'));
    expect([new Set(ways), tables.lookUps]).toEqual([new Set(['kernel']), 10]);
    expect(tables.used).toEqual(Array.from({ length: 10 }, () => '192.0.2.2'));
    tables.neighbors.set('192.0.2.2', { state: REACHABLE, mac: PEER_MAC });
    const after = Array.from({ length: 1024 }, () => find('192.0.2.2'));
    expect(after.at(-1)).toBe(PEER_MAC + OUR_MAC + '0800');
  });

  it('uses a stale neighbour, and has the kernel make sure of it', () => {
    const { find, tables } = open();
    tables.routes.set('192.0.2.2', { index: INTERFACE_INDEX });
    tables.neighbors.set('192.0.2.2', { state: STALE, mac: PEER_MAC });
    expect(find('192.0.2.2')).toBe(PEER_MAC + OUR_MAC + '0800');
    expect(tables.used).toEqual(['192.0.2.2']);
  });

  it('leaves to the kernel what has no route, another interface, or is this machine', () => {
    const { find, tables } = open();
    tables.routes.set('192.0.2.3', { index: INTERFACE_INDEX + 1 });
    tables.routes.set('192.0.2.1', { index: 1, type: 2 });
    tables.neighbors.set('192.0.2.3', { state: REACHABLE, mac: PEER_MAC });
    expect(['192.0.2.1', '192.0.2.2', '192.0.2.3'].map(find)).toEqual(['kernel', 'kernel', 'kernel']);
    expect(tables.used).toEqual([]);
  });

  it('knows the hardware addresses of groups', () => {
    const four = open();
    expect(four.find('239.129.2.3')).toBe('01005e010203' + OUR_MAC + '0800');
    expect(four.find('255.255.255.255')).toBe('ffffffffffff' + OUR_MAC + '0800');
    expect(open('2001:db8::1').find('ff02::1:ff01:203')).toBe('3333ff010203' + OUR_MAC + '86dd');
    expect(four.tables.lookUps).toBe(0);
  });

  it('follows the hardware address of its own interface', () => {
    const { find, hops } = open();
    find('239.1.1.1');
    hops.setHardwareAddress(Buffer.from('0200000000dd', 'hex'));
    expect(find('239.1.1.1')).toBe('01005e010101' + '0200000000dd' + '0800');
  });

  it('remembers a bounded number of destinations, and forgets those not in use', () => {
    const { find, hops, tables } = open();
    const address = (i: number) => `10.1.${i >> 8}.${i & 255}`;
    for (let i = 0; i < 5000; i++) find(address(i));
    expect([hops.size, tables.lookUps > 4096]).toEqual([4096, true]);
    for (let step = 0; step < 2 * 128; step++) hops.refresh(2000 + 1000 * (step >> 7));
    expect(hops.size).toBe(0);
    tables.routes.set('10.1.0.1', { index: INTERFACE_INDEX });
    tables.neighbors.set('10.1.0.1', { state: REACHABLE, mac: PEER_MAC });
    expect(find('10.1.0.1')).toBe(PEER_MAC + OUR_MAC + '0800');
  });

  it('keeps what it was told per destination, whatever is forgotten in between', () => {
    const names = ['192.0.2.2', '192.0.2.3', '192.0.2.4', '192.0.2.5'] as const;
    const action = fc.oneof(fc.constantFrom(...names), fc.constant('refresh' as const));
    fc.assert(
      fc.property(fc.array(action, { maxLength: 40 }), (actions) => {
        const { find, hops, tables } = open();
        names.forEach((name, index) => {
          tables.routes.set(name, { index: INTERFACE_INDEX });
          tables.neighbors.set(name, { state: REACHABLE, mac: `02000000000${index}` });
        });
        let nowMs = 0;
        return actions.every((step) => {
          if (step !== 'refresh') return find(step) === `02000000000${names.indexOf(step)}${OUR_MAC}0800`;
          hops.refresh((nowMs += 700));
          return hops.size <= names.length;
        });
      }),
    );
  });
});

describe('RoutingTables', () => {
  it('has no answer where netlink fails or answers nonsense', () => {
    const { routing, system } = open();
    const ask = () => routing.findRoute(IpAddress.parse('192.0.2.1'), IpAddress.parse('192.0.2.2'), new IpAddress());
    system.answer('write', -105);
    expect(ask()).toBe(false);
    system.answer('read', -11);
    expect(ask()).toBe(false);
    system.answer('read', 5, 5);
    expect(ask()).toBe(false);
  });

  it('total: any answer is read within its bounds', () => {
    const octets = fc.array(fc.oneof(fc.nat(255), fc.constantFrom(0, 4, 8, 24, 28)), { maxLength: 80 });
    fc.assert(
      fc.property(octets, fc.constantFrom(24, 28), (body, type) => {
        const arena = fakeArena(1 << 13);
        const { system } = fakeKernel(arena);
        const routing = new RoutingTables(arena, system);
        let sequence = 0;
        system.always('write', (_fd, address, length) => {
          sequence = arena.words[(address! - arena.baseAddress + 8) >>> 2]!;
          return length!;
        });
        system.always('read', (_fd, address) => {
          const at = address! - arena.baseAddress;
          arena.bytes.set([16 + body.length, 0, 0, 0, type, 0, 0, 0], at);
          arena.words[(at + 8) >>> 2] = sequence;
          arena.bytes.set(body, at + 16);
          return 16 + body.length;
        });
        const address = IpAddress.parse('2001:db8::1');
        const found = routing.findRoute(address, address, new IpAddress());
        const state = routing.findNeighbor(address, 1);
        return typeof found === 'boolean' && ['known', 'stale', 'unknown'].includes(state);
      }),
    );
  });

  it('closes its socket, and fails typed without one', () => {
    const { routing, system } = open();
    routing.close();
    expect(system.openFds.size).toBe(0);
    const arena = fakeArena(1 << 13);
    const broken = fakeKernel(arena).system.answer('socket', -24);
    expect(() => new RoutingTables(arena, broken)).toThrow(expect.objectContaining({ code: 'E_NETIO_TOO_MANY_FILES' }));
  });
});
