/** Whole packets, tables and floods of `@overlane/netlord`. */
import { NetLordEncapsulation, frame, header, nlArp, toAddress } from '@overlane/netlord';
import { netlordLayout, taggedEthernetLayout } from '@overlane/netlord/layout';
import { VxlanEncapsulation } from '@overlane/vxlan';
import { type Encapsulation, PacketBuffer, TunnelMetadata, parseMac, read24 } from '@overlane/wire';
import { publish } from './header-cases.js';
import { createInputs, createPackets, createTunnels, packFrames, packWindows, sharedFrames } from './inputs.js';
import type { Operation } from './measure.js';
import { required } from './required.js';
import { decapsulate } from './whole-packets.js';

/** NICs that an agent knows in the rows about tables: a million, as in the paper's sizing of the table. */
export const NICS = 1_000_000;

const EDGE_MAC = parseMac('02:e0:00:00:00:01');
const PORT_MAX = 126;
/** Where a wrapped packet has the network: NetLord's from the Ethernet header on, VXLAN's from the IP header on. */
const TENANT_AT = 35;
const VNI_AT = 32;
/** Prime, and no divisor of {@link NICS}: steps through all NICs in an order that no cache likes. */
const STRIDE = 618_033;

/** An endpoint behind one edge switch. */
function createEndpoint(): NetLordEncapsulation {
  return new NetLordEncapsulation({ edgeMac: EDGE_MAC });
}

/** The networks of the other suites as tenants, on all VLANs and ports. */
export function createNetlordTunnels(): TunnelMetadata[] {
  const networks = createTunnels().map(({ network }) => network);
  const places = createInputs(81, (random) => ({
    space: random(0xffff_ffff),
    port: 1 + random(125),
    vlan: 1 + random(4093),
  }));
  return places.map(({ space, port, vlan }, i) => {
    const tunnel = Object.assign(new TunnelMetadata(), { nextHopHigh: 0x02e0, nextHopLow: 2, vlan });
    tunnel.source.setIpv4(space);
    tunnel.destination.setIpv4(toAddress(port, networks[i]!));
    return tunnel;
  });
}

/** Packets that carry the frames, from the outer Ethernet header on. */
export function createNetlordPackets(): Uint8Array[] {
  const tunnels = createNetlordTunnels();
  return sharedFrames().map((inner, i) => {
    let packet: Uint8Array = inner;
    required(createEndpoint().encapsulate(PacketBuffer.from(inner), tunnels[i]!, (outer) => (packet = outer.copy())));
    return packet;
  });
}

/** Wraps frames with room in front. Value: the network, read back from the packet. */
function wrapAll(encapsulation: Encapsulation, tunnels: readonly TunnelMetadata[], networkAt: number): Operation {
  const { bytes, starts, ends } = packFrames();
  const packet = new PacketBuffer(bytes);
  let value = 0;
  const emit = (outer: PacketBuffer): void => {
    value = read24(outer.bytes, outer.start + networkAt);
  };
  return (i) => {
    packet.reset(bytes, starts[i]!, ends[i]!);
    required(encapsulation.encapsulate(packet, tunnels[i]!, emit));
    return value;
  };
}

/** Wraps frames. Value: the tenant. */
export function wrap(): Operation {
  return wrapAll(createEndpoint(), createNetlordTunnels(), TENANT_AT);
}

/** The same with VXLAN. Value: the VNI, which is the same number. */
export function wrapVxlan(): Operation {
  return wrapAll(new VxlanEncapsulation(), createTunnels(), VNI_AT);
}

/** Encodes all headers by layouts and joins them with the frame in new memory. Value: the tenant. */
export function wrapByLayouts(): Operation {
  const frames = sharedFrames();
  const records = createNetlordPackets().map((packet) => ({
    link: taggedEthernetLayout.decode(packet),
    ip: netlordLayout.decode(packet, frame.readHeaderOffset(packet, 0)),
  }));
  return (i) => {
    const { link, ip } = records[i]!;
    const inner = frames[i]!;
    const packet = new Uint8Array(38 + inner.length);
    packet.set(taggedEthernetLayout.encode(link));
    packet.set(netlordLayout.encode(ip), 18);
    packet.set(inner, 38);
    return read24(publish(packet), TENANT_AT);
  };
}

/** Unwraps packets as an edge switch leaves them: without tag, TTL 1. Value: the tenant. */
export function unwrap(): Operation {
  return decapsulate(createEndpoint(), createNetlordPackets().map(routed));
}

/** The same with VXLAN. Value: the VNI. */
export function unwrapVxlan(): Operation {
  return decapsulate(new VxlanEncapsulation(), createPackets());
}

/** Decodes by layouts what {@link unwrap} unwraps. Value: the tenant. */
export function unwrapByLayouts(): Operation {
  const { bytes, starts, ends } = packWindows(createNetlordPackets().map(routed));
  return (i) => publish(netlordLayout.decode(bytes, starts[i]! + 14, ends[i]!)).tenantId;
}

/** Wraps a frame and unwraps the packet where it stands: what NetLord costs from server to server. Value: the tenant. */
export function wrapAndUnwrap(): Operation {
  const endpoint = createEndpoint();
  const tunnels = createNetlordTunnels();
  const { bytes, starts, ends } = packFrames();
  const [packet, arrived] = [new PacketBuffer(bytes), new PacketBuffer(bytes)];
  const received = new TunnelMetadata();
  const emit = (outer: PacketBuffer): void => {
    arrived.reset(outer.bytes, outer.start, outer.end);
    required(endpoint.decapsulate(arrived, received));
  };
  return (i) => {
    packet.reset(bytes, starts[i]!, ends[i]!);
    required(endpoint.encapsulate(packet, tunnels[i]!, emit));
    return received.network;
  };
}

/** What the egress edge switch makes of a packet, but for the MACs. */
function routed(packet: Uint8Array): Uint8Array {
  const octets = Uint8Array.of(...packet.subarray(0, 12), ...packet.subarray(16));
  header.decrementTtl(octets, 14);
  return octets;
}

/** An agent that knows `nics` NICs of other servers, and a HERE for any NIC. */
export function createAgent(nics: number, entries = nics): { agent: nlArp.NlArp; here: HereMaker } {
  let state = 9;
  const random32 = (): number => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0);
  const place = { port: 1, edgeHigh: 0x02e0, edgeLow: 1 };
  const agent = new nlArp.NlArp({ place, random32, entries });
  const here = new HereMaker();
  for (let nic = 0; nic < nics; nic++) required(agent.takeMessage(here.of(nic, 1), 0, nlArp.MESSAGE_LENGTH, 0));
  return { agent, here };
}

/** Makes HERE messages in one place. */
export class HereMaker {
  readonly #bytes = new Uint8Array(nlArp.MESSAGE_LENGTH);

  /** NIC `nic` of tenant `nic` modulo 1,000 is at a place that follows from its number and generation. */
  of(nic: number, generation: number): Uint8Array {
    const bytes = this.#bytes;
    const port = 2 + ((nic + generation) % (PORT_MAX - 1));
    nlArp.writeMessage(bytes, 0, nlArp.OPERATION.HERE, 0, generation, nic % 1000, port, 7);
    nlArp.writeVmMac(bytes, 0, 0x0200, nic);
    nlArp.writeEdgeMac(bytes, 0, 0x02e0, 2 + (nic & 255));
    return bytes;
  }
}

/**
 * Decodes a HERE and stores it: every NIC of a million has moved, each in turn, again and again. Value: the port it moved to,
 * read from the table.
 */
export function storeHere(): Operation {
  const { agent, here } = createAgent(NICS);
  const { table } = agent;
  let nic = 0;
  let generation = 2;
  return () => {
    nic = (nic + STRIDE) % NICS;
    required(agent.takeMessage(here.of(nic, generation), 0, nlArp.MESSAGE_LENGTH, 0));
    // Back at the first one, all have moved. Generation 0 is none.
    if (nic === 0) generation = (generation % 0xffff) + 1;
    return table.portAt(table.find(nic % 1000, 7, 0x0200, nic));
  };
}

/** Finds a known NIC of a million, far from the last one. Value: its port. */
export function lookUp(): Operation {
  const { table } = createAgent(NICS).agent;
  let nic = 0;
  return () => {
    nic = (nic + STRIDE) % NICS;
    return table.portAt(table.find(nic % 1000, 7, 0x0200, nic));
  };
}

/** Damaged packets of one kind each. Value: length of the fault's name. */
export function refuse(spoil: (packet: Uint8Array, input: number) => Uint8Array): Operation {
  const endpoint = createEndpoint();
  const { bytes, starts, ends } = packWindows(createNetlordPackets().map(spoil));
  const packet = new PacketBuffer(bytes);
  const tunnel = new TunnelMetadata();
  return (i) => {
    packet.reset(bytes, starts[i]!, ends[i]!);
    const fault = endpoint.decapsulate(packet, tunnel);
    if (fault === undefined) throw new Error('a damaged packet was taken');
    return fault.length;
  };
}
