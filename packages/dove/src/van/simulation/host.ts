import { IpAddress, PacketBuffer, type Replicator, TunnelMetadata, isGroupMac, writeOctets } from '@overlane/wire';
import type { VanLimits } from '../options.js';
import { VanResolver } from '../resolver.js';
import type { SeededRandom } from './random.js';
import type { SimulatedUnderlay, UnderlayNode, UnderlayPacket } from './underlay.js';

/** What a VM got. */
export interface Delivery {
  readonly network: number;
  readonly host: SimulatedHost;
  readonly frame: Uint8Array;
}

/** What a host is made with. */
export interface SimulatedHostOptions {
  readonly underlay: SimulatedUnderlay;
  readonly random: SeededRandom;
  /** Address in the underlay, as a signed integer. */
  readonly address: number;
  /** The other hosts of each instance. */
  readonly replicator: Replicator;
  readonly limits?: Partial<VanLimits>;
  /** Sees what VMs get. */
  onDelivery(delivery: Delivery): void;
}

const SOURCE_MAC = 6;
const HEADROOM = 0;

/** A host with VMs: a switch without ports around a `VanResolver`. It knows its VMs as a hypervisor does. */
export class SimulatedHost implements UnderlayNode {
  /** The machine under test. */
  readonly resolver: VanResolver;
  /** Its address in the underlay, as a signed integer. */
  readonly address: number;
  /** Frames that came for VMs which aren't here. */
  misdelivered = 0;
  readonly #options: SimulatedHostOptions;
  readonly #vms = new Map<string, Uint8Array>();
  readonly #tunnel = new TunnelMetadata();
  readonly #frame = new PacketBuffer(new Uint8Array(0));

  /** A host without VMs, attached to its underlay. */
  constructor(options: SimulatedHostOptions) {
    const address = new IpAddress();
    address.setIpv4(options.address);
    this.address = options.address;
    this.#options = options;
    this.resolver = new VanResolver({
      headroom: HEADROOM,
      ...options.limits,
      address,
      replicator: options.replicator,
      random32: options.random.word,
    });
    options.underlay.attach(options.address, this);
  }

  get nextTickMs(): number {
    return this.resolver.nextTickMs;
  }

  /** True if the VM is here. */
  hosts(network: number, mac: Uint8Array, offset = 0): boolean {
    return this.#vms.has(nameOf(network, mac, offset));
  }

  /** A VM appears here. */
  place(network: number, mac: Uint8Array): void {
    this.#vms.set(nameOf(network, mac, 0), mac);
    const frame = new Uint8Array(12);
    writeOctets(frame, SOURCE_MAC, mac);
    this.resolver.arrived(network, this.#window(frame), this.#nowMs);
    this.#pump();
  }

  /** A VM goes; its switch may know where to. */
  remove(network: number, mac: Uint8Array, successor?: SimulatedHost): void {
    this.#vms.delete(nameOf(network, mac, 0));
    let to: IpAddress | undefined;
    if (successor !== undefined) {
      to = new IpAddress();
      to.setIpv4(successor.address);
    }
    this.resolver.departed(network, mac, 0, this.#nowMs, to);
    this.#pump();
  }

  /** A VM of this host sends a frame. */
  send(network: number, frame: Uint8Array): void {
    if (isGroupMac(frame, 0)) {
      for (const { address } of this.#options.replicator.targets(network))
        this.#launch(network, address.word0, false, frame);
      return;
    }
    if (this.hosts(network, frame)) {
      this.#options.onDelivery({ network, host: this, frame });
      return;
    }
    const answer = this.resolver.resolve(network, this.#window(frame), this.#nowMs);
    if (answer !== 'pending') this.#launch(network, answer.address.word0, false, frame);
    this.#pump();
  }

  receive({ network, source, control, octets }: UnderlayPacket, nowMs: number): void {
    const tunnel = this.#tunnel;
    tunnel.network = network;
    tunnel.source.setIpv4(source);
    const packet = this.#window(octets);
    if (control) {
      this.resolver.onControl(packet, tunnel, nowMs);
    } else if (isGroupMac(octets, 0) || this.hosts(network, octets)) {
      this.resolver.observe(packet, tunnel);
      this.#options.onDelivery({ network, host: this, frame: octets });
    } else {
      this.misdelivered++;
      this.resolver.misdelivered(packet, tunnel, nowMs);
    }
    this.#pump();
  }

  tick(nowMs: number): void {
    this.resolver.tick(nowMs);
    this.#pump();
  }

  get #nowMs(): number {
    return this.#options.underlay.nowMs;
  }

  #window(octets: Uint8Array): PacketBuffer {
    return this.#frame.reset(octets, 0, octets.length);
  }

  #pump(): void {
    for (let event = this.resolver.nextEvent(); event !== undefined; event = this.resolver.nextEvent()) {
      const { network, destination, kind, payload } = event;
      this.#launch(network, destination.address.word0, kind === 'control', payload.copy());
    }
    this.#options.underlay.reschedule(this);
  }

  #launch(network: number, destination: number, control: boolean, octets: Uint8Array): void {
    this.#options.underlay.send({ network, source: this.address, destination, control, octets });
  }
}

function nameOf(network: number, mac: Uint8Array, offset: number): string {
  let name = `${network}`;
  for (let i = 0; i < 6; i++) name += `:${mac[offset + i]!}`;
  return name;
}
