import { describe, expect, it } from '@jest/globals';
import { PacketBuffer } from '@overlane/wire';
import type { Arena } from '../src/arena.js';
import { type TapOptions, TapPort } from '../src/tap-port.js';
import { type Answer, fakeArena, FakeSystem } from './fake-system.js';

const EINTR = -4;
const EIO = -5;
const EAGAIN = -11;
const ENOBUFS = -105;

function open(batch = 4, options: Partial<TapOptions> = {}): { port: TapPort; system: FakeSystem; arena: Arena } {
  const arena = fakeArena();
  const system = new FakeSystem();
  const port = new TapPort({ name: 'tap1', batch, arena, system, ...options });
  return { port, system, arena };
}

/** Answers a read with a frame of `length` octets behind a vnet header. */
function reading(arena: Arena, header: readonly number[], length: number): Answer {
  return (_fd, address) => {
    const at = address! - arena.baseAddress;
    arena.bytes.set(header, at);
    arena.bytes.fill(0x50, at + 10, at + 10 + length);
    return 10 + length;
  };
}

/** Asks for a checksum 16 behind 34, and for segments of 1,448 octets of TCP over IPv4. */
const PARTIAL = [1, 0, 0, 0, 0, 0, 34, 0, 16, 0];
const SEGMENTS = [1, 1, 54, 0, 0xa8, 5, 34, 0, 16, 0];

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

  it('reads what is left to do from the vnet header, and writes it again', () => {
    const { port, system, arena } = open(4, { offload: 'segmentation' });
    system.answer('read', reading(arena, PARTIAL, 60), reading(arena, SEGMENTS, 3000), EAGAIN);
    expect(port.receive()).toBe(2);
    const [small, large] = [port.packet(0), port.packet(1)];
    expect(small).toMatchObject({ checksum: 'partial', segmentType: 'none', checksumField: small.start + 50 });
    expect(large).toMatchObject({ checksum: 'partial', segmentType: 'tcp4', segmentSize: 1448, length: 3000 });
    const written: number[][] = [];
    system.always('write', (_fd, address, length) => {
      const at = address! - arena.baseAddress;
      written.push([...arena.bytes.subarray(at, at + 10)]);
      return length!;
    });
    const foreign = new PacketBuffer(large.bytes.slice(), large.start, large.end);
    foreign.copyOffload(large);
    for (const packet of [small, large, foreign]) {
      expect(port.canFinish(packet)).toBe(true);
      expect(port.send(packet)).toBe(true);
    }
    expect(written).toEqual([PARTIAL, SEGMENTS, SEGMENTS]);
    expect(port.statistics).toMatchObject({ receivedUnfinished: 2, sentUnfinished: 3, sent: 3, copied: 1 });
  });

  it('drops and counts frames with vnet headers that lie', () => {
    const { port, system, arena } = open(4, { offload: 'segmentation' });
    const lies = [reading(arena, PARTIAL, 51), reading(arena, SEGMENTS, 53), reading(arena, [0, 1], 60)];
    system.answer('read', ...lies, reading(arena, [0, 0, 0, 0, 0, 0, 0, 0, 0, 0], 60), EAGAIN);
    expect(port.receive()).toBe(1);
    expect(port.statistics).toMatchObject({ received: 1, receivedOctets: 60, badChecksumRange: 1, badSegments: 2 });
    system.always('read', reading(arena, PARTIAL, 51));
    expect(port.receive()).toBe(0);
    expect(port.statistics.badChecksumRange).toBe(9);
  });

  it('refuses what its offload does not cover', () => {
    const { port, arena } = open(4, { offload: 'checksum' });
    const frame = ownFrame(arena);
    const place = { checksum: 'partial', checksumStart: frame.start + 20, checksumField: frame.start + 26 } as const;
    Object.assign(frame, place);
    expect(port.canFinish(frame)).toBe(true);
    Object.assign(frame, { segmentType: 'udp', segmentSize: 10 });
    expect(port.canFinish(frame)).toBe(false);
    expect(port.send(frame)).toBe(true);
    expect([port.statistics.unfinished, port.flush()]).toEqual([1, 1]);
    const plain = open(4);
    Object.assign(frame, { segmentType: 'none', segmentSize: 0 });
    expect(plain.port.canFinish(frame)).toBe(false);
  });

  it.each([
    ['none', [0]],
    ['checksum', [1]],
    ['segmentation', [0x6f, 0x0f]],
  ] as const)("asks the device for offload '%s', for datagrams if it knows them", (offload, flags) => {
    const asked: number[] = [];
    const system = new FakeSystem().always('ioctl', (_fd, request, value) => {
      if (request !== 0x400454d0) return 1;
      asked.push(value!);
      return value! > 0x20 ? -22 : 0;
    });
    const { port, arena } = open(4, { offload, system });
    expect(asked).toEqual(flags);
    const frame = ownFrame(arena);
    const place = { checksum: 'partial', checksumStart: frame.start + 20, checksumField: frame.start + 26 } as const;
    Object.assign(frame, { ...place, segmentType: 'udp', segmentSize: 10 });
    expect(port.canFinish(frame)).toBe(false);
    const knowing = open(4, { offload });
    expect(knowing.port.canFinish(frame)).toBe(offload === 'segmentation');
  });

  it('opens the first of several queues, and further ones of a device that is there', () => {
    const flags: number[] = [];
    const requests: number[] = [];
    const make = (queue: TapOptions['queue'] & string, arena = fakeArena()): void => {
      const system = new FakeSystem().always('ioctl', (_fd, request, address) => {
        requests.push(request!);
        if (request === 0x400454ca) flags.push(arena.halfWords[(address! - arena.baseAddress + 16) >>> 1]!);
        return 1;
      });
      new TapPort({ name: 'tap1', batch: 4, arena, system, queue }).close();
    };
    make('only');
    make('first');
    expect(requests.filter((request) => request === 0x8922)).toHaveLength(2);
    requests.length = 0;
    make('further');
    expect(flags).toEqual([0x5002, 0x5102, 0x5102]);
    expect([requests[0], requests.includes(0x8922)]).toEqual([0x8933, false]);
    const absent = new FakeSystem().answer('ioctl', -19);
    const attempt = (): TapPort =>
      new TapPort({ name: 'tap1', batch: 4, arena: fakeArena(), system: absent, queue: 'further' });
    expect(attempt).toThrow(expect.objectContaining({ code: 'E_NETIO_NO_SUCH_DEVICE', errno: 'ENODEV' }));
    expect(absent.openFds.size).toBe(0);
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
    expect(port.statistics).toMatchObject({
      deviceDown: 1,
      sendErrors: 1,
      refused: 3,
      sent: 0,
      copied: 0,
      lastErrno: 22,
    });
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
    ['ioctl', 7, 'E_NETIO_DEVICE_BUSY', 'tap1: the device has all its 256 queues (E2BIG)'],
    ['ioctl', 1, 'E_NETIO_NO_PERMISSION', 'tap1: not permitted to attach to the TAP device (EPERM); creating it needs'],
    ['socket', 24, 'E_NETIO_TOO_MANY_FILES', 'tap1: could not open a control socket (EMFILE); raise the limit'],
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
