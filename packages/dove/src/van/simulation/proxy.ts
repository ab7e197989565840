import { IpAddress, PacketBuffer, type Replicator } from '@overlane/wire';
import * as dove from '../../dove/index.js';
import { VanProxy } from '../proxy.js';
import type { SeededRandom } from './random.js';
import type { SimulatedUnderlay, UnderlayNode, UnderlayPacket } from './underlay.js';

/** What a proxy is made with. Addresses are signed integers. */
export interface SimulatedProxyOptions {
  readonly underlay: SimulatedUnderlay;
  readonly random: SeededRandom;
  readonly address: number;
  readonly peers: readonly number[];
  readonly neighbors?: readonly number[];
  readonly hosts: Replicator;
  readonly networks: readonly number[];
}

/** A `VanProxy` on a simulated underlay. */
export class SimulatedProxy implements UnderlayNode {
  /** The machine under test. */
  readonly proxy: VanProxy;
  readonly #underlay: SimulatedUnderlay;
  readonly #own: number;
  readonly #source = new IpAddress();

  /** A proxy attached to its underlay. */
  constructor({ underlay, random, address, peers, neighbors = [], hosts, networks }: SimulatedProxyOptions) {
    this.#underlay = underlay;
    this.#own = address;
    this.proxy = new VanProxy({
      ...{ address: addressOf(address), hosts, networks, random32: random.word },
      ...{ peers: peers.map(addressOf), neighbors: neighbors.map(addressOf) },
    });
    underlay.attach(address, this);
  }

  get nextTickMs(): number {
    return this.proxy.nextTickMs;
  }

  receive({ network, source, control, octets }: UnderlayPacket, nowMs: number): void {
    this.#source.setIpv4(source);
    const header = dove.encode({
      ...{ version: 1, control, overlayId: 1, instanceId: network, extensions: [] },
    });
    const packet = PacketBuffer.from(octets, header.length);
    packet.bytes.set(header);
    packet.prepend(header.length);
    this.proxy.forward(packet, this.#source, nowMs, (out, { address }) => {
      this.#launch(network, address.word0, false, out.copy().subarray(header.length));
    });
    this.#pump();
  }

  tick(nowMs: number): void {
    this.proxy.tick(nowMs);
    this.#pump();
  }

  #pump(): void {
    for (let event = this.proxy.nextEvent(); event !== undefined; event = this.proxy.nextEvent()) {
      this.#launch(event.network, event.destination.address.word0, true, event.payload.copy());
    }
    this.#underlay.reschedule(this);
  }

  #launch(network: number, destination: number, control: boolean, octets: Uint8Array): void {
    this.#underlay.send({ network, source: this.#own, destination, control, octets });
  }
}

function addressOf(word: number): IpAddress {
  const address = new IpAddress();
  address.setIpv4(word);
  return address;
}
