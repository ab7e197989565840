/** Packets for the tests, in the layers they are made of. */
import { PacketBuffer, TunnelMetadata, IpAddress } from '@overlane/wire';
import { type VxlanOptions, VxlanEncapsulation } from '@overlane/vxlan';
import { octets } from './command-line.js';

/** An ARP request of one tenant's host. */
export const ARP_FRAME = octets(`
  ffffffffffff 525400000001 0806
  0001 0800 06 04 0001 525400000001 0a000001 000000000000 0a000002`);

/** The same with a VLAN tag, VID 100. */
export const TAGGED_FRAME = octets(`
  ffffffffffff 525400000001 8100 0064 0806
  0001 0800 06 04 0001 525400000001 0a000001 000000000000 0a000002`);

/** Outer Ethernet headers. */
export const OUTER_ETHERNET = {
  4: octets('0200c0000202 0200c0000201 0800'),
  6: octets('020000000002 020000000001 86dd'),
};

/** Where a generated tunnel runs. */
export interface TunnelOptions extends VxlanOptions {
  readonly network?: number;
  readonly source?: string;
  readonly destination?: string;
}

/** A VXLAN packet from its outer IP header on. */
export function wrap(frame: Uint8Array, options: TunnelOptions = {}): Uint8Array {
  const { network = 5001, source = '192.0.2.1', destination = '192.0.2.2', ...rest } = options;
  const tunnel = new TunnelMetadata();
  tunnel.network = network;
  tunnel.source.copy(IpAddress.parse(source));
  tunnel.destination.copy(IpAddress.parse(destination));
  let packet: Uint8Array | undefined;
  const fault = new VxlanEncapsulation(rest).encapsulate(PacketBuffer.from(frame), tunnel, (outer) => {
    packet = outer.copy();
  });
  if (packet === undefined) throw new Error(`not wrapped: ${fault}`);
  return packet;
}

/** Octets of several parts in a row. */
export function join(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

/** A VXLAN packet in an Ethernet frame. */
export function wrapInEthernet(frame: Uint8Array, options: TunnelOptions = {}): Uint8Array {
  const packet = wrap(frame, options);
  return join(OUTER_ETHERNET[packet[0]! >>> 4 === 6 ? 6 : 4], packet);
}
