import { describe, expect, it } from '@jest/globals';
import { IpAddress, PacketBuffer } from '@overlane/wire';
import fc from 'fast-check';
import type { Arena } from '../src/arena.js';
import { UnderlaySocket, type UnderlayOptions } from '../src/underlay-socket.js';
import { type Answer, fakeArena, FakeSystem } from './fake-system.js';

const EINTR = 4;
const EMSGSIZE = 90;

function open(options: Partial<UnderlayOptions> = {}) {
  const arena = fakeArena();
  const system = new FakeSystem();
  const local = IpAddress.parse('192.0.2.1');
  const transport = { protocol: 'udp', port: 4789 } as const;
  const port = new UnderlaySocket({ local, transport, batch: 8, arena, system, ...options });
  return { arena, system, port };
}

/** An IPv4 packet of `length` octets to 203.0.113.`last`. */
function packet(length = 40, last = 9): PacketBuffer {
  const bytes = new Uint8Array(length);
  bytes[0] = 0x45;
  bytes.set([203, 0, 113, last], 16);
  return new PacketBuffer(bytes);
}

/** The message headers that a sendmmsg or recvmmsg is given. */
function messages(arena: Arena, address: number, count: number) {
  const view = new DataView(arena.bytes.buffer);
  const pointer = (at: number): number => Number(view.getBigUint64(at, true)) - arena.baseAddress;
  return Array.from({ length: count }, (_, index) => {
    const offset = address - arena.baseAddress + index * 64;
    const vector = pointer(offset + 16);
    const length = view.getUint32(vector + 8, true);
    const name = pointer(offset);
    return { offset, name, control: pointer(offset + 32), data: pointer(vector), length, view };
  });
}

describe('UnderlaySocket sending', () => {
  it('takes the destination from the packet', () => {
    const { arena, system, port } = open();
    let names: string[] = [];
    system.answer('sendmmsg', (_fd, address, count) => {
      names = messages(arena, address!, count!).map(({ name }) =>
        Buffer.from(arena.bytes.subarray(name, name + 16)).toString('hex'),
      );
      return count!;
    });
    port.send(packet(40, 1));
    port.send(packet(40, 2));
    expect(port.flush()).toBe(0);
    expect(names).toEqual(['02000000cb0071010000000000000000', '02000000cb0071020000000000000000']);
    expect(port.statistics).toMatchObject({ sent: 2, sentOctets: 80, copied: 2 });
    expect(port.flush()).toBe(0);
    expect(system.count('sendmmsg')).toBe(1);
  });

  it('skips a packet that fails in mid-batch and goes on', () => {
    const { system, port } = open();
    system.answer('sendmmsg', 2, -EMSGSIZE, 1, -101, -105, 0);
    for (let length = 40; length < 47; length++) port.send(packet(length));
    expect(port.flush()).toBe(3);
    expect(port.statistics).toMatchObject({ sent: 4, refused: 3, EMSGSIZE: 1, ENETUNREACH: 1, ENOBUFS: 1 });
    expect(port.statistics.sentOctets).toBe(40 + 41 + 43 + 46);
  });

  it('counts every reason by its name', () => {
    const { system, port } = open();
    system.answer('sendmmsg', -11, -105, -90, -1, -101, -113, -22);
    for (let i = 0; i < 7; i++) port.send(packet());
    expect(port.flush()).toBe(7);
    const once = { EAGAIN: 1, ENOBUFS: 1, EMSGSIZE: 1, EPERM: 1, ENETUNREACH: 1, EHOSTUNREACH: 1, otherErrors: 1 };
    expect(port.statistics).toMatchObject({ ...once, lastErrno: 22, refused: 7, sent: 0 });
  });

  it('sends a full table by itself and reports its losses at the flush', () => {
    const { system, port } = open();
    system.answer('sendmmsg', -EMSGSIZE, 7);
    for (let i = 0; i < 9; i++) port.send(packet());
    expect(system.count('sendmmsg')).toBe(2);
    expect(port.flush()).toBe(1);
    expect(port.statistics).toMatchObject({ sent: 8, refused: 1 });
  });

  it('refuses what is no packet of its family', () => {
    const { system, port } = open();
    port.send(new PacketBuffer(new Uint8Array(19).fill(0x45)));
    port.send(new PacketBuffer(new Uint8Array(60).fill(0x60)));
    port.send(new PacketBuffer(new Uint8Array(0)));
    port.send(packet(3000));
    expect(port.flush()).toBe(4);
    expect(port.statistics).toMatchObject({ malformed: 4, refused: 4, copied: 0 });
    expect(system.count('sendmmsg')).toBe(0);
  });

  it('accounts for each packet, in bounded calls, whatever the system answers', () => {
    const answer = fc.oneof(fc.integer({ min: 1, max: 8 }), fc.constantFrom(-EINTR, -EMSGSIZE, -11, -105, -22));
    fc.assert(
      fc.property(
        fc.array(answer, { maxLength: 60 }),
        fc.integer({ min: 0, max: 20 }),
        fc.boolean(),
        (answers, total, storm) => {
          const { system, port } = open();
          const bounded = answers.map((value): Answer =>
            value > 0 ? (_fd, _table, count) => Math.min(value, count!) : value,
          );
          system.answer('sendmmsg', ...bounded);
          if (storm) system.always('sendmmsg', -EINTR);
          for (let i = 0; i < total; i++) port.send(packet());
          const lost = port.flush();
          const { sent, refused } = port.statistics;
          return sent + refused === total && lost === refused && system.count('sendmmsg') <= 3 * total;
        },
      ),
    );
  });
});

describe('UnderlaySocket receiving', () => {
  /** Fills message `index` as the kernel would. */
  function deliver(arena: Arena, address: number, index: number, length: number, flags = 0): void {
    const { offset, name, data, view } = messages(arena, address, index + 1)[index]!;
    arena.bytes.set([2, 0, 0xc0, 0x01, 198, 51, 100, 7], name);
    arena.bytes.fill(0x77, data, data + length);
    view.setUint32(offset + 40, 0, true);
    view.setUint32(offset + 48, flags, true);
    view.setUint32(offset + 56, length, true);
  }

  it('leaves truncated datagrams out and keeps the others in order', () => {
    const { arena, system, port } = open();
    system.answer('recvmmsg', (_fd, address) => {
      deliver(arena, address!, 0, 10);
      deliver(arena, address!, 1, 2082, 0x20);
      deliver(arena, address!, 2, 12);
      return 3;
    });
    expect(port.receive()).toBe(2);
    expect([port.packet(0).length, port.packet(1).length]).toEqual([38, 40]);
    const second = port.packet(1);
    expect(second.checksum).toBe('verified');
    expect(Buffer.from(second.copy()).toString('hex')).toBe(
      `45000028000040000011${checksumOf(second)}c6336407c0000201c00112b500140000${'77'.repeat(12)}`,
    );
    expect(port.statistics).toMatchObject({ received: 2, receivedOctets: 78, truncated: 1 });
  });

  it('tells the kernel the full lengths again before each batch', () => {
    const { arena, system, port } = open();
    system.answer('recvmmsg', (_fd, address) => {
      deliver(arena, address!, 0, 10);
      return 1;
    });
    port.receive();
    let lengths: number[] = [];
    system.answer('recvmmsg', (_fd, address, count) => {
      lengths = messages(arena, address!, count!).map(({ offset, view }) => view.getUint32(offset + 40, true));
      return -11;
    });
    expect(port.receive()).toBe(0);
    expect(lengths).toEqual(Array.from({ length: 8 }, () => 128));
  });

  it('takes ICMP errors off the socket and goes on', () => {
    const { arena, system, port } = open();
    system.answer('recvmmsg', -111, -113, (_fd, address) => {
      deliver(arena, address!, 0, 10);
      return 1;
    });
    expect(port.receive()).toBe(1);
    expect(port.statistics.receiveErrors).toBe(2);
    system.always('recvmmsg', -111);
    expect(port.receive()).toBe(0);
    expect(port.statistics.receiveErrors).toBe(6);
  });
});

describe('UnderlaySocket opening', () => {
  it.each([
    [
      'socket',
      1,
      'E_NETIO_NO_PERMISSION',
      'udp 192.0.2.1:4789: not permitted to open a socket (EPERM); raw sockets need',
    ],
    ['bind', 98, 'E_NETIO_ADDRESS_IN_USE', 'could not bind to the address (EADDRINUSE); close the program'],
    ['bind', 99, 'E_NETIO_ADDRESS_NOT_AVAILABLE', 'could not bind to the address (EADDRNOTAVAIL); give it to'],
    ['setsockopt', 92, 'E_NETIO_NOT_SUPPORTED', 'could not ask for the TOS of packets (ENOPROTOOPT); this kernel'],
  ] as const)('%s failing with %d: a typed error, and nothing is kept', (call, errno, code, message) => {
    const system = new FakeSystem().answer(call, -errno);
    expect(() => open({ system })).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(message) }),
    );
    expect(system.openFds.size).toBe(0);
  });

  it('gives the first socket back when the second fails', () => {
    const system = new FakeSystem().answer('bind', 0, -99);
    expect(() => open({ system })).toThrow();
    expect(system.count('socket')).toBe(2);
    expect(system.openFds.size).toBe(0);
  });

  it('falls back to ordinary socket buffers without the right to force them', () => {
    const forced: number[] = [];
    const system = new FakeSystem().always('setsockopt', (_fd, _level, option) => {
      forced.push(option!);
      return option === 32 || option === 33 ? -1 : 0;
    });
    const { port } = open({ system });
    expect(forced).toEqual(expect.arrayContaining([33, 8, 32, 7]));
    port.close();
    port.close();
    expect(system.openFds.size).toBe(0);
  });

  it.each([
    { transport: { protocol: 'udp', port: 0 } },
    { transport: { protocol: 'udp', port: 65_536 } },
    { transport: { protocol: 0 } },
    { transport: { protocol: 255 } },
    { batch: 2000 },
    { mtu: 10 },
    { local: IpAddress.parse('::') },
    { local: IpAddress.parse('224.0.0.1') },
  ] as Partial<UnderlayOptions>[])('refuses %j', (options) => {
    expect(() => open(options)).toThrow(expect.objectContaining({ code: 'E_NETIO_BAD_OPTION' }));
  });
});

/** The IPv4 header checksum of a packet, summed here a second way: over the words, end-around. */
function checksumOf(outer: PacketBuffer): string {
  const header = outer.copy().subarray(0, 20);
  header.set([0, 0], 10);
  const view = new DataView(header.buffer);
  let sum = 0n;
  for (let i = 0; i < 20; i += 4) sum += BigInt(view.getUint32(i));
  return (0xffff - Number(sum % 0xffffn)).toString(16).padStart(4, '0');
}
