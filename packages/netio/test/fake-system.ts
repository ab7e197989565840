import { Arena } from '../src/arena.js';
import type { SystemCalls } from '../src/sys.js';

/** What a call does instead of the kernel: a negative number is an error number, anything else the result. */
export type Answer = number | ((...parameters: number[]) => number);

/** Where the fake arena seems to be; above 4 GiB, so that a forgotten upper half of a pointer shows. */
export const BASE_ADDRESS = 0x7_5000_0000;

/** An arena that the kernel knows nothing of. */
export function fakeArena(size = 1 << 20): Arena {
  return new Arena(new ArrayBuffer(size), BASE_ADDRESS);
}

/** System calls that answer from a script, in order; without one left, what `otherwise` says (0 if nothing). */
export class FakeSystem implements SystemCalls {
  readonly calls: string[] = [];
  readonly openFds = new Set<number>();
  readonly script = new Map<keyof SystemCalls, Answer[]>();
  readonly otherwise = new Map<keyof SystemCalls, Answer>();
  #errno = 0;
  #nextFd = 10;

  /** Adds answers for one system call. */
  answer(call: keyof SystemCalls, ...answers: Answer[]): this {
    this.script.set(call, [...(this.script.get(call) ?? []), ...answers]);
    return this;
  }

  /** Sets the answer for one system call when its script is over. */
  always(call: keyof SystemCalls, answer: Answer): this {
    this.otherwise.set(call, answer);
    return this;
  }

  /** How often a call was made. */
  count(call: string): number {
    return this.calls.filter((name) => name === call).length;
  }

  #reply(call: keyof SystemCalls, parameters: number[], usual: () => number): number {
    this.calls.push(call);
    const answer = this.script.get(call)?.shift() ?? this.otherwise.get(call);
    if (answer === undefined) return usual();
    const result = typeof answer === 'function' ? answer(...parameters) : answer;
    if (result >= 0) return answer === 0 ? usual() : result;
    this.#errno = -result;
    return -1;
  }

  #newFd = (): number => {
    const fd = this.#nextFd++;
    this.openFds.add(fd);
    return fd;
  };

  open = (_path: string, flags: number): number => this.#reply('open', [flags], this.#newFd);
  socket = (...p: number[]): number => this.#reply('socket', p, this.#newFd);
  eventfd = (...p: number[]): number => this.#reply('eventfd', p, this.#newFd);
  close = (fd: number): number => {
    if (!this.openFds.delete(fd)) throw new Error(`close of ${fd}, which is not open`);
    return this.#reply('close', [fd], () => 0);
  };
  read = (...p: number[]): number => this.#reply('read', p, () => 0);
  write = (...p: number[]): number => this.#reply('write', p, () => p[2]!);
  ioctl = (...p: number[]): number => this.#reply('ioctl', p, () => 0);
  listen = (...p: number[]): number => this.#reply('listen', p, () => 0);
  bind = (...p: number[]): number => this.#reply('bind', p, () => 0);
  setsockopt = (...p: number[]): number => this.#reply('setsockopt', p, () => 0);
  getsockopt = (...p: number[]): number => this.#reply('getsockopt', p, () => 0);
  sendmmsg = (...p: number[]): number => this.#reply('sendmmsg', p, () => p[2]!);
  recvmmsg = (...p: number[]): number => this.#reply('recvmmsg', p, () => 0);
  poll = (...p: number[]): number => this.#reply('poll', p, () => 0);
  clockGetTime = (...p: number[]): number => this.#reply('clockGetTime', p, () => 0);
  syscall = (...p: number[]): number => this.#reply('syscall', p, () => 0);
  memfdCreate = (_name: string, flags: number): number => this.#reply('memfdCreate', [flags], this.#newFd);
  ftruncate = (...p: number[]): number => this.#reply('ftruncate', p, () => 0);
  mmap = (...p: number[]): number => this.#reply('mmap', p, () => BASE_ADDRESS);
  setns = (...p: number[]): number => this.#reply('setns', p, () => 0);
  errno = (): number => this.#errno;
  addressOf = (buffer: ArrayBuffer): number => this.#reply('addressOf', [buffer.byteLength], () => 0x7f00_0000_0000);
  view = (_address: number, length: number): ArrayBuffer => new ArrayBuffer(length);
}
