/** Takes the packets of a capture apart: JSON lines for programs, a tree for people. */
import type { CapturedPacket } from '@overlane/capture';
import { type Dissection, type DissectOptions, type Dissector, createDissector } from '@overlane/layout';
import { wireBindings } from '@overlane/layout/headers';
import type { BufferedOutput } from './buffered-output.js';
import type { CaptureInput } from './capture-input.js';
import { LINK_LAYERS, linkBindings } from './link-layer.js';
import { formatPacketText } from './packet-text.js';
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
}

/** A dissector of every header and tunnel that the command line knows. */
export function createPacketDissector(): Dissector {
  return createDissector([...wireBindings, ...linkBindings, ...TUNNEL_PROTOCOLS.map(({ binding }) => binding)]);
}

/** Writes every packet of `input`. @throws OutcomeError behind the last packet if the file is bad */
export async function dissectCapture(
  input: CaptureInput,
  output: BufferedOutput,
  format: DissectFormat,
  options: DissectOptions,
): Promise<void> {
  const dissector = createPacketDissector();
  let number = 0;
  try {
    for await (const packet of input.packets()) {
      const report = reportPacket(dissector, packet, ++number, options);
      output.add(format === 'json' ? `${JSON.stringify(report)}\n` : formatPacketText(report, packet));
      const wait = output.drain();
      if (wait !== undefined) await wait;
    }
  } finally {
    await output.flush();
  }
}

/** What is said about one packet. A link type that nobody here knows is a fault of the packet: others may be known. */
export function reportPacket(
  dissector: Dissector,
  { bytes, linkType, timeUs, originalLength }: CapturedPacket,
  number: number,
  options: DissectOptions,
): PacketReport {
  const link = LINK_LAYERS.get(linkType);
  const dissection: Dissection =
    link === undefined
      ? { layers: [], fault: 'E_DISSECT_LINK_TYPE' }
      : dissector.dissect(bytes, { ...options, start: link.start });
  return {
    packet: number,
    ...(timeUs === undefined ? {} : { timeUs }),
    length: originalLength,
    ...(bytes.length === originalLength ? {} : { capturedLength: bytes.length }),
    ...dissection,
  };
}
