/** The vectors, and what tests need to read them. */
import { CodecError, IpAddress, PacketBuffer, TunnelMetadata, UdpCarrier, ethernet } from '@overlane/wire';
import { type DoveEndpointOptions, DoveEncapsulation, PORT, otv } from '../src/index.js';
import doveFile from './vectors/dove.json';
import otvFile from './vectors/otv.json';

interface VectorTlv {
  readonly type: number;
  readonly value: string;
}

interface VectorExtension {
  readonly type: number;
  readonly nextHeader: number;
  readonly length: number;
  readonly offset?: number;
  readonly more?: number;
  readonly id?: number;
  readonly tlvs?: readonly VectorTlv[];
}

/** One vector. */
export interface Vector {
  readonly name: string;
  readonly hex: string;
  readonly fields: {
    readonly layer: 'frame' | 'udp-payload' | 'inner-frame' | 'sequence' | 'dps-message';
    readonly options?: { readonly strictReserved?: boolean; readonly requireInstance?: boolean };
    readonly version?: number;
    readonly flags?: number;
    readonly iBit?: number;
    readonly fBit?: number;
    readonly cBit?: number;
    readonly overlayId?: number;
    readonly instanceId?: number | null;
    readonly reserved?: number;
    readonly nextHeader?: number;
    readonly extensions?: readonly VectorExtension[];
    readonly innerLength?: number;
    readonly fragmentLength?: number;
    readonly udpSrc?: number;
    readonly packets?: readonly string[];
    readonly vxlanVni?: number;
  };
  readonly expectError?: string;
}

/** A vector with the mode of the socket that it is for. */
export interface ModedVector extends Vector {
  readonly mode: 'otv' | 'dove';
}

const moded = (mode: 'otv' | 'dove', file: unknown): ModedVector[] =>
  (file as Vector[]).map((vector) => ({ ...vector, mode }));

/** All vectors but the messages of the Open DOVE directory, which this package doesn't speak. */
export const vectors = [...moded('otv', otvFile), ...moded('dove', doveFile)].filter(
  ({ fields }) => fields.layer !== 'dps-message',
);
/** The vector of this name. */
export const vector = (name: string): ModedVector => vectors.find((candidate) => candidate.name === name)!;
/** Octets of hexadecimal text. */
export const octets = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'));
/** Hexadecimal text of octets. */
export const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** Metadata for sending to `network`. */
export function tunnelTo(network: number, source = '10.1.0.1', destination = '10.1.0.2'): TunnelMetadata {
  const tunnel = Object.assign(new TunnelMetadata(), { network });
  tunnel.source.copy(IpAddress.parse(source));
  tunnel.destination.copy(IpAddress.parse(destination));
  return tunnel;
}

/** The entropy that gives this UDP source port. */
export const entropyOf = (port: number): number => Math.ceil(((port - 49152) / 16384) * 2 ** 32);

/** A packet from its outer IP header on, around this UDP payload. */
export function outerPacket(payload: Uint8Array, tunnel = tunnelTo(0)): PacketBuffer {
  const carrier = new UdpCarrier({
    port: PORT,
    wrongPort: 'E_DOVE_WRONG_PORT',
    checksumIpv4: 'zero',
    checksumIpv6: 'computed',
  });
  const packet = PacketBuffer.from(payload);
  carrier.wrap(packet, tunnel, tunnel.ecn);
  return packet;
}

/** The packets of a vector in order of arrival, from their outer IP headers on. */
export function arrivals({ hex, fields }: Vector): PacketBuffer[] {
  if (fields.layer === 'frame') {
    const frame = octets(hex);
    return [new PacketBuffer(frame, ethernet.readHeaderLength(frame, 0))];
  }
  return (fields.packets ?? [hex]).map((text) => outerPacket(octets(text)));
}

/** UDP payload of a vector's last packet. */
export function udpPayload(vectorOf: Vector): Uint8Array {
  return vectorOf.fields.layer === 'frame' ? octets(vectorOf.hex).subarray(42) : octets(vectorOf.hex);
}

/** A receiver as the vector wants it. Without an instance, packets belong to network 171. */
export function receiverFor({ mode, fields, ...rest }: ModedVector, more: DoveEndpointOptions = {}): DoveEncapsulation {
  const payload = udpPayload({ fields, ...rest });
  const overlayId = payload.length < 8 ? 0 : otv.readOverlayId(payload, 0);
  const { strictReserved = false, requireInstance = false } = fields.options ?? {};
  const orphans = requireInstance ? {} : { networkWithoutInstance: 171 };
  return new DoveEncapsulation({ mode, overlayId, strictReserved, ...orphans, ...more });
}

/** What an endpoint emits. @throws Error with the fault, if there is one */
export function send(endpoint: DoveEncapsulation, inner: Uint8Array, tunnel: TunnelMetadata): Uint8Array[] {
  const emitted: Uint8Array[] = [];
  const fault = endpoint.encapsulate(PacketBuffer.from(inner), tunnel, (outer) => emitted.push(outer.copy()));
  if (fault !== undefined) throw new Error(fault);
  return emitted;
}

/** What `run` throws, which must be a CodecError. */
export function refusal(run: () => unknown): CodecError {
  try {
    run();
  } catch (error) {
    if (CodecError.is(error)) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

/** A frame with IPv4's EtherType and `length` octets in all, which differ from place to place. */
export function frameOf(length: number): Uint8Array {
  const frame = Uint8Array.from({ length }, (_, i) => (i * 7 + (i >>> 8)) & 255);
  frame.set([2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x88, 0xb5]);
  return frame;
}
