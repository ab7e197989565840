/** Endpoints, packets and frames for the tests of the encapsulation. */
import { type Fault, IpAddress, PacketBuffer, TunnelMetadata, checksum, ethernet, ipv4, tcp } from '@overlane/wire';
import { type SttOptions, SttEncapsulation } from '../src/index.js';
import vectorFile from './vectors/stt.json';

/** A frame that a vector says is delivered. */
export interface FrameFields {
  readonly inner: string;
  readonly vlan: { readonly present: boolean; readonly pcp: number; readonly vid: number };
  readonly innerL4Checksum?: { readonly partial: string; readonly complete: string };
  readonly l4Offset: number;
  readonly flags: number;
  readonly mss: number;
}
/** One vector of `stt.json`. */
export interface Vector {
  readonly name: string;
  readonly kind?: string;
  readonly hex: string | readonly string[];
  readonly fields: { readonly frames?: readonly FrameFields[] };
  readonly error?: string;
}

/** All vectors. */
export const vectors = vectorFile.vectors as unknown as Vector[];
/** The vector of this name. */
export const vector = (name: string): Vector => vectors.find((v) => v.name === name)!;
/** Octets of hexadecimal text. */
export const octets = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'));
/** Hexadecimal text of octets. */
export const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** Metadata for sending to `network`. */
export function tunnelTo(network: number, source = '192.0.2.1', destination = '192.0.2.2'): TunnelMetadata {
  const tunnel = Object.assign(new TunnelMetadata(), { network });
  tunnel.source.copy(IpAddress.parse(source));
  tunnel.destination.copy(IpAddress.parse(destination));
  return tunnel;
}

/** The packets of a vector in order of arrival, each with memory of its own, from the outer IP header on. */
export function arrivals({ hex }: Vector): PacketBuffer[] {
  return [hex].flat().map((text) => {
    const bytes = octets(text);
    return new PacketBuffer(bytes, ethernet.readHeaderLength(bytes, 0));
  });
}

/** Room for the longest frame, where all senders put their segments. */
const scratch = new PacketBuffer(new Uint8Array(1 << 20));

/** What an endpoint with these options emits, with offload fields. @throws Error with the fault, if there is one */
export function send(packet: PacketBuffer, tunnel: TunnelMetadata, options: SttOptions = {}): PacketBuffer[] {
  const emitted: PacketBuffer[] = [];
  // It receives nothing, so it needs next to no memory for that.
  const fault = new SttEncapsulation({ scratch, highMark: 1, contextLimit: 1, ...options }).encapsulate(
    packet,
    tunnel,
    (outer) => {
      const copy = new PacketBuffer(outer.copy());
      copy.copyOffload(outer);
      // Offload fields are positions in the array.
      if (outer.checksum === 'partial') {
        copy.checksumStart -= outer.start;
        copy.checksumField -= outer.start;
      }
      emitted.push(copy);
    },
  );
  if (fault !== undefined) throw new Error(fault);
  return emitted;
}

/** What comes out of `packets`, the last of which must complete a frame. */
export function receive(packets: readonly PacketBuffer[], options: SttOptions = {}) {
  const endpoint = new SttEncapsulation(options);
  const tunnel = new TunnelMetadata();
  let outcome: Fault | 'incomplete' | undefined = 'incomplete';
  for (const packet of packets) outcome = endpoint.decapsulate(packet, tunnel, 0);
  return { outcome, tunnel, packet: packets.at(-1)!, endpoint };
}

/** A frame of IPv4 and TCP with `payload` octets of data whose checksum is left to offload, as a TAP device gives it. */
export function tcpFrame(payload: number, mss: number, tag?: number): PacketBuffer {
  const header = tcp.encode({
    sourcePort: 1,
    destinationPort: 2,
    sequenceNumber: 1000,
    acknowledgmentNumber: 0,
    flags: tcp.FLAG.ACK | tcp.FLAG.PSH,
    window: 100,
    checksum: 0,
    urgentPointer: 0,
    options: new Uint8Array(0),
  });
  const ip = ipv4.encode({
    dscp: 0,
    ecn: 2,
    totalLength: 40 + payload,
    identification: 7,
    dontFragment: true,
    moreFragments: false,
    fragmentOffset: 0,
    ttl: 64,
    protocol: 6,
    source: 0x0a00_0001,
    destination: 0x0a00_0002,
    options: new Uint8Array(0),
  });
  const vlan = tag === undefined ? [] : [0x81, 0, tag >>> 8, tag & 255];
  const data = Uint8Array.from({ length: payload }, (_, i) => i * 3);
  const link = [2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, ...vlan, 8, 0];
  const packet = PacketBuffer.from(Uint8Array.from([...link, ...ip, ...header, ...data]));
  const network = packet.start + link.length;
  packet.checksum = 'partial';
  packet.checksumStart = network + 20;
  packet.checksumField = network + 36;
  if (mss > 0) {
    packet.segmentType = 'tcp4';
    packet.segmentSize = mss;
  }
  const sum = checksum.pseudoHeaderV4(packet.bytes, network, 6, 20 + payload);
  packet.bytes.set([sum >>> 8, sum & 255], packet.checksumField);
  return packet;
}

/** True if the TCP checksum of the IPv4 frame `inner` is right. */
export function tcpSumIsRight(inner: PacketBuffer): boolean {
  const at = inner.start + ethernet.readHeaderLength(inner.bytes, inner.start);
  const pseudo = checksum.pseudoHeaderV4(inner.bytes, at, 6, inner.end - at - 20);
  return tcp.checkChecksum(inner.bytes, at + 20, inner.end, pseudo) === undefined;
}
