/** Endpoints as tests use them. */
import { expect } from '@jest/globals';
import { IpAddress, PacketBuffer, TunnelMetadata } from '@overlane/wire';
import { type GeneveEndpointOptions, GeneveEncapsulation } from '../src/index.js';
import type { Vector } from './vector-file.js';

const PORTS = { optionClass: 0x0102, type: 0x80 };

/** The receiver of the vector files: it knows one critical option, and takes control packets. */
export function optionsOf({ options }: Vector): GeneveEndpointOptions {
  return {
    understands: [PORTS],
    ...(options?.allowZeroChecksumIpv6 === true ? { zeroChecksumIpv6: 'accepted' } : {}),
    ...(options?.maxOptionBytes === undefined ? {} : { optionsLengthMax: options.maxOptionBytes }),
  };
}

/** What an endpoint with these options makes of a packet. */
export function receive(packet: PacketBuffer, options: GeneveEndpointOptions = {}) {
  const tunnel = new TunnelMetadata();
  const endpoint = new GeneveEncapsulation(options);
  return { fault: endpoint.decapsulate(packet, tunnel), tunnel, received: endpoint.received };
}

/** The one packet that an endpoint with these options sends for a frame. */
export function send(frame: Uint8Array, tunnel: TunnelMetadata, options: GeneveEndpointOptions = {}): Uint8Array {
  const emitted: Uint8Array[] = [];
  const endpoint = new GeneveEncapsulation(options);
  const packet = PacketBuffer.from(frame, endpoint.overhead(6));
  const fault = endpoint.encapsulate(packet, tunnel, (outer) => emitted.push(outer.copy()));
  if (fault !== undefined) throw new Error(fault);
  expect(emitted).toHaveLength(1);
  return emitted[0]!;
}

/** Metadata for sending to `destination`. */
export function tunnelTo(network: number, source = '192.0.2.1', destination = '192.0.2.2'): TunnelMetadata {
  const tunnel = Object.assign(new TunnelMetadata(), { network });
  tunnel.source.copy(IpAddress.parse(source));
  tunnel.destination.copy(IpAddress.parse(destination));
  return tunnel;
}
