/** What host 1's switch recorded: the proof that packets crossed the underlay as tunnel packets, and one explained. */
import { readFileSync } from 'node:fs';
import { type CapturedPacket, readCapture } from '@overlane/capture';
import { type Binding, type DissectOptions, type DissectedLayer, createDissector } from '@overlane/layout';
import { DOVE_UDP_PORTS, doveBindings } from '@overlane/dove/layout';
import { GENEVE_UDP_PORTS, geneveBinding } from '@overlane/geneve/layout';
import { wireBindings } from '@overlane/layout/headers';
import { NETLORD_IPV4_HEADERS, NL_ARP_ETHER_TYPES, netlordBindings } from '@overlane/netlord/layout';
import { NVGRE_IP_PROTOCOLS, greBinding, nvgreBinding } from '@overlane/nvgre/layout';
import { STT_TCP_PORTS, sttBindings } from '@overlane/stt/layout';
import { planSwitch } from '@overlane/switch';
import { VXLAN_UDP_PORTS, vxlanBinding, vxlanGpeBinding } from '@overlane/vxlan/layout';
import { type Fault, PacketBuffer, TunnelMetadata } from '@overlane/wire';
import { readNetlordPacket } from './netlord-capture.js';
import { type EncapsulationName, HOSTS, TENANTS, addressOf, cutsFrames, switchConfigOf } from './topology.js';

/** What was found in the capture. */
export interface CaptureFindings {
  /** Packets in the file. */
  readonly packets: number;
  /** What is wrong with it, one sentence each. */
  readonly failures: readonly string[];
  /** The layers of an echo request in its tunnel, outermost first; `undefined` if there is none. */
  readonly example: readonly DissectedLayer[] | undefined;
}

/**
 * Reads the capture `file`. All packets must unwrap as host 1's switch unwraps them, belong to a tenant, and each tenant must
 * have sent in both directions. Where the encapsulation cuts frames, one must have come in several packets. @throws Error as `fs.readFileSync`, CodecError for a broken file
 */
export function checkCapture(file: string, name: EncapsulationName): CaptureFindings {
  const packets = readCapture(readFileSync(file));
  const look = name === 'netlord' ? lookAtNetlord : lookBy(name);
  const failures: string[] = [];
  const seen = new Set<string>();
  let parts = 0;
  packets.forEach(({ bytes }, i) => {
    const found = look(bytes);
    if (found.way !== undefined) seen.add(found.way);
    else if (found.fault === 'incomplete') parts++;
    else if (found.fault !== undefined) failures.push(`capture: packet ${i + 1} does not unwrap: ${found.fault}`);
  });
  const wanted = TENANTS.flatMap(({ network }) => HOSTS.map((host) => wayOf(network, addressOf(host, name))));
  for (const way of wanted) if (!seen.has(way)) failures.push(`capture: no packet of ${way}`);
  for (const way of seen) if (!wanted.includes(way)) failures.push(`capture: a packet of ${way}, which is nobody's`);
  if (cutsFrames(name) && parts === 0) failures.push('capture: no frame came in several packets');
  return { packets: packets.length, failures, example: findExample(packets, name) };
}

/** What a packet is: a tenant's on its way, a message between switches (neither field), or what can't be unwrapped, or not yet. */
interface Found {
  readonly way?: string;
  readonly fault?: Fault | 'incomplete';
}

/** Unwraps packets as host 1's switch does. */
function lookBy(name: EncapsulationName): (bytes: Uint8Array) => Found {
  const { encapsulation } = planSwitch(switchConfigOf(HOSTS[0], name));
  const tunnel = new TunnelMetadata();
  return (bytes) => {
    const fault = encapsulation.decapsulate(PacketBuffer.from(bytes), tunnel, 0);
    return fault === undefined ? { way: wayOf(tunnel.network, tunnel.source.toString()) } : { fault };
  };
}

/** Reads packets by themselves: what leaves a NetLord host is not addressed to it, and its agent would refuse it. */
function lookAtNetlord(bytes: Uint8Array): Found {
  const packet = readNetlordPacket(bytes);
  if (packet.kind === 'data') return { way: wayOf(packet.tenant, packet.source) };
  return packet.kind === 'bad' ? { fault: packet.fault } : {};
}

function wayOf(network: number, source: string): string {
  return `network ${network} from ${source}`;
}

/** How a dissector recognises and walks through each encapsulation. */
const WALKS: Readonly<Record<EncapsulationName, { bindings: readonly Binding[]; options: DissectOptions }>> = {
  vxlan: { bindings: [vxlanBinding as Binding, vxlanGpeBinding as Binding], options: { udpPorts: VXLAN_UDP_PORTS } },
  geneve: { bindings: [geneveBinding as Binding], options: { udpPorts: GENEVE_UDP_PORTS } },
  nvgre: { bindings: [nvgreBinding as Binding], options: { ipProtocols: NVGRE_IP_PROTOCOLS } },
  gre: { bindings: [greBinding as Binding], options: {} },
  stt: { bindings: sttBindings(), options: { tcpPorts: STT_TCP_PORTS } },
  dove: { bindings: doveBindings as readonly Binding[], options: { udpPorts: DOVE_UDP_PORTS } },
  netlord: {
    bindings: netlordBindings as unknown as readonly Binding[],
    options: { start: 'ethernet', ipv4Headers: NETLORD_IPV4_HEADERS, etherTypes: NL_ARP_ETHER_TYPES },
  },
};

/** The first packet that holds a whole echo message in a tunnel. */
function findExample(
  packets: readonly CapturedPacket[],
  encapsulation: EncapsulationName,
): readonly DissectedLayer[] | undefined {
  const { bindings, options } = WALKS[encapsulation];
  const dissector = createDissector([...wireBindings, ...bindings]);
  for (const { bytes } of packets) {
    const { layers, fault } = dissector.dissect(bytes, { start: 'ip', ...options });
    if (fault === undefined && layers.some(({ protocol }) => protocol === 'icmpv4')) return layers;
  }
  return undefined;
}

/** The fields that tell the story of a header; other headers show all of theirs. */
const SHOWN: Readonly<Record<string, readonly string[]>> = {
  ethernet: ['source', 'destination'],
  ipv4: ['source', 'destination', 'ttl'],
  ipv6: ['source', 'destination', 'hopLimit'],
  udp: ['sourcePort', 'destinationPort'],
  icmpv4: ['type', 'sequenceNumber'],
  geneve: ['protocolType', 'vni'],
  nvgre: ['protocolType', 'vsid', 'flowId'],
  gre: ['protocolType', 'key'],
  stt: ['sourcePort', 'destinationPort', 'frameLength', 'segmentOffset', 'packetId'],
  dove: ['version', 'control', 'overlayId', 'instanceId'],
  netlord: ['vid', 'ttl', 'macAsId', 'port', 'tenantId'],
  'stt-frame': ['checksumPartial', 'checksumVerified', 'l4Offset', 'mss', 'contextId'],
};

/** One line per layer: where it is, what it is, and its telling fields. */
export function explainLayers(layers: readonly DissectedLayer[]): string[] {
  return layers.map(({ protocol, offset, length, fields }) => {
    const names = SHOWN[protocol] ?? Object.keys(fields).filter((name) => !name.startsWith('reserved'));
    const told = names.filter((name) => name in fields).map((name) => `${name} ${String(fields[name])}`);
    return `${String(offset).padStart(4)}  ${`${length} octets`.padEnd(9)}  ${protocol.padEnd(9)}  ${told.join(', ')}`.trimEnd();
  });
}
