/**
 * Geneve as an `Encapsulation`: outer IP, UDP and Geneve headers around an Ethernet frame, in place, and the
 * rules G1 to G13 of the specification on the way in.
 */
import {
  type ChecksumPolicy,
  type EcnMode,
  type Encapsulation,
  type Fault,
  type PacketBuffer,
  type TunnelMetadata,
  UdpCarrier,
  type UdpTunnelOptions,
  combineFrameEcn,
  encapsulateEcn,
  ethernet,
  longestSegment,
  readFrameEcn,
  writeOctets,
} from '@overlane/wire';
import { HEADER_LENGTH, OPTIONS_LENGTH_MAX, PORT, VNI_MAX } from './constants.js';
import type { GeneveFault } from './faults.js';
import {
  type MissingCriticalFlag,
  checkBase,
  checkCriticalFlag,
  encode,
  readControl,
  readHeaderLength,
  readOptionsLength,
  readProtocolType,
  readVni,
  writeVni,
} from './header.js';
import { type UnderstoodOption, OptionUnderstanding } from './option-codecs.js';
import { type GeneveOption, checkOptions } from './options.js';
import { GeneveView } from './view.js';

/**
 * Takes a control packet: `packet` is its payload, `tunnel` what the outer headers say, both valid during the call; the
 * header with the protocol type and the options is `received` of the encapsulation.
 */
export type ControlHandler = (packet: PacketBuffer, tunnel: TunnelMetadata) => void;

/** Configuration of one tunnel port. */
export interface GeneveEndpointOptions extends UdpTunnelOptions {
  /** UDP destination port, sent and accepted. Default 6081. */
  readonly port?: number;
  /** Options to send with every packet, in this order. Encoded once. Default: none. */
  readonly options?: readonly GeneveOption[];
  /** Options known here: critical ones that are not among them are refused (G9). Default: none. */
  readonly understands?: readonly UnderstoodOption[];
  /** Most octets of options accepted (G7). Default 252: what the length field can say. */
  readonly optionsLengthMax?: number;
  /** What to do with a critical option under a clear C bit (G10). Default `refused`. */
  readonly missingCriticalFlag?: MissingCriticalFlag;
  /** Takes control packets, which no tenant may see. Default: they are refused with `E_GENEVE_CONTROL`. */
  readonly onControl?: ControlHandler;
  /** VNIs whose inner VLAN tags are stripped, and refused. Default: none: tags pass, since the format says nothing. */
  readonly stripInnerVlan?: ReadonlySet<number>;
  /** UDP checksum sent over IPv4. Default `computed` (RFC 8926 §4.3: SHOULD). */
  readonly checksumIpv4?: ChecksumPolicy;
  /** UDP checksum sent over IPv6. Default `computed` (RFC 8926 §4.3: MUST). */
  readonly checksumIpv6?: ChecksumPolicy;
}

const NO_NETWORKS: ReadonlySet<number> = new Set();
const IP_LENGTH_MAX = 0xffff;

/** Geneve over IPv4 and IPv6, with Ethernet inside. Stateless but for `received`; allocates nothing per packet. */
export class GeneveEncapsulation implements Encapsulation {
  readonly name = 'geneve';
  /** Frames may be left unfinished for ports that finish what is inside a tunnel; the UDP checksum allows for it. */
  readonly keepsOffload = true;
  /**
   * The header of the packet that `decapsulate` has last taken, in place: `received.walkOptions()` reads its options.
   * It stands in the packet's headroom, so it is gone with the next call, or when the packet is wrapped again.
   */
  readonly received = new GeneveView();
  readonly #carrier: UdpCarrier;
  readonly #networks: ReadonlySet<number> | undefined;
  readonly #header: Uint8Array;
  readonly #understanding: OptionUnderstanding;
  readonly #optionsLengthMax: number;
  readonly #missingCriticalFlag: MissingCriticalFlag;
  readonly #onControl: ControlHandler | undefined;
  readonly #stripInnerVlan: ReadonlySet<number>;
  readonly #pathMtu: number;
  readonly #ecnMode: EcnMode;

  /**
   * A Geneve endpoint; every option has a default.
   * @throws CodecError E_GENEVE_OPTION_DATA_LENGTH, E_GENEVE_OPTIONS_TOO_LONG, E_FIELD_RANGE for options that can't be
   * sent, TypeError if two understood options are of one kind
   */
  constructor(options: GeneveEndpointOptions = {}) {
    const { port = PORT, checksumIpv4 = 'computed', checksumIpv6 = 'computed', ...rest } = options;
    this.#carrier = new UdpCarrier({ ...rest, port, wrongPort: 'E_GENEVE_WRONG_PORT', checksumIpv4, checksumIpv6 });
    const header = { control: false, protocolType: ethernet.ETHER_TYPE.TEB, vni: 0, options: options.options ?? [] };
    this.#header = encode(header);
    this.#networks = options.networks;
    this.#understanding = new OptionUnderstanding(options.understands ?? []);
    this.#optionsLengthMax = options.optionsLengthMax ?? OPTIONS_LENGTH_MAX;
    this.#missingCriticalFlag = options.missingCriticalFlag ?? 'refused';
    this.#onControl = options.onControl;
    this.#stripInnerVlan = options.stripInnerVlan ?? NO_NETWORKS;
    this.#pathMtu = Math.min(options.pathMtu ?? IP_LENGTH_MAX, IP_LENGTH_MAX);
    this.#ecnMode = options.ecnMode ?? 'normal';
  }

  /** 36 octets over IPv4, 56 over IPv6, and the options that are sent. */
  overhead(family: 4 | 6): number {
    return this.#carrier.overhead(family) + this.#header.length;
  }

  /** As `Encapsulation.encapsulate`; emits exactly one packet. */
  encapsulate(
    packet: PacketBuffer,
    tunnel: TunnelMetadata,
    emit: (packet: PacketBuffer) => void,
  ): GeneveFault | undefined {
    const { bytes, start, end } = packet;
    if (end - start < ethernet.HEADER_LENGTH) return 'E_GENEVE_INNER_TRUNCATED';
    const malformed = ethernet.check(bytes, start, end);
    if (malformed !== undefined) return malformed;
    const vni = tunnel.network;
    if (!(Number.isInteger(vni) && vni >= 0 && vni <= VNI_MAX)) return 'E_GENEVE_VNI_RANGE';
    const family = tunnel.destination.family;
    if (tunnel.source.family !== family) return 'E_ADDRESS_FAMILY_MISMATCH';
    const tags = this.#stripInnerVlan.has(vni) ? ethernet.readHeaderLength(bytes, start) - ethernet.HEADER_LENGTH : 0;
    const overhead = this.overhead(family);
    const longest = longestSegment(packet) - tags + overhead;
    if (longest > this.#pathMtu || end - start - tags + overhead > IP_LENGTH_MAX) return 'E_MTU_EXCEEDED';
    if (start + tags < overhead) return 'E_BUFFER_NO_HEADROOM';
    if (tags !== 0) ethernet.stripTags(packet, tags);
    if (packet.isUnfinished) packet.innerStart = packet.start;
    const ecn = encapsulateEcn(readFrameEcn(bytes, packet.start, end), this.#ecnMode);
    const at = packet.prepend(this.#header.length);
    writeOctets(bytes, at, this.#header);
    writeVni(bytes, at, vni);
    this.#carrier.wrap(packet, tunnel, ecn);
    emit(packet);
    packet.trimFront(overhead);
    packet.innerStart = 0;
    return undefined;
  }

  /**
   * As `Encapsulation.decapsulate`; rules G1 to G13 in order. A control packet goes to `onControl`, and the answer
   * is `'incomplete'`: nothing to deliver, and nothing wrong. G11 and G13 are about a tenant's payload, so they don't
   * apply to it.
   */
  decapsulate(packet: PacketBuffer, tunnel: TunnelMetadata): Fault | 'incomplete' | undefined {
    const fault = this.#carrier.open(packet, tunnel) ?? this.#checkHeader(packet.bytes, packet.start, packet.end);
    if (fault !== undefined) return fault;
    const { bytes, start, end } = packet;
    const vni = readVni(bytes, start);
    const inner = start + readHeaderLength(bytes, start);
    const isControl = readControl(bytes, start);
    if (!isControl) {
      const badPayload = this.#checkPayload(bytes, inner, end, readProtocolType(bytes, start), vni);
      if (badPayload !== undefined) return badPayload;
    }
    if (this.#networks !== undefined && !this.#networks.has(vni)) return 'E_GENEVE_UNKNOWN_VNI';
    tunnel.network = vni;
    this.received.at(bytes, start);
    packet.start = inner;
    return isControl ? this.#takeControl(packet, tunnel) : combineFrameEcn(bytes, inner, end, tunnel);
  }

  /** G4 to G10. */
  #checkHeader(bytes: Uint8Array, start: number, end: number): Fault | undefined {
    const truncated = checkBase(bytes, start, end);
    if (truncated !== undefined) return truncated;
    const optionsLength = readOptionsLength(bytes, start);
    if (optionsLength === 0) return undefined;
    if (optionsLength > this.#optionsLengthMax) return 'E_GENEVE_OPTIONS_TOO_LONG';
    const options = start + HEADER_LENGTH;
    return (
      checkOptions(bytes, options, options + optionsLength) ??
      this.#understanding.check(bytes, start) ??
      checkCriticalFlag(bytes, start, this.#missingCriticalFlag)
    );
  }

  /** G11, and the tags of the frame. */
  #checkPayload(
    bytes: Uint8Array,
    inner: number,
    end: number,
    protocolType: number,
    vni: number,
  ): GeneveFault | undefined {
    if (protocolType !== ethernet.ETHER_TYPE.TEB) return 'E_GENEVE_UNSUPPORTED_PROTOCOL';
    if (end - inner < ethernet.HEADER_LENGTH) return 'E_GENEVE_INNER_TRUNCATED';
    if (!ethernet.readTagged(bytes, inner)) return undefined;
    return this.#stripInnerVlan.has(vni) ? 'E_GENEVE_INNER_VLAN' : ethernet.check(bytes, inner, end);
  }

  #takeControl(packet: PacketBuffer, tunnel: TunnelMetadata): 'E_GENEVE_CONTROL' | 'incomplete' {
    if (this.#onControl === undefined) return 'E_GENEVE_CONTROL';
    tunnel.ecnAnomaly = 'none';
    this.#onControl(packet, tunnel);
    return 'incomplete';
  }
}
