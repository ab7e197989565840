import { IpAddress, type Locator, type Replicator, read32, write16, write32 } from '@overlane/wire';
import { TYPE } from '../constants.js';
import { macOffset, readTransactionId, readType } from '../message.js';
import type { VanLimits } from '../options.js';
import { type Delivery, SimulatedHost } from './host.js';
import { SimulatedProxy } from './proxy.js';
import { SeededRandom } from './random.js';
import { SimulatedUnderlay, type UnderlayPacket } from './underlay.js';

/** The size of a fleet. */
export interface FleetOptions {
  readonly hosts: number;
  readonly instances: number;
  /** VMs per instance; the same MACs in each. */
  readonly vms: number;
  readonly seed: number;
  readonly limits?: Partial<VanLimits>;
  /** Sites whose hosts have no path to each other but through proxies. Default 1, without proxies. */
  readonly sites?: number;
  /** Proxies of each site, if there are several. Default 1. */
  readonly proxiesPerSite?: number;
}

/** What a frame of a fleet says of itself. */
export interface SentFrame {
  readonly instance: number;
  readonly from: number;
  readonly to: number;
  readonly sentMs: number;
  readonly host: SimulatedHost;
  /** Copies sent through the underlay, by its host or a proxy. */
  copies: number;
  /** Where it was delivered, if it was; the last time counts. */
  deliveredAt: SimulatedHost | undefined;
}

const FRAME_LENGTH = 24;
const MARK = 14;
const FIRST_ADDRESS = 0x0a00_0001;
const FIRST_PROXY = 0x0a01_0001;
const FIRST_INSTANCE = 100;

/**
 * Hosts with VMs of several instances, in each the same MACs, on one underlay: places and moves VMs, sends frames that know
 * who they are, and counts what must not happen.
 */
export class Fleet {
  readonly random: SeededRandom;
  readonly underlay: SimulatedUnderlay;
  readonly hosts: SimulatedHost[] = [];
  /** One or more per site, if there are several sites. */
  readonly proxies: SimulatedProxy[] = [];
  /** Frames delivered into another instance than they were sent in. */
  strayed = 0;
  /** Frames delivered. */
  delivered = 0;
  /** Frames to one VM of which more copies were sent than there are ways to go: one, or three through two proxies. */
  flooded = 0;
  /** Questions asked of all: one per transaction. */
  readonly floods = new Set<string>();
  /** LEARN_REQUEST messages sent. */
  requests = 0;
  /** Frames by their number; those that nobody keeps are forgotten with `forgetFrames`. */
  readonly frames: SentFrame[] = [];
  readonly #places: SimulatedHost[];
  readonly #vms: number;
  readonly #sites: number;
  readonly #proxyAddresses: readonly number[];
  // Hosts of each instance; and who of them are the others, by network and host.
  readonly #members = new Map<number, Set<number>>();
  readonly #lists = new Map<number, Map<number, Locator[]>>();
  #firstFrame = 0;

  /** A fleet without VMs. A host is a member of an instance from its first VM on. */
  constructor(options: FleetOptions) {
    this.random = new SeededRandom(options.seed);
    this.underlay = new SimulatedUnderlay(this.random);
    this.#vms = options.vms;
    this.#places = new Array<SimulatedHost>(options.instances * options.vms);
    this.underlay.onSent = (packet) => this.#onSent(packet);
    const { hosts, instances, sites = 1, proxiesPerSite = 1, limits } = options;
    this.#sites = sites;
    const proxies = sites === 1 ? 0 : sites * proxiesPerSite;
    const replicatorOf = (own: number): Replicator => ({ targets: (network) => this.#membersFor(own, network) });
    this.#proxyAddresses = range(FIRST_PROXY, proxies);
    const { underlay, random } = this;
    underlay.isCut = (packet) => this.isApart(packet);
    for (const address of range(FIRST_ADDRESS, hosts)) {
      const replicator = replicatorOf(address);
      const onDelivery = (delivery: Delivery): void => this.#onDelivery(delivery);
      this.hosts.push(new SimulatedHost({ underlay, random, address, replicator, onDelivery, limits: limits ?? {} }));
    }
    const networks = range(FIRST_INSTANCE, instances);
    for (const address of range(FIRST_PROXY, proxies)) {
      const others = range(FIRST_PROXY, proxies).filter((other) => other !== address);
      const peers = others.filter((other) => this.#siteOf(other) !== this.#siteOf(address));
      const neighbors = others.filter((other) => !peers.includes(other));
      const replicator = replicatorOf(address);
      this.proxies.push(
        new SimulatedProxy({ underlay, random, address, peers, neighbors, hosts: replicator, networks }),
      );
    }
  }

  /** True if there is no way for the packet: two sites, and not from proxy to proxy. */
  isApart({ source, destination }: UnderlayPacket): boolean {
    const areProxies = source >= FIRST_PROXY && destination >= FIRST_PROXY;
    return !areProxies && this.#siteOf(source) !== this.#siteOf(destination);
  }

  /** Who gets the broadcasts of an instance from a host or proxy: the others of its site that have, or had, VMs of it. */
  #membersFor(own: number, network: number): readonly Locator[] {
    let lists = this.#lists.get(network);
    if (lists === undefined) this.#lists.set(network, (lists = new Map<number, Locator[]>()));
    let list = lists.get(own);
    if (list === undefined) {
      const site = this.#siteOf(own);
      const all = [...(this.#members.get(network) ?? []), ...this.#proxyAddresses];
      list = all.filter((address) => address !== own && this.#siteOf(address) === site).map(locatorOf);
      lists.set(own, list);
    }
    return list;
  }

  #enlist(network: number, { address }: SimulatedHost): void {
    let members = this.#members.get(network);
    if (members === undefined) this.#members.set(network, (members = new Set()));
    if (members.has(address)) return;
    members.add(address);
    this.#lists.delete(network);
  }

  #siteOf(address: number): number {
    return (address - (address >= FIRST_PROXY ? FIRST_PROXY : FIRST_ADDRESS)) % this.#sites;
  }

  /** Where a VM is. */
  placeOf(instance: number, vm: number): SimulatedHost {
    return this.#places[instance * this.#vms + vm]!;
  }

  /** Places a VM on a host, for the first time or anew; whether its old host learns where it goes is the caller's choice. */
  place(instance: number, vm: number, host: SimulatedHost, notice: 'told' | 'untold' = 'untold'): void {
    const at = instance * this.#vms + vm;
    const old = this.#places[at];
    const mac = macOf(vm);
    if (old === host) return;
    old?.remove(FIRST_INSTANCE + instance, mac, notice === 'told' ? host : undefined);
    this.#places[at] = host;
    this.#enlist(FIRST_INSTANCE + instance, host);
    host.place(FIRST_INSTANCE + instance, mac);
  }

  /** Places every VM on some host. */
  placeAll(): void {
    for (let at = 0; at < this.#places.length; at++) {
      const host = this.hosts[this.random.below(this.hosts.length)]!;
      this.place(Math.floor(at / this.#vms), at % this.#vms, host);
    }
  }

  /** One VM sends a frame to another of its instance. */
  send(instance: number, from: number, to: number): SentFrame {
    const host = this.placeOf(instance, from);
    const sent = { instance, from, to, sentMs: this.underlay.nowMs, host, copies: 0, deliveredAt: undefined };
    const octets = new Uint8Array(FRAME_LENGTH);
    octets.set(macOf(to));
    octets.set(macOf(from), 6);
    write32(octets, MARK, this.#firstFrame + this.frames.length);
    write32(octets, MARK + 4, FIRST_INSTANCE + instance);
    this.frames.push(sent);
    host.send(FIRST_INSTANCE + instance, octets);
    return sent;
  }

  /** Forgets the frames sent so far, but what was counted. */
  forgetFrames(): void {
    this.#firstFrame += this.frames.length;
    this.frames.length = 0;
  }

  #onSent({ control, octets, network, source }: UnderlayPacket): void {
    if (control) {
      if (readType(octets, 0) !== TYPE.LEARN_REQUEST) return;
      this.requests++;
      this.floods.add(`${source}/${network}/${octets[macOffset(0) + 5]}/${readTransactionId(octets, 0)}`);
      return;
    }
    const frame = this.frames[read32(octets, MARK) - this.#firstFrame];
    if (frame !== undefined && ++frame.copies > (this.#sites === 1 ? 1 : 3)) this.flooded++;
  }

  #onDelivery({ network, host, frame: octets }: Delivery): void {
    this.delivered++;
    const frame = this.frames[read32(octets, MARK) - this.#firstFrame];
    const isAtHome = frame === undefined || this.placeOf(frame.instance, frame.to) === host;
    if (read32(octets, MARK + 4) !== network || !isAtHome) this.strayed++;
    if (frame !== undefined) frame.deliveredAt = host;
  }
}

function macOf(vm: number): Uint8Array {
  const mac = Uint8Array.of(2, 0, 0, 0, 0, 0);
  write16(mac, 4, vm);
  return mac;
}

function range(first: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => first + index);
}

function locatorOf(word: number): Locator {
  const address = new IpAddress();
  address.setIpv4(word);
  return { address };
}
