import type { ByteQueue } from './byte-queue.js';
import { captureError } from './fault.js';
import { OPTION_END, OPTION_IF_TSOFFSET, OPTION_IF_TSRESOL, padTo32Bits } from './pcapng-format.js';
import { createClock, DEFAULT_RESOLUTION, type InterfaceClock } from './timestamp.js';

/** What packets need to know of their Interface Description Block (draft-ietf-opsawg-pcapng §4.2). */
export interface CaptureInterface {
  readonly linkType: number;
  /** Most octets stored per packet; 0 means no limit. Only Simple Packet Blocks depend on it. */
  readonly snapLength: number;
  readonly clock: InterfaceClock;
}

/**
 * Reads an option list that occupies `length` octets of `input`, and returns the clock that it describes. Other options
 * are skipped without being stored. The list may end early or without an end marker (§3.5). Consumes no more than
 * `length` octets; yields when it needs more input.
 *
 * Choice: a wrong option length or a repeated option is refused. §3.5 lets a reader ignore it, but a clock that is a
 * guess falsifies every timestamp.
 */
export function* readClockOptions(input: ByteQueue, length: number): Generator<undefined, InterfaceClock, undefined> {
  let resolution: number | undefined;
  let offsetSeconds: bigint | undefined;
  let consumed = 0;
  while (length - consumed >= 4) {
    while (input.length < 4) yield undefined;
    const code = input.read16(0);
    const valueLength = input.read16(2);
    if (code === OPTION_END) break;
    const size = 4 + padTo32Bits(valueLength);
    if (size > length - consumed) {
      const expected = `at most ${length - consumed - 4}`;
      throw captureError('E_CAPTURE_BAD_OPTION', 'pcapng', 'optionLength', input.position + 2, expected, valueLength);
    }
    if (code === OPTION_IF_TSRESOL) {
      requireOnce(input, 'if_tsresol', resolution);
      requireLength(input, 'if_tsresol', 1, valueLength);
      while (input.length < size) yield undefined;
      resolution = input.read8(4);
    } else if (code === OPTION_IF_TSOFFSET) {
      requireOnce(input, 'if_tsoffset', offsetSeconds);
      requireLength(input, 'if_tsoffset', 8, valueLength);
      while (input.length < size) yield undefined;
      offsetSeconds = input.readInt64(4);
    }
    input.skip(size);
    consumed += size;
  }
  return createClock(resolution ?? DEFAULT_RESOLUTION, offsetSeconds ?? 0n);
}

function requireOnce(input: ByteQueue, option: string, earlier: number | bigint | undefined): void {
  if (earlier !== undefined) {
    throw captureError('E_CAPTURE_BAD_OPTION', 'pcapng', option, input.position, 'given once', 'a second one');
  }
}

function requireLength(input: ByteQueue, option: string, expected: number, actual: number): void {
  if (actual !== expected) {
    throw captureError('E_CAPTURE_BAD_OPTION', 'pcapng', option, input.position + 2, `${expected} octets`, actual);
  }
}
