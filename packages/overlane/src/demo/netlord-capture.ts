import { IP_PROTOCOL, frame, nlArp } from '@overlane/netlord';
import type { Fault } from '@overlane/wire';
import { HOST_PLACES } from './netlord-plan.js';

/** What a packet between a host and its edge switch is. */
export type NetlordPacket =
  | { readonly kind: 'data'; readonly tenant: number; readonly source: string }
  | { readonly kind: 'nl-arp' }
  | { readonly kind: 'bad'; readonly fault: Fault };

/** Reads one: data tell their tenant and, as there are two hosts, the address of the one that they are not for. */
export function readNetlordPacket(bytes: Uint8Array): NetlordPacket {
  const message = nlArp.findBroadcastMessage(bytes, 0, bytes.length);
  if (message >= 0) {
    const fault = nlArp.check(bytes, message);
    return fault === undefined ? { kind: 'nl-arp' } : { kind: 'bad', fault };
  }
  const fault = frame.check(bytes);
  if (fault !== undefined) return { kind: 'bad', fault };
  const { protocol, tenantId, port } = frame.decode(bytes).header;
  if (protocol === IP_PROTOCOL.NL_ARP) return { kind: 'nl-arp' };
  const source = Object.values(HOST_PLACES).find((place) => place.port !== port)!;
  return { kind: 'data', tenant: tenantId, source: source.address };
}
