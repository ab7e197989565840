/**
 * OTV and DOVE as an `Encapsulation`: outer IP, UDP and OTV or DOVE headers around an Ethernet frame or a control message,
 * in place, cut into fragments where it is too long for the path and the peer can put it together again. Which of the two
 * protocols a socket speaks is configured, never guessed from the bits.
 */
import {
  type EcnMode,
  type Encapsulation,
  type Fault,
  type PacketBuffer,
  type IpAddress,
  type TunnelMetadata,
  ECN,
  UdpCarrier,
  type UdpTunnelOptions,
  encapsulateEcn,
  ethernet,
  innerIpMtu,
  readFrameEcn,
  requireInteger,
  writeOctets,
} from '@overlane/wire';
import { HEADER_LENGTH, INSTANCE_ID_MAX, OVERLAY_ID_MAX, PORT } from './constants.js';
import * as dove from './dove/index.js';
import type { DoveFault } from './faults.js';
import { FragmentCutter } from './fragments/cutter.js';
import { Identifications } from './fragments/identification.js';
import type { ReassemblyOptions } from './fragments/shapes.js';
import { ReassemblyStore } from './fragments/store.js';
import * as otv from './otv/index.js';
import { answerTooBig } from './packet-too-big.js';
import { DoveReceiver } from './receiver.js';

/** Which protocol a socket speaks. */
export type DoveMode = 'otv' | 'dove';

/**
 * Configuration of one tunnel port. Limits of reassembly stand beside these. The UDP checksum sent is zero over IPv4 and computed
 * over IPv6.
 */
export interface DoveEndpointOptions
  extends ReassemblyOptions, Omit<UdpTunnelOptions, 'checksumIpv4' | 'checksumIpv6'> {
  /** The protocol of this socket. Default `dove`: version 1 is sent, version 0 (OTV) is taken too. */
  readonly mode?: DoveMode;
  /** Overlay to send, 0..OVERLAY_ID_MAX. Default 1, because OTV packets of overlay 0 look like VXLAN. */
  readonly overlayId?: number;
  /** Overlays to accept; others are refused (rule 14). Default: the one that is sent. */
  readonly overlays?: ReadonlySet<number>;
  /** UDP destination port, sent and accepted. Default 8472. */
  readonly port?: number;
  /** Longest outer IP packet to send, in octets. Default 1500: an Ethernet underlay. */
  readonly pathMtu?: number;
  /**
   * Whether the peer at this address is known to understand extensions: only such peers get fragments and options.
   * Asked per packet that needs either. Default: nobody is.
   */
  readonly takesExtensions?: (peer: IpAddress) => boolean;
  /** Whether packets of this network may come from this address (rule 15). Asked per packet. Default: from anywhere. */
  readonly isPeer?: (network: number, source: IpAddress) => boolean;
  /** Network of OTV packets without an instance (I=0). Default: none, they are refused (rule 4). */
  readonly networkWithoutInstance?: number;
  /** In mode `otv`, refuse packets whose reserved bits aren't zero (rule 3). Default false. */
  readonly strictReserved?: boolean;
  /** Options to send with every packet to peers that take extensions, in this order. Encoded once. Default: none. */
  readonly options?: readonly dove.DoveOption[];
  /**
   * 32 random bits, different after each start: where identifications begin, and what keys are hashed with. Default 0,
   * which is for tests.
   */
  readonly seed?: number;
  /**
   * Where fragments to send are put, 128 KiB or more, which then belong to the endpoint. Give memory in the array of the packets to
   * be sent, and cutting leaves no garbage. Default: 2 MiB, taken when the first payload is cut.
   */
  readonly scratch?: PacketBuffer;
}

/** Most fragments of a payload: what a receiver with the default limits holds. */
export const FRAGMENTS_MAX = 64;
const IP_LENGTH_MAX = 0xffff;
const NONE = new Uint8Array(0);

/**
 * OTV or DOVE over IPv4 and IPv6. One object per tunnel port: it holds the identifications and the datagrams in assembly.
 * Allocates nothing per packet, but a view per payload that is cut, unless `scratch` is given, and views of fragments that come.
 */
export class DoveEncapsulation implements Encapsulation {
  readonly name: DoveMode;
  readonly #carrier: UdpCarrier;
  readonly #receiver: DoveReceiver;
  readonly #cutter: FragmentCutter;
  readonly #identifications: Identifications;
  readonly #overlayId: number;
  readonly #pathMtu: number;
  readonly #takesExtensions: (peer: IpAddress) => boolean;
  /** The Options extension to send, ready but for its next header; empty if there is none. */
  readonly #options: Uint8Array;
  readonly #ecnMode: EcnMode;

  /**
   * An endpoint; every option has a default. @throws CodecError E_FIELD_RANGE, E_DOVE_OPTION_LENGTH, E_DOVE_EXT_LENGTH for
   * ids and options that can't be sent, RangeError for impossible limits
   */
  constructor(options: DoveEndpointOptions = {}) {
    const { mode = 'dove', overlayId = 1, port = PORT, pathMtu = 1500, seed = 0, ecnMode = 'normal' } = options;
    requireInteger(mode, 'overlayId', overlayId, OVERLAY_ID_MAX);
    this.name = mode;
    const checksums = { checksumIpv4: 'zero', checksumIpv6: 'computed' } as const;
    this.#carrier = new UdpCarrier({ ...options, ...checksums, port, wrongPort: 'E_DOVE_WRONG_PORT' });
    const store = new ReassemblyStore(options, seed);
    const { overlays = new Set([overlayId]) } = options;
    this.#receiver = new DoveReceiver(this.#carrier, store, { ...options, mode, overlays });
    this.#cutter = new FragmentCutter(options.scratch);
    this.#identifications = new Identifications(seed);
    this.#overlayId = overlayId;
    this.#pathMtu = Math.min(pathMtu, IP_LENGTH_MAX);
    this.#takesExtensions = mode === 'otv' ? takesNone : (options.takesExtensions ?? takesNone);
    this.#options = encodeOptions(options.options ?? []);
    this.#ecnMode = ecnMode;
  }

  /** The datagrams in assembly: counters and memory. */
  get reassembly(): ReassemblyStore {
    return this.#receiver.store;
  }

  /**
   * The header of the packet that `decapsulate` has last taken, in place; of a datagram, that of the fragment that
   * completed it. `received.walkExtensions()` reads its extensions. Gone with the next call, or when the packet is wrapped.
   */
  get received(): dove.DoveView {
    return this.#receiver.received;
  }

  /** 36 octets over IPv4, 56 over IPv6, and the options that are sent. Fragments have 8 more. */
  overhead(family: 4 | 6): number {
    return this.#carrier.overhead(family) + HEADER_LENGTH + this.#options.length;
  }

  /** MTU for virtual ports, whose packets then need no fragments: the path's less 50 octets over IPv4, 70 over IPv6. */
  innerMtu(family: 4 | 6): number {
    return innerIpMtu(this.#pathMtu, this.overhead(family));
  }

  /**
   * As `Encapsulation.encapsulate`. A payload that fits the path is wrapped in place; one that doesn't is copied and cut
   * in the memory of a {@link FragmentCutter}, if the peer takes extensions, and else refused with E_DOVE_TOO_BIG:
   * {@link answerRefused} makes the answer for the sender. The TTL is the caller's: 64, or MULTICAST_TTL for a group.
   */
  encapsulate(
    packet: PacketBuffer,
    tunnel: TunnelMetadata,
    emit: (packet: PacketBuffer) => void,
  ): DoveFault | undefined {
    const { bytes, start, end } = packet;
    const refused = tunnel.control ? this.#refuseControl() : checkFrame(bytes, start, end);
    if (refused !== undefined) return refused;
    const { destination, network } = tunnel;
    if (!(Number.isInteger(network) && network >= 0 && network <= INSTANCE_ID_MAX)) return 'E_FIELD_RANGE';
    const { family } = destination;
    if (tunnel.source.family !== family) return 'E_ADDRESS_FAMILY_MISMATCH';
    const options = this.#options.length !== 0 && this.#takesExtensions(destination) ? this.#options : NONE;
    const overhead = this.#carrier.overhead(family) + HEADER_LENGTH + options.length;
    const ecn = tunnel.control ? ECN.NOT_ECT : encapsulateEcn(readFrameEcn(bytes, start, end), this.#ecnMode);
    if (end - start + overhead > this.#pathMtu) return this.#sendFragments(packet, tunnel, emit, ecn, options);
    if (start < overhead) return 'E_BUFFER_NO_HEADROOM';
    this.#prependHeader(packet, tunnel, options, 0);
    this.#carrier.wrap(packet, tunnel, ecn);
    emit(packet);
    packet.trimFront(overhead);
    return undefined;
  }

  /**
   * As `Encapsulation.decapsulate`; rules 1 to 15 in order, but see the README on fragments. A datagram that was put
   * together lies in the store's memory, to which `packet` then points: intact until 32 more have been delivered, or as
   * the option `deliveries` says.
   */
  decapsulate(packet: PacketBuffer, tunnel: TunnelMetadata, nowMs: number): Fault | 'incomplete' | undefined {
    return this.#receiver.receive(packet, tunnel, nowMs);
  }

  /** As `Encapsulation.answerRefused`: what {@link answerTooBig} makes, for E_DOVE_TOO_BIG. */
  answerRefused(frame: PacketBuffer, fault: Fault, family: 4 | 6): Uint8Array<ArrayBuffer> | undefined {
    return fault === 'E_DOVE_TOO_BIG' ? answerTooBig(frame, this.innerMtu(family)) : undefined;
  }

  /** Lets time pass: gives up datagrams whose time is over. `decapsulate` does the same. */
  tick(nowMs: number): void {
    this.reassembly.tick(nowMs);
  }

  #refuseControl(): 'E_OTV_CONTROL' | undefined {
    return this.name === 'otv' ? 'E_OTV_CONTROL' : undefined;
  }

  #sendFragments(
    packet: PacketBuffer,
    tunnel: TunnelMetadata,
    emit: (packet: PacketBuffer) => void,
    ecn: number,
    options: Uint8Array,
  ): 'E_DOVE_TOO_BIG' | undefined {
    const { destination, network } = tunnel;
    const headers = HEADER_LENGTH + options.length + dove.FRAGMENT_LENGTH;
    const outer = this.#carrier.overhead(destination.family);
    const room = this.#pathMtu - outer - headers;
    const chunk = room - (room % dove.FRAGMENT_UNIT);
    if (chunk <= 0 || packet.length > Math.min(chunk * FRAGMENTS_MAX, dove.DATAGRAM_LENGTH_MAX))
      return 'E_DOVE_TOO_BIG';
    if (!this.#takesExtensions(destination)) return 'E_DOVE_TOO_BIG';
    const identification = this.#identifications.take(destination, network);
    const cutter = this.#cutter;
    cutter.start(packet, chunk, outer + headers);
    while (cutter.next()) {
      const { piece } = cutter;
      const at = piece.prepend(dove.FRAGMENT_LENGTH);
      dove.writeFragment(piece.bytes, at, cutter.offset, cutter.more, identification);
      this.#prependHeader(piece, tunnel, options, dove.EXTENSION.FRAGMENT);
      this.#carrier.wrap(piece, tunnel, ecn);
      emit(piece);
    }
    return undefined;
  }

  /** Prepends the OTV or DOVE header, with options in front of an extension of type `next` that is already there. */
  #prependHeader(packet: PacketBuffer, { control, network }: TunnelMetadata, options: Uint8Array, next: 0 | 1): void {
    const { bytes } = packet;
    if (this.name === 'otv') {
      otv.writeHeader(bytes, packet.prepend(HEADER_LENGTH), this.#overlayId, network);
      return;
    }
    let first: number = next;
    if (options.length !== 0) {
      const at = packet.prepend(options.length);
      writeOctets(bytes, at, options);
      bytes[at] = next;
      first = dove.EXTENSION.OPTIONS;
    }
    const flags = (next === 0 ? 0 : dove.FLAG_FRAGMENT) | (control ? dove.FLAG_CONTROL : 0);
    dove.writeHeader(bytes, packet.prepend(HEADER_LENGTH), flags, this.#overlayId, network, first);
  }
}

function takesNone(): boolean {
  return false;
}

function checkFrame(bytes: Uint8Array, start: number, end: number): DoveFault | undefined {
  if (end - start < ethernet.HEADER_LENGTH) return 'E_OTV_INNER_TRUNCATED';
  return ethernet.check(bytes, start, end);
}

function encodeOptions(options: readonly dove.DoveOption[]): Uint8Array {
  if (options.length === 0) return NONE;
  const extensions = [{ kind: 'options', options }] as const;
  // Headers of fragments have 8 more octets of extensions: they must be within bounds too.
  const longest = [...extensions, { kind: 'fragment', offset: 0, more: false, identification: 0 }] as const;
  const header = { version: 1, control: false, overlayId: 0, instanceId: 0 } as const;
  dove.encode({ ...header, extensions: longest });
  return dove.encode({ ...header, extensions }).subarray(HEADER_LENGTH);
}
