import { describe, expect, it } from '@jest/globals';
import { PacketBuffer } from '@overlane/wire';
import fc from 'fast-check';
import { Arena } from '../src/arena.js';
import { NetioError } from '../src/errors.js';
import { HEADROOM, MTU_MAX, SLOT_SIZE_MIN, Slots, slotSize } from '../src/slots.js';
import { BASE_ADDRESS, fakeArena, FakeSystem } from './fake-system.js';

describe('Arena', () => {
  it('hands out zeroed, aligned blocks that do not overlap', () => {
    const request = fc.record({ size: fc.integer({ min: 1, max: 500 }), power: fc.integer({ min: 0, max: 8 }) });
    fc.assert(
      fc.property(fc.array(request, { maxLength: 20 }), (requests) => {
        const arena = fakeArena(65_536);
        let end = arena.scratch + 256;
        for (const { size, power } of requests) {
          const offset = arena.allocate(size, 2 ** power);
          if (offset % 2 ** power !== 0 || offset < end) return false;
          if (arena.bytes.subarray(offset, offset + size).some((octet) => octet !== 0)) return false;
          arena.bytes.fill(0xff, offset, offset + size);
          end = offset + size;
        }
        return true;
      }),
    );
  });

  it('hands a released block out again, zeroed, to who asks for its size and alignment', () => {
    const arena = fakeArena(4096);
    const offset = arena.allocate(100);
    arena.bytes.fill(1, offset, offset + 100);
    arena.release(offset, 100);
    expect(arena.allocate(101)).not.toBe(offset);
    expect(arena.allocate(100)).toBe(offset);
    expect(arena.bytes[offset]).toBe(0);
    expect(arena.allocate(100)).not.toBe(offset);
  });

  it('says how much is left when it is full', () => {
    const arena = fakeArena(4096);
    const error = catchError(() => arena.allocate(5000));
    expect(error).toMatchObject({ code: 'E_NETIO_NO_MEMORY', subject: 'arena' });
    expect(error.message).toBe('arena: 5000 octets asked for, 3840 of 4096 left; map a larger one');
  });

  it('writes pointers of 64 bits', () => {
    const arena = fakeArena(4096);
    const at = arena.allocate(8);
    arena.writePointer(at, 0x40);
    expect(new DataView(arena.bytes.buffer).getBigUint64(at, true)).toBe(BigInt(BASE_ADDRESS + 0x40));
    expect(arena.address(0x40)).toBe(BASE_ADDRESS + 0x40);
  });

  it('asks for low addresses first and takes any in the end', () => {
    const taken = new FakeSystem()
      .always('memfdCreate', -38)
      .always('mmap', (hint) => (hint === 0 ? BASE_ADDRESS : -17));
    expect(Arena.map(1 << 28, taken).baseAddress).toBe(BASE_ADDRESS);
    expect(taken.count('mmap')).toBe(4);
    const full = new FakeSystem().always('memfdCreate', -38).always('mmap', -12);
    expect(catchError(() => Arena.map(4096 * 4096 * 8, full))).toMatchObject({
      code: 'E_NETIO_NO_MEMORY',
      errno: 'ENOMEM',
    });
  });
});

describe('Slots', () => {
  it('have room for the MTU, two VLAN tags and one octet more, at 2 mod 4', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 68, max: MTU_MAX }),
        (mtu) => slotSize(mtu) - HEADROOM > mtu + 22 && slotSize(mtu) % 256 === 0,
      ),
    );
    expect(slotSize(1500)).toBe(SLOT_SIZE_MIN);
    expect(slotSize(MTU_MAX)).toBe(65_792);
    const slots = new Slots(fakeArena(), 5, 1500);
    for (let i = 0; i < 5; i++) expect(slots.start(i) % 4).toBe(2);
    expect(slots.start(1) - slots.start(0)).toBe(SLOT_SIZE_MIN);
  });

  it('copy what fits', () => {
    const arena = fakeArena();
    const slots = new Slots(arena, 1, 1500);
    const start = slots.copy(0, PacketBuffer.from(Uint8Array.of(1, 2, 3)));
    expect([...arena.bytes.subarray(start, start + 4)]).toEqual([1, 2, 3, 0]);
    expect(slots.copy(0, PacketBuffer.from(new Uint8Array(slots.capacity)))).toBe(slots.start(0));
    expect(slots.copy(0, PacketBuffer.from(new Uint8Array(slots.capacity + 1)))).toBe(-1);
  });
});

function catchError(action: () => unknown): NetioError {
  try {
    action();
  } catch (error) {
    if (NetioError.is(error)) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}
