/**
 * The shapes that every package shares: a tunnel's metadata and the five roles that make a system (`docs/architecture.md`).
 * A published system is one choice per role; the switch only joins them.
 *
 * Everything here is used per packet, so objects are reused: an argument or answer is valid until the next call unless
 * its comment says otherwise.
 */
import type { EcnAnomaly } from './ecn.js';
import type { Fault } from './fault.js';
import { IpAddress } from './ip-address.js';
import type { PacketStart } from './offload/index.js';
import type { PacketBuffer } from './packet-buffer.js';

/**
 * What a tunnel header says about a packet, the same for every encapsulation. One object is reused for all packets: who keeps
 * something of it copies that.
 */
export class TunnelMetadata {
  /**
   * The virtual network: VNI, VSID, context id, instance. An integer in 0..2^53-1. Choice: a plain number; of the
   * protocols only STT has wider ids, and its encapsulation refuses the ones that no endpoint can be configured with.
   */
  network = 0;
  /** Outer source address. */
  readonly source = new IpAddress();
  /** Outer destination address. */
  readonly destination = new IpAddress();
  /** DSCP of the outer header, 0..63. On encapsulation the one to write (RFC 2983 pipe model). */
  dscp = 0;
  /** ECN codepoint of the outer header as received, 0..3. On encapsulation it follows from the inner frame. */
  ecn = 0;
  /** Outer TTL or hop limit, 0..255. */
  ttl = 64;
  /**
   * 32 bits, signed or not, that spread flows over the underlay's paths. On encapsulation the flow hash, which each encapsulation maps
   * to what it has (source port, FlowID, flow label); after decapsulation that field as received.
   */
  entropy = 0;
  /** What decapsulation found odd about the ECN pair (RFC 6040 §4.2). Count it; the packet itself is good. */
  ecnAnomaly: EcnAnomaly = 'none';
  /**
   * Whether the payload is a message of the tunnel's control protocol instead of an Ethernet frame. On encapsulation false
   * unless the protocol has such messages.
   */
  control = false;
  /**
   * VLAN of the outer Ethernet header, 1..4094, where the encapsulation has to do with it; else 0. On encapsulation the Path's
   * choice, 0 leaving it to the encapsulation; after decapsulation the one that the packet came by.
   */
  vlan = 0;
  /** Upper 16 bits of the MAC of the next hop, for encapsulations that write the outer Ethernet header. */
  nextHopHigh = 0;
  /** Lower 32 bits of it, signed. */
  nextHopLow = 0;

  /** Takes over everything that `other` says. */
  copy(other: TunnelMetadata): this {
    this.network = other.network;
    this.source.copy(other.source);
    this.destination.copy(other.destination);
    this.dscp = other.dscp;
    this.ecn = other.ecn;
    this.ttl = other.ttl;
    this.entropy = other.entropy;
    this.ecnAnomaly = other.ecnAnomaly;
    this.control = other.control;
    this.vlan = other.vlan;
    this.nextHopHigh = other.nextHopHigh;
    this.nextHopLow = other.nextHopLow;
    return this;
  }

  /** True if nobody could tell a packet with `other` from one with this by the tunnel, entropy and anomalies apart. */
  isSameTunnel(other: TunnelMetadata): boolean {
    return (
      this.network === other.network &&
      this.source.equals(other.source) &&
      this.destination.equals(other.destination) &&
      this.dscp === other.dscp &&
      this.ecn === other.ecn &&
      this.ttl === other.ttl &&
      this.control === other.control &&
      this.vlan === other.vlan
    );
  }
}

/** Turns frames into tunnel packets and back. */
export interface Encapsulation {
  /** Name as on the command line: `vxlan`, `stt`, ... */
  readonly name: string;
  /**
   * What a packet on the underlay side starts with: `ip`, its outer IP header, and the underlay finds the next hop; or `ethernet`,
   * because the protocol has to do with the next hop and VLAN. Default `ip`.
   */
  readonly startsWith?: PacketStart;
  /**
   * Octets in front of the inner frame for one unsegmented packet: from the outer IP header on, or from the outer Ethernet header where
   * packets start with that, VLAN tags apart.
   */
  overhead(family: 4 | 6): number;
  /**
   * Wraps `packet` in place, in its headroom, and calls `emit` once per outer packet, with windows that are valid
   * during the call. Afterwards `packet` is the inner frame again, as it was sent, so that it can be wrapped for the
   * next target. A fault means nothing was emitted and `packet` is untouched.
   */
  encapsulate(packet: PacketBuffer, tunnel: TunnelMetadata, emit: (packet: PacketBuffer) => void): Fault | undefined;
  /**
   * Whether the protocol itself can tell the far end what is left to do on a frame. If true, `encapsulate` takes frames
   * with a `partial` checksum and frames yet to be cut, and after `decapsulate` the packet's offload fields are those of
   * the inner frame. Absent: finish frames first (`SoftwareOffload`), and call `dropOuterOffload` after `decapsulate`.
   */
  readonly carriesOffload?: boolean;
  /**
   * Whether `encapsulate` takes such frames too, for ports that can finish what is inside a tunnel (`Port.finishesInside`):
   * the emitted packet keeps the frame's offload fields, and says where it is (`PacketBuffer.innerStart`). Precondition: a
   * frame that `SoftwareOffload.prepare` has found fit.
   */
  readonly keepsOffload?: boolean;
  /**
   * Unwraps `packet` in place: on success it is the inner frame and `tunnel` is filled in. On a fault the packet must
   * be dropped and both hold nothing of use. `'incomplete'`: the packet was kept or consumed, and there is nothing to
   * deliver. A reassembled frame may be in memory of the encapsulation's, valid until its next call.
   */
  decapsulate(packet: PacketBuffer, tunnel: TunnelMetadata, nowMs: number): Fault | 'incomplete' | undefined;
  /**
   * The frame to give back to the sender of `frame`, which `encapsulate` has just refused with `fault` on the way to an
   * endpoint of `family`: an ICMP message, say. New memory; the caller limits the rate. `undefined`: nothing is due.
   */
  answerRefused?(frame: PacketBuffer, fault: Fault, family: 4 | 6): Uint8Array<ArrayBuffer> | undefined;
  /** Lets time pass, for encapsulations that hold packets. Call about once a second. */
  tick?(nowMs: number): void;
}

/** Where a frame can be sent to: the far tunnel endpoint. Systems with richer locators extend it. */
export interface Locator {
  /** Underlay address of the endpoint. */
  readonly address: IpAddress;
}

/** What a {@link Resolver} wants sent to `destination`. */
export interface ResolverEvent {
  /** `control`: a message of the control protocol; `frame`: an Ethernet frame that waited for the answer. */
  readonly kind: 'control' | 'frame';
  readonly network: number;
  readonly destination: Locator;
  /** The message or frame, with headroom for the tunnel's headers. */
  readonly payload: PacketBuffer;
}

/** Answers "where is the destination?". */
export interface Resolver {
  /**
   * The endpoint behind which the destination of `frame` (an Ethernet frame) lives. `'unknown'`: treat it like a
   * broadcast; `'pending'`: the resolver has asked; send nothing, it keeps a copy if it wants one. The locator is valid
   * until the next call.
   */
  resolve(network: number, frame: PacketBuffer, nowMs: number): Locator | 'pending' | 'unknown';
  /**
   * Tells that `frame` came from the endpoint `tunnel.source`, in `tunnel.network`: learning, or reactive correction.
   * Returns false if there was something to learn but no room for it. `tunnel` is everything that the outer headers said;
   * the caller reuses the object for the next packet, so what is to be kept is copied.
   */
  observe(frame: PacketBuffer, tunnel: TunnelMetadata, nowMs: number): boolean;
  /** Tells that the source of `frame` now lives on a local port: whatever was known of it elsewhere is old. */
  arrived(network: number, frame: PacketBuffer, nowMs: number): void;
  /** Tells that the station with the MAC at `bytes[offset..]` no longer lives on a local port: gone, aged or moved. */
  departed?(network: number, bytes: Uint8Array, offset: number, nowMs: number): void;
  /**
   * Asked about a unicast `frame` from the endpoint `tunnel.source` whose destination is on no local port, or whose network has
   * none. A fault: it is dropped, and the resolver may have something to tell the sender. `undefined`, or no such method: all
   * local ports of the network get it. `tunnel` is the caller's and reused, as in {@link observe}.
   */
  misdelivered?(frame: PacketBuffer, tunnel: TunnelMetadata, nowMs: number): Fault | undefined;
  /**
   * Takes a message of the control protocol that came from the endpoint `tunnel.source`. A fault is counted. `tunnel` is the
   * caller's and reused, as in {@link observe}.
   */
  onControl?(message: PacketBuffer, tunnel: TunnelMetadata, nowMs: number): Fault | undefined;
  /** The next thing to send, valid until the next call, or `undefined`. Asked until then after every turn and tick. */
  nextEvent?(): ResolverEvent | undefined;
  /** Lets time pass: ages entries, repeats questions. Call every {@link tickMs} milliseconds. */
  tick(nowMs: number): void;
  /**
   * Grows, from any integer, when answers of `resolve` may have changed; until then the switch may give earlier answers again
   * without asking. Absent from resolvers whose `resolve` does more than answer, or takes notice of being asked.
   */
  readonly generation?: number;
  /**
   * How a station leaves a local port: `data`, the default: a frame from an endpoint with its source shows that it did; `control`:
   * with the port alone. So where sources can be forged, a frame makes nobody forget where a station is.
   */
  readonly moves?: 'data' | 'control';
  /** Milliseconds between ticks, at least 1. Default 1000. */
  readonly tickMs?: number;
}

/** What a {@link Gateway} did with a frame. */
export type GatewayOutcome =
  /** Nothing: it isn't for the gateway. */
  | 'passed'
  /** The frame is done with; {@link Gateway.answer} is for its sender. */
  | 'answered'
  /** The frame, changed in place, goes on in {@link Gateway.network}. */
  | 'routed'
  /** The frame is dropped. */
  | Fault;

/**
 * Answers "who speaks for stations that every switch plays?": tenants' routers, and those that ARP is answered for. Optional: not every
 * system has them.
 */
export interface Gateway {
  /** Looks at a frame of `network` from a local port, before it is forwarded. */
  take(network: number, frame: PacketBuffer, nowMs: number): GatewayOutcome;
  /** After `routed`: the network that the frame goes on in. */
  readonly network: number;
  /** After `answered`: a frame for the sender, valid until the next call. */
  readonly answer: PacketBuffer;
}

/** Answers "who gets a broadcast?". */
export interface Replicator {
  /** The endpoints that get a copy of a broadcast, multicast or unknown-destination frame of `network`. */
  targets(network: number): readonly Locator[];
}

/** Answers "which way through the fabric?". */
export interface Path {
  /** Writes the choice for this flow into `tunnel`: entropy, and in richer systems VLAN, anycast address or class. */
  select(flowHash: number, locator: Locator, tunnel: TunnelMetadata): void;
}

/** Answers "what happens when the next hop is full?". Asked only when a port has refused a packet. */
export interface Queue {
  /** Takes a copy of `packet` to be offered again later, or returns false: drop it. */
  offer(packet: PacketBuffer): boolean;
  /** The oldest packet held, which stays held; `undefined` if there is none. */
  peek(): PacketBuffer | undefined;
  /** Lets go of the oldest packet. */
  take(): PacketBuffer | undefined;
}
