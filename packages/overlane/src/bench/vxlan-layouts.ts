/** Whole VXLAN packets by layouts: the readable way to do what the data path does. */
import * as layouts from '@overlane/layout/headers';
import { vxlanLayout } from '@overlane/vxlan/layout';
import { read16 } from '@overlane/wire';
import { publish } from './header-cases.js';
import { sharedFrames, createPackets, packWindows } from './inputs.js';
import type { Operation } from './measure.js';

/** Decodes the `outer` three headers of a packet, or `all` six. Value: VNI, joined with the inner ports if read. */
export function decodeLayouts(headers: 'outer' | 'all'): Operation {
  const { bytes, starts, ends } = packWindows(createPackets());
  return (i) => {
    const ip = publish(layouts.ipv4Layout.decode(bytes, starts[i]!, ends[i]!));
    const transport = starts[i]! + 4 * ip.ihl;
    const end = starts[i]! + ip.totalLength;
    publish(layouts.udpLayout.decode(bytes, transport, end));
    const { vni } = publish(vxlanLayout.decode(bytes, transport + 8, end));
    return headers === 'outer' ? vni : vni ^ decodeInner(bytes, transport + 16, end);
  };
}

function decodeInner(bytes: Uint8Array, start: number, end: number): number {
  publish(layouts.ethernetLayout.decode(bytes, start, end));
  const ip = publish(layouts.ipv4Layout.decode(bytes, start + 14, end));
  const segment = publish(layouts.tcpLayout.decode(bytes, start + 14 + 4 * ip.ihl, end));
  return segment.sourcePort ^ segment.destinationPort;
}

/** Encodes the outer headers from existing records and joins them with the frame. Value: the outer IPv4 checksum. */
export function encodeLayouts(): Operation {
  const frames = sharedFrames();
  const records = createPackets().map((packet) => ({
    ip: layouts.ipv4Layout.decode(packet),
    udp: layouts.udpLayout.decode(packet, 20),
    vxlan: vxlanLayout.decode(packet, 28),
  }));
  return (i) => {
    const { ip, udp, vxlan } = records[i]!;
    const frame = frames[i]!;
    const packet = new Uint8Array(36 + frame.length);
    packet.set(layouts.ipv4Layout.encode(ip));
    packet.set(layouts.udpLayout.encode(udp), 20);
    packet.set(vxlanLayout.encode(vxlan), 28);
    packet.set(frame, 36);
    return read16(publish(packet), 10);
  };
}
