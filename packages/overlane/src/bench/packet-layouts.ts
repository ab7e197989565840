/** Outer headers of whole packets by layouts: the readable way to do what the data path does. */
import * as layouts from '@overlane/layout/headers';
import { read16 } from '@overlane/wire';
import { publish } from './header-cases.js';
import { packWindows, sharedFrames } from './inputs.js';
import type { Operation } from './measure.js';
import { IPV4_CHECKSUM_AT } from './whole-packets.js';

const IPV4_LENGTH = 20;

/** A tunnel over IPv4, and the packets to work on. */
export interface TunnelLayouts<Header> {
  /** Layout of the tunnel's header. */
  readonly layout: {
    decode(bytes: Uint8Array, offset?: number, end?: number): Header;
    encode(header: Header): Uint8Array;
  };
  /** The network's number, which all programs agree on. */
  readonly networkOf: (header: Header) => number;
  /** What lies between IPv4 and the tunnel's header. */
  readonly carrier: 'udp' | 'none';
  /** Offset in the packet of two octets of the network's number. */
  readonly probe: number;
  /** Packets from the outer IP header on. */
  readonly packets: () => readonly Uint8Array[];
}

/** Decodes the outer headers. Value: the network's number. */
export function decodeOuter<Header>(subject: TunnelLayouts<Header>): Operation {
  const { layout, networkOf, carrier } = subject;
  const { bytes, starts, ends } = packWindows(subject.packets());
  return (i) => {
    const ip = publish(layouts.ipv4Layout.decode(bytes, starts[i]!, ends[i]!));
    const transport = starts[i]! + 4 * ip.ihl;
    const end = starts[i]! + ip.totalLength;
    if (carrier === 'none') return networkOf(publish(layout.decode(bytes, transport, end)));
    publish(layouts.udpLayout.decode(bytes, transport, end));
    return networkOf(publish(layout.decode(bytes, transport + 8, end)));
  };
}

/** Encodes the outer headers from existing records and joins them with the frame. Value: as `encapsulate`. */
export function encodeOuter<Header>(subject: TunnelLayouts<Header>): Operation {
  const { layout, carrier, probe } = subject;
  const frames = sharedFrames();
  const headerAt = IPV4_LENGTH + (carrier === 'udp' ? 8 : 0);
  const records = subject.packets().map((packet) => ({
    ip: layouts.ipv4Layout.decode(packet),
    udp: carrier === 'udp' ? layouts.udpLayout.decode(packet, IPV4_LENGTH) : undefined,
    tunnel: layout.decode(packet, headerAt),
  }));
  return (i) => {
    const { ip, udp, tunnel } = records[i]!;
    const frame = frames[i]!;
    const header = layout.encode(tunnel);
    const packet = new Uint8Array(headerAt + header.length + frame.length);
    packet.set(layouts.ipv4Layout.encode(ip));
    if (udp !== undefined) packet.set(layouts.udpLayout.encode(udp), IPV4_LENGTH);
    packet.set(header, headerAt);
    packet.set(frame, headerAt + header.length);
    publish(packet);
    return read16(packet, IPV4_CHECKSUM_AT) ^ read16(packet, probe);
  };
}
