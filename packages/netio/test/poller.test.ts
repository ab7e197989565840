import { describe, expect, it } from '@jest/globals';
import type { PollablePort } from '../src/pollable-port.js';
import { Poller, wakePoller } from '../src/poller.js';
import { fakeArena, FakeSystem } from './fake-system.js';

const POLLIN = 1;
const POLLERR = 8;
const POLLNVAL = 0x20;

function open(fds: readonly number[]) {
  const arena = fakeArena();
  const system = new FakeSystem();
  const poller = new Poller([{ fds } as PollablePort], { arena, system });
  /** Answers the next poll with these revents, the eventfd's first. */
  const events = (...revents: number[]): void => {
    system.answer('poll', (address) => {
      const view = new DataView(arena.bytes.buffer);
      revents.forEach((value, index) => view.setUint16(address! - arena.baseAddress + index * 8 + 6, value, true));
      return revents.filter((value) => value !== 0).length;
    });
  };
  const watched = (): number[] => {
    let seen: number[] = [];
    system.answer('poll', (address, count) => {
      const view = new DataView(arena.bytes.buffer);
      seen = Array.from({ length: count! }, (_, index) =>
        view.getInt32(address! - arena.baseAddress + index * 8, true),
      );
      return -4;
    });
    poller.wait(0);
    return seen;
  };
  return { poller, system, events, watched };
}

describe('Poller', () => {
  it('watches its eventfd and all descriptors', () => {
    const { poller, watched } = open([3, 4]);
    expect(watched()).toEqual([poller.wakeFd, 3, 4]);
  });

  it('counts readable descriptors and empties the eventfd', () => {
    const { poller, system, events } = open([3, 4, 5]);
    events(0, POLLIN, 0, POLLIN | POLLERR);
    expect(poller.wait(10)).toBe(2);
    expect(system.count('read')).toBe(0);
    events(POLLIN, 0, 0, 0);
    expect(poller.wait(10)).toBe(0);
    expect(system.count('read')).toBe(1);
  });

  it('returns 0 on time-out and on a signal, and throws on what must not happen', () => {
    const { poller, system } = open([3]);
    expect(poller.wait(0)).toBe(0);
    system.answer('poll', -4);
    expect(poller.wait(0)).toBe(0);
    system.answer('poll', -14);
    expect(() => poller.wait(0)).toThrow(expect.objectContaining({ code: 'E_NETIO_SYSTEM', errno: 'EFAULT' }));
  });

  it('mutes a closed descriptor at once and one that has only errors after a while', () => {
    const { poller, events, watched } = open([3, 4, 5]);
    events(0, POLLNVAL, POLLERR, 0);
    poller.wait(0);
    expect(watched()).toEqual([poller.wakeFd, -1, 4, 5]);
    for (let i = 0; i < 14; i++) {
      events(0, 0, POLLERR, 0);
      poller.wait(0);
    }
    expect(poller.muted).toBe(1);
    events(0, 0, POLLIN | POLLERR, 0);
    poller.wait(0);
    for (let i = 0; i < 16; i++) {
      expect(poller.muted).toBe(1);
      events(0, 0, POLLERR, 0);
      poller.wait(0);
    }
    expect(poller.muted).toBe(2);
    expect(watched()).toEqual([poller.wakeFd, -1, -1, 5]);
  });

  it('watches other ports from one wait to the next, with the same eventfd', () => {
    const { poller, events, watched } = open([3, 4]);
    events(0, POLLNVAL, 0);
    poller.wait(0);
    expect(poller.muted).toBe(1);
    const ports = [[4], [7, 8]].map((fds: readonly number[]) => ({ fds }) as PollablePort);
    poller.watch(ports);
    expect(watched()).toEqual([poller.wakeFd, 4, 7, 8]);
    expect(poller.muted).toBe(0);
    events(0, 0, 0, POLLIN);
    expect(poller.wait(0)).toBe(1);
    poller.watch([]);
    expect(watched()).toEqual([poller.wakeFd]);
  });

  it('closes once and fails typed without an eventfd', () => {
    const { poller, system } = open([]);
    poller.close();
    poller.close();
    expect(system.openFds.size).toBe(0);
    const none = new FakeSystem().answer('eventfd', -24);
    expect(() => new Poller([], { arena: fakeArena(), system: none })).toThrow(
      expect.objectContaining({ errno: 'EMFILE' }),
    );
    expect(() => wakePoller(-1)).toThrow(expect.objectContaining({ code: 'E_NETIO_BAD_OPTION' }));
  });
});
