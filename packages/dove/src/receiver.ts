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
import { HEADER_LENGTH } from './constants.js';
import * as dove from './dove/index.js';
import type { DoveFault } from './faults.js';
import type { Fragment } from './fragments/shapes.js';
import type { ReassemblyStore } from './fragments/store.js';
import * as otv from './otv/index.js';

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
  readonly #options: ReceiverOptions;
  readonly #rules: otv.OtvRules;
  readonly #fragment: Fragment;

  /** A receiver on `store`, which must serve no other port. */
  constructor(carrier: UdpCarrier, store: ReassemblyStore, options: ReceiverOptions) {
    this.#carrier = carrier;
    this.store = store;
    this.#options = options;
    const requireInstance = options.networkWithoutInstance === undefined;
    // DOVE takes version 0 without a look at the last octet; the version nibble is then zero anyway.
    const strictReserved = options.mode === 'otv' && options.strictReserved === true;
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
    const isExtended = this.#options.mode === 'dove' && end > start && dove.readVersion(bytes, start) !== 0;
    const refused = isExtended ? dove.check(bytes, start, end) : otv.check(bytes, start, end, this.#rules);
    if (refused !== undefined) return refused;
    const payload = start + (isExtended ? dove.readHeaderLength(bytes, start) : HEADER_LENGTH);
    const isControl = isExtended && dove.readControl(bytes, start);
    const isFragment = isExtended && dove.readFragment(bytes, start);
    const badPayload = isFragment ? undefined : checkPayload(bytes, payload, end, isControl);
    if (badPayload !== undefined) return badPayload;
    const { networkWithoutInstance = 0 } = this.#options;
    const network = otv.readInstanceValid(bytes, start) ? otv.readInstanceId(bytes, start) : networkWithoutInstance;
    const misplaced = this.#checkPlace(otv.readOverlayId(bytes, start), network, tunnel.source);
    if (misplaced !== undefined) return misplaced;
    packet.start = payload;
    tunnel.network = network;
    tunnel.control = isControl;
    if (isFragment) {
      const outcome = this.#reassemble(packet, tunnel, otv.readOverlayId(bytes, start), nowMs);
      if (outcome !== undefined) return outcome;
    }
    this.received.at(bytes, start);
    tunnel.ecnAnomaly = 'none';
    return isControl ? undefined : combineFrameEcn(packet.bytes, packet.start, packet.end, tunnel);
  }

  /**
   * Rules 14 and 15. Choice: fragments are asked before they are held, not after reassembly, so that strangers get none of
   * the memory; what is delivered is the same.
   */
  #checkPlace(overlayId: number, network: number, source: IpAddress): DoveFault | undefined {
    const { overlays, networks, isPeer } = this.#options;
    if (!overlays.has(overlayId) || networks?.has(network) === false) return 'E_DOVE_UNKNOWN_INSTANCE';
    return isPeer?.(network, source) === false ? 'E_DOVE_PEER' : undefined;
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
    return checkPayload(delivered.bytes, delivered.start, delivered.end, tunnel.control);
  }
}

/** Rule 13, and the tags of a frame. What a control message must look like is its own protocol's matter. */
function checkPayload(bytes: Uint8Array, start: number, end: number, isControl: boolean): DoveFault | undefined {
  if (isControl) return undefined;
  if (end - start < ethernet.HEADER_LENGTH) return 'E_OTV_INNER_TRUNCATED';
  return ethernet.readTagged(bytes, start) ? ethernet.check(bytes, start, end) : undefined;
}
