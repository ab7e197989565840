/** The laws that every {@link Encapsulation} keeps, as fast-check properties. */
import fc from 'fast-check';
import * as arb from './arbitraries.js';
import type { Fault } from './fault.js';
import { PacketBuffer } from './packet-buffer.js';
import { type Encapsulation, TunnelMetadata } from './roles.js';

/** An encapsulation together with what the laws need to know about it. */
export interface EncapsulationSubject {
  /** A fresh endpoint; the laws use one to send and another to receive. */
  make(): Encapsulation;
  /** Network identifiers that the protocol can carry. */
  readonly networks: fc.Arbitrary<number>;
  /** Frames to carry. Default: `arbitraries.frame()`. */
  readonly frames?: fc.Arbitrary<Uint8Array>;
}

/** One law of encapsulations; `property` runs on its own. */
export interface EncapsulationLaw {
  /** Same names for every encapsulation. */
  readonly name: 'carries' | 'repeats' | 'total';
  /** What must hold. */
  readonly property: fc.IRawProperty<unknown, false>;
}

const FAULT = /^E_[A-Z0-9_]+$/;

/**
 * `carries`: what one endpoint wraps, another unwraps to the same frame and metadata, over both families. `repeats`:
 * wrapping leaves the frame fit to be wrapped again. `total`: on any octets decapsulation returns, with a fault's name
 * or none.
 */
export function encapsulationLaws(subject: EncapsulationSubject): EncapsulationLaw[] {
  const frames = subject.frames ?? arb.frame();
  return [
    { name: 'carries', property: carries(subject, frames) },
    { name: 'repeats', property: repeats(subject, frames) },
    { name: 'total', property: total(subject, frames) },
  ];
}

/** Tunnel metadata for sending: both addresses of one family, any DSCP, TTL and entropy. */
export function tunnelMetadata(networks: fc.Arbitrary<number>): fc.Arbitrary<TunnelMetadata> {
  const addresses = fc.oneof(
    fc.tuple(arb.ipv4Address(), arb.ipv4Address()),
    fc.tuple(arb.ipv6Address(), arb.ipv6Address()),
  );
  const rest = fc.record({
    network: networks,
    dscp: fc.nat({ max: 63 }),
    ttl: fc.integer({ min: 1, max: 255 }),
    entropy: fc.integer({ min: 0, max: 0xffff_ffff }),
  });
  return fc.tuple(addresses, rest).map(([[source, destination], fields]) => {
    const tunnel = Object.assign(new TunnelMetadata(), fields);
    for (const [to, from] of [
      [tunnel.source, source],
      [tunnel.destination, destination],
    ] as const) {
      if (typeof from === 'number') to.setIpv4(from);
      else to.read(from, 0, 6);
    }
    return tunnel;
  });
}

function carries(subject: EncapsulationSubject, frames: fc.Arbitrary<Uint8Array>): fc.IRawProperty<unknown, false> {
  return fc.property(frames, tunnelMetadata(subject.networks), (frame, sent) => {
    const emitted = wrap(subject.make(), PacketBuffer.from(frame), sent);
    const receiver = subject.make();
    const received = new TunnelMetadata();
    emitted.forEach((outer, i) => {
      const packet = new PacketBuffer(outer);
      const outcome = receiver.decapsulate(packet, received, 0);
      const expected = i < emitted.length - 1 ? 'incomplete' : undefined;
      if (outcome !== expected) throw new Error(`packet ${i} of ${emitted.length}: ${outcome}`);
      if (outcome === undefined) requireEqual(packet.copy(), frame, 'frame');
    });
    for (const name of ['network', 'dscp', 'ttl'] as const) {
      if (received[name] !== sent[name]) throw new Error(`${name}: sent ${sent[name]}, received ${received[name]}`);
    }
    if (!received.source.equals(sent.source) || !received.destination.equals(sent.destination)) {
      throw new Error(`addresses: ${received.source.toString()} to ${received.destination.toString()}`);
    }
  });
}

function repeats(subject: EncapsulationSubject, frames: fc.Arbitrary<Uint8Array>): fc.IRawProperty<unknown, false> {
  return fc.property(frames, tunnelMetadata(subject.networks), (frame, tunnel) => {
    const packet = PacketBuffer.from(frame);
    wrap(subject.make(), packet, tunnel);
    requireEqual(packet.copy(), frame, 'frame after wrapping');
    const again = wrap(subject.make(), packet, tunnel);
    const fresh = wrap(subject.make(), PacketBuffer.from(frame), tunnel);
    again.forEach((outer, i) => requireEqual(outer, fresh[i]!, `packet ${i}`));
  });
}

function total(subject: EncapsulationSubject, frames: fc.Arbitrary<Uint8Array>): fc.IRawProperty<unknown, false> {
  const edits = fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { maxLength: 3 });
  const spoiled = fc
    .tuple(frames, tunnelMetadata(subject.networks), edits, fc.option(fc.nat(), { freq: 3 }))
    .map(([frame, tunnel, changes, cut]) => {
      const bytes = wrap(subject.make(), PacketBuffer.from(frame), tunnel)[0]!;
      for (const [at, value] of changes) bytes[at % bytes.length] = value;
      return cut === null ? bytes : bytes.slice(0, cut % (bytes.length + 1));
    });
  const endpoint = subject.make();
  const tunnel = new TunnelMetadata();
  return fc.property(fc.oneof(fc.uint8Array({ maxLength: 128 }), spoiled), (bytes) => {
    const packet = new PacketBuffer(bytes);
    const outcome: Fault | 'incomplete' | undefined = endpoint.decapsulate(packet, tunnel, 0);
    if (outcome === undefined)
      return packet.start >= 0 && packet.start <= packet.end && packet.end <= packet.bytes.length;
    return outcome === 'incomplete' || FAULT.test(outcome);
  });
}

function wrap(endpoint: Encapsulation, packet: PacketBuffer, tunnel: TunnelMetadata): Uint8Array[] {
  const emitted: Uint8Array[] = [];
  const fault = endpoint.encapsulate(packet, tunnel, (outer) => emitted.push(outer.copy()));
  if (fault !== undefined) throw new Error(`encapsulate: ${fault}`);
  return emitted;
}

function requireEqual(actual: Uint8Array, expected: Uint8Array, what: string): void {
  if (actual.length !== expected.length || !actual.every((octet, i) => octet === expected[i])) {
    throw new Error(`${what}: ${actual.length} octets instead of these ${expected.length}, or others`);
  }
}
