/** Classic BPF programs on sockets (linux/filter.h): instructions of eight octets, run by the kernel on each packet. */
import type { Arena } from './arena.js';
import { systemError } from './errors.js';
import { SOL_SOCKET, SO_ATTACH_FILTER } from './linux.js';
import type { SystemCalls } from './sys.js';

/** One instruction: `struct sock_filter`. */
export interface FilterInstruction {
  /** Operation. */
  readonly code: number;
  /** Instructions to skip if a jump's condition holds. */
  readonly jt?: number;
  /** Instructions to skip if it does not. */
  readonly jf?: number;
  /** Operand. */
  readonly k: number;
}

const INSTRUCTION_LENGTH = 8;
/** `struct sock_fprog`: count of instructions 0, pointer to them 8. */
const PROGRAM_LENGTH = 16;

const LOAD_HALF = 0x28;
const LOAD_HALF_AT_X = 0x48;
/** X becomes four times the low nibble of the octet: the length of an IPv4 header. */
const LOAD_X_HEADER_LENGTH = 0xb1;
const JUMP_IF_EQUAL = 0x15;
const RETURN = 0x06;
const WHOLE_PACKET = 0x40000;
const DESTINATION_PORT = 2;

/** Lets nothing through. */
export const DROP_ALL: readonly FilterInstruction[] = [{ code: RETURN, k: 0 }];

/** Lets through what a raw socket receives for one destination port: IPv4 shows it the IP header first, IPv6 does not. */
export function destinationPortFilter(family: 4 | 6, port: number): readonly FilterInstruction[] {
  const load: readonly FilterInstruction[] =
    family === 4
      ? [
          { code: LOAD_X_HEADER_LENGTH, k: 0 },
          { code: LOAD_HALF_AT_X, k: DESTINATION_PORT },
        ]
      : [{ code: LOAD_HALF, k: DESTINATION_PORT }];
  return [
    ...load,
    { code: JUMP_IF_EQUAL, jt: 0, jf: 1, k: port },
    { code: RETURN, k: WHOLE_PACKET },
    { code: RETURN, k: 0 },
  ];
}

/** Attaches `filter` to a socket. @throws NetioError */
export function attachFilter(
  system: SystemCalls,
  arena: Arena,
  name: string,
  fd: number,
  filter: readonly FilterInstruction[],
): void {
  const size = PROGRAM_LENGTH + filter.length * INSTRUCTION_LENGTH;
  const program = arena.allocate(size);
  const view = new DataView(arena.bytes.buffer, arena.bytes.byteOffset);
  view.setUint16(program, filter.length, true);
  arena.writePointer(program + 8, program + PROGRAM_LENGTH);
  filter.forEach(({ code, jt = 0, jf = 0, k }, i) => {
    const at = program + PROGRAM_LENGTH + i * INSTRUCTION_LENGTH;
    view.setUint16(at, code, true);
    view.setUint8(at + 2, jt);
    view.setUint8(at + 3, jf);
    view.setUint32(at + 4, k, true);
  });
  const result = system.setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, arena.address(program), PROGRAM_LENGTH);
  const errno = result < 0 ? system.errno() : 0;
  arena.release(program, size);
  if (result < 0) throw systemError(errno, name, 'attach a packet filter');
}
