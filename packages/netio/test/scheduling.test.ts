import { describe, expect, it } from '@jest/globals';
import type { Arena } from '../src/arena.js';
import { requestShortSlices } from '../src/scheduling.js';
import { type Answer, fakeArena, FakeSystem } from './fake-system.js';

const EPERM = -1;
const EINVAL = -22;

/** Answers sched_getattr with a policy and a nice value. */
function scheduled(arena: Arena, policy: number, nice: number): Answer {
  return (_number, _thread, address) => {
    const view = new DataView(arena.bytes.buffer, address! - arena.baseAddress);
    view.setUint32(0, 48, true);
    view.setUint32(4, policy, true);
    view.setInt32(16, nice, true);
    view.setBigUint64(24, 3_000_000n, true);
    return 1;
  };
}

describe('requestShortSlices', () => {
  it('changes the slice of the calling thread and nothing else', () => {
    const arena = fakeArena(4096);
    const seen: unknown[] = [];
    const system = new FakeSystem().answer('syscall', scheduled(arena, 0, -7), (_number, thread, address) => {
      const view = new DataView(arena.bytes.buffer, address! - arena.baseAddress);
      seen.push(thread, view.getUint32(0, true), view.getUint32(4, true), view.getBigUint64(8, true));
      seen.push(view.getInt32(16, true), view.getBigUint64(24, true));
      return 0;
    });
    requestShortSlices({ arena, system });
    expect(seen).toEqual([0, 48, 0, 0n, -7, 100_000n]);
  });

  it('leaves threads under another policy alone', () => {
    const arena = fakeArena(4096);
    const system = new FakeSystem().answer('syscall', scheduled(arena, 1, 0));
    expect(requestShortSlices({ arena, system })).toBe(false);
    expect(system.count('syscall')).toBe(1);
  });

  it('says that a kernel refuses', () => {
    const arena = fakeArena(4096);
    expect(requestShortSlices({ arena, system: new FakeSystem().answer('syscall', EPERM) })).toBe(false);
    const system = new FakeSystem().answer('syscall', scheduled(arena, 0, 0), EINVAL);
    expect(requestShortSlices({ arena, system })).toBe(false);
  });
});
