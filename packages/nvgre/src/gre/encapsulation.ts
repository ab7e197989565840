/**
 * Plain GRE as an `Encapsulation`: outer IP and GRE headers around an Ethernet frame or an IP packet, in place,
 * with the network as key. This is what NVP, Open vSwitch (`gre`) and Linux (`gretap`, `gre`) speak.
 */
import {
  type EcnMode,
  type Encapsulation,
  type Fault,
  type PacketBuffer,
  type TunnelMetadata,
  encapsulateEcn,
  ipHeaderLength,
  ipv6,
  openOuterIp,
  prependOuterIp,
} from '@overlane/wire';
import { FLAG, HEADER_LENGTH_MIN, IP_PROTOCOL, KEY_MAX } from './constants.js';
import type { GreFault } from './faults.js';
import { FlowTable } from './flow-table.js';
import {
  check,
  checkChecksum,
  readHeaderLength,
  readKey,
  readProtocolType,
  readSequenceNumber,
  writeChecksum,
  writeHeader,
} from './header.js';
import { ETHERNET_PAYLOAD, IP_PAYLOAD, type Payload } from './payload.js';
import { SequenceWindow } from './sequence-window.js';

/** Configuration of one GRE endpoint. */
export interface GreOptions {
  /** What is carried: whole frames (protocol type 0x6558), or IP packets without an Ethernet header. Default `ethernet`. */
  readonly payload?: 'ethernet' | 'ip';
  /**
   * The only network of tunnels without key: none is sent, and a packet with one is refused. Default: every packet has a
   * key, which is the network, 0..2^32-1.
   */
  readonly keylessNetwork?: number;
  /** Networks served here; others are refused. Read on every packet with a key, so it may change. Default: all. */
  readonly networks?: ReadonlySet<number>;
  /** Whether a checksum is sent. Received ones are always verified; costs a pass over the packet. Default `none`. */
  readonly checksum?: 'computed' | 'none';
  /** Whether sequence numbers are sent, counted per destination and network. Default `none`. */
  readonly sequence?: 'sent' | 'none';
  /** What becomes of a received packet that is out of sequence (RFC 2890 §2.2). Default `delivered`. */
  readonly outOfSequence?: 'refused' | 'delivered';
  /** Flows (far endpoint and network) whose sequence numbers are kept, per direction. Default 1,024: 250 kB. */
  readonly flowsMax?: number;
  /** Longest outer IP packet to send, in octets. Default 65,535: what the length field can say. */
  readonly pathMtu?: number;
  /** ECN towards the outer header (RFC 6040 §4.3). Default `normal`: our egress combines the two. */
  readonly ecnMode?: EcnMode;
}

const IP_LENGTH_MAX = 0xffff;
const FLOWS_MAX = 1024;

/** GRE over IPv4 and IPv6. Stateless but for sequence numbers, if they are asked for; allocates nothing per packet. */
export class GreEncapsulation implements Encapsulation {
  readonly name = 'gre';
  readonly #payload: Payload;
  readonly #keylessNetwork: number | undefined;
  readonly #networks: ReadonlySet<number> | undefined;
  readonly #flags: number;
  readonly #headerLength: number;
  readonly #pathMtu: number;
  readonly #ecnMode: EcnMode;
  readonly #counters: FlowTable<{ next: number }> | undefined;
  readonly #windows: FlowTable<SequenceWindow> | undefined;
  /** Where a new flow begins: 0, or behind every flow that lost its place, so that no flow ever counts backwards. */
  #firstNumber = 0;

  /** A GRE endpoint; every option has a default. */
  constructor(options: GreOptions = {}) {
    const { payload = 'ethernet', keylessNetwork, networks, flowsMax = FLOWS_MAX, ecnMode = 'normal' } = options;
    const isSequenced = options.sequence === 'sent';
    this.#payload = payload === 'ethernet' ? ETHERNET_PAYLOAD : IP_PAYLOAD;
    this.#keylessNetwork = keylessNetwork;
    this.#networks = networks;
    this.#flags =
      (options.checksum === 'computed' ? FLAG.CHECKSUM : 0) |
      (keylessNetwork === undefined ? FLAG.KEY : 0) |
      (isSequenced ? FLAG.SEQUENCE_NUMBER : 0);
    this.#headerLength =
      HEADER_LENGTH_MIN +
      (options.checksum === 'computed' ? 4 : 0) +
      (keylessNetwork === undefined ? 4 : 0) +
      (isSequenced ? 4 : 0);
    this.#pathMtu = Math.min(options.pathMtu ?? IP_LENGTH_MAX, IP_LENGTH_MAX);
    this.#ecnMode = ecnMode;
    this.#counters = isSequenced ? new FlowTable(flowsMax, () => ({ next: 0 })) : undefined;
    this.#windows =
      options.outOfSequence === 'refused' ? new FlowTable(flowsMax, () => new SequenceWindow()) : undefined;
  }

  /** 24 octets over IPv4 and 44 over IPv6, and 4 more each for key (by default there), checksum and sequence number. */
  overhead(family: 4 | 6): number {
    return ipHeaderLength(family) + this.#headerLength;
  }

  /** As `Encapsulation.encapsulate`; emits exactly one packet. VLAN tags of a frame are carried along. */
  encapsulate(
    packet: PacketBuffer,
    tunnel: TunnelMetadata,
    emit: (packet: PacketBuffer) => void,
  ): GreFault | undefined {
    const { bytes, start, end } = packet;
    const malformed = this.#payload.check(bytes, start, end);
    if (malformed !== undefined) return malformed;
    const { network } = tunnel;
    if (!this.#canCarry(network)) return 'E_GRE_KEY_RANGE';
    const family = tunnel.destination.family;
    if (tunnel.source.family !== family) return 'E_ADDRESS_FAMILY_MISMATCH';
    const overhead = this.overhead(family);
    if (end - start + overhead > this.#pathMtu) return 'E_MTU_EXCEEDED';
    if (start < overhead) return 'E_BUFFER_NO_HEADROOM';
    const ecn = encapsulateEcn(this.#payload.readEcn(bytes, start, end), this.#ecnMode);
    const protocolType = this.#payload.readProtocolType(bytes, start);
    const at = packet.prepend(this.#headerLength);
    writeHeader(bytes, at, this.#flags, protocolType, network, this.#nextNumber(tunnel));
    if ((this.#flags & FLAG.CHECKSUM) !== 0) writeChecksum(bytes, at, end);
    prependOuterIp(packet, tunnel, IP_PROTOCOL, ecn);
    emit(packet);
    packet.trimFront(overhead);
    return undefined;
  }

  /**
   * As `Encapsulation.decapsulate`. In this order: outer IP, GRE header, checksum, key, protocol type, payload,
   * ECN, sequence. Optional fields that are not sent are understood. `tunnel.entropy` is the IPv6 flow label, or 0.
   */
  decapsulate(packet: PacketBuffer, tunnel: TunnelMetadata): Fault | undefined {
    const ipOffset = packet.start;
    const badIp = openOuterIp(packet, tunnel, IP_PROTOCOL);
    if (badIp !== undefined) return badIp;
    const { bytes, start, end } = packet;
    const badHeader = check(bytes, start, end) ?? checkChecksum(bytes, start, end);
    if (badHeader !== undefined) return badHeader;
    const key = readKey(bytes, start);
    const badKey = this.#checkKey(key);
    if (badKey !== undefined) return badKey;
    const inner = start + readHeaderLength(bytes, start);
    const badPayload = this.#checkPayload(bytes, inner, end, readProtocolType(bytes, start));
    if (badPayload !== undefined) return badPayload;
    tunnel.network = key ?? this.#keylessNetwork!;
    tunnel.entropy = tunnel.source.family === 6 ? ipv6.readFlowLabel(bytes, ipOffset) : 0;
    packet.start = inner;
    return (
      this.#payload.combineEcn(bytes, inner, end, tunnel) ??
      this.#checkSequence(tunnel, readSequenceNumber(bytes, start))
    );
  }

  #canCarry(network: number): boolean {
    if (this.#keylessNetwork !== undefined) return network === this.#keylessNetwork;
    return Number.isInteger(network) && network >= 0 && network <= KEY_MAX;
  }

  #checkKey(key: number | undefined): GreFault | undefined {
    if (this.#keylessNetwork !== undefined) return key === undefined ? undefined : 'E_GRE_KEY_PRESENT';
    if (key === undefined) return 'E_GRE_KEY_MISSING';
    return this.#networks === undefined || this.#networks.has(key) ? undefined : 'E_GRE_UNKNOWN_KEY';
  }

  #checkPayload(bytes: Uint8Array, inner: number, end: number, protocolType: number): GreFault | undefined {
    if (!this.#payload.isType(protocolType)) return 'E_GRE_BAD_PROTOCOL';
    const malformed = this.#payload.check(bytes, inner, end);
    if (malformed !== undefined) return malformed;
    return this.#payload.readProtocolType(bytes, inner) === protocolType ? undefined : 'E_GRE_BAD_PROTOCOL';
  }

  #nextNumber(tunnel: TunnelMetadata): number {
    if (this.#counters === undefined) return 0;
    const { isNew, state } = this.#counters.take(tunnel.destination, tunnel.network);
    if (isNew) {
      this.#firstNumber = Math.max(this.#firstNumber, state.next);
      state.next = this.#firstNumber;
    }
    const number = state.next;
    state.next = (number + 1) >>> 0;
    return number;
  }

  /** RFC 2890 §2.2: a packet without number is in sequence. A flow never heard before begins wherever it is. */
  #checkSequence(tunnel: TunnelMetadata, number: number | undefined): GreFault | undefined {
    if (this.#windows === undefined || number === undefined) return undefined;
    const { isNew, state } = this.#windows.take(tunnel.source, tunnel.network);
    if (isNew) state.reset((number - 1) >>> 0);
    return state.accept(number);
  }
}
