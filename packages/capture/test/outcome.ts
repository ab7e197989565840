import { CodecError } from '@overlane/wire';
import { CaptureReader, type CapturedPacket, type CaptureReaderOptions } from '../src/index.js';

/** What reading a file came to: the packets in front of the fault, and the fault, if any. */
export interface Outcome {
  readonly packets: readonly CapturedPacket[];
  readonly fault: string | undefined;
  readonly message: string | undefined;
}

/** Octets from hexadecimal text; blanks and line ends are for the reader. */
export function fromHex(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text.match(/[0-9a-f]{2}/g) ?? [], (octet) => parseInt(octet, 16));
}

/** Hexadecimal text of octets. */
export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

/** All of `arrays`, one after another. */
export function join(...arrays: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(Buffer.concat(arrays));
}

/** Reads `bytes` in pieces that end at `cuts`. Anything but packets and a `CodecError` is thrown on. */
export function readPieces(
  bytes: Uint8Array,
  cuts: readonly number[] = [],
  options: CaptureReaderOptions = {},
  afterDrain: (reader: CaptureReader) => void = () => undefined,
): Outcome {
  const reader = new CaptureReader(options);
  const packets: CapturedPacket[] = [];
  try {
    let start = 0;
    for (const end of [...cuts, bytes.length]) {
      // The piece is overwritten after the push: the reader must have copied it.
      const piece = bytes.slice(start, end);
      reader.push(piece);
      piece.fill(0xee);
      for (let packet = reader.next(); packet !== undefined; packet = reader.next()) packets.push(packet);
      afterDrain(reader);
      start = end;
    }
    reader.end();
    return { packets, fault: undefined, message: undefined };
  } catch (error) {
    if (!CodecError.is(error)) throw error;
    return { packets, fault: error.code, message: error.message };
  }
}

/** Text that is equal exactly when the outcomes are. */
export function describeOutcome({ packets, fault, message }: Outcome): string {
  const lines = packets.map(
    (p) => `${p.linkType} ${p.timestampNs} ${p.timeUs} ${p.originalLength} ${p.interfaceId} ${toHex(p.bytes)}`,
  );
  return [...lines, fault, message].join('\n');
}
