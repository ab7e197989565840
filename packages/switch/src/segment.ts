import { type Fault, type JoinedKinds, MAC_LENGTH, type PacketBuffer } from '@overlane/wire';
import type { PortCounters } from './counters.js';
import type { Egress } from './egress.js';
import { type LearnOutcome, MacTable, type MacTableOptions } from './mac-table.js';
import type { Refusals } from './refusals.js';
import type { LocalPortOptions } from './switch-options.js';
import type { Sender } from './uplink.js';

/** A port of a tenant, attached to one network. */
export class LocalPort implements Sender {
  /** Where its frames leave. */
  readonly egress: Egress;
  /** The network it is attached to. */
  readonly segment: Segment;
  /** Number that the network's table holds for it. Never used again after the port is gone. */
  readonly id: number;
  readonly #macs: Uint8Array | undefined;
  readonly #refusals: Refusals;

  /** A port of `segment`. */
  constructor(egress: Egress, segment: Segment, id: number, refusals: Refusals, options: LocalPortOptions = {}) {
    this.egress = egress;
    this.segment = segment;
    this.id = id;
    this.#refusals = refusals;
    if (options.macs === undefined) return;
    this.#macs = new Uint8Array(options.macs.length * MAC_LENGTH);
    options.macs.forEach((mac, at) => this.#macs?.set(mac, at * MAC_LENGTH));
  }

  /** Counters of both directions. */
  get counters(): PortCounters {
    return this.egress.counters;
  }

  /** Whether the port may send from the MAC at `bytes[offset..]`. Linear in the addresses given, which are few. */
  mayUse(bytes: Uint8Array, offset: number): boolean {
    const macs = this.#macs;
    if (macs === undefined) return true;
    for (let at = 0; at < macs.length; at += MAC_LENGTH) {
      let i = 0;
      while (i < MAC_LENGTH && macs[at + i] === bytes[offset + i]) i++;
      if (i === MAC_LENGTH) return true;
    }
    return false;
  }

  /** Answers to the station behind the port. */
  refused(frame: PacketBuffer, fault: Fault, family: 4 | 6): void {
    this.#refusals.answer(frame, fault, family, this.egress);
  }
}

/** Hears that the station with the MAC at `bytes[offset..]` no longer lives on a local port of `network`. */
export type DepartureListener = (network: number, bytes: Uint8Array, offset: number, nowMs: number) => void;

/** The part of one virtual network that is on this switch: its ports, and the addresses seen on them. */
export class Segment {
  /** Network identifier. */
  readonly network: number;
  /** Ports in the order they were added. */
  readonly ports: LocalPort[] = [];
  /** What is worth joining for its ports before it is forwarded: what at least one of them takes joined. */
  joins: 'nothing' | JoinedKinds = 'nothing';
  // The value is the port's id.
  readonly #addresses: MacTable;
  readonly #departed: DepartureListener;
  readonly #mac = new Uint8Array(6);

  /** A network without ports. */
  constructor(network: number, learning: MacTableOptions, departed: DepartureListener) {
    this.network = network;
    this.#addresses = new MacTable(1, learning);
    this.#departed = departed;
  }

  /** Notes that the MAC at `bytes[offset..]` is on `port`. `added` also if it was on another port before. */
  learn(bytes: Uint8Array, offset: number, port: LocalPort, nowMs: number): LearnOutcome {
    const outcome = this.#addresses.learn(bytes, offset, nowMs);
    if (outcome === 'full') return outcome;
    const { values, learned } = this.#addresses;
    const moved = values[learned] !== port.id;
    values[learned] = port.id;
    return moved ? 'added' : outcome;
  }

  /** The port that the MAC at `bytes[offset..]` was seen on. Linear in the ports of this network, which are few. */
  find(bytes: Uint8Array, offset: number): LocalPort | undefined {
    const slot = this.#addresses.find(bytes, offset);
    if (slot < 0) return undefined;
    const id = this.#addresses.values[slot];
    for (const port of this.ports) if (port.id === id) return port;
    return undefined;
  }

  /** Forgets the MAC at `bytes[offset..]`, which was seen elsewhere. */
  forget(bytes: Uint8Array, offset: number, nowMs: number): void {
    if (this.#addresses.forget(bytes, offset)) this.#departed(this.network, bytes, offset, nowMs);
  }

  /** Takes `port` in. */
  add(port: LocalPort): void {
    this.ports.push(port);
    this.#chooseJoins();
  }

  /** Takes `port` out and forgets its addresses. */
  remove(port: LocalPort, nowMs: number): void {
    this.ports.splice(this.ports.indexOf(port), 1);
    this.#chooseJoins();
    this.#forgetWhere((slot) => this.#addresses.values[slot] === port.id, nowMs);
  }

  /** Forgets addresses that were not seen for too long. Costs a pass over them. */
  expire(nowMs: number): void {
    this.#forgetWhere((slot) => this.#addresses.hasAged(slot, nowMs), nowMs);
  }

  #chooseJoins(): void {
    const { ports } = this;
    const datagrams = ports.some(({ egress }) => egress.takesDatagrams) ? 'segments and datagrams' : 'segments';
    this.joins = ports.some(({ egress }) => egress.takesSegments) ? datagrams : 'nothing';
  }

  #forgetWhere(unwanted: (slot: number) => boolean, nowMs: number): void {
    const addresses = this.#addresses;
    if (addresses.size === 0) return;
    addresses.forgetWhere((slot) => {
      if (!unwanted(slot)) return false;
      addresses.writeMac(slot, this.#mac, 0);
      this.#departed(this.network, this.#mac, 0, nowMs);
      return true;
    });
  }
}
