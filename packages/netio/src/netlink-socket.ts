/** One request to the kernel over rtnetlink(7), and its answer, which the kernel gives inside the call that asks. */
import type { IpAddress } from '@overlane/wire';
import type { Arena } from './arena.js';
import { systemError } from './errors.js';
import { AF_INET, AF_INET6, AF_NETLINK, NETLINK_ROUTE, SOCK_CLOEXEC, SOCK_NONBLOCK, SOCK_RAW } from './linux.js';
import type { SystemCalls } from './sys.js';

/** `struct nlmsghdr`: length 0, type 4, flags 6, sequence 8, port 12. */
const MESSAGE_HEADER = 16;
/** `struct rtmsg` and `struct ndmsg` both have 12 octets. */
const BODY_HEADER = 12;
/** `struct rtattr`: length 0, type 2. */
const ATTRIBUTE_HEADER = 4;
const NLMSG_ERROR = 2;
const NLM_F_REQUEST = 1;
const NLM_F_ACK = 4;

const REQUEST_SPACE = 128;
const REPLY_SPACE = 2048;

/** A netlink socket with room for one request and one answer. */
export class NetlinkSocket {
  /** Offset in the arena of the body of the last answer. */
  readonly reply: number;
  readonly #system: SystemCalls;
  readonly #arena: Arena;
  readonly #fd: number;
  readonly #request: number;
  #end = 0;
  #length = 0;
  #sequence = 0;

  /** @throws NetioError E_NETIO_NO_MEMORY, E_NETIO_TOO_MANY_FILES, E_NETIO_SYSTEM */
  constructor(arena: Arena, system: SystemCalls) {
    this.#system = system;
    this.#arena = arena;
    this.#request = arena.allocate(REQUEST_SPACE + REPLY_SPACE);
    this.reply = this.#request + REQUEST_SPACE + MESSAGE_HEADER;
    this.#fd = system.socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_ROUTE);
    if (this.#fd >= 0) return;
    const error = systemError(system.errno(), 'routing table', 'open a netlink socket');
    arena.release(this.#request, REQUEST_SPACE + REPLY_SPACE);
    throw error;
  }

  /** Begins a request of `type`, with a zeroed body but for the address family. */
  start(type: number, flags: number, family: 4 | 6): void {
    const { bytes, halfWords } = this.#arena;
    bytes.fill(0, this.#request, this.#request + REQUEST_SPACE);
    halfWords[(this.#request + 4) >>> 1] = type;
    halfWords[(this.#request + 6) >>> 1] = NLM_F_REQUEST | flags;
    this.octets(0, family === 4 ? AF_INET : AF_INET6);
    this.#end = this.#request + MESSAGE_HEADER + BODY_HEADER;
  }

  /** Sets octets of the body, from `at` on. */
  octets(at: number, ...values: readonly number[]): void {
    const body = this.#request + MESSAGE_HEADER;
    values.forEach((value, index) => (this.#arena.bytes[body + at + index] = value));
  }

  /** Sets a word of the body. */
  word(at: number, value: number): void {
    this.#arena.words[(this.#request + MESSAGE_HEADER + at) >>> 2] = value;
  }

  /** Adds an attribute that is an address. */
  addAddress(type: number, address: IpAddress): void {
    address.write(this.#arena.bytes, this.#addAttribute(type, address.length));
  }

  /** Adds an attribute that is a word. */
  addWord(type: number, value: number): void {
    this.#arena.words[this.#addAttribute(type, 4) >>> 2] = value;
  }

  /** Sends the request. True if its answer is one message of `type`. */
  ask(type: number): boolean {
    this.#length = this.#exchange();
    if (this.#length > 0 && this.#replyType === type) return true;
    this.#length = 0;
    return false;
  }

  /** Sends the request and has it acknowledged. Returns the kernel's error number, 0 if it was done, -1 without an answer. */
  acknowledge(): number {
    this.#arena.halfWords[(this.#request + 6) >>> 1]! |= NLM_F_ACK;
    if (this.#exchange() === 0 || this.#replyType !== NLMSG_ERROR) return -1;
    return -(this.#arena.words[this.reply >>> 2]! | 0);
  }

  /** Offset of the data of an attribute of the answer, which must have `least` octets; -1 if it has none. */
  attribute(type: number, least: number): number {
    const { halfWords } = this.#arena;
    const end = this.reply - MESSAGE_HEADER + this.#length;
    for (let at = this.reply + BODY_HEADER; at + ATTRIBUTE_HEADER <= end;) {
      const size = halfWords[at >>> 1]!;
      if (size < ATTRIBUTE_HEADER || at + size > end) return -1;
      if (halfWords[(at + 2) >>> 1] === type && size >= ATTRIBUTE_HEADER + least) return at + ATTRIBUTE_HEADER;
      at += (size + 3) & ~3;
    }
    return -1;
  }

  /** Closes the socket. */
  close(): void {
    this.#system.close(this.#fd);
    this.#arena.release(this.#request, REQUEST_SPACE + REPLY_SPACE);
  }

  get #replyType(): number {
    return this.#arena.halfWords[(this.reply - MESSAGE_HEADER + 4) >>> 1]!;
  }

  /** Adds the header of an attribute of `length` octets, a multiple of four, and returns where they go. */
  #addAttribute(type: number, length: number): number {
    const at = this.#end;
    this.#arena.halfWords[at >>> 1] = ATTRIBUTE_HEADER + length;
    this.#arena.halfWords[(at + 2) >>> 1] = type;
    this.#end += ATTRIBUTE_HEADER + length;
    return at + ATTRIBUTE_HEADER;
  }

  /** Sends the request; returns the octets of its answer, 0 if there is none. */
  #exchange(): number {
    const { words } = this.#arena;
    const length = this.#end - this.#request;
    words[this.#request >>> 2] = length;
    const sequence = (this.#sequence = (this.#sequence + 1) & 0x3fffffff);
    words[(this.#request + 8) >>> 2] = sequence;
    if (this.#system.write(this.#fd, this.#arena.address(this.#request), length) < length) return 0;
    const reply = this.reply - MESSAGE_HEADER;
    // An answer to an earlier request, which came late, is passed over.
    for (let tries = 0; tries < 4; tries++) {
      const n = this.#system.read(this.#fd, this.#arena.address(reply), REPLY_SPACE);
      if (n < MESSAGE_HEADER + BODY_HEADER) return 0;
      if (words[(reply + 8) >>> 2] === sequence) return Math.min(n, words[reply >>> 2]!);
    }
    return 0;
  }
}
