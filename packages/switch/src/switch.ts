/**
 * The switch: ports, learning, flooding, and five roles that it only joins. It knows no encapsulation and no clock: a
 * turn is `turn(nowMs)`, run by a worker on real interfaces, by a test or by a simulator.
 *
 * A frame from a local port goes to the local port its destination was seen on, else to the endpoint that the resolver
 * names, else to everybody: all other local ports of its network and all of the replicator's targets. A frame from the
 * underlay goes to local ports only (split horizon), so nothing can circle between switches.
 */
import {
  type Encapsulation,
  type Fault,
  type IpAddress,
  type PacketBuffer,
  type Path,
  type Port,
  type Queue,
  type Replicator,
  type Resolver,
  TunnelMetadata,
  ethernet,
  isGroupMac,
} from '@overlane/wire';
import type { PortSnapshot } from './counters.js';
import { Egress } from './egress.js';
import type { MacTableOptions } from './mac-table.js';
import { type DepartureListener, LocalPort, Segment } from './segment.js';
import { Uplink } from './uplink.js';

/** The five choices that make a system. */
export interface SwitchRoles {
  /** Which octets go around a frame. */
  readonly encapsulation: Encapsulation;
  /** Where a destination is. */
  readonly resolver: Resolver;
  /** Who gets a broadcast. */
  readonly replicator: Replicator;
  /** Which way through the fabric. */
  readonly path: Path;
  /** What happens when the next hop is full; called once per port. */
  makeQueue(portName: string): Queue;
}

/** Limits of a switch, each with a default. */
export interface SwitchOptions {
  /** Size and ageing of each network's table of local addresses. */
  readonly learning?: MacTableOptions;
}

/** Counters of all ports at one moment, by port name. */
export interface SwitchSnapshot {
  /** Counters per port, the underlay included. */
  readonly ports: Readonly<Record<string, PortSnapshot>>;
}

const SOURCE_MAC = 6;
const TICK_MS_MAX = 1000;

/** The reference switch. Not reentrant; allocates nothing per packet. */
export class Switch {
  readonly #roles: SwitchRoles;
  readonly #learning: MacTableOptions;
  readonly #segments = new Map<number, Segment>();
  readonly #locals: LocalPort[] = [];
  readonly #uplink: Uplink;
  readonly #egresses: Egress[] = [];
  readonly #received = new TunnelMetadata();
  readonly #departed: DepartureListener;
  #nextPortId = 0;

  /** A switch without ports. */
  constructor(roles: SwitchRoles, options: SwitchOptions = {}) {
    this.#roles = roles;
    this.#learning = options.learning ?? {};
    this.#uplink = new Uplink(roles.encapsulation, roles.path);
    this.#departed = (network, bytes, offset, nowMs) => roles.resolver.departed?.(network, bytes, offset, nowMs);
  }

  /** Milliseconds between calls of {@link tick}: a second, or less if the resolver has shorter timers. */
  get tickMs(): number {
    return Math.min(TICK_MS_MAX, this.#roles.resolver.tickMs ?? TICK_MS_MAX);
  }

  /** Adds the way to other endpoints: `port` carries packets from the outer IP header on; `address` is our endpoint's. */
  addUnderlay(port: Port, address: IpAddress): void {
    const egress = this.#addEgress(port);
    this.#uplink.underlays.push({ egress, address });
  }

  /** Attaches a port to one network; its frames are that tenant's. */
  addPort(port: Port, network: number): void {
    const segment = this.#segmentOf(network);
    const local = new LocalPort(this.#addEgress(port), segment, this.#nextPortId++);
    segment.ports.push(local);
    this.#locals.push(local);
  }

  /** Takes a port out and forgets what was learned on it; the port stays open. False if there is none of that name. */
  removePort(name: string, nowMs: number): boolean {
    const at = this.#locals.findIndex(({ egress }) => egress.port.name === name);
    if (at < 0) return false;
    const [local] = this.#locals.splice(at, 1);
    const { segment, egress } = local!;
    segment.remove(local!, nowMs);
    if (segment.ports.length === 0) this.#segments.delete(segment.network);
    this.#egresses.splice(this.#egresses.indexOf(egress), 1);
    return true;
  }

  /** Receives a batch on every port and forwards it. Returns how many packets there were; 0 means idle. */
  turn(nowMs: number): number {
    let packets = 0;
    for (const egress of this.#egresses) egress.drain();
    for (const local of this.#locals) packets += this.#turnLocal(local, nowMs);
    for (const underlay of this.#uplink.underlays) packets += this.#turnUnderlay(underlay.egress, nowMs);
    return packets;
  }

  /** Lets time pass: ages tables, repeats questions. Call every {@link tickMs} milliseconds. */
  tick(nowMs: number): void {
    for (const segment of this.#segments.values()) segment.expire(nowMs);
    this.#roles.encapsulation.tick?.(nowMs);
    this.#roles.resolver.tick(nowMs);
    this.#sendEvents();
  }

  /** Counters of all ports. */
  snapshot(): SwitchSnapshot {
    const named = this.#egresses.map(({ port, counters }) => [port.name, counters.snapshot()] as const);
    return { ports: Object.fromEntries(named) };
  }

  #turnLocal(local: LocalPort, nowMs: number): number {
    const { port, counters } = local.egress;
    const count = port.receive();
    for (let i = 0; i < count; i++) {
      const packet = port.packet(i);
      counters.rxPackets++;
      counters.rxOctets += packet.length;
      const fault = this.#forwardLocal(packet, local, nowMs);
      if (fault !== undefined) counters.countFault(fault);
    }
    if (count > 0) this.#endBatch();
    return count;
  }

  #turnUnderlay({ port, counters }: Egress, nowMs: number): number {
    const count = port.receive();
    for (let i = 0; i < count; i++) {
      const packet = port.packet(i);
      counters.rxPackets++;
      counters.rxOctets += packet.length;
      const outcome = this.#roles.encapsulation.decapsulate(packet, this.#received, nowMs);
      if (outcome === 'incomplete') continue;
      const fault = outcome ?? this.#forwardRemote(packet, counters, nowMs);
      if (fault !== undefined) counters.countFault(fault);
    }
    if (count > 0) this.#endBatch();
    return count;
  }

  #forwardLocal(frame: PacketBuffer, from: LocalPort, nowMs: number): Fault | undefined {
    const { bytes, start, end } = frame;
    const fault = ethernet.check(bytes, start, end);
    if (fault !== undefined) return fault;
    if (isGroupMac(bytes, start + SOURCE_MAC)) return 'E_SWITCH_GROUP_SOURCE';
    const { segment } = from;
    const { resolver } = this.#roles;
    const learned = segment.learn(bytes, start + SOURCE_MAC, from, nowMs);
    if (learned === 'full') from.egress.counters.countFault('E_SWITCH_MAC_TABLE_FULL');
    if (learned === 'added') resolver.arrived(segment.network, frame, nowMs);
    if (isGroupMac(bytes, start)) return this.#flood(frame, from);
    const to = segment.find(bytes, start, nowMs);
    if (to === from) return 'E_SWITCH_SAME_PORT';
    if (to !== undefined) {
      to.egress.send(frame);
      return undefined;
    }
    const locator = resolver.resolve(segment.network, frame, nowMs);
    if (locator === 'unknown') return this.#flood(frame, from);
    if (locator === 'pending') return 'E_SWITCH_PENDING';
    return this.#uplink.send(frame, segment.network, locator, 'frame');
  }

  #forwardRemote(frame: PacketBuffer, counters: Egress['counters'], nowMs: number): Fault | undefined {
    const { bytes, start, end } = frame;
    const { network, source, ecnAnomaly, control } = this.#received;
    const { resolver } = this.#roles;
    if (ecnAnomaly !== 'none') counters.countFault(ecnAnomaly === 'note' ? 'E_SWITCH_ECN_NOTE' : 'E_SWITCH_ECN_ALARM');
    if (control) {
      if (resolver.onControl === undefined) return 'E_SWITCH_CONTROL';
      return resolver.onControl(network, frame, source, nowMs);
    }
    const fault = ethernet.check(bytes, start, end);
    if (fault !== undefined) return fault;
    if (frame.segmentType !== 'none') return 'E_SWITCH_UNSEGMENTED';
    const segment = this.#segments.get(network);
    if (segment === undefined) return 'E_SWITCH_UNKNOWN_NETWORK';
    if (isGroupMac(bytes, start + SOURCE_MAC)) return 'E_SWITCH_GROUP_SOURCE';
    // The station may have moved there from one of our ports.
    segment.forget(bytes, start + SOURCE_MAC, nowMs);
    if (!resolver.observe(network, frame, source, nowMs)) counters.countFault('E_SWITCH_MAC_TABLE_FULL');
    if (!isGroupMac(bytes, start)) {
      const to = segment.find(bytes, start, nowMs);
      if (to !== undefined) {
        to.egress.send(frame);
        return undefined;
      }
      const refused = resolver.misdelivered?.(network, frame, source, nowMs);
      if (refused !== undefined) return refused;
    }
    for (const local of segment.ports) local.egress.send(frame);
    return undefined;
  }

  /** Sends copies to everybody in the network but the port it came from. Returns the first fault, if any. */
  #flood(frame: PacketBuffer, from: LocalPort): Fault | undefined {
    const { segment } = from;
    for (const local of segment.ports) if (local !== from) local.egress.send(frame);
    // From here on the octets in front of the frame are rewritten for each target, and stripping a VLAN tag moves the
    // frame's own: so each copy is handed over before the next is made. Flooding is rare; copying would cost more.
    this.#flush();
    let fault: Fault | undefined;
    for (const target of this.#roles.replicator.targets(segment.network)) {
      fault = this.#uplink.sendNow(frame, segment.network, target, 'frame') ?? fault;
    }
    return fault;
  }

  #endBatch(): void {
    this.#flush();
    this.#sendEvents();
  }

  /** Sends what the resolver wants sent. */
  #sendEvents(): void {
    const { resolver } = this.#roles;
    for (let event = resolver.nextEvent?.(); event !== undefined; event = resolver.nextEvent?.()) {
      const { payload, network, destination, kind } = event;
      const fault = this.#uplink.sendNow(payload, network, destination, kind);
      if (fault !== undefined) this.#uplink.underlays[0]?.egress.counters.countFault(fault);
    }
  }

  #flush(): void {
    for (const egress of this.#egresses) egress.flush();
  }

  #addEgress(port: Port): Egress {
    const taken = this.#egresses.some((egress) => egress.port.name === port.name);
    if (taken) throw new TypeError(`two ports are named ${port.name}`);
    const egress = new Egress(port, this.#roles.makeQueue(port.name));
    this.#egresses.push(egress);
    return egress;
  }

  #segmentOf(network: number): Segment {
    let segment = this.#segments.get(network);
    if (segment === undefined) {
      segment = new Segment(network, this.#learning, this.#departed);
      this.#segments.set(network, segment);
    }
    return segment;
  }
}
