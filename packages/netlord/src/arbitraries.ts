/** fast-check generators of NetLord's headers, frames and NL-ARP messages, for your tests and ours. */
import { TunnelMetadata } from '@overlane/wire';
import { mac, unicastMac } from '@overlane/wire/arbitraries';
import fc from 'fast-check';
import { type AddressPlan, ADDRESS_PLAN, isPort, tenantIdMax, toAddress } from './encapsulation/address-plan.js';
import { HEADER_LENGTH, INNER_FRAME_LENGTH_MIN, IP_PROTOCOL, MAC_AS_ID_MAX } from './encapsulation/constants.js';
import type { NetlordFrame } from './encapsulation/frame.js';
import type { NetlordHeader } from './encapsulation/header.js';
import { type NlArpOperation, OPERATION } from './nl-arp/message-constants.js';
import type { NlArpMessage } from './nl-arp/message.js';

const often = (ends: readonly number[], arbitrary: fc.Arbitrary<number>): fc.Arbitrary<number> =>
  fc.oneof({ weight: 1, arbitrary: fc.constantFrom(...ends) }, { weight: 4, arbitrary });

/** Tenant identifiers of an address plan; the ends are frequent. */
export const tenantId = (plan: AddressPlan = ADDRESS_PLAN): fc.Arbitrary<number> =>
  often([0, 1, tenantIdMax(plan)], fc.nat({ max: tenantIdMax(plan) }));

/** MAC address space identifiers, 0..2^32-1; the ends are frequent. */
export const macAsId = (): fc.Arbitrary<number> =>
  often([0, 1, 0x7fff_ffff, 0x8000_0000, MAC_AS_ID_MAX], fc.integer({ min: 0, max: MAC_AS_ID_MAX }));

/** Ports of an address plan. */
export const port = (plan: AddressPlan = ADDRESS_PLAN): fc.Arbitrary<number> =>
  fc.nat({ max: 2 ** plan.portBits - 1 }).filter((candidate) => isPort(candidate, plan));

/** TCIs with any priority and DEI and a VLAN identifier of 1..4094. */
export const tci = (): fc.Arbitrary<number> =>
  fc
    .tuple(fc.nat({ max: 15 }), often([1, 2, 4094], fc.integer({ min: 1, max: 4094 })))
    .map(([priority, vid]) => (priority << 12) | vid);

/** IPv4 headers of packets with up to 64 octets of payload. */
export const netlordHeader = (plan: AddressPlan = ADDRESS_PLAN): fc.Arbitrary<NetlordHeader> =>
  fc
    .record({
      dscp: fc.nat({ max: 63 }),
      ecn: fc.nat({ max: 3 }),
      totalLength: fc.nat({ max: 50 }),
      tci: tci(),
      ttl: often([1, 2], fc.integer({ min: 1, max: 255 })),
      protocol: fc.constantFrom(IP_PROTOCOL.DATA, IP_PROTOCOL.DATA, IP_PROTOCOL.NL_ARP),
      macAsId: macAsId(),
      port: port(plan),
      tenantId: tenantId(plan),
    })
    .map((header) => ({ ...header, totalLength: HEADER_LENGTH + INNER_FRAME_LENGTH_MIN + header.totalLength }));

/** The headers of whole frames, as sent and as received. */
export const netlordFrame = (plan: AddressPlan = ADDRESS_PLAN): fc.Arbitrary<NetlordFrame> =>
  fc.record({ destination: mac(), source: unicastMac(), isTagged: fc.boolean(), header: netlordHeader(plan) });

/** What to tell an encapsulation about a packet. */
export const netlordTunnel = (plan: AddressPlan = ADDRESS_PLAN): fc.Arbitrary<TunnelMetadata> =>
  fc
    .record({
      nextHopHigh: fc.nat({ max: 0xffff }),
      nextHopLow: fc.integer(),
      vlan: often([1, 2, 4094], fc.integer({ min: 1, max: 4094 })),
      dscp: fc.nat({ max: 63 }),
      place: fc.tuple(macAsId(), port(plan), tenantId(plan)),
    })
    .map(({ place: [space, egressPort, tenant], ...fields }) => {
      const tunnel = Object.assign(new TunnelMetadata(), fields);
      tunnel.source.setIpv4(space);
      tunnel.destination.setIpv4(toAddress(egressPort, tenant, plan));
      return tunnel;
    });

/** NL-ARP messages; questions and corrections sometimes leave the place open. */
export const nlArpMessage = (plan: AddressPlan = ADDRESS_PLAN): fc.Arbitrary<NlArpMessage> => {
  const place = fc.record({ port: port(plan), edgeMac: stationMac() });
  const open = fc.oneof(
    place,
    fc.record({ port: fc.constant(0), edgeMac: fc.constant(new Uint8Array(6)) }),
    fc.record({ port: fc.constant(0), edgeMac: stationMac() }),
  );
  return fc.constantFrom<NlArpOperation>(...Object.values(OPERATION)).chain((operation) =>
    fc
      .record({
        unicast: fc.boolean(),
        stopped: fc.boolean(),
        generation: often([0, 1, 0x7fff, 0x8000, 0xffff], fc.nat({ max: 0xffff })),
        tenantId: tenantId(plan),
        macAsId: macAsId(),
        vmMac: stationMac(),
        place: operation === OPERATION.HERE ? place : open,
      })
      .map(({ place: { port: at, edgeMac }, ...rest }) => ({ operation, ...rest, port: at, edgeMac })),
  );
};

/** The MAC of one station, never zero. */
const stationMac = (): fc.Arbitrary<Uint8Array> => unicastMac().filter((address) => address.some((octet) => octet > 0));
