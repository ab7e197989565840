import { seededRandom32 } from '../../spain/seeded-random.js';
import { OPERATION } from '../message-constants.js';
import { edgeMacOffset, readOperation, readPort, readTenantId, vmMacOffset } from '../message.js';
import { readLow } from '../octets.js';
import type { NlArpLimits } from '../options.js';
import { STATE } from '../table.js';
import { SimulatedFabric } from './fabric.js';
import { type ServerEvents, SimulatedServer, type VmName } from './server.js';

/** The size of a fleet. */
export interface FleetOptions {
  /** Servers, 40 on each edge switch. */
  readonly servers: number;
  /** Virtual machines; in every tenant they have the same MACs. */
  readonly vms: number;
  /** Tenants among which the VMs are shared out evenly. */
  readonly tenants: number;
  readonly seed: number;
  readonly limits?: Partial<NlArpLimits>;
}

/** What a frame of a fleet says of itself. */
export interface FleetFrame {
  readonly vm: number;
  readonly sentMs: number;
  /** Times that it left a server. */
  launches: number;
  /** When it was delivered; Infinity if it wasn't yet. */
  deliveredMs: number;
}

const SERVERS_PER_EDGE = 40;
const EDGE_HIGH = 0x02e0;
const MAC_HIGH = 0x0200;
const SPACE = 7;
const NOWHERE = -1;

/**
 * Servers with VMs of many tenants on one fabric: boots, moves and stops VMs, sends frames that know who they are, and counts
 * what must not happen.
 */
export class NlArpFleet {
  readonly fabric: SimulatedFabric;
  readonly servers: SimulatedServer[] = [];
  /** Any 32 bits, anew on each call. */
  readonly random32: () => number;
  /** Frames delivered to a server that doesn't host their VM: a fault of the simulation itself, always 0. */
  strayed = 0;
  /** Frames sent to a place that the sending server was corrected about, with no HERE of that place since: must stay 0. */
  staleAfterCorrection = 0;
  /** NOTHERE messages that arrived. */
  corrections = 0;
  /** Frames, by number. */
  readonly frames: FleetFrame[] = [];
  readonly #vms: readonly VmName[];
  readonly #places: Int32Array;
  readonly #perTenant: number;
  readonly #tenants: number;
  // (sending server, VM) to the server that it was told is wrong.
  readonly #corrected = new Map<number, number>();

  /** A fleet whose VMs are all off. */
  constructor({ servers, vms, tenants, seed, limits = {} }: FleetOptions) {
    this.random32 = seededRandom32(seed);
    this.fabric = new SimulatedFabric(this.random32);
    this.#tenants = tenants;
    this.#perTenant = Math.ceil(vms / tenants);
    this.#vms = Array.from({ length: vms }, (_, vm) => ({
      ...{ tenant: vm % tenants, macAsId: SPACE, high: MAC_HIGH, low: Math.floor(vm / tenants) },
    }));
    this.#places = new Int32Array(vms).fill(NOWHERE);
    const events: ServerEvents = {
      serverAt: (port, edgeLow) => edgeLow * SERVERS_PER_EDGE + port - 1,
      launched: (id, vm, from, to) => this.#launched(id, vm, from, to),
      delivered: (id, at) => this.#delivered(id, at),
      heard: (octets, at) => this.#heard(octets, at),
    };
    for (let number = 0; number < servers; number++) {
      const edgeLow = Math.floor(number / SERVERS_PER_EDGE);
      const place = { port: 1 + (number % SERVERS_PER_EDGE), edgeHigh: EDGE_HIGH, edgeLow };
      this.servers.push(new SimulatedServer(number, place, this.fabric, events, this.random32, limits));
    }
  }

  /** An integer in 0..limit-1. */
  below(limit: number): number {
    return Math.floor(((this.random32() >>> 0) / 2 ** 32) * limit);
  }

  /** Number of the server that hosts the VM, or -1. */
  placeOf(vm: number): number {
    return this.#places[vm]!;
  }

  /** A VM starts on a server. */
  boot(vm: number, server: number): void {
    this.#places[vm] = server;
    this.servers[server]!.plug(this.#vms[vm]!);
  }

  /** A VM moves: its new server has it before the old one lets go, as a hypervisor does it. */
  migrate(vm: number, to: number): void {
    const from = this.#places[vm]!;
    if (from === to || from === NOWHERE) return;
    this.boot(vm, to);
    this.servers[from]!.unplug(this.#vms[vm]!, 'moved');
  }

  /** A VM stops. */
  stop(vm: number): void {
    const from = this.#places[vm]!;
    this.#places[vm] = NOWHERE;
    if (from !== NOWHERE) this.servers[from]!.unplug(this.#vms[vm]!, 'stopped');
  }

  /** A VM sends a frame to another of its tenant; both must be on. Returns the frame's number. */
  send(from: number, to: number): number {
    const id = this.frames.length;
    this.frames.push({ vm: to, sentMs: this.fabric.nowMs, launches: 0, deliveredMs: Infinity });
    this.servers[this.#places[from]!]!.send(this.#vms[from]!, this.#vms[to]!, id);
    return id;
  }

  /** Another VM of the tenant of `vm`, any that is on; -1 if chance finds none. */
  neighborOf(vm: number): number {
    for (let tries = 0; tries < 20; tries++) {
      const other = (vm % this.#tenants) + this.#tenants * this.below(this.#perTenant);
      if (other < this.#vms.length && other !== vm && this.#places[other] !== NOWHERE) return other;
    }
    return NOWHERE;
  }

  /** Entries of all tables that are neither known nor local: questions open or given up. */
  get unsettled(): number {
    let count = 0;
    for (const { nlArp } of this.servers) {
      const { table } = nlArp;
      for (let slot = 0; slot < table.slots; slot++) {
        const state = table.stateAt(slot);
        if (state === STATE.PENDING || state === STATE.HELD_DOWN) count++;
      }
    }
    return count;
  }

  /** Most broadcasts in one second. */
  get peakBroadcasts(): number {
    return this.fabric.broadcasts.reduce((most, count) => Math.max(most, count), 0);
  }

  #launched(id: number, vm: VmName, from: number, to: number): void {
    const frame = this.frames[id]!;
    frame.launches++;
    const wrong = this.#corrected.get(this.#pair(from, frame.vm));
    if (wrong === to && this.#places[frame.vm] !== to) this.staleAfterCorrection++;
    if (vm.low !== this.#vms[frame.vm]!.low) this.strayed++;
  }

  #delivered(id: number, at: number): void {
    const frame = this.frames[id]!;
    frame.deliveredMs = Math.min(frame.deliveredMs, this.fabric.nowMs);
    if (this.#places[frame.vm] !== at) this.strayed++;
  }

  #heard(octets: Uint8Array, at: number): void {
    const operation = readOperation(octets, 0);
    // Most messages are HERE, to a fleet that has nothing to watch for.
    if (operation !== OPERATION.NOTHERE && this.#corrected.size === 0) return;
    const vm = readTenantId(octets, 0) + this.#tenants * readLow(octets, vmMacOffset(0));
    const place = readLow(octets, edgeMacOffset(0)) * SERVERS_PER_EDGE + readPort(octets, 0) - 1;
    if (operation === OPERATION.NOTHERE) {
      this.corrections++;
      // A correction that names an older placement than the one on file is refused, and the next one doesn't name any.
      if (!this.#believes(at, vm, place)) this.#corrected.set(this.#pair(at, vm), place);
    } else if (operation === OPERATION.HERE) {
      if (this.#corrected.get(this.#pair(at, vm)) === place) this.#corrected.delete(this.#pair(at, vm));
    }
  }

  /** Whether a server has the VM on file at that place. */
  #believes(server: number, vm: number, place: number): boolean {
    const { table } = this.servers[server]!.nlArp;
    const { tenant, macAsId, high, low } = this.#vms[vm]!;
    const slot = table.find(tenant, macAsId, high, low);
    const edge = slot < 0 ? 0 : table.edgeLowAt(slot);
    return slot >= 0 && edge * SERVERS_PER_EDGE + table.portAt(slot) - 1 === place;
  }

  #pair(server: number, vm: number): number {
    return server * this.#vms.length + vm;
  }
}
