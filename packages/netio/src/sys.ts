import { createRequire } from 'node:module';
import { arch, endianness, platform } from 'node:os';
import { NetioError } from './errors.js';

/**
 * The system calls that this package makes. Everything above goes through this interface, so a native addon can be put
 * in its place, and tests put in a fake that fails when told to.
 *
 * Addresses are plain numbers: an arena below 2 GiB makes them small integers, and passing one allocates nothing,
 * where a `Uint8Array` argument costs more than the call and a `BigInt` is garbage. Lengths are 32 bits for the same
 * reason. A call that fails returns -1; `errno` must be asked for at once.
 */
export interface SystemCalls {
  /** open(2). */
  open(path: string, flags: number): number;
  /** close(2). */
  close(fd: number): number;
  /** read(2). */
  read(fd: number, address: number, length: number): number;
  /** write(2). */
  write(fd: number, address: number, length: number): number;
  /** ioctl(2). `argument` is an address or a value, as the request has it. */
  ioctl(fd: number, request: number, argument: number): number;
  /** socket(2). */
  socket(domain: number, type: number, protocol: number): number;
  /** bind(2). */
  bind(fd: number, address: number, length: number): number;
  /** listen(2). */
  listen(fd: number, backlog: number): number;
  /** setsockopt(2). */
  setsockopt(fd: number, level: number, option: number, address: number, length: number): number;
  /** getsockopt(2); the length is that of an int at the address `length`. */
  getsockopt(fd: number, level: number, option: number, address: number, length: number): number;
  /** sendmmsg(2). */
  sendmmsg(fd: number, table: number, count: number, flags: number): number;
  /** recvmmsg(2); `timeout` is the address of a timespec, or 0. */
  recvmmsg(fd: number, table: number, count: number, flags: number, timeout: number): number;
  /** poll(2). */
  poll(table: number, count: number, timeoutMs: number): number;
  /** eventfd(2). */
  eventfd(initial: number, flags: number): number;
  /** clock_gettime(2); `timespec` is an address. */
  clockGetTime(clock: number, timespec: number): number;
  /** syscall(2): a call that libc has no name for, by its number on this machine. `address` is its second argument. */
  syscall(number: number, first: number, address: number, third: number, fourth: number): number;
  /** memfd_create(2). */
  memfdCreate(name: string, flags: number): number;
  /** ftruncate(2). */
  ftruncate(fd: number, length: number): number;
  /** mmap(2). Returns -1 on failure. */
  mmap(hint: number, length: number, protection: number, flags: number, fd: number, offset: number): number;
  /** setns(2). */
  setns(fd: number, type: number): number;
  /** The calling thread's error number, valid right after a call that failed. */
  errno(): number;
  /** Address of the first octet of `buffer`, which must be large enough not to move. */
  addressOf(buffer: ArrayBuffer): number;
  /** The memory at `address` as an array buffer. It stays mapped for as long as the process lives. */
  view(address: number, length: number): ArrayBuffer;
}

let loaded: SystemCalls | undefined;

/**
 * libc through koffi, loaded at the first call, so that importing this package does nothing on any system.
 * @throws NetioError E_NETIO_UNSUPPORTED_PLATFORM anywhere but on Linux x86-64 and arm64, or if koffi's binary is missing
 */
export function loadSystemCalls(): SystemCalls {
  return (loaded ??= load());
}

function load(): SystemCalls {
  requirePlatform(platform(), arch(), endianness());
  const koffi = loadKoffi();
  // The process itself: it has libc loaded, under whatever name (glibc, musl).
  const libc = koffi.load(null);
  const define = <T>(name: string, result: string, parameters: string[]): T =>
    libc.func(name, result, parameters) as unknown as T;
  const int = 'int';
  const u32 = 'uint32_t';
  const address = 'uintptr_t';
  // Narrow types on purpose: for 64-bit ones koffi must test each argument for BigInt. ssize_t results fit an int,
  // because no length here exceeds 2 GiB.
  return {
    open: define('open', int, ['str', int]),
    close: define('close', int, [int]),
    read: define('read', int, [int, address, u32]),
    write: define('write', int, [int, address, u32]),
    ioctl: define('ioctl', int, [int, u32, address]),
    socket: define('socket', int, [int, int, int]),
    bind: define('bind', int, [int, address, u32]),
    listen: define('listen', int, [int, int]),
    setsockopt: define('setsockopt', int, [int, int, int, address, u32]),
    getsockopt: define('getsockopt', int, [int, int, int, address, address]),
    sendmmsg: define('sendmmsg', int, [int, address, u32, int]),
    recvmmsg: define('recvmmsg', int, [int, address, u32, int, address]),
    poll: define('poll', int, [address, u32, int]),
    eventfd: define('eventfd', int, [u32, int]),
    clockGetTime: define('clock_gettime', int, [int, address]),
    syscall: define('syscall', int, ['int', int, address, u32, u32]),
    memfdCreate: define('memfd_create', int, ['str', u32]),
    ftruncate: define('ftruncate', int, [int, 'int64_t']),
    mmap: define('mmap', 'intptr_t', [address, u32, int, int, int, 'int64_t']),
    setns: define('setns', int, [int, int]),
    errno: () => koffi.errno(),
    addressOf: (buffer) => Number(koffi.address(new Uint8Array(buffer))),
    view: (start, length) => koffi.view(start, length),
  };
}

/** Throws unless the structs of this package have their layout there. @throws NetioError E_NETIO_UNSUPPORTED_PLATFORM */
export function requirePlatform(system: string, machine: string, order: string): void {
  if (system === 'linux' && (machine === 'x64' || machine === 'arm64') && order === 'LE') return;
  throw new NetioError(
    'E_NETIO_UNSUPPORTED_PLATFORM',
    `${system} ${machine}`,
    'real interfaces need Linux on x86-64 or arm64; elsewhere use the in-memory ports',
  );
}

function loadKoffi(): typeof import('koffi') {
  try {
    return createRequire(import.meta.url)('koffi') as typeof import('koffi');
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n')[0] : String(error);
    throw new NetioError(
      'E_NETIO_UNSUPPORTED_PLATFORM',
      'koffi',
      `its binary for this platform did not load (${reason}); install without --omit=optional`,
    );
  }
}
