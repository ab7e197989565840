import { constants } from 'node:os';
import * as linux from './linux.js';

/** What can go wrong when something is opened or configured. Stable API. */
export type NetioErrorCode =
  | 'E_NETIO_ADDRESS_IN_USE'
  | 'E_NETIO_ADDRESS_NOT_AVAILABLE'
  | 'E_NETIO_BAD_OPTION'
  | 'E_NETIO_DEVICE_BUSY'
  | 'E_NETIO_DEVICE_DOWN'
  | 'E_NETIO_NO_MEMORY'
  | 'E_NETIO_NO_PERMISSION'
  | 'E_NETIO_NO_SUCH_DEVICE'
  | 'E_NETIO_NOT_FORWARDING'
  | 'E_NETIO_NOT_SUPPORTED'
  | 'E_NETIO_SYSTEM'
  | 'E_NETIO_TOO_MANY_FILES'
  | 'E_NETIO_UNSUPPORTED_PLATFORM';

const BRAND = Symbol.for('@overlane/netio.NetioError');

/**
 * The only error class of this package, thrown by what opens and configures and never by the data path. The message
 * says what was refused and what to do about it.
 *
 * Test with {@link NetioError.is}: the ESM and CJS builds hold different copies of the class, so `instanceof` can lie.
 */
export class NetioError extends Error {
  override readonly name = 'NetioError';
  /** Stable name of the failure. */
  readonly code: NetioErrorCode;
  /** The device, address or path that it is about. */
  readonly subject: string;
  /** The system's name for the failure, such as `EPERM`; `undefined` if no system call failed. */
  readonly errno: string | undefined;
  /** Brand shared by every copy of this class in the process. */
  readonly [BRAND] = true;

  /** Builds the message `subject: fact`. */
  constructor(code: NetioErrorCode, subject: string, fact: string, errno?: string) {
    super(`${subject}: ${fact}`);
    this.code = code;
    this.subject = subject;
    this.errno = errno;
  }

  /** True if `error` is a `NetioError` of any copy of this package. */
  static is(error: unknown): error is NetioError {
    return typeof error === 'object' && error !== null && (error as Record<symbol, unknown>)[BRAND] === true;
  }
}

const NAMES = new Map<number, string>(Object.entries(constants.errno).map(([name, value]) => [value, name]));
// Two names share one number, and Node lacks EBADFD. Node's table is the host's, so Linux's own numbers win here.
for (const name of ['EAGAIN', 'EADDRINUSE', 'EADDRNOTAVAIL', 'EBADFD', 'ENOBUFS', 'EOPNOTSUPP'] as const)
  NAMES.set(linux[name], name);

/** The system's name for an error number, such as `EPERM`; `errno 999` for one without a name. */
export function errnoName(errno: number): string {
  return NAMES.get(errno) ?? `errno ${errno}`;
}

const CODES = new Map<number, NetioErrorCode>([
  [linux.EPERM, 'E_NETIO_NO_PERMISSION'],
  [linux.EACCES, 'E_NETIO_NO_PERMISSION'],
  [linux.ENOENT, 'E_NETIO_NO_SUCH_DEVICE'],
  [linux.ENODEV, 'E_NETIO_NO_SUCH_DEVICE'],
  [linux.ENXIO, 'E_NETIO_NO_SUCH_DEVICE'],
  [linux.EBUSY, 'E_NETIO_DEVICE_BUSY'],
  [linux.EADDRINUSE, 'E_NETIO_ADDRESS_IN_USE'],
  [linux.EADDRNOTAVAIL, 'E_NETIO_ADDRESS_NOT_AVAILABLE'],
  [linux.ENOMEM, 'E_NETIO_NO_MEMORY'],
  [linux.ENOBUFS, 'E_NETIO_NO_MEMORY'],
  [linux.EMFILE, 'E_NETIO_TOO_MANY_FILES'],
  [linux.ENFILE, 'E_NETIO_TOO_MANY_FILES'],
  [linux.ENETDOWN, 'E_NETIO_DEVICE_DOWN'],
  [linux.EAFNOSUPPORT, 'E_NETIO_NOT_SUPPORTED'],
  [linux.EPROTONOSUPPORT, 'E_NETIO_NOT_SUPPORTED'],
  [linux.ENOPROTOOPT, 'E_NETIO_NOT_SUPPORTED'],
  [linux.EOPNOTSUPP, 'E_NETIO_NOT_SUPPORTED'],
]);

/** What to do about it, by code. The caller of {@link systemError} may know better. */
const REMEDIES: Partial<Record<NetioErrorCode, string>> = {
  E_NETIO_NO_PERMISSION: 'run as root, or in a user and network namespace (unshare -Urn)',
  E_NETIO_NO_SUCH_DEVICE: 'look for its name (ip link), and whether it is in this network namespace',
  E_NETIO_NO_MEMORY: 'the kernel has no buffer left for it; free memory, or raise net.core.optmem_max',
  E_NETIO_TOO_MANY_FILES: 'raise the limit of open files (ulimit -n, fs.file-max)',
  E_NETIO_DEVICE_DOWN: 'bring it up (ip link set ... up)',
  E_NETIO_NOT_SUPPORTED: 'this kernel lacks it: too old, or the protocol (IPv6, packet sockets) is switched off',
  E_NETIO_DEVICE_BUSY: 'close the program that holds it, or choose another name',
  E_NETIO_ADDRESS_IN_USE: 'close the program (or kernel tunnel device) that holds the port, or choose another one',
  E_NETIO_ADDRESS_NOT_AVAILABLE:
    'give it to an interface of this network namespace first (ip address add; for IPv6 wait for duplicate detection or add nodad)',
};

/**
 * The error for a failed system call: `subject: could not <action> (EPERM); <remedy>`. `remedy` replaces the usual
 * advice for the code that `errno` stands for.
 */
export function systemError(errno: number, subject: string, action: string, remedy?: string): NetioError {
  const code = CODES.get(errno) ?? 'E_NETIO_SYSTEM';
  const name = errnoName(errno);
  const verb = code === 'E_NETIO_NO_PERMISSION' ? 'not permitted to' : 'could not';
  const advice = remedy ?? REMEDIES[code];
  return new NetioError(code, subject, `${verb} ${action} (${name})${advice === undefined ? '' : `; ${advice}`}`, name);
}

/** The error for an option that cannot be: `subject: fact`. */
export function optionError(subject: string, fact: string): NetioError {
  return new NetioError('E_NETIO_BAD_OPTION', subject, fact);
}

/** Throws unless `value` is an integer in `minimum..maximum`. @throws NetioError E_NETIO_BAD_OPTION */
export function requireOption(subject: string, option: string, value: number, minimum: number, maximum: number): void {
  if (!Number.isInteger(value) || value < minimum || value > maximum) {
    throw optionError(subject, `${option} must be an integer in ${minimum}..${maximum}, got ${value}`);
  }
}
