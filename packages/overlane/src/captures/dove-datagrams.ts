/** Puts the datagrams together that DOVE has cut, for `dissect`, and says which packets each came in. */
import { type Fragment, ReassemblyStore, dove } from '@overlane/dove';
import type { DissectedLayer } from '@overlane/layout';
import { type Fault, IpAddress, ipv4, ipv6 } from '@overlane/wire';
import { FRAMES_MAX, PieceNumbers } from './piece-numbers.js';
import type { PutTogether } from './put-together.js';

/** The fragments of one capture. Memory: the reassembly store's 17 MB, taken with the first fragment, and packet numbers. */
export class DoveDatagrams {
  readonly #store = new ReassemblyStore({ datagramLimit: FRAMES_MAX, deliveries: 1 });
  readonly #numbers = new PieceNumbers();

  /**
   * Takes a packet whose `layers` a dissector found to be faultless. Returns the datagram that it completes, why its
   * fragment was refused, or `undefined` if it is held, a duplicate, or no fragment.
   */
  take(
    bytes: Uint8Array,
    layers: readonly DissectedLayer[],
    packet: number,
    nowMs: number,
  ): PutTogether | Fault | undefined {
    // In tunnels in tunnels the outermost counts.
    const at = layers.findIndex(({ protocol }) => protocol === 'dove-fragment');
    const outer = layers.slice(0, Math.max(at, 0));
    const header = outer.filter(({ protocol }) => protocol === 'dove').at(-1);
    const ip = outer.filter(({ protocol }) => protocol === 'ipv4' || protocol === 'ipv6').at(-1);
    if (header === undefined || ip === undefined) return undefined;
    const fragment = readFragment(bytes, ip, header.offset, layers[at]!.offset);
    const start = layers[at]!.offset + dove.FRAGMENT_LENGTH;
    const end = start + (layers[at + 1]?.length ?? 0);
    const { duplicates } = this.#store;
    const outcome = this.#store.accept(fragment, bytes, start, end, nowMs);
    if (this.#store.duplicates !== duplicates) return undefined;
    if (outcome !== 'complete' && outcome !== 'incomplete') return outcome;
    const key = keyOf(fragment);
    this.#numbers.note(key, packet, end - start);
    if (outcome === 'incomplete') return undefined;
    const { delivered } = this.#store;
    return {
      protocol: fragment.control ? 'van' : 'ethernet',
      bytes: delivered.bytes.subarray(delivered.start, delivered.end),
      packets: this.#numbers.close(key, delivered.end - delivered.start),
    };
  }
}

function readFragment(bytes: Uint8Array, ip: DissectedLayer, header: number, extension: number): Fragment {
  const source = new IpAddress();
  const destination = new IpAddress();
  const isV4 = ip.protocol === 'ipv4';
  source.read(bytes, ip.offset + (isV4 ? 12 : 8), isV4 ? 4 : 6);
  destination.read(bytes, ip.offset + (isV4 ? 16 : 24), isV4 ? 4 : 6);
  return {
    source,
    destination,
    overlayId: dove.readOverlayId(bytes, header),
    instanceId: dove.readInstanceId(bytes, header),
    control: dove.readControl(bytes, header),
    identification: dove.readIdentification(bytes, extension),
    offset: dove.readFragmentOffset(bytes, extension),
    more: dove.readMore(bytes, extension),
    tos: isV4 ? ipv4.readTos(bytes, ip.offset) : ipv6.readTrafficClass(bytes, ip.offset),
  };
}

function keyOf({ source, destination, overlayId, instanceId, control, identification }: Fragment): string {
  return `${source.toString()} ${destination.toString()} ${overlayId} ${instanceId} ${control} ${identification}`;
}
