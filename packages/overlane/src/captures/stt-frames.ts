/** Puts the STT frames of a capture together for `dissect`, and says which packets each came in. */
import type { DissectedLayer } from '@overlane/layout';
import { ReassemblyStore, SegmentCarrier, segment } from '@overlane/stt';
import { type Fault, PacketBuffer, TunnelMetadata } from '@overlane/wire';

/** A frame that the last packet has completed. */
export interface SttFrame {
  /** Frame header and inner frame; valid until the next packet is taken. */
  readonly bytes: Uint8Array;
  /** Numbers of the packets that it came in, in order of arrival. */
  readonly packets: readonly number[];
}

/** Frames whose packets are remembered at once; the store of a port has no more in assembly. */
const FRAMES_MAX = 1024;

/** The packets of one frame so far: numbers, and octets of each. */
interface Pieces {
  readonly packets: number[];
  readonly lengths: number[];
}

/**
 * The segments of one capture. Memory: per port the reassembly store's 4.6 MB, taken with the port's first segment, and
 * the packet numbers of up to 1,024 frames.
 */
export class SttFrames {
  readonly #ports = new Map<number, PortFrames>();

  /**
   * Takes a packet whose `layers` a dissector found to be faultless. Returns the frame that it completes, why its segment
   * was refused, or `undefined` if it is held, no segment, or a frame in one piece.
   */
  take(
    bytes: Uint8Array,
    layers: readonly DissectedLayer[],
    packet: number,
    nowMs: number,
  ): SttFrame | Fault | undefined {
    // In tunnels in tunnels the outermost counts.
    const at = layers.findIndex(({ protocol }) => protocol === 'stt');
    const outer = layers.slice(0, Math.max(at, 0));
    const ip = outer.filter(({ protocol }) => protocol === 'ipv4' || protocol === 'ipv6').at(-1);
    if (ip === undefined) return undefined;
    const port = segment.readDestinationPort(bytes, layers[at]!.offset);
    let frames = this.#ports.get(port);
    if (frames === undefined) this.#ports.set(port, (frames = new PortFrames(port)));
    return frames.take(bytes, ip.offset, packet, nowMs);
  }
}

class PortFrames {
  readonly #carrier: SegmentCarrier;
  readonly #store = new ReassemblyStore({ contextLimit: FRAMES_MAX });
  readonly #window = new PacketBuffer(new Uint8Array(0));
  readonly #tunnel = new TunnelMetadata();
  readonly #pieces = new Map<string, Pieces>();

  constructor(port: number) {
    this.#carrier = new SegmentCarrier({ port });
  }

  take(packetBytes: Uint8Array, ipOffset: number, packet: number, nowMs: number): SttFrame | Fault | undefined {
    const tunnel = this.#tunnel;
    const fault = this.#carrier.open(this.#window.reset(packetBytes, ipOffset, packetBytes.length), tunnel);
    if (fault !== undefined) return fault;
    const { bytes, start, end } = this.#window;
    const payload = start + segment.readHeaderLength(bytes, start);
    const frameLength = segment.readFrameLength(bytes, start);
    if (end - payload === frameLength) return undefined;
    const { source, destination, entropy: sourcePort } = tunnel;
    const packetId = segment.readPacketId(bytes, start);
    const key = keyOf({ source, destination, sourcePort, packetId });
    const outcome = this.#store.accept(
      source,
      destination,
      sourcePort,
      packetId,
      frameLength,
      segment.readSegmentOffset(bytes, start),
      bytes,
      payload,
      end,
      (tunnel.dscp << 2) | tunnel.ecn,
      nowMs,
    );
    for (const given of this.#store.takeEvents()) this.#pieces.delete(keyOf(given));
    if (outcome === 'complete' || outcome === 'incomplete') this.#note(key, packet, end - payload);
    if (outcome === 'incomplete') return undefined;
    if (outcome !== 'complete') return outcome;
    const { delivered } = this.#store;
    return { bytes: delivered.bytes.subarray(delivered.start, delivered.end), packets: this.#close(key, frameLength) };
  }

  #note(key: string, packet: number, length: number): void {
    let pieces = this.#pieces.get(key);
    if (pieces === undefined) {
      if (this.#pieces.size === FRAMES_MAX) this.#pieces.delete(this.#pieces.keys().next().value!);
      this.#pieces.set(key, (pieces = { packets: [], lengths: [] }));
    }
    pieces.packets.push(packet);
    pieces.lengths.push(length);
  }

  /**
   * The last pieces that add up to the frame. Earlier ones are of a frame with the same id that was given up without an
   * event, of which the store keeps 64 at a time; stored segments never overlap.
   */
  #close(key: string, frameLength: number): readonly number[] {
    const { packets, lengths } = this.#pieces.get(key)!;
    this.#pieces.delete(key);
    let first = packets.length;
    for (let missing = frameLength; missing > 0 && first > 0; missing -= lengths[first]!) first--;
    return packets.slice(first);
  }
}

function keyOf(frame: {
  readonly source: { toString(): string };
  readonly destination: { toString(): string };
  readonly sourcePort: number;
  readonly packetId: number;
}): string {
  const { source, destination, sourcePort, packetId } = frame;
  return `${source.toString()} ${destination.toString()} ${sourcePort} ${packetId}`;
}
