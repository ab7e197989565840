import type { CapturedPacket } from './captured-packet.js';
import { CaptureReader, type CaptureReaderOptions } from './capture-reader.js';

// Small enough that the reader's buffer stays in the cache, whatever the size of the file.
const PIECE_LENGTH = 65_536;

/**
 * All packets of a whole capture file, pcap or pcapng, in file order. `bytes` is not kept. To get the packets in front
 * of a fault too, use {@link CaptureReader}. Cost: one copy of the file. @throws CodecError any {@link CaptureFault}
 */
export function readCapture(bytes: Uint8Array, options?: CaptureReaderOptions): CapturedPacket[] {
  const reader = new CaptureReader(options);
  const packets: CapturedPacket[] = [];
  for (let offset = 0; offset < bytes.length; offset += PIECE_LENGTH) {
    reader.push(bytes.subarray(offset, offset + PIECE_LENGTH));
    for (let packet = reader.next(); packet !== undefined; packet = reader.next()) packets.push(packet);
  }
  reader.end();
  return packets;
}

/**
 * The packets of a capture file that arrives as `chunks`: a Node read stream, a web stream, or any iterable of arrays.
 * A fault is thrown after the packets in front of it. Chunks may be reused once the next one is asked for.
 * Memory as for {@link CaptureReader}. @throws CodecError any {@link CaptureFault}
 */
export async function* readCaptureStream(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  options?: CaptureReaderOptions,
): AsyncGenerator<CapturedPacket, void, undefined> {
  const reader = new CaptureReader(options);
  for await (const chunk of chunks) {
    reader.push(chunk);
    for (let packet = reader.next(); packet !== undefined; packet = reader.next()) yield packet;
  }
  reader.end();
}
