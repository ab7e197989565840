import { describe, expect, it } from '@jest/globals';
import { PacketBuffer } from '@overlane/wire';
import type { Arena } from '../src/arena.js';
import { TapPort } from '../src/tap-port.js';
import { fakeArena, FakeSystem } from './fake-system.js';

const EINTR = -4;
const EIO = -5;
const EAGAIN = -11;
const ENOBUFS = -105;

function open(batch = 4): { port: TapPort; system: FakeSystem; arena: Arena } {
  const arena = fakeArena();
  const system = new FakeSystem();
  const port = new TapPort({ name: 'tap1', batch, arena, system });
  return { port, system, arena };
}

/** A frame in the arena, as a received one is. */
function ownFrame(arena: Arena): PacketBuffer {
  const offset = arena.allocate(256);
  arena.bytes.fill(0xee, offset, offset + 256);
  return new PacketBuffer(arena.bytes, offset + 66, offset + 126);
}

describe('TapPort', () => {
  it('reads behind a vnet header until nothing waits', () => {
    const { port, system, arena } = open();
    const reads: number[][] = [];
    const frame = (length: number) => (_fd: number, address: number, room: number) => {
      reads.push([address - arena.baseAddress, room]);
      return 10 + length;
    };
    system.answer('read', frame(60), EINTR, frame(100), EAGAIN);
    expect(port.receive()).toBe(2);
    expect([port.packet(0).length, port.packet(1).length]).toEqual([60, 100]);
    expect(port.packet(0).bytes).toBe(arena.bytes);
    expect(port.packet(1).start).toBe(reads[1]![0]! + 10);
    expect(port.packet(1).start % 4).toBe(2);
    expect(reads[0]![1]).toBe(2304 - 194 + 10);
    expect(port.statistics).toMatchObject({ received: 2, receivedOctets: 160, receiveErrors: 0 });
  });

  it('stops at a batch, and resets windows that the last user moved', () => {
    const { port, system } = open(2);
    system.always('read', 70);
    expect(port.receive()).toBe(2);
    port.packet(0).trimFront(50);
    port.packet(0).checksum = 'verified';
    expect(port.receive()).toBe(2);
    expect(port.packet(0)).toMatchObject({ length: 60, checksum: 'unverified' });
  });

  it('drops and counts frames that fill their slot, in bounded time', () => {
    const { port, system } = open(4);
    system.always('read', 2304 - 194 + 10);
    expect(port.receive()).toBe(0);
    expect(port.statistics.oversized).toBe(8);
  });

  it('counts what a device that is gone answers', () => {
    const { port, system } = open();
    system.always('read', -77);
    expect(port.receive()).toBe(0);
    expect(port.statistics.receiveErrors).toBe(1);
  });

  it('writes a zero vnet header in front of the frame and puts the headroom back', () => {
    const { port, system, arena } = open();
    const packet = ownFrame(arena);
    let written = '';
    system.answer('write', (_fd, address, length) => {
      const start = address - arena.baseAddress;
      written = Buffer.from(arena.bytes.subarray(start, start + length)).toString('hex');
      return length;
    });
    expect(port.send(packet)).toBe(true);
    expect(written).toBe('00'.repeat(10) + 'ee'.repeat(60));
    expect(arena.bytes.subarray(packet.start - 12, packet.start).every((octet) => octet === 0xee)).toBe(true);
    expect(port.statistics).toMatchObject({ sent: 1, sentOctets: 60, copied: 0 });
  });

  it('copies frames from foreign memory, whatever their headroom', () => {
    const { port, system, arena } = open();
    system.answer('write', (_fd, address, length) => {
      const start = address - arena.baseAddress;
      return arena.bytes[start + 10] === 7 && length === 70 ? length : EIO;
    });
    expect(port.send(new PacketBuffer(new Uint8Array(60).fill(7)))).toBe(true);
    expect(port.statistics).toMatchObject({ sent: 1, copied: 1 });
  });

  it.each([EAGAIN, ENOBUFS])('is full on %d: nothing is taken', (errno) => {
    const { port, system, arena } = open();
    system.answer('write', errno);
    expect(port.send(ownFrame(arena))).toBe(false);
    expect(port.flush()).toBe(0);
    expect(port.statistics).toMatchObject({ full: 1, sent: 0 });
    expect(port.send(ownFrame(arena))).toBe(true);
  });

  it('takes, counts and reports what can not be sent', () => {
    const { port, system, arena } = open();
    system.answer('write', EIO, -22);
    expect(port.send(ownFrame(arena))).toBe(true);
    expect(port.send(ownFrame(arena))).toBe(true);
    expect(port.send(new PacketBuffer(arena.bytes, 9, 69))).toBe(true);
    expect(port.send(new PacketBuffer(arena.bytes, 500, 500))).toBe(true);
    expect(port.send(new PacketBuffer(new Uint8Array(4000)))).toBe(true);
    expect(port.statistics).toMatchObject({ deviceDown: 1, sendErrors: 1, refused: 3, sent: 0, copied: 0 });
    expect([port.flush(), port.flush()]).toEqual([5, 0]);
  });

  it('gives everything back, once', () => {
    const { port, system, arena } = open();
    expect(port.fds).toHaveLength(1);
    port.close();
    port.close();
    expect(system.openFds.size).toBe(0);
    expect(port.fds).toEqual([]);
    const used = arena.allocate(64);
    const again = new TapPort({ name: 'tap1', batch: 4, arena, system });
    expect(arena.allocate(64)).toBe(used + 64);
    again.close();
  });

  it.each([
    [
      'open',
      13,
      'E_NETIO_NO_PERMISSION',
      'tap1: not permitted to open /dev/net/tun (EACCES); run as root, or in a user',
    ],
    ['open', 2, 'E_NETIO_NO_SUCH_DEVICE', 'tap1: could not open /dev/net/tun (ENOENT); load the TUN driver'],
    ['ioctl', 16, 'E_NETIO_DEVICE_BUSY', 'tap1: could not attach to the TAP device (EBUSY); close the program'],
    ['ioctl', 22, 'E_NETIO_DEVICE_BUSY', 'tap1: an interface of this name exists and is no free TAP'],
    ['ioctl', 1, 'E_NETIO_NO_PERMISSION', 'tap1: not permitted to attach to the TAP device (EPERM); creating it needs'],
    ['socket', 24, 'E_NETIO_SYSTEM', 'tap1: could not open a control socket (EMFILE)'],
  ] as const)('%s failing with %d: a typed error, and nothing is kept', (call, errno, code, message) => {
    const system = new FakeSystem().answer(call, -errno);
    const arena = fakeArena();
    const attempt = (): TapPort => new TapPort({ name: 'tap1', batch: 4, arena, system });
    expect(attempt).toThrow(expect.objectContaining({ code, message: expect.stringContaining(message) }));
    expect(system.openFds.size).toBe(0);
  });

  it.each([{ batch: 0 }, { batch: 1.5 }, { mtu: 67 }, { mtu: 65_536 }, { mtu: Number.NaN }])(
    'refuses %j',
    (options) => {
      const attempt = (): TapPort =>
        new TapPort({ name: 'tap1', arena: fakeArena(), system: new FakeSystem(), ...options });
      expect(attempt).toThrow(expect.objectContaining({ code: 'E_NETIO_BAD_OPTION' }));
    },
  );
});
