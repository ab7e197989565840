/** What host 1's switch recorded: the proof that packets crossed the underlay as tunnel packets, and one explained. */
import { readFileSync } from 'node:fs';
import { type CapturedPacket, readCapture } from '@overlane/capture';
import { type DissectedLayer, createDissector } from '@overlane/layout';
import { wireBindings } from '@overlane/layout/headers';
import { PacketBuffer, TunnelMetadata } from '@overlane/wire';
import { TUNNEL_PROTOCOLS, type EndpointProtocol } from '../captures/tunnel-protocols.js';
import { HOSTS, TENANTS } from './topology.js';

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
 * Reads the capture `file`. All packets must unwrap as `protocol`, belong to a tenant, and each tenant must have sent in
 * both directions. @throws Error as `fs.readFileSync`, CodecError for a broken file
 */
export function checkCapture(file: string, protocol: EndpointProtocol): CaptureFindings {
  const packets = readCapture(readFileSync(file));
  const encapsulation = protocol.endpoint.create({});
  const failures: string[] = [];
  const seen = new Set<string>();
  const tunnel = new TunnelMetadata();
  packets.forEach(({ bytes }, i) => {
    const outcome = encapsulation.decapsulate(PacketBuffer.from(bytes), tunnel, 0);
    if (outcome === undefined) seen.add(wayOf(tunnel.network, tunnel.source.toString()));
    else if (outcome !== 'incomplete') failures.push(`capture: packet ${i + 1} does not unwrap: ${outcome}`);
  });
  const wanted = TENANTS.flatMap(({ network }) => HOSTS.map(({ address }) => wayOf(network, address)));
  for (const way of wanted) if (!seen.has(way)) failures.push(`capture: no packet of ${way}`);
  for (const way of seen) if (!wanted.includes(way)) failures.push(`capture: a packet of ${way}, which is nobody's`);
  return { packets: packets.length, failures, example: findExample(packets) };
}

function wayOf(network: number, source: string): string {
  return `network ${network} from ${source}`;
}

/** The first packet with an echo header in a tunnel. */
function findExample(packets: readonly CapturedPacket[]): readonly DissectedLayer[] | undefined {
  const dissector = createDissector([...wireBindings, ...TUNNEL_PROTOCOLS.map(({ binding }) => binding)]);
  const ports = TUNNEL_PROTOCOLS.flatMap(({ name, ports }) => ports.map((port) => [port, name] as const));
  const options = { start: 'ip', udpPorts: Object.fromEntries(ports) };
  for (const { bytes } of packets) {
    const { layers, fault } = dissector.dissect(bytes, options);
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
};

/** One line per layer: where it is, what it is, and its telling fields. */
export function explainLayers(layers: readonly DissectedLayer[]): string[] {
  return layers.map(({ protocol, offset, length, fields }) => {
    const names = SHOWN[protocol] ?? Object.keys(fields).filter((name) => !name.startsWith('reserved'));
    const told = names.filter((name) => name in fields).map((name) => `${name} ${String(fields[name])}`);
    return `${String(offset).padStart(4)}  ${`${length} octets`.padEnd(9)}  ${protocol.padEnd(8)}  ${told.join(', ')}`.trimEnd();
  });
}
