import { type Replicator } from '@overlane/wire';
import { toAddress } from '../encapsulation/address-plan.js';
import type { PlaceWatcher } from '../nl-arp/options.js';
import { type EdgeLocator, ReusableLocator } from './locator.js';
import type { NetworkMap } from './network-map.js';

const NOBODY: readonly EdgeLocator[] = [];
const PORTS = 256;

interface Server {
  readonly locator: ReusableLocator;
  /** NICs of the network there. */
  nics: number;
  /** Place in the list. */
  at: number;
}

interface Network {
  readonly servers: Server[];
  readonly locators: EdgeLocator[];
  /** By edge switch, whose MAC fits a number, then by port. */
  readonly byEdge: Map<number, (Server | undefined)[]>;
}

/**
 * Who gets a broadcast: every server that hosts a NIC of the network gets one copy, and fans out. (A broadcast in
 * the fabric would go to every server of the data centre.) Kept up to date entry by entry of the NL-ARP table; only for
 * networks of this agent. Memory: about 200 octets per (network, server).
 */
export class ServerReplicator implements Replicator, PlaceWatcher {
  readonly #map: NetworkMap;
  readonly #networks = new Map<number, Network>();

  /** No servers yet. */
  constructor(map: NetworkMap) {
    this.#map = map;
  }

  /** The servers of `network`, each as the place of any NIC there. The array changes as they come and go. */
  targets(network: number): readonly EdgeLocator[] {
    return this.#networks.get(network)?.locators ?? NOBODY;
  }

  appeared(tenant: number, macAsId: number, port: number, edgeHigh: number, edgeLow: number): void {
    const number = this.#map.find(tenant, macAsId);
    if (number < 0) return;
    let network = this.#networks.get(number);
    if (network === undefined) {
      network = { servers: [], locators: [], byEdge: new Map<number, (Server | undefined)[]>() };
      this.#networks.set(number, network);
    }
    const edge = edgeKey(edgeHigh, edgeLow);
    let ports = network.byEdge.get(edge);
    if (ports === undefined) network.byEdge.set(edge, (ports = new Array<undefined>(PORTS).fill(undefined)));
    const known = ports[port];
    if (known !== undefined) {
      known.nics++;
      return;
    }
    const locator = new ReusableLocator().set(toAddress(port, tenant), edgeHigh, edgeLow, 0);
    const server = { locator, nics: 1, at: network.servers.length };
    ports[port] = server;
    network.servers.push(server);
    network.locators.push(locator);
  }

  disappeared(tenant: number, macAsId: number, port: number, edgeHigh: number, edgeLow: number): void {
    const network = this.#networks.get(this.#map.find(tenant, macAsId));
    const ports = network?.byEdge.get(edgeKey(edgeHigh, edgeLow));
    const server = ports?.[port];
    if (network === undefined || ports === undefined || server === undefined || --server.nics > 0) return;
    ports[port] = undefined;
    if (ports.every((other) => other === undefined)) network.byEdge.delete(edgeKey(edgeHigh, edgeLow));
    // The last one takes its place.
    const last = network.servers.pop()!;
    const lastLocator = network.locators.pop()!;
    if (last === server) return;
    last.at = server.at;
    network.servers[server.at] = last;
    network.locators[server.at] = lastLocator;
  }
}

/** 48 bits fit a number exactly. */
function edgeKey(high: number, low: number): number {
  return high * 0x1_0000_0000 + (low >>> 0);
}
