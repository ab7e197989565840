/** Classic BPF programs on sockets (linux/filter.h): instructions of eight octets, run by the kernel on each packet. */
import { ethernet, type IpAddress } from '@overlane/wire';
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

const LOAD_WORD = 0x20;
const LOAD_HALF = 0x28;
const LOAD_OCTET = 0x30;
const LOAD_HALF_AT_X = 0x48;
/** X becomes four times the low nibble of the octet: the length of an IPv4 header. */
const LOAD_X_HEADER_LENGTH = 0xb1;
const JUMP_IF_EQUAL = 0x15;
const JUMP_IF_ANY_BIT = 0x45;
const RETURN = 0x06;
const WHOLE_PACKET = 0x40000;
const DESTINATION_PORT = 2;
/** "Offsets" of what the kernel knows beside the octets (SKF_AD_OFF): who the frame is for, 0 being us. */
const PACKET_TYPE = 0xfffff004;
/** Its value for a frame to somebody else. */
const PACKET_OTHER_HOST = 3;
/** As above: 1 if the kernel has taken a VLAN tag off. */
const VLAN_TAG_PRESENT = 0xfffff030;
/** MF and fragment offset of IPv4. */
const FRAGMENT_BITS = 0x3fff;

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

/** A value that a frame must have: `load` it, and it equals `value`, or has none of the bits of `without`. */
interface Condition {
  readonly load: readonly FilterInstruction[];
  readonly value?: number;
  readonly without?: number;
}

/**
 * Lets through the Ethernet frames that are one underlay's: untagged, addressed to this machine, whole (no IP
 * fragments), from anywhere to `local` with `protocol`, and to `port` unless that is 0. Options of IPv4 are walked over;
 * IPv6 with extension headers does not pass.
 */
export function underlayFilter(local: IpAddress, protocol: number, port: number): readonly FilterInstruction[] {
  const at = (code: number, k: number): readonly FilterInstruction[] => [{ code, k }];
  const ip = ethernet.HEADER_LENGTH;
  const words = [local.word0, local.word1, local.word2, local.word3].map((word) => word >>> 0);
  const conditions: Condition[] = [
    { load: at(LOAD_WORD, VLAN_TAG_PRESENT), value: 0 },
    { load: at(LOAD_WORD, PACKET_TYPE), value: 0 },
    { load: at(LOAD_HALF, ip - 2), value: local.family === 4 ? ethernet.ETHER_TYPE.IPV4 : ethernet.ETHER_TYPE.IPV6 },
  ];
  if (local.family === 4) {
    conditions.push({ load: at(LOAD_OCTET, ip + 9), value: protocol });
    conditions.push({ load: at(LOAD_HALF, ip + 6), without: FRAGMENT_BITS });
    conditions.push({ load: at(LOAD_WORD, ip + 16), value: words[0]! });
    const load = [
      { code: LOAD_X_HEADER_LENGTH, k: ip },
      { code: LOAD_HALF_AT_X, k: ip + DESTINATION_PORT },
    ];
    if (port > 0) conditions.push({ load, value: port });
  } else {
    conditions.push({ load: at(LOAD_OCTET, ip + 6), value: protocol });
    words.forEach((value, index) => conditions.push({ load: at(LOAD_WORD, ip + 24 + 4 * index), value }));
    if (port > 0) conditions.push({ load: at(LOAD_HALF, ip + 40 + DESTINATION_PORT), value: port });
  }
  return allOf(conditions);
}

/** Which frames an Ethernet underlay is for: those of an EtherType, and IPv4 packets of a protocol. */
export interface FrameTypes {
  /** EtherTypes, IPv4 apart. */
  readonly etherTypes: readonly number[];
  /** Protocols of IPv4. */
  readonly ipProtocols: readonly number[];
}

/**
 * Lets through the Ethernet frames of these types that are for this machine or for all, tagged or not: the kernel has taken
 * the outermost tag off when it asks. Frames that only pass by, because a switch floods them, are left out.
 */
export function frameFilter({ etherTypes, ipProtocols }: FrameTypes): readonly FilterInstruction[] {
  const accept: FilterInstruction = { code: RETURN, k: WHOLE_PACKET };
  const drop: FilterInstruction = { code: RETURN, k: 0 };
  const ip = ethernet.HEADER_LENGTH;
  const unless = (k: number): FilterInstruction[] => [{ code: JUMP_IF_EQUAL, jt: 0, jf: 1, k }];
  return [
    { code: LOAD_WORD, k: PACKET_TYPE },
    ...unless(PACKET_OTHER_HOST),
    drop,
    { code: LOAD_HALF, k: ip - 2 },
    ...etherTypes.flatMap((etherType) => [...unless(etherType), accept]),
    { code: JUMP_IF_EQUAL, jt: 1, jf: 0, k: ethernet.ETHER_TYPE.IPV4 },
    drop,
    { code: LOAD_OCTET, k: ip + 9 },
    ...ipProtocols.flatMap((protocol) => [...unless(protocol), accept]),
    drop,
  ];
}

/** A program that accepts if all conditions hold: each that does not jumps to the drop at the end. */
function allOf(conditions: readonly Condition[]): readonly FilterInstruction[] {
  const total = conditions.reduce((sum, { load }) => sum + load.length + 1, 0);
  const program: FilterInstruction[] = [];
  for (const { load, value, without } of conditions) {
    program.push(...load);
    const toDrop = total - program.length;
    program.push(
      without === undefined
        ? { code: JUMP_IF_EQUAL, jt: 0, jf: toDrop, k: value ?? 0 }
        : { code: JUMP_IF_ANY_BIT, jt: toDrop, jf: 0, k: without },
    );
  }
  return [...program, { code: RETURN, k: WHOLE_PACKET }, { code: RETURN, k: 0 }];
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
