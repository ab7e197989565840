/** Whole VXLAN packets by layouts: the readable way to do what the data path does. */
import * as layouts from '@overlane/layout/headers';
import { vxlanLayout } from '@overlane/vxlan/layout';
import { publish } from './header-cases.js';
import { createPackets, packWindows } from './inputs.js';
import type { Operation } from './measure.js';
import type { TunnelLayouts } from './packet-layouts.js';

/** The outer headers. */
export const vxlanLayouts: TunnelLayouts<ReturnType<typeof vxlanLayout.decode>> = {
  layout: vxlanLayout,
  networkOf: ({ vni }) => vni,
  carrier: 'udp',
  probe: 33,
  packets: createPackets,
};

/** Decodes all six headers of a packet. Value: VNI, joined with the inner ports. */
export function decodeAllLayouts(): Operation {
  const { bytes, starts, ends } = packWindows(createPackets());
  return (i) => {
    const ip = publish(layouts.ipv4Layout.decode(bytes, starts[i]!, ends[i]!));
    const transport = starts[i]! + 4 * ip.ihl;
    const end = starts[i]! + ip.totalLength;
    publish(layouts.udpLayout.decode(bytes, transport, end));
    const { vni } = publish(vxlanLayout.decode(bytes, transport + 8, end));
    return vni ^ decodeInner(bytes, transport + 16, end);
  };
}

function decodeInner(bytes: Uint8Array, start: number, end: number): number {
  publish(layouts.ethernetLayout.decode(bytes, start, end));
  const ip = publish(layouts.ipv4Layout.decode(bytes, start + 14, end));
  const segment = publish(layouts.tcpLayout.decode(bytes, start + 14 + 4 * ip.ihl, end));
  return segment.sourcePort ^ segment.destinationPort;
}
