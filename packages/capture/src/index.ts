/**
 * Capture files: reads pcap and pcapng, writes pcap. Pure: octets in, packets out, and the other way round; files,
 * streams and sockets are the caller's.
 *
 * Start with {@link readCapture} for a file in memory, {@link readCaptureStream} for a stream, {@link CaptureReader} for
 * full control; {@link encodePcapHeader} and {@link encodePcapRecord} write.
 */
export type { CapturedPacket } from './captured-packet.js';
export { CaptureReader, MAX_INTERFACES, type CaptureReaderOptions } from './capture-reader.js';
export type { CaptureFault } from './fault.js';
export * from './link-type.js';
export { MAX_SNAP_LENGTH, type ByteOrder, type PcapFlavor, type TimestampResolution } from './pcap-format.js';
export { encodePcapHeader, encodePcapRecord, type PcapOptions, type PcapPacket } from './pcap-writer.js';
export { readCapture, readCaptureStream } from './read-capture.js';
