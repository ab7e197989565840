import type { Egress } from './egress.js';
import { type LearnOutcome, MacTable, type MacTableOptions } from './mac-table.js';

/** A port of a tenant, attached to one network. */
export class LocalPort {
  /** Where its frames leave. */
  readonly egress: Egress;
  /** The network it is attached to. */
  readonly segment: Segment;
  /** Number that the network's table holds for it. Never used again after the port is gone. */
  readonly id: number;

  /** A port of `segment`. */
  constructor(egress: Egress, segment: Segment, id: number) {
    this.egress = egress;
    this.segment = segment;
    this.id = id;
  }
}

/** The part of one virtual network that is on this switch: its ports, and the addresses seen on them. */
export class Segment {
  /** Network identifier. */
  readonly network: number;
  /** Ports in the order they were added. */
  readonly ports: LocalPort[] = [];
  /** Addresses seen on the ports; the value is the port's id. */
  readonly addresses: MacTable;

  /** A network without ports. */
  constructor(network: number, learning: MacTableOptions) {
    this.network = network;
    this.addresses = new MacTable(1, learning);
  }

  /** Notes that the MAC at `bytes[offset..]` is on `port`. `added` also if it was on another port before. */
  learn(bytes: Uint8Array, offset: number, port: LocalPort, nowMs: number): LearnOutcome {
    const outcome = this.addresses.learn(bytes, offset, nowMs);
    if (outcome === 'full') return outcome;
    const { values, learned } = this.addresses;
    const moved = values[learned] !== port.id;
    values[learned] = port.id;
    return moved ? 'added' : outcome;
  }

  /** The port that the MAC at `bytes[offset..]` was seen on. Linear in the ports of this network, which are few. */
  find(bytes: Uint8Array, offset: number, nowMs: number): LocalPort | undefined {
    const slot = this.addresses.find(bytes, offset, nowMs);
    if (slot < 0) return undefined;
    const id = this.addresses.values[slot];
    for (const port of this.ports) if (port.id === id) return port;
    return undefined;
  }

  /** Takes `port` out and forgets its addresses. */
  remove(port: LocalPort): void {
    this.ports.splice(this.ports.indexOf(port), 1);
    const { addresses } = this;
    addresses.forgetWhere((slot) => addresses.values[slot] === port.id);
  }
}
