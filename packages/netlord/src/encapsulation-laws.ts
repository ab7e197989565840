/** The laws of an encapsulation as NetLord's, whose tunnels are not those of IP addresses. */
import { type Encapsulation, PacketBuffer, TunnelMetadata, checksum, write16 } from '@overlane/wire';
import { type FrameOptions, frame } from '@overlane/wire/arbitraries';
import type { EncapsulationLaw } from '@overlane/wire/laws';
import fc from 'fast-check';
import { netlordTunnel } from './arbitraries.js';
import { tenantIdOf } from './encapsulation/address-plan.js';
import { NetLordEncapsulation } from './encapsulation/encapsulation.js';

const EDGE_MAC = Uint8Array.of(0x02, 0xe0, 0, 0, 0, 1);
const FAULT = /^E_[A-Z0-9_]+$/;
/** Octets in front of the frame that an encapsulation may want. */
const HEADROOM = 64;
/** Offset of the IPv4 header in a packet as sent. */
const IPV4 = 18;

/**
 * The laws of an encapsulation: ours, or what `make` makes. `carries`: what one endpoint wraps, another unwraps to the same
 * frame and metadata, whether an edge switch has routed it or not. `repeats`: wrapping leaves the frame fit to be wrapped
 * again. `total`: on any octets decapsulation returns, with a fault's name or none.
 */
export const netlordEncapsulationLaws = (
  make: () => Encapsulation = () => new NetLordEncapsulation({ edgeMac: EDGE_MAC, dscp: 'tunnel' }),
): EncapsulationLaw[] => [
  { name: 'carries', property: carries(make) },
  { name: 'repeats', property: repeats(make) },
  { name: 'total', property: total(make) },
];

function carries(make: () => Encapsulation): fc.IRawProperty<unknown, false> {
  return fc.property(frame(), netlordTunnel(), fc.boolean(), (inner, sent, isRouted) => {
    const octets = wrap(make(), PacketBuffer.from(inner, HEADROOM), sent);
    // The Ethernet header without its tag stands for what the egress edge switch writes.
    const packet = isRouted ? Uint8Array.of(...octets.subarray(0, 12), ...octets.subarray(16)) : octets;
    const window = new PacketBuffer(packet);
    const received = new TunnelMetadata();
    const outcome = make().decapsulate(window, received, 0);
    if (outcome !== undefined) throw new Error(`decapsulate: ${outcome}`);
    requireEqual(window.copy(), inner, 'frame');
    for (const name of ['vlan', 'dscp'] as const) {
      if (received[name] !== sent[name]) throw new Error(`${name}: sent ${sent[name]}, received ${received[name]}`);
    }
    if (!received.source.equals(sent.source)) throw new Error('another address space');
    if (!received.destination.equals(sent.destination)) throw new Error('another port or tenant');
    if (received.network !== tenantIdOf(sent.destination.word0)) throw new Error('another network');
  });
}

function repeats(make: () => Encapsulation): fc.IRawProperty<unknown, false> {
  return fc.property(frame(), netlordTunnel(), (inner, tunnel) => {
    const packet = PacketBuffer.from(inner, HEADROOM);
    const endpoint = make();
    const first = wrap(endpoint, packet, tunnel);
    requireEqual(packet.copy(), inner, 'frame after wrapping');
    requireEqual(wrap(endpoint, packet, tunnel), first, 'packet of the same frame');
  });
}

function total(make: () => Encapsulation): fc.IRawProperty<unknown, false> {
  const sizes: FrameOptions = { payloadMax: 32 };
  const edits = fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { maxLength: 3 });
  const spoiled = fc
    .tuple(frame(sizes), netlordTunnel(), edits, fc.option(fc.nat(), { freq: 3 }), fc.boolean())
    .map(([inner, tunnel, changes, cut, isMended]) => {
      const bytes = wrap(make(), PacketBuffer.from(inner, HEADROOM), tunnel);
      for (const [at, value] of changes) bytes[at % bytes.length] = value;
      // Else the checksum would hide the rules behind it.
      if (isMended) write16(bytes, IPV4 + 10, checksumOf(bytes.subarray(IPV4, IPV4 + 20)));
      return cut === null ? bytes : bytes.slice(0, cut % (bytes.length + 1));
    });
  const endpoint = make();
  const tunnel = new TunnelMetadata();
  return fc.property(fc.oneof(fc.uint8Array({ maxLength: 128 }), spoiled), (bytes) => {
    const packet = new PacketBuffer(bytes);
    const outcome = endpoint.decapsulate(packet, tunnel, 0);
    if (outcome !== undefined) return FAULT.test(outcome);
    return packet.start >= 0 && packet.start <= packet.end && packet.end <= bytes.length;
  });
}

/** The checksum that an IPv4 header of 20 octets should have. */
function checksumOf(header: Uint8Array): number {
  return checksum.compute(Uint8Array.of(...header.subarray(0, 10), 0, 0, ...header.subarray(12)), 0, 20);
}

function wrap(endpoint: Encapsulation, packet: PacketBuffer, tunnel: TunnelMetadata): Uint8Array {
  const emitted: Uint8Array[] = [];
  const fault = endpoint.encapsulate(packet, tunnel, (outer) => emitted.push(outer.copy()));
  if (fault !== undefined || emitted.length !== 1) throw new Error(`encapsulate: ${fault}, ${emitted.length} packets`);
  return emitted[0]!;
}

function requireEqual(actual: Uint8Array, expected: Uint8Array, what: string): void {
  if (actual.length !== expected.length || !actual.every((octet, i) => octet === expected[i])) {
    throw new Error(`${what}: ${actual.length} octets instead of these ${expected.length}, or others`);
  }
}
