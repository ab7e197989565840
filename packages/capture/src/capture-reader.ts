import { CodecError, requireInteger } from '@overlane/wire';
import { ByteQueue } from './byte-queue.js';
import type { CapturedPacket, CaptureLimits, PacketParser } from './captured-packet.js';
import { captureError, type CaptureFault } from './fault.js';
import { MAX_SNAP_LENGTH, readFlavor } from './pcap-format.js';
import { parsePcap } from './pcap-parser.js';
import { SECTION_HEADER_BLOCK } from './pcapng-format.js';
import { parsePcapng } from './pcapng-parser.js';

/** Default of {@link CaptureReaderOptions.maxInterfaces}: as many as an obsolete Packet Block can name. */
export const MAX_INTERFACES = 65_536;

/** Bounds of a {@link CaptureReader}. */
export interface CaptureReaderOptions {
  /** Longest packet to accept, in octets. Default {@link MAX_SNAP_LENGTH}, which is also tcpdump's. */
  readonly maxPacketLength?: number;
  /** Most interfaces that one pcapng section may describe. Default {@link MAX_INTERFACES}. */
  readonly maxInterfaces?: number;
}

/**
 * Reads a pcap or pcapng file that arrives in pieces. The first four octets tell the format.
 *
 *     reader.push(chunk); while ((packet = reader.next())) use(packet);   // for each chunk
 *     reader.end();                                                       // throws if the file is cut off
 *
 * The same packets and the same fault come out however the file is cut into chunks. A fault is final: the packets in
 * front of it are delivered, then {@link next} and {@link end} throw it, every time, and further input is dropped.
 *
 * Memory: what was pushed and not yet taken, plus one packet (`maxPacketLength` + 28 octets), times at most four for
 * amortised growth; plus the interfaces of the current section. Time: linear in the input.
 */
export class CaptureReader {
  readonly #input = new ByteQueue();
  readonly #parser: PacketParser;
  #fault: unknown;
  #held: CapturedPacket | undefined;
  #ended = false;

  /** @throws CodecError E_FIELD_RANGE if a limit is not an integer in 0..2^32-1 */
  constructor(options: CaptureReaderOptions = {}) {
    const { maxPacketLength = MAX_SNAP_LENGTH, maxInterfaces = MAX_INTERFACES } = options;
    requireInteger('capture', 'maxPacketLength', maxPacketLength, 0xffff_ffff);
    requireInteger('capture', 'maxInterfaces', maxInterfaces, 0xffff_ffff);
    this.#parser = parseCapture(this.#input, { maxPacketLength, maxInterfaces });
  }

  /** Octets pushed and not yet used. After {@link next} returned `undefined`, at most `maxPacketLength` + 28. */
  get heldLength(): number {
    return this.#input.length;
  }

  /** Adds the next octets of the file. Copies them: the caller may reuse `chunk` at once. No effect after a fault. */
  push(chunk: Uint8Array): void {
    if (this.#ended) throw new TypeError('push after end');
    if (this.#fault === undefined) this.#input.push(chunk);
  }

  /**
   * The next packet, which belongs to the caller, or `undefined` if more input is needed or, after {@link end}, if there
   * is no more. @throws CodecError any {@link CaptureFault} of reading
   */
  next(): CapturedPacket | undefined {
    const packet = this.#held ?? this.#parse();
    this.#held = undefined;
    if (packet === undefined && this.#ended) this.#requireBoundary();
    return packet;
  }

  /**
   * Says that the file ends here. If packets have not been taken yet, they still come from {@link next}, and a fault
   * after them too; otherwise the fault is thrown now. @throws CodecError E_CAPTURE_TRUNCATED or an earlier fault
   */
  end(): void {
    this.#ended = true;
    this.#held ??= this.#parse();
    if (this.#held === undefined) this.#requireBoundary();
  }

  #parse(): CapturedPacket | undefined {
    if (this.#fault !== undefined) throw this.#fault;
    try {
      return this.#parser.next().value;
    } catch (fault) {
      throw this.#fail(fault);
    }
  }

  #requireBoundary(): void {
    const { received, boundary } = this.#input;
    if (received !== boundary) throw this.#fail(truncated(Math.max(boundary, 0), received));
  }

  #fail(fault: unknown): unknown {
    this.#fault = fault;
    this.#input.clear();
    return fault;
  }
}

/** Finds out the format, then parses it. */
function* parseCapture(input: ByteQueue, limits: CaptureLimits): PacketParser {
  while (input.length < 4) yield undefined;
  const magic = input.read32(0);
  if (magic === SECTION_HEADER_BLOCK) return yield* parsePcapng(input, limits);
  const flavor = readFlavor(magic);
  if (flavor !== undefined) return yield* parsePcap(input, flavor, limits);
  const actual = `0x${magic.toString(16).padStart(8, '0')}`;
  throw captureError('E_CAPTURE_UNKNOWN_FORMAT', 'capture', 'magic', 0, 'that of pcap or pcapng', actual);
}

function truncated(start: number, received: number): CodecError {
  const code: CaptureFault = 'E_CAPTURE_TRUNCATED';
  const detail = { protocol: 'capture', offset: start, actual: received - start, boundBy: 'end' };
  return new CodecError(code, detail, `file ends ${received - start} octets into the item at offset ${start}`);
}
