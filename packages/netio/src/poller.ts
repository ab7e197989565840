import { writeSync } from 'node:fs';
import { Arena } from './arena.js';
import { requireOption, systemError } from './errors.js';
import { EFD_CLOEXEC, EFD_NONBLOCK, EINTR, POLLIN, POLLNVAL } from './linux.js';
import type { PollablePort } from './pollable-port.js';
import { loadSystemCalls, type SystemCalls } from './sys.js';

/** Octets of `struct pollfd`: fd 0, events 4, revents 6. */
const POLLFD_LENGTH = 8;

/** Waits in a row in which a descriptor may report nothing but an error before it is muted. */
const ERROR_WAITS = 16;

/** How a {@link Poller} is opened. */
export interface PollerOptions {
  /** Memory for the poll set; the thread's own arena by default. */
  readonly arena?: Arena;
  /** System calls; libc by default. */
  readonly system?: SystemCalls;
}

/** Lets a worker thread sleep until a port has packets, some time has passed, or another thread wakes it. */
export class Poller {
  /** The eventfd. Post it to another thread, which passes it to {@link wakePoller}. */
  readonly wakeFd: number;
  readonly #system: SystemCalls;
  readonly #arena: Arena;
  #table: number;
  #size: number;
  #count: number;
  /** Per entry: waits in a row that reported only an error. */
  #errors: Uint8Array;
  #muted = 0;
  #closed = false;

  /** Watches all descriptors of `ports`. @throws NetioError E_NETIO_NO_MEMORY, E_NETIO_UNSUPPORTED_PLATFORM, E_NETIO_SYSTEM */
  constructor(ports: readonly PollablePort[], options: PollerOptions = {}) {
    const system = options.system ?? loadSystemCalls();
    const arena = options.arena ?? Arena.forThread();
    const fds = ports.flatMap((port) => port.fds);
    this.#count = fds.length + 1;
    this.#size = this.#count * POLLFD_LENGTH;
    this.#table = arena.allocate(this.#size);
    this.wakeFd = system.eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (this.wakeFd < 0) {
      arena.release(this.#table, this.#size);
      throw systemError(system.errno(), 'poller', 'make an eventfd');
    }
    this.#system = system;
    this.#arena = arena;
    this.#errors = new Uint8Array(this.#count);
    this.#fill(fds);
  }

  /** Descriptors no longer watched because they reported nothing but errors, such as those of deleted devices. */
  get muted(): number {
    return this.#muted;
  }

  /**
   * Sleeps for at most `timeoutMs` (an integer; -1 for ever, 0 not at all) and returns the number of descriptors that
   * have something to read. 0 after a wake-up, the time-out or a signal. Blocks the thread, its event loop included.
   * @throws NetioError E_NETIO_SYSTEM
   */
  wait(timeoutMs: number): number {
    let ready = this.#system.poll(this.#arena.address(this.#table), this.#count, timeoutMs);
    if (ready < 0) {
      const errno = this.#system.errno();
      if (errno === EINTR) return 0;
      throw systemError(errno, 'poller', 'wait');
    }
    if (ready === 0) return 0;
    let readable = 0;
    for (let i = 0; i < this.#count && ready > 0; i++) {
      const events = this.#arena.halfWords[(this.#table + i * POLLFD_LENGTH + 6) >>> 1]!;
      if (events === 0) continue;
      ready--;
      if (i === 0) this.#drain();
      else if ((events & POLLIN) !== 0) readable++;
      else this.#noteError(i, events);
      if ((events & POLLIN) !== 0) this.#errors[i] = 0;
    }
    return readable;
  }

  /**
   * Watches the descriptors of `ports` instead of those before, muted ones among them again; {@link wakeFd} stays. For the
   * thread that waits. If it throws, nothing has changed. @throws NetioError E_NETIO_NO_MEMORY
   */
  watch(ports: readonly PollablePort[]): void {
    const fds = ports.flatMap((port) => port.fds);
    const count = fds.length + 1;
    const table = this.#arena.allocate(count * POLLFD_LENGTH);
    this.#arena.release(this.#table, this.#size);
    this.#count = count;
    this.#size = count * POLLFD_LENGTH;
    this.#table = table;
    this.#errors = new Uint8Array(count);
    this.#muted = 0;
    this.#fill(fds);
  }

  /** Ends this poller's current wait, or else its next one, from this or another thread that shares the object. */
  wake(): void {
    wakePoller(this.wakeFd);
  }

  /** Gives the eventfd back. The ports stay open. Harmless when repeated. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#system.close(this.wakeFd);
    this.#arena.release(this.#table, this.#size);
  }

  #fill(fds: readonly number[]): void {
    for (const [index, fd] of [this.wakeFd, ...fds].entries()) {
      const entry = this.#table + index * POLLFD_LENGTH;
      this.#arena.words[entry >>> 2] = fd;
      this.#arena.halfWords[(entry + 4) >>> 1] = POLLIN;
    }
  }

  /** Sets the eventfd's counter to 0. */
  #drain(): void {
    this.#system.read(this.wakeFd, this.#arena.address(this.#arena.scratch), 8);
  }

  /**
   * An error that a socket reports goes with the next receive. One that stays (the device was deleted, the port closed)
   * would turn the worker's loop into a spin, so that descriptor is negated, which poll passes over.
   */
  #noteError(index: number, events: number): void {
    this.#errors[index]!++;
    if ((events & POLLNVAL) === 0 && this.#errors[index]! < ERROR_WAITS) return;
    this.#arena.words[(this.#table + index * POLLFD_LENGTH) >>> 2] = -1;
    this.#muted++;
  }
}

const ONE = new Uint8Array(new BigUint64Array([1n]).buffer);

/** Ends the wait of the poller with this `wakeFd`, from any thread of the process. @throws NetioError E_NETIO_BAD_OPTION */
export function wakePoller(wakeFd: number): void {
  requireOption('poller', 'wakeFd', wakeFd, 0, 0x7fffffff);
  writeSync(wakeFd, ONE);
}
