import { PacketBuffer, read16, readInt32, write16, write32 } from '@overlane/wire';
import { NlArp, PENDING } from '../nl-arp.js';
import { readHigh, readLow } from '../octets.js';
import type { NlArpLimits, Place } from '../options.js';
import { type FabricNode, type FabricPacket, type SimulatedFabric, TO_ALL } from './fabric.js';

/** A virtual machine's name on the wire. */
export interface VmName {
  readonly tenant: number;
  readonly macAsId: number;
  readonly high: number;
  readonly low: number;
}

/** What servers tell the fleet that they belong to. */
export interface ServerEvents {
  /** Number of the server at a place. */
  serverAt(port: number, edgeLow: number): number;
  /** Frame `id` for `vm` leaves server `from` for server `to`. */
  launched(id: number, vm: VmName, from: number, to: number): void;
  /** Frame `id` reached its VM at server `at`. */
  delivered(id: number, at: number): void;
  /** Server `at` took a message. */
  heard(octets: Uint8Array, at: number): void;
}

/** A frame in a simulation: destination MAC, source MAC, tenant, address space, and its number. */
export const FRAME_LENGTH = 26;
const SOURCE = 6;
const TENANT = 12;
const SPACE = 16;
const ID = 20;

/** A server with VMs: an agent without ports around `NlArp`. It knows its VMs as a hypervisor does. */
export class SimulatedServer implements FabricNode {
  /** The machine under test. */
  readonly nlArp: NlArp;
  /** Frames that came for VMs which aren't here. */
  misdelivered = 0;
  readonly #number: number;
  readonly #fabric: SimulatedFabric;
  readonly #events: ServerEvents;
  readonly #vms = new Set<string>();
  readonly #window = new PacketBuffer(new Uint8Array(0));

  /** A server without VMs, attached to `fabric` as number `number`. */
  constructor(
    number: number,
    place: Place,
    fabric: SimulatedFabric,
    events: ServerEvents,
    random32: () => number,
    limits: Partial<NlArpLimits>,
  ) {
    this.#number = number;
    this.#fabric = fabric;
    this.#events = events;
    this.nlArp = new NlArp({ headroom: 0, ...limits, place, random32 });
    fabric.attach(this);
  }

  get nextTickMs(): number {
    return this.nlArp.nextTickMs;
  }

  /** A VM appears here. */
  plug(vm: VmName): void {
    this.#vms.add(keyOf(vm));
    this.nlArp.plug(vm.tenant, vm.macAsId, vm.high, vm.low, this.#fabric.nowMs);
    this.#pump();
  }

  /** A VM leaves. */
  unplug(vm: VmName, how: 'stopped' | 'moved'): void {
    this.#vms.delete(keyOf(vm));
    this.nlArp.unplug(vm.tenant, vm.macAsId, vm.high, vm.low, how);
    this.#pump();
  }

  /** VM `from` of this server sends frame `id` to VM `to` of its network. */
  send(from: VmName, to: VmName, id: number): void {
    if (this.#vms.has(keyOf(to))) {
      this.#events.delivered(id, this.#number);
      return;
    }
    const octets = new Uint8Array(FRAME_LENGTH);
    write16(octets, 0, to.high);
    write32(octets, 2, to.low);
    write16(octets, SOURCE, from.high);
    write32(octets, SOURCE + 2, from.low);
    write32(octets, TENANT, to.tenant);
    write32(octets, SPACE, to.macAsId);
    write32(octets, ID, id);
    const { nlArp } = this;
    const frame = this.#window.reset(octets, 0, FRAME_LENGTH);
    const slot = nlArp.resolve(to.tenant, to.macAsId, to.high, to.low, frame, this.#fabric.nowMs);
    if (slot !== PENDING) this.#launch(octets, nlArp.table.portAt(slot), nlArp.table.edgeLowAt(slot));
    this.#pump();
  }

  receive({ kind, octets }: FabricPacket, nowMs: number): void {
    if (kind === 'control') {
      this.nlArp.takeMessage(octets, 0, octets.length, nowMs);
      this.#events.heard(octets, this.#number);
    } else {
      const vm = targetOf(octets);
      if (this.#vms.has(keyOf(vm))) {
        this.#events.delivered(readInt32(octets, ID), this.#number);
      } else {
        this.misdelivered++;
        const [high, low] = [readHigh(octets, SOURCE), readLow(octets, SOURCE)];
        this.nlArp.misdelivered(vm.tenant, vm.macAsId, high, low, vm.high, vm.low, nowMs);
      }
    }
    this.#pump();
  }

  tick(nowMs: number): void {
    this.nlArp.tick(nowMs);
    this.#pump();
  }

  #launch(octets: Uint8Array, port: number, edgeLow: number): void {
    const to = this.#events.serverAt(port, edgeLow);
    this.#events.launched(readInt32(octets, ID), targetOf(octets), this.#number, to);
    this.#fabric.send({ from: this.#number, to, kind: 'frame', octets });
  }

  #pump(): void {
    for (let event = this.nlArp.nextEvent(); event !== undefined; event = this.nlArp.nextEvent()) {
      const { kind, port, edgeLow, payload } = event;
      const octets = payload.copy();
      if (kind === 'frame') {
        this.#launch(octets, port, edgeLow);
        continue;
      }
      const to = port === 0 ? TO_ALL : this.#events.serverAt(port, edgeLow);
      this.#fabric.send({ from: this.#number, to, kind, octets });
    }
  }
}

function targetOf(octets: Uint8Array): VmName {
  const [tenant, macAsId] = [readInt32(octets, TENANT), readInt32(octets, SPACE)];
  return { tenant, macAsId, high: read16(octets, 0), low: readInt32(octets, 2) };
}

function keyOf({ tenant, macAsId, high, low }: VmName): string {
  return `${tenant}/${macAsId}/${high}/${low}`;
}
