/** Puts the STT frames of a capture together for `dissect`, and says which packets each came in. */
import type { DissectedLayer } from '@overlane/layout';
import { ReassemblyStore, SegmentCarrier, segment } from '@overlane/stt';
import { type Fault, PacketBuffer, TunnelMetadata } from '@overlane/wire';
import { FRAMES_MAX, PieceNumbers } from './piece-numbers.js';
import type { PutTogether } from './put-together.js';

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
  ): PutTogether | Fault | undefined {
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
  readonly #numbers = new PieceNumbers();

  constructor(port: number) {
    this.#carrier = new SegmentCarrier({ port });
  }

  take(packetBytes: Uint8Array, ipOffset: number, packet: number, nowMs: number): PutTogether | Fault | undefined {
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
    for (const given of this.#store.takeEvents()) this.#numbers.forget(keyOf(given));
    if (outcome === 'complete' || outcome === 'incomplete') this.#numbers.note(key, packet, end - payload);
    if (outcome === 'incomplete') return undefined;
    if (outcome !== 'complete') return outcome;
    const { delivered } = this.#store;
    return {
      protocol: 'stt-frame',
      bytes: delivered.bytes.subarray(delivered.start, delivered.end),
      packets: this.#numbers.close(key, frameLength),
    };
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
