/**
 * The receiving half of an endpoint: outer packets in, Ethernet frames and control messages out. Rules 1 to 11 are in the
 * codecs, rule 12 is in the reassembly store.
 */
import {
  type Fault,
  IpAddress,
  type PacketBuffer,
  type TunnelMetadata,
  type UdpCarrier,
  combineFrameEcn,
  ethernet,
  readInt32,
} from '@overlane/wire';
import { FLAG_INSTANCE, HEADER_LENGTH } from './constants.js';
import * as dove from './dove/index.js';
import type { DoveFault } from './faults.js';
import type { Fragment } from './fragments/shapes.js';
import type { ReassemblyStore } from './fragments/store.js';
import * as otv from './otv/index.js';

/** Version, I and F in the first octet of a packet that needs no further look at its header, and what they are then. */
const PLAIN_MASK = 0xfc;
const PLAIN = (dove.VERSION << 4) | FLAG_INSTANCE;

/** The part of the configuration that is about receiving. */
export interface ReceiverOptions {
  readonly mode: 'otv' | 'dove';
  readonly overlays: ReadonlySet<number>;
  readonly isPeer?: (network: number, source: IpAddress) => boolean;
  readonly networks?: ReadonlySet<number>;
  readonly networkWithoutInstance?: number;
  readonly strictReserved?: boolean;
}

/** Receives for one tunnel port. Allocates nothing per packet, the store's views of a fragment apart. */
export class DoveReceiver {
  /** The datagrams in assembly. */
  readonly store: ReassemblyStore;
  /** The header of the packet taken last, in place. */
  readonly received = new dove.DoveView();
  readonly #carrier: UdpCarrier;
  readonly #isDove: boolean;
  readonly #overlays: ReadonlySet<number>;
  readonly #networks: ReadonlySet<number> | undefined;
  readonly #networkWithoutInstance: number;
  readonly #isPeer: ((network: number, source: IpAddress) => boolean) | undefined;
  readonly #rules: otv.OtvRules;
  readonly #fragment: Fragment;

  /** A receiver on `store`, which must serve no other port. */
  constructor(carrier: UdpCarrier, store: ReassemblyStore, options: ReceiverOptions) {
    this.#carrier = carrier;
    this.store = store;
    this.#isDove = options.mode === 'dove';
    this.#overlays = options.overlays;
    this.#networks = options.networks;
    this.#networkWithoutInstance = options.networkWithoutInstance ?? 0;
    this.#isPeer = options.isPeer;
    const requireInstance = options.networkWithoutInstance === undefined;
    // DOVE takes version 0 without a look at the last octet; the version nibble is then zero anyway.
    const strictReserved = !this.#isDove && options.strictReserved === true;
    this.#rules = { requireInstance, strictReserved };
    // One object for all fragments; the addresses are set to those of each packet's tunnel.
    this.#fragment = {
      ...{ source: new IpAddress(), destination: new IpAddress(), overlayId: 0, instanceId: 0 },
      ...{ control: false, identification: 0, offset: 0, more: false, tos: 0 },
    };
  }

  /** As `Encapsulation.decapsulate`. */
  receive(packet: PacketBuffer, tunnel: TunnelMetadata, nowMs: number): Fault | 'incomplete' | undefined {
    const fault = this.#carrier.open(packet, tunnel);
    if (fault !== undefined) return fault;
    const { bytes, start, end } = packet;
    const first = end - start < HEADER_LENGTH ? 0 : bytes[start]!;
    const isExtended = this.#isDove && first >>> 4 !== 0;
    let payload = start + HEADER_LENGTH;
    // One look for what nearly every packet is: version 1 without extensions.
    if (!isExtended || (first & PLAIN_MASK) !== PLAIN || bytes[start + 7] !== 0) {
      const refused = isExtended ? dove.check(bytes, start, end) : otv.check(bytes, start, end, this.#rules);
      if (refused !== undefined) return refused;
      if (isExtended) payload = start + dove.readHeaderLength(bytes, start);
    }
    const isControl = isExtended && (first & dove.FLAG_CONTROL) !== 0;
    const isFragment = isExtended && (first & dove.FLAG_FRAGMENT) !== 0;
    const badPayload = isFragment || isControl ? undefined : checkFrame(bytes, payload, end);
    if (badPayload !== undefined) return badPayload;
    const hasInstance = (first & FLAG_INSTANCE) !== 0;
    const network = hasInstance ? otv.readInstanceId(bytes, start) : this.#networkWithoutInstance;
    const overlayId = otv.readOverlayId(bytes, start);
    // Rules 14 and 15. Choice: fragments are asked before they are held, not after reassembly, so that strangers get none of
    // the memory; what is delivered is the same.
    if (!this.#overlays.has(overlayId) || this.#networks?.has(network) === false) return 'E_DOVE_UNKNOWN_INSTANCE';
    if (this.#isPeer?.(network, tunnel.source) === false) return 'E_DOVE_PEER';
    packet.start = payload;
    tunnel.network = network;
    tunnel.control = isControl;
    if (isFragment) {
      const outcome = this.#reassemble(packet, tunnel, overlayId, nowMs);
      if (outcome !== undefined) return outcome;
    }
    this.received.at(bytes, start);
    tunnel.ecnAnomaly = 'none';
    return isControl ? undefined : combineFrameEcn(packet.bytes, packet.start, packet.end, tunnel);
  }

  /** Holds the data of a fragment, which `packet` has been narrowed to, or points `packet` at the whole. */
  #reassemble(
    packet: PacketBuffer,
    tunnel: TunnelMetadata,
    overlayId: number,
    nowMs: number,
  ): DoveFault | 'incomplete' | undefined {
    const { bytes, start, end } = packet;
    const { store } = this;
    const extension = start - dove.FRAGMENT_LENGTH;
    const fragment = this.#fragment;
    fragment.source = tunnel.source;
    fragment.destination = tunnel.destination;
    fragment.overlayId = overlayId;
    fragment.instanceId = tunnel.network;
    fragment.control = tunnel.control;
    fragment.identification = readInt32(bytes, extension + 4);
    fragment.offset = dove.readFragmentOffset(bytes, extension);
    fragment.more = dove.readMore(bytes, extension);
    fragment.tos = (tunnel.dscp << 2) | tunnel.ecn;
    const outcome = store.accept(fragment, bytes, start, end, nowMs);
    if (outcome !== 'complete') return outcome;
    const { delivered } = store;
    packet.reset(delivered.bytes, delivered.start, delivered.end);
    tunnel.dscp = delivered.dscp;
    tunnel.ecn = delivered.ecn;
    return tunnel.control ? undefined : checkFrame(delivered.bytes, delivered.start, delivered.end);
  }
}

/** Rule 13, and the tags. What a control message must look like is its own protocol's matter. */
function checkFrame(bytes: Uint8Array, start: number, end: number): DoveFault | undefined {
  if (end - start < ethernet.HEADER_LENGTH) return 'E_OTV_INNER_TRUNCATED';
  return ethernet.readTagged(bytes, start) ? ethernet.check(bytes, start, end) : undefined;
}
