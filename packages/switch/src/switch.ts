/**
 * The switch: ports, learning, flooding, and five roles that it only joins. It knows no encapsulation and no clock: a
 * turn is `turn(nowMs)`, run by a worker on real interfaces, by a test or by a simulator.
 *
 * A frame from a local port goes to the local port its destination was seen on, else to the endpoint that the resolver
 * names, else to everybody: all other local ports of its network and all of the replicator's targets. A frame from the
 * underlay goes to local ports only (split horizon), so nothing can circle between switches.
 */
import {
  type Fault,
  type IpAddress,
  PacketBuffer,
  type Port,
  type SoftwareOffload,
  type TunnelMetadata,
  ethernet,
  isGroupMac,
} from '@overlane/wire';
import type { PortCounters } from './counters.js';
import { Downlink } from './downlink.js';
import { Egress } from './egress.js';
import { Flooding } from './flooding.js';
import { Forwarding } from './forwarding.js';
import { Ledger } from './ledger.js';
import type { MacTableOptions } from './mac-table.js';
import { Offload } from './offload.js';
import type { Program } from './program.js';
import { Refusals } from './refusals.js';
import { Routing } from './routing.js';
import { type DepartureListener, LocalPort, Segment } from './segment.js';
import type { LocalPortOptions, SwitchOptions, SwitchRoles, SwitchSnapshot } from './switch-options.js';
import { Uplink } from './uplink.js';

const SOURCE_MAC = 6;
const TICK_MS_MAX = 1000;

/** The reference switch. Not reentrant; allocates nothing per packet. */
export class Switch {
  readonly #roles: SwitchRoles;
  readonly #learning: MacTableOptions;
  readonly #segments = new Map<number, Segment>();
  readonly #locals: LocalPort[] = [];
  readonly #uplink: Uplink;
  readonly #downlink: Downlink;
  readonly #offload: Offload;
  readonly #forwarding: Forwarding;
  readonly #flooding: Flooding;
  readonly #refusals: Refusals;
  readonly #routing: Routing;
  readonly #ledger = new Ledger();
  readonly #egresses: Egress[] = [];
  readonly #arrivals: { readonly local: LocalPort; readonly mac: Uint8Array }[] = [];
  readonly #departed: DepartureListener;
  #nextPortId = 0;

  /** A switch without ports. */
  constructor(roles: SwitchRoles, options: SwitchOptions = {}) {
    this.#roles = roles;
    this.#learning = options.learning ?? {};
    const flush = (): void => this.flush();
    this.#offload = new Offload(roles.encapsulation, flush, options.allocate);
    this.#uplink = new Uplink(roles.encapsulation, roles.path, this.#offload.frames, this.#ledger);
    const ways = { uplink: this.#uplink, replicator: roles.replicator, ledger: this.#ledger };
    this.#flooding = new Flooding(ways, flush);
    this.#refusals = new Refusals(roles.encapsulation, this.#ledger);
    const segmentOf = (network: number): Segment | undefined => this.#segments.get(network);
    this.#routing = new Routing(roles, { segmentOf, uplink: this.#uplink, ledger: this.#ledger });
    this.#downlink = new Downlink(
      roles,
      {
        segmentOf,
        forward: (frame, tunnel, counters, nowMs) => this.#forwardRemote(frame, tunnel, counters, nowMs),
        flush,
      },
      this.#ledger,
      options.allocate,
    );
    this.#forwarding = new Forwarding(roles.resolver, options.flows);
    this.#departed = (network, bytes, offset, nowMs) => {
      this.#forwarding.invalidate();
      roles.resolver.departed?.(network, bytes, offset, nowMs);
    };
  }

  /** Milliseconds between calls of {@link tick}: a second, or less if the resolver has shorter timers. */
  get tickMs(): number {
    return Math.min(TICK_MS_MAX, this.#roles.resolver.tickMs ?? TICK_MS_MAX);
  }

  /** Adds the way to other endpoints: `port` carries what the encapsulation makes; `address` is our endpoint's. */
  addUnderlay(port: Port, address: IpAddress): void {
    const egress = this.#addEgress(port, this.#offload.packets);
    this.#uplink.underlays.push({ egress, address });
  }

  /** Attaches a port to one network; its frames are that tenant's. A frame from an address it may not use is dropped. */
  addPort(port: Port, network: number, options?: LocalPortOptions): void {
    const segment = this.#segmentOf(network);
    const egress = this.#addEgress(port, this.#offload.frames);
    const local = new LocalPort(egress, segment, this.#nextPortId++, this.#refusals, options);
    segment.add(local);
    this.#locals.push(local);
    for (const mac of options?.macs ?? []) this.#arrivals.push({ local, mac });
  }

  /** Takes a port out and forgets what was learned on it; the port stays open. False if there is none of that name. */
  removePort(name: string, nowMs: number): boolean {
    const at = this.#locals.findIndex(({ egress }) => egress.port.name === name);
    if (at < 0) return false;
    const [local] = this.#locals.splice(at, 1);
    const { segment, egress } = local!;
    segment.remove(local!, nowMs);
    this.#forwarding.invalidate();
    egress.discard();
    if (segment.ports.length === 0) this.#segments.delete(segment.network);
    this.#egresses.splice(this.#egresses.indexOf(egress), 1);
    return true;
  }

  /** Receives a batch on every port and forwards it. Returns how many packets there were; 0 means idle. */
  turn(nowMs: number): number {
    let packets = 0;
    for (const egress of this.#egresses) egress.drain();
    if (this.#arrivals.length > 0) this.#announce(nowMs);
    for (const local of this.#locals) packets += this.#turnLocal(local, nowMs);
    for (const underlay of this.#uplink.underlays) packets += this.#turnUnderlay(underlay.egress, nowMs);
    return packets;
  }

  /** Lets time pass: ages tables, repeats questions. Call every {@link tickMs} milliseconds. */
  tick(nowMs: number): void {
    for (const segment of this.#segments.values()) segment.expire(nowMs);
    this.#roles.encapsulation.tick?.(nowMs);
    this.#roles.resolver.tick(nowMs);
    this.#forwarding.tick(nowMs);
    this.#refusals.tick(nowMs);
    this.#sendEvents();
  }

  /** Counters of all ports. */
  snapshot(): SwitchSnapshot {
    const named = this.#egresses.map(({ port, counters }) => [port.name, counters.snapshot()] as const);
    return {
      ports: Object.fromEntries(named),
      ledger: this.#ledger.snapshot(this.#downlink.joined),
      flows: this.#forwarding.snapshot(),
    };
  }

  /** Hands over all packets that were sent and not yet flushed. A turn does so itself. */
  flush(): void {
    for (const egress of this.#egresses) egress.flush();
  }

  /** Stations that a port is for are there before they speak. */
  #announce(nowMs: number): void {
    for (const { local, mac } of this.#arrivals.splice(0)) {
      if (this.#locals.includes(local)) this.#learn(PacketBuffer.from(Uint8Array.of(...mac, ...mac)), local, nowMs);
    }
    this.#sendEvents();
  }

  /** Notes that the source of `frame` is behind a local port. */
  #learn(frame: PacketBuffer, from: LocalPort, nowMs: number): void {
    const { segment } = from;
    const learned = segment.learn(frame.bytes, frame.start + SOURCE_MAC, from, nowMs);
    if (learned === 'full') from.egress.counters.countFault('E_SWITCH_MAC_TABLE_FULL');
    if (learned !== 'added') return;
    this.#forwarding.invalidate();
    this.#roles.resolver.arrived(segment.network, frame, nowMs);
  }

  #turnLocal(local: LocalPort, nowMs: number): number {
    const { port, counters } = local.egress;
    const count = port.receive();
    for (let i = 0; i < count; i++) {
      const packet = port.packet(i);
      counters.countReceived(packet.length);
      const fault = this.#forwardLocal(packet, local, nowMs);
      if (fault !== undefined) counters.countDropped(fault);
    }
    if (count > 0) this.#endBatch();
    return count;
  }

  #turnUnderlay(egress: Egress, nowMs: number): number {
    const count = this.#downlink.turn(egress, nowMs);
    if (count > 0) this.#endBatch();
    return count;
  }

  #forwardLocal(frame: PacketBuffer, from: LocalPort, nowMs: number): Fault | undefined {
    const { bytes, start, end } = frame;
    const fault = ethernet.check(bytes, start, end);
    if (fault !== undefined) return fault;
    if (isGroupMac(bytes, start + SOURCE_MAC)) return 'E_SWITCH_GROUP_SOURCE';
    if (!from.mayUse(bytes, start + SOURCE_MAC)) return this.#roles.spoofFault ?? 'E_SWITCH_SPOOF';
    const { segment } = from;
    this.#learn(frame, from, nowMs);
    const taken = this.#roles.gateway?.take(segment.network, frame, nowMs) ?? 'passed';
    if (taken !== 'passed') return this.#routing.settle(taken, frame, from, nowMs);
    const program = this.#forwarding.decide(frame, segment, from, undefined, nowMs);
    switch (program.kind) {
      case 'port':
        program.port.egress.send(frame);
        return undefined;
      case 'tunnel':
        this.#uplink.send(frame, segment.network, program.locator, 'frame', from);
        return undefined;
      case 'drop':
        return program.fault;
      case 'ask':
        return this.#ask(frame, from, nowMs);
      default:
        this.#flooding.fromLocal(frame, from);
        return undefined;
    }
  }

  /** Sends a frame where the resolver says at this moment. */
  #ask(frame: PacketBuffer, from: LocalPort, nowMs: number): Fault | undefined {
    const { network } = from.segment;
    const locator = this.#roles.resolver.resolve(network, frame, nowMs);
    if (locator === 'pending') return 'E_SWITCH_PENDING';
    if (locator === 'unknown') this.#flooding.fromLocal(frame, from);
    else this.#uplink.send(frame, network, locator, 'frame', from);
    return undefined;
  }

  #forwardRemote(
    frame: PacketBuffer,
    tunnel: TunnelMetadata,
    counters: PortCounters,
    nowMs: number,
  ): Fault | undefined {
    const { bytes, start, end } = frame;
    const { resolver } = this.#roles;
    const fault = ethernet.check(bytes, start, end);
    if (fault !== undefined) return fault;
    if (isGroupMac(bytes, start + SOURCE_MAC)) return 'E_SWITCH_GROUP_SOURCE';
    const segment = this.#segments.get(tunnel.network);
    if (segment === undefined) {
      // The sender may be told, as it is of a station that is not here.
      const refused = isGroupMac(bytes, start) ? undefined : resolver.misdelivered?.(frame, tunnel, nowMs);
      return refused ?? 'E_SWITCH_UNKNOWN_NETWORK';
    }
    // The station may have moved there from one of our ports.
    if (resolver.moves !== 'control') segment.forget(bytes, start + SOURCE_MAC, nowMs);
    if (!resolver.observe(frame, tunnel, nowMs)) counters.countFault('E_SWITCH_MAC_TABLE_FULL');
    const program: Program = this.#forwarding.decide(frame, segment, undefined, tunnel, nowMs);
    if (program.kind === 'port') {
      program.port.egress.send(frame);
      return undefined;
    }
    if (program.kind === 'not here') {
      const refused = resolver.misdelivered?.(frame, tunnel, nowMs);
      if (refused !== undefined) return refused;
    }
    this.#flooding.fromTunnel(frame, segment);
    return undefined;
  }

  #endBatch(): void {
    this.flush();
    this.#sendEvents();
  }

  /** Sends what the resolver wants sent. */
  #sendEvents(): void {
    const { resolver } = this.#roles;
    for (let event = resolver.nextEvent?.(); event !== undefined; event = resolver.nextEvent?.()) {
      const { payload, network, destination, kind } = event;
      const sender = this.#uplink.underlays[0]?.egress;
      // A switch without underlay has nobody to tell, nor to ask.
      if (sender === undefined) continue;
      this.#ledger.originated++;
      this.#uplink.sendNow(payload, network, destination, kind, sender);
    }
  }

  #addEgress(port: Port, software: SoftwareOffload): Egress {
    const taken = this.#egresses.some((egress) => egress.port.name === port.name);
    if (taken) throw new TypeError(`two ports are named ${port.name}`);
    const egress = new Egress(port, this.#roles.makeQueue(port.name), software, this.#ledger);
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
