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
  type Locator,
  PacketBuffer,
  type Path,
  type Port,
  type Queue,
  type Replicator,
  type Resolver,
  TunnelMetadata,
  ethernet,
  flowHash,
  isGroupMac,
} from '@overlane/wire';
import type { PortSnapshot } from './counters.js';
import { Egress } from './egress.js';
import { LocalPort, Segment } from './segment.js';
import type { MacTableOptions } from './mac-table.js';

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

interface Underlay {
  readonly egress: Egress;
  readonly address: IpAddress;
}

const SOURCE_MAC = 6;

/** The reference switch. Not reentrant; allocates nothing per packet. */
export class Switch {
  readonly #roles: SwitchRoles;
  readonly #learning: MacTableOptions;
  readonly #segments = new Map<number, Segment>();
  readonly #locals: LocalPort[] = [];
  readonly #underlays: Underlay[] = [];
  readonly #egresses: Egress[] = [];
  readonly #received = new TunnelMetadata();
  readonly #sent = new TunnelMetadata();
  #nextPortId = 0;
  // Where `#emit` sends the packets of the encapsulation under way.
  #target: Egress | undefined;
  readonly #emit = (outer: PacketBuffer): void => this.#target?.send(outer);

  /** A switch without ports. */
  constructor(roles: SwitchRoles, options: SwitchOptions = {}) {
    this.#roles = roles;
    this.#learning = options.learning ?? {};
  }

  /** Adds the way to other endpoints: `port` carries packets from the outer IP header on; `address` is our endpoint's. */
  addUnderlay(port: Port, address: IpAddress): void {
    const egress = this.#addEgress(port);
    this.#underlays.push({ egress, address });
  }

  /** Attaches a port to one network; its frames are that tenant's. */
  addPort(port: Port, network: number): void {
    const segment = this.#segmentOf(network);
    const local = new LocalPort(this.#addEgress(port), segment, this.#nextPortId++);
    segment.ports.push(local);
    this.#locals.push(local);
  }

  /** Takes a port out and forgets what was learned on it; the port stays open. False if there is none of that name. */
  removePort(name: string): boolean {
    const at = this.#locals.findIndex(({ egress }) => egress.port.name === name);
    if (at < 0) return false;
    const [local] = this.#locals.splice(at, 1);
    const { segment, egress } = local!;
    segment.remove(local!);
    if (segment.ports.length === 0) this.#segments.delete(segment.network);
    this.#egresses.splice(this.#egresses.indexOf(egress), 1);
    return true;
  }

  /** Receives a batch on every port and forwards it. Returns how many packets there were; 0 means idle. */
  turn(nowMs: number): number {
    let packets = 0;
    for (const egress of this.#egresses) egress.drain();
    for (const local of this.#locals) packets += this.#turnLocal(local, nowMs);
    for (const underlay of this.#underlays) packets += this.#turnUnderlay(underlay.egress, nowMs);
    return packets;
  }

  /** Lets time pass: ages tables and does what the resolver asks. Call about once a second. */
  tick(nowMs: number): void {
    for (const segment of this.#segments.values()) segment.addresses.expire(nowMs);
    this.#roles.encapsulation.tick?.(nowMs);
    for (const event of this.#roles.resolver.tick(nowMs)) {
      const packet = PacketBuffer.from(event.payload);
      const fault = this.#tunnel(packet, event.network, event.destination);
      if (fault !== undefined) this.#underlays[0]?.egress.counters.countFault(fault);
      this.#flush();
    }
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
    if (count > 0) this.#flush();
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
    if (count > 0) this.#flush();
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
    if (learned === 'added') resolver.forget(segment.network, frame);
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
    return this.#tunnel(frame, segment.network, locator);
  }

  #forwardRemote(frame: PacketBuffer, counters: Egress['counters'], nowMs: number): Fault | undefined {
    const { bytes, start, end } = frame;
    const { network, source, ecnAnomaly } = this.#received;
    if (ecnAnomaly !== 'none') counters.countFault(ecnAnomaly === 'note' ? 'E_SWITCH_ECN_NOTE' : 'E_SWITCH_ECN_ALARM');
    const fault = ethernet.check(bytes, start, end);
    if (fault !== undefined) return fault;
    if (frame.segmentType !== 'none') return 'E_SWITCH_UNSEGMENTED';
    const segment = this.#segments.get(network);
    if (segment === undefined) return 'E_SWITCH_UNKNOWN_NETWORK';
    if (isGroupMac(bytes, start + SOURCE_MAC)) return 'E_SWITCH_GROUP_SOURCE';
    // The station may have moved there from one of our ports.
    segment.addresses.forget(bytes, start + SOURCE_MAC);
    if (!this.#roles.resolver.observe(network, frame, source, nowMs)) counters.countFault('E_SWITCH_MAC_TABLE_FULL');
    const to = isGroupMac(bytes, start) ? undefined : segment.find(bytes, start, nowMs);
    if (to !== undefined) to.egress.send(frame);
    else for (const local of segment.ports) local.egress.send(frame);
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
      fault = this.#tunnel(frame, segment.network, target) ?? fault;
      this.#target?.flush();
    }
    return fault;
  }

  #tunnel(frame: PacketBuffer, network: number, locator: Locator): Fault | undefined {
    const { encapsulation, path } = this.#roles;
    const underlay = this.#underlayTo(locator.address.family);
    if (underlay === undefined) return 'E_SWITCH_NO_UNDERLAY';
    const tunnel = this.#sent;
    tunnel.network = network;
    tunnel.source.copy(underlay.address);
    tunnel.destination.copy(locator.address);
    path.select(flowHash(frame.bytes, frame.start, frame.end), locator, tunnel);
    this.#target = underlay.egress;
    return encapsulation.encapsulate(frame, tunnel, this.#emit);
  }

  #underlayTo(family: 4 | 6): Underlay | undefined {
    for (const underlay of this.#underlays) if (underlay.address.family === family) return underlay;
    return undefined;
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
      segment = new Segment(network, this.#learning);
      this.#segments.set(network, segment);
    }
    return segment;
  }
}
