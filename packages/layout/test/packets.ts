/** Packets put together by hand for the dissector's tests. */
import { icmpv4, ipv4, ipv6, udp } from '@overlane/wire';
import { ethernetLayout, wireBindings } from '../src/headers.js';
import { type DissectOptions, createDissector } from '../src/index.js';

export const dissector = createDissector(wireBindings);
export const MAC = Uint8Array.of(0x52, 0x54, 0, 0, 0, 1);
export const ADDRESS = Uint8Array.of(0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1);
export const NONE = new Uint8Array(0);

export const join = (...parts: Uint8Array[]): Uint8Array => Uint8Array.from(parts.flatMap((part) => [...part]));
export const ethernet = (etherType: number, ...parts: Uint8Array[]): Uint8Array =>
  join(ethernetLayout.encode({ destination: MAC, source: MAC, etherType }), ...parts);

export function ipv4Packet(protocol: number, data: Uint8Array, fields: Partial<ipv4.Ipv4Header> = {}): Uint8Array {
  const header = {
    dscp: 0,
    ecn: 0,
    totalLength: 20 + data.length,
    identification: 1,
    dontFragment: true,
    moreFragments: false,
    fragmentOffset: 0,
    ttl: 64,
    protocol,
    source: 0x0a000001,
    destination: 0x0a000002,
    options: NONE,
    ...fields,
  };
  return join(ipv4.encode(header), data);
}

export function ipv6Packet(nextHeader: number, data: Uint8Array): Uint8Array {
  const addresses = { source: ADDRESS, destination: ADDRESS };
  const fixed = { dscp: 0, ecn: 0, flowLabel: 0, payloadLength: data.length, nextHeader, hopLimit: 64, ...addresses };
  return join(ipv6.encode(fixed), data);
}

export const datagram = (destinationPort: number, data: Uint8Array = NONE, sum = 0, sourcePort = 1000): Uint8Array =>
  join(udp.encode({ sourcePort, destinationPort, length: 8 + data.length, checksum: sum }), data);

/** Layers as `protocol@offset+length`. */
export function shape(bytes: Uint8Array, options?: DissectOptions): string[] {
  const { layers, fault } = dissector.dissect(bytes, options);
  const names = layers.map(({ protocol, offset, length }) => `${protocol}@${offset}+${length}`);
  return fault === undefined ? names : [...names, fault];
}

export function icmpEcho(): Uint8Array {
  const message = icmpv4.encode({ type: 8, code: 0, checksum: 0, rest: 0x0001_0002 });
  icmpv4.writeChecksum(message, 0, message.length);
  return message;
}
