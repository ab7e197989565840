import { type Encapsulation, type Fault, type PacketBuffer, TunnelMetadata, ethernet, read16 } from '@overlane/wire';
import { DEFAULT_VID, TAGGED_FRAME_HEADER_LENGTH } from '../encapsulation/constants.js';
import { NetLordEncapsulation, type NetlordOptions } from '../encapsulation/encapsulation.js';
import { BROADCAST_HEADER_LENGTH, BROADCAST_LENGTH, MESSAGE_LENGTH } from '../nl-arp/message-constants.js';
import { findBroadcastMessage, writeBroadcast, writeUnicastHeaders } from '../nl-arp/message-frames.js';
import { readMacAsId } from '../nl-arp/message.js';
import { readHigh, readLow } from '../nl-arp/octets.js';
import { ALL_AGENTS } from './locator.js';
import { NO_NETWORK, type NetworkMap } from './network-map.js';

const VID_MASK = 0xfff;

/**
 * NetLord's Encapsulation in a switch: {@link NetLordEncapsulation} with the switch's numbers for a tenant's networks, and
 * NL-ARP's messages in both their forms. A message is whatever has NL-ARP's EtherType or protocol *outside*: a tenant's
 * frame, whatever it pretends, leaves inside protocol 253 and comes out as a frame.
 */
export class AgentEncapsulation implements Encapsulation {
  readonly name = 'netlord';
  readonly startsWith = 'ethernet';
  readonly #codec: NetLordEncapsulation;
  readonly #networks: NetworkMap;
  readonly #edgeHigh: number;
  readonly #edgeLow: number;
  readonly #outgoing = new TunnelMetadata();

  /** An endpoint that serves `networks`. @throws CodecError E_FIELD_RANGE unless `edgeMac` is a MAC */
  constructor(networks: NetworkMap, options: Omit<NetlordOptions, 'tenants' | 'plan'>) {
    this.#codec = new NetLordEncapsulation(options);
    this.#networks = networks;
    this.#edgeHigh = readHigh(options.edgeMac, 0);
    this.#edgeLow = readLow(options.edgeMac, 0);
  }

  /** 34 octets: the VLAN tag belongs to the path, which carries it on top of its MTU. */
  overhead(family: 4 | 6): number {
    return this.#codec.overhead(family);
  }

  /**
   * As `Encapsulation.encapsulate`; emits one packet, which starts at its Ethernet header. `destination` is port and tenant, `nextHop`
   * the egress edge switch; a `vlan` of 0 is the one that spans everything. Needs 38 octets of headroom, and for a message to
   * all room for the padding behind it.
   */
  encapsulate(packet: PacketBuffer, tunnel: TunnelMetadata, emit: (packet: PacketBuffer) => void): Fault | undefined {
    if (tunnel.control) return this.#wrapMessage(packet, tunnel, emit);
    const network = this.#networks.get(tunnel.network);
    if (network === undefined) return 'E_NL_UNKNOWN_TENANT';
    const outer = this.#outgoing;
    outer.source.setIpv4(network.macAsId);
    outer.destination.copy(tunnel.destination);
    outer.nextHopHigh = tunnel.nextHopHigh;
    outer.nextHopLow = tunnel.nextHopLow;
    outer.vlan = tunnel.vlan;
    return this.#codec.encapsulate(packet, outer, emit);
  }

  /**
   * As `Encapsulation.decapsulate`, for a packet that starts at its Ethernet header. A network that isn't this agent's becomes
   * NO_NETWORK; `source` and `destination` say which it is.
   */
  decapsulate(packet: PacketBuffer, tunnel: TunnelMetadata): Fault | 'incomplete' | undefined {
    const { bytes, start, end } = packet;
    const message = findBroadcastMessage(bytes, start, end);
    if (message >= 0) {
      tunnel.control = true;
      tunnel.network = NO_NETWORK;
      tunnel.vlan = readVlan(bytes, start);
      packet.start = message;
      return undefined;
    }
    const fault = this.#codec.decapsulate(packet, tunnel);
    if (fault !== undefined) return fault;
    tunnel.network = this.#networks.find(tunnel.network, tunnel.source.word0);
    return undefined;
  }

  #wrapMessage(packet: PacketBuffer, tunnel: TunnelMetadata, emit: (packet: PacketBuffer) => void): Fault | undefined {
    const { bytes, start, end } = packet;
    const vlan = tunnel.vlan || DEFAULT_VID;
    const address = tunnel.destination.word0;
    const isToAll = address === ALL_AGENTS;
    const length = isToAll ? BROADCAST_HEADER_LENGTH : TAGGED_FRAME_HEADER_LENGTH;
    const padding = isToAll ? BROADCAST_LENGTH - BROADCAST_HEADER_LENGTH - MESSAGE_LENGTH : 0;
    if (end - start !== MESSAGE_LENGTH) return 'E_NLARP_TRUNCATED';
    if (start < length || bytes.length - end < padding) return 'E_BUFFER_NO_HEADROOM';
    packet.start = start - length;
    packet.end = end + padding;
    if (isToAll) {
      writeBroadcast(bytes, packet.start, this.#edgeHigh, this.#edgeLow, vlan);
    } else {
      const { nextHopHigh, nextHopLow } = tunnel;
      const macAsId = readMacAsId(bytes, start);
      const { start: at } = packet;
      const own = this.#edgeHigh;
      writeUnicastHeaders(bytes, at, nextHopHigh, nextHopLow, own, this.#edgeLow, vlan, macAsId, address);
    }
    emit(packet);
    packet.start = start;
    packet.end = end;
    return undefined;
  }
}

/** VLAN of a broadcast; without a tag it came by the one that spans everything. */
function readVlan(bytes: Uint8Array, offset: number): number {
  const isTagged = read16(bytes, offset + 12) === ethernet.ETHER_TYPE.C_TAG;
  return (isTagged ? read16(bytes, offset + 14) & VID_MASK : 0) || DEFAULT_VID;
}
