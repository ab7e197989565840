import { describe, expect, it } from '@jest/globals';
import {
  type ChecksumState,
  PacketBuffer,
  TunnelMetadata,
  checksum,
  ethernet,
  ipHeaderLength,
  outerPseudoHeader,
  read16,
  write16,
} from '@overlane/wire';
import fc from 'fast-check';
import { OutgoingFrame, Segmenter, type SttOptions, SttEncapsulation } from '../src/index.js';
import { toHex, tunnelTo } from './endpoints.js';

const SEED = Uint8Array.from({ length: 1000 }, (_, i) => i * 5);

/** Where all senders put their segments. */
const scratch = new PacketBuffer(new Uint8Array(Segmenter.scratchLength(200)));

/** The segments of a frame of `length` octets, over IPv4 or IPv6. */
function segmentsOf(length: number, family: 4 | 6, id: number, dscp: number): Uint8Array[] {
  const tunnel = family === 4 ? tunnelTo(7) : tunnelTo(7, '2001:db8::1', '2001:db8::2');
  tunnel.dscp = dscp;
  const inner = PacketBuffer.from(SEED.subarray(id, id + length));
  inner.bytes.set([0x88, 0xb5], inner.start + ethernet.HEADER_LENGTH - 2);
  const frame = new OutgoingFrame();
  frame.load(inner.bytes, inner.start, inner.end);
  frame.writeFrameHeader(0, 0, 0, 0, 7, 'lsb');
  const packets: Uint8Array[] = [];
  const segmenter = new Segmenter({ pathMtu: 200, firstPacketId: id, scratch });
  segmenter.emitPackets(frame, tunnel, 2, (outer) => packets.push(outer.copy()));
  return packets;
}

/** Makes the checksums of the packet right, as far as they are there. */
function finish(packet: Uint8Array): void {
  const family = packet[0]! >>> 4 === 6 ? 6 : 4;
  const at = ipHeaderLength(family);
  if (family === 4) {
    write16(packet, 10, 0);
    write16(packet, 10, checksum.compute(packet, 0, at));
  }
  write16(packet, at + 16, 0);
  const sum = outerPseudoHeader(packet, 0, family, 6, packet.length - at);
  write16(packet, at + 16, checksum.compute(packet, at, packet.length, sum));
}

/** What is done to one of the packets on its way. */
interface Change {
  readonly at: number;
  readonly kind: 'flip' | 'flip and finish' | 'repeat' | 'swap' | 'lose' | 'pad' | 'wait' | 'number' | 'odd';
  readonly octet: number;
  readonly bits: number;
}

interface Arrival {
  readonly octets: Uint8Array;
  readonly waitMs: number;
}

function apply(arrivals: Arrival[], { at, kind, octet, bits }: Change): void {
  const i = at % arrivals.length;
  const { octets, waitMs } = arrivals[i]!;
  const changed = octets.slice();
  if (kind === 'flip' || kind === 'flip and finish') {
    changed[octet % octets.length]! ^= bits;
    if (kind !== 'flip') finish(changed);
    arrivals[i] = { octets: changed, waitMs };
  } else if (kind === 'odd') {
    // What deployed senders write into the window.
    for (const [n, arrival] of arrivals.entries()) {
      const { octets: odd } = (arrivals[n] = { ...arrival, octets: arrival.octets.slice() });
      write16(odd, ipHeaderLength(odd[0]! >>> 4 === 6 ? 6 : 4) + 14, 0xffff);
      finish(odd);
    }
  } else if (kind === 'number') {
    // What cards and kernels do that cut segments: each has the next identification.
    for (const [n, arrival] of arrivals.entries()) {
      if (arrival.octets[0]! >>> 4 !== 4) continue;
      const { octets: numbered } = (arrivals[n] = { ...arrival, octets: arrival.octets.slice() });
      write16(numbered, 10, checksum.update(read16(numbered, 10), read16(numbered, 4), (0xfff0 + n) & 0xffff));
      write16(numbered, 4, (0xfff0 + n) & 0xffff);
    }
  } else if (kind === 'repeat') arrivals.splice(i, 0, arrivals[i]!);
  else if (kind === 'swap') arrivals.splice(i, 2, ...arrivals.slice(i, i + 2).reverse());
  else if (kind === 'lose') arrivals.splice(i, arrivals.length > 1 ? 1 : 0);
  else if (kind === 'pad') arrivals[i] = { octets: Uint8Array.of(...octets, ...changed.subarray(0, 6)), waitMs };
  else arrivals[i] = { octets, waitMs: waitMs + (octet % 12) };
}

/** Everything that an endpoint says about what it was given. */
class Account {
  readonly endpoint: SttEncapsulation;
  readonly tunnel = new TunnelMetadata();
  /** Segments that were stored because they were predicted. */
  predicted = 0;
  constructor(options: SttOptions) {
    this.endpoint = new SttEncapsulation(options);
    const store = this.endpoint.reassembly;
    const extend = store.extend.bind(store);
    store.extend = (...segment) => {
      const isStored = extend(...segment);
      if (isStored) this.predicted++;
      return isStored;
    };
  }

  take(packet: PacketBuffer, nowMs: number): unknown[] {
    const { endpoint, tunnel } = this;
    const outcome = endpoint.decapsulate(packet, tunnel, nowMs) ?? 'delivered';
    const { warnings, reassembly } = endpoint;
    const { completed, timedOut, evicted, size } = reassembly;
    const events = reassembly.takeEvents().map((event) => Object.values(event).join());
    const inner = outcome === 'delivered' ? [toHex(packet.copy()), JSON.stringify(tunnel)] : [];
    return [outcome, ...inner, Object.values(warnings).join(), completed, timedOut, evicted, size, ...events];
  }
}

/** What the endpoint says of all packets, which `place` puts somewhere. */
function takeAll(
  account: Account,
  arrivals: readonly Arrival[],
  state: ChecksumState,
  place: (from: number, octets: Uint8Array) => PacketBuffer,
): string[] {
  let from = 0;
  let nowMs = 0;
  return arrivals.map(({ octets, waitMs }) => {
    const packet = place(from, octets);
    from += octets.length;
    packet.checksum = state;
    return JSON.stringify(account.take(packet, (nowMs += waitMs)));
  });
}

const change: fc.Arbitrary<Change> = fc.record({
  at: fc.nat(40),
  kind: fc.constantFrom('flip', 'flip and finish', 'repeat', 'swap', 'lose', 'pad', 'wait', 'number', 'odd'),
  // Headers more often than payload, and in them what may differ, with its neighbours.
  octet: fc.oneof(fc.nat(59), fc.nat(199), fc.integer({ min: 4, max: 11 })),
  bits: fc.oneof(fc.integer({ min: 1, max: 255 }), fc.constantFrom(1, 2, 4, 8, 16, 32, 64, 128)),
});

const frames = fc.array(
  fc.tuple(
    fc.integer({ min: 300, max: 900 }),
    fc.constantFrom(4, 6),
    fc.integer({ min: 1, max: 3 }),
    fc.constantFrom(0, 10),
  ),
  { minLength: 1, maxLength: 3 },
);

describe('prediction', () => {
  it('gives every segment the verdict, the place and the count that it gets without', () => {
    let predicted = 0;
    const limits = fc.record({
      timeoutMs: fc.constantFrom(10, 1000),
      highMark: fc.constantFrom(1000, 1 << 14),
      segmentLimit: fc.constantFrom(3, 4096),
      contextLimit: fc.constant(4),
    });
    fc.assert(
      fc.property(
        frames,
        fc.array(change, { maxLength: 4 }),
        limits,
        fc.constantFrom('unverified', 'verified'),
        fc.boolean(),
        (sent, changes, options, state, inTurns) => {
          const cut = sent.map(([length, family, id, dscp]) => segmentsOf(length, family, id, dscp));
          const longest = Math.max(...cut.map(({ length }) => length));
          const turns = Array.from({ length: longest }, (_, i) => cut.flatMap((all) => all.slice(i, i + 1))).flat();
          const arrivals = (inTurns ? turns : cut.flat()).map((octets): Arrival => ({ octets, waitMs: 0 }));
          for (const one of changes) apply(arrivals, one);
          // The one has all packets in one array, the other each in an array of its own, where nothing is predicted.
          const one = new Account(options);
          const other = new Account(options);
          const arena = Uint8Array.from(Buffer.concat(arrivals.map(({ octets }) => octets)));
          const found = takeAll(
            one,
            arrivals,
            state,
            (from, octets) => new PacketBuffer(arena, from, from + octets.length),
          );
          const expected = takeAll(other, arrivals, state, (_, octets) => new PacketBuffer(octets.slice()));
          for (const [i, account] of found.entries()) {
            if (account !== expected[i]) throw new Error(`packet ${i}: ${account}, expected ${expected[i]}`);
          }
          predicted += one.predicted;
          return other.predicted === 0 && one.endpoint.reassembly.charged === other.endpoint.reassembly.charged;
        },
      ),
    );
    expect(predicted).toBeGreaterThan(0);
  });
});
