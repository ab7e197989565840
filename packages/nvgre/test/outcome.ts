/** What the tests share: vectors, tunnels, and what sending, receiving and refusing give. */
import {
  type Encapsulation,
  type Fault,
  CodecError,
  IpAddress,
  PacketBuffer,
  TunnelMetadata,
  ethernet,
} from '@overlane/wire';
import vectorFile from './vectors/nvgre.json';

export interface Vector {
  readonly name: string;
  readonly kind?: string;
  readonly hex: string;
  readonly fields: Record<string, unknown>;
  readonly error?: string;
}

const all = vectorFile.vectors as unknown as Vector[];
/** Whole packets for an NVGRE endpoint. */
export const packetVectors = all.filter(({ kind }) => kind === undefined);
/** Whole packets for the base GRE parser. */
export const greVectors = all.filter(({ kind }) => kind === 'gre');
/** Headers to encode. */
export const encodeVectors = all.filter(({ kind }) => kind === 'encode');
export const vector = (name: string): Vector => all.find((candidate) => candidate.name === name)!;
export const named = (vectors: readonly Vector[]): [string, Vector][] => vectors.map((v) => [v.name, v]);

export const octets = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'));
export const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** The packet of a vector without its outer Ethernet header. */
export function outerPacket(hex: string): PacketBuffer {
  const frame = octets(hex);
  return new PacketBuffer(frame, ethernet.readHeaderLength(frame, 0));
}

export function refusal(run: () => unknown): CodecError {
  try {
    run();
  } catch (error) {
    if (CodecError.is(error)) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

export function receive(
  endpoint: Encapsulation,
  packet: PacketBuffer,
): { fault: Fault | 'incomplete' | undefined; tunnel: TunnelMetadata } {
  const tunnel = new TunnelMetadata();
  return { fault: endpoint.decapsulate(packet, tunnel, 0), tunnel };
}

export function send(endpoint: Encapsulation, frame: Uint8Array, tunnel: TunnelMetadata): Uint8Array {
  const emitted: Uint8Array[] = [];
  const fault = endpoint.encapsulate(PacketBuffer.from(frame), tunnel, (packet) => emitted.push(packet.copy()));
  if (fault !== undefined) throw new Error(fault);
  if (emitted.length !== 1) throw new Error(`${emitted.length} packets`);
  return emitted[0]!;
}

/** The fault for which `endpoint` does not send; nothing is emitted and the buffer is as before. */
export function unsent(endpoint: Encapsulation, packet: PacketBuffer, tunnel: TunnelMetadata): Fault | undefined {
  const before = toHex(packet.bytes);
  const fault = endpoint.encapsulate(packet, tunnel, () => {
    throw new Error('emitted');
  });
  if (toHex(packet.bytes) !== before) throw new Error('the buffer has changed');
  return fault;
}

export function tunnelTo(network: number, source = '192.0.2.1', destination = '192.0.2.2'): TunnelMetadata {
  const tunnel = Object.assign(new TunnelMetadata(), { network });
  tunnel.source.copy(IpAddress.parse(source));
  tunnel.destination.copy(IpAddress.parse(destination));
  return tunnel;
}
