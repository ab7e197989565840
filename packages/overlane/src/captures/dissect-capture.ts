/** Takes the packets of a capture apart: JSON lines for programs, a tree for people. */
import type { CapturedPacket } from '@overlane/capture';
import { type Dissection, type DissectOptions, type Dissector, createDissector } from '@overlane/layout';
import { wireBindings } from '@overlane/layout/headers';
import type { BufferedOutput } from './buffered-output.js';
import { CaptureClock } from './capture-clock.js';
import type { CaptureInput } from './capture-input.js';
import { LINK_LAYERS, linkBindings } from './link-layer.js';
import { DoveDatagrams } from './dove-datagrams.js';
import { formatPacketText } from './packet-text.js';
import { allowPartialChecksums } from './partial-checksum.js';
import { SttFrames } from './stt-frames.js';
import { TUNNEL_PROTOCOLS } from './tunnel-protocols.js';

/** How packets are written. */
export type DissectFormat = 'json' | 'text';

/** One packet, as `dissect --json` prints it. */
export interface PacketReport extends Dissection {
  /** Its number in the file, from 1. */
  readonly packet: number;
  /** Microseconds since 1970 (UTC), rounded down; absent if the file has no time for it. */
  readonly timeUs?: number;
  /** Octets of the packet on the network. */
  readonly length: number;
  /** Octets that the file holds of it, if fewer. Layers and offsets are about these. */
  readonly capturedLength?: number;
  /** The frame that this packet has completed, if it came in several. */
  readonly reassembled?: ReassembledFrame;
}

/** A frame that was put together from several packets. */
export interface ReassembledFrame extends Dissection {
  /** Numbers of these packets, in order of arrival. */
  readonly packets: readonly number[];
  /** Octets of the frame, its own header included. Offsets of its layers are about these. */
  readonly length: number;
}

/** A dissector of every header and tunnel that the command line knows. */
export function createPacketDissector(): Dissector {
  return createDissector([
    ...allowPartialChecksums(wireBindings),
    ...linkBindings,
    ...TUNNEL_PROTOCOLS.flatMap(({ bindings }) => bindings),
  ]);
}

/** Writes every packet of `input`. @throws OutcomeError behind the last packet if the file is bad */
export async function dissectCapture(
  input: CaptureInput,
  output: BufferedOutput,
  format: DissectFormat,
  options: DissectOptions,
): Promise<void> {
  const reporter = new PacketReporter(options);
  let number = 0;
  try {
    for await (const packet of input.packets()) {
      const report = reporter.report(packet, ++number);
      output.add(format === 'json' ? `${JSON.stringify(report)}\n` : formatPacketText(report, packet));
      const wait = output.drain();
      if (wait !== undefined) await wait;
    }
  } finally {
    await output.flush();
  }
}

/** Reports the packets of one capture, in order: frames that came in several are put together. */
export class PacketReporter {
  readonly #dissector = createPacketDissector();
  readonly #frames = new SttFrames();
  readonly #datagrams = new DoveDatagrams();
  readonly #clock = new CaptureClock();
  readonly #options: DissectOptions;

  /** With the caller's options for every packet. */
  constructor(options: DissectOptions) {
    this.#options = options;
  }

  /** What is said about packet `number`. A link type that nobody here knows is its fault: others may be known. */
  report({ bytes, linkType, timeUs, originalLength }: CapturedPacket, number: number): PacketReport {
    const link = LINK_LAYERS.get(linkType);
    const nowMs = this.#clock.advance(timeUs);
    return {
      packet: number,
      ...(timeUs === undefined ? {} : { timeUs }),
      length: originalLength,
      ...(bytes.length === originalLength ? {} : { capturedLength: bytes.length }),
      ...(link === undefined
        ? { layers: [], fault: 'E_DISSECT_LINK_TYPE' }
        : this.#dissect(bytes, link.start, number, nowMs)),
    };
  }

  #dissect(
    bytes: Uint8Array,
    start: string,
    number: number,
    nowMs: number,
  ): Dissection & Pick<PacketReport, 'reassembled'> {
    const dissection = this.#dissector.dissect(bytes, { ...this.#options, start });
    if (dissection.fault !== undefined) return dissection;
    const { layers } = dissection;
    const frame = this.#frames.take(bytes, layers, number, nowMs) ?? this.#datagrams.take(bytes, layers, number, nowMs);
    if (frame === undefined) return dissection;
    if (typeof frame === 'string') return { ...dissection, fault: frame };
    const inside = this.#dissector.dissect(frame.bytes, { ...this.#options, start: frame.protocol });
    return { ...dissection, reassembled: { packets: frame.packets, length: frame.bytes.length, ...inside } };
  }
}
