/**
 * The forwarding decision, behind a flow cache: which way frames with these addresses go. The cache holds what was decided
 * and which bits of the packet decided it; whatever it answers is what would be decided now.
 */
import { FLOW_SCHEMA, FlowCache, FlowKey, FlowMask, parseFrame } from '@overlane/classifier';
import { IpAddress, PacketBuffer, type Resolver, type TunnelMetadata, isGroupMac } from '@overlane/wire';
import { ASK, FLOOD, NOT_HERE, PENDING, type Program, SAME_PORT, formatProgram, sameProgram } from './program.js';
import type { LocalPort, Segment } from './segment.js';
import type { FlowSnapshot, FlowOptions } from './switch-options.js';

/** The `in_port` of frames from tunnels; local ports have numbers from 1. */
const UNDERLAY_IN_PORT = 0;
/** Where a key says which group or station a frame is for. */
const IN_PORT = FLOW_SCHEMA.field('in_port').offset >>> 5;
const TUN_ID = FLOW_SCHEMA.field('tun_id').offset >>> 5;
const ETH_DST = FLOW_SCHEMA.field('eth_dst').offset >>> 5;
/** The group bit in the first word of an Ethernet destination, and the part of the second word that is destination. */
const GROUP_BIT = 0x0100_0000;
const DESTINATION_LOW = -0x1_0000;
/** Limits of the flow cache where none are given. */
export const FLOW_DEFAULTS = {
  microflows: 8192,
  maxFlows: 16_384,
  maxMasks: 128,
  idleMs: 10_000,
  upcallsPerSecond: 20_000,
  upcallBurst: 2000,
} as const;
/** Megaflows shown in a snapshot. */
const SHOWN_MAX = 64;

/** What the decision is about, besides the key; set for the time of one call. */
interface Question {
  frame: PacketBuffer;
  /** The port it came from; undefined for a tunnel. */
  from: LocalPort | undefined;
  segment: Segment | undefined;
  nowMs: number;
}

/** Decides for one switch. Allocates nothing for packets of known flows. */
export class Forwarding {
  readonly #resolver: Resolver;
  readonly #key: FlowKey;
  readonly #cache: FlowCache<Program>;
  readonly #isBypassed: boolean;
  readonly #mask = new FlowMask(FLOW_SCHEMA);
  readonly #question: Question = {
    frame: new PacketBuffer(new Uint8Array(0)),
    from: undefined,
    segment: undefined,
    nowMs: 0,
  };
  #generation: number;

  /** A table without flows. */
  constructor(resolver: Resolver, options: FlowOptions = {}) {
    const { cache = 'used', seed = 0, maxFlowsPerPartition } = options;
    const limits = { ...FLOW_DEFAULTS, ...options };
    this.#resolver = resolver;
    this.#isBypassed = cache === 'bypassed';
    this.#generation = resolver.generation ?? 0;
    this.#key = new FlowKey(FLOW_SCHEMA);
    this.#cache = new FlowCache<Program>(FLOW_SCHEMA, {
      slowPath: (_key, mask) => this.#decide(mask),
      sameResult: sameProgram,
      isDrop: ({ kind }) => kind === 'drop',
      seed,
      microflow: { entries: limits.microflows },
      megaflow: {
        // Tenants don't share a list of masks, nor push out each other's flows.
        partitionBy: ['in_port', 'tun_id'],
        maxFlows: limits.maxFlows,
        maxMasks: limits.maxMasks,
        idleMs: limits.idleMs,
        ...(maxFlowsPerPartition === undefined ? {} : { maxFlowsPerPartition }),
      },
      upcall: { ratePerSecond: limits.upcallsPerSecond, burst: limits.upcallBurst },
    });
  }

  /**
   * Which way a checked frame goes that came in by `from`, or else out of `tunnel`, in the network of `segment`. Its source has
   * been learned.
   */
  decide(
    frame: PacketBuffer,
    segment: Segment,
    from: LocalPort | undefined,
    tunnel: TunnelMetadata | undefined,
    nowMs: number,
  ): Program {
    const question = this.#question;
    question.frame = frame;
    question.from = from;
    question.segment = segment;
    question.nowMs = nowMs;
    if (this.#isBypassed) return this.#decide(this.#mask);
    const { generation = 0 } = this.#resolver;
    if (generation !== this.#generation) {
      this.#generation = generation;
      this.#cache.invalidate();
    }
    const inPort = from === undefined ? UNDERLAY_IN_PORT : from.id + 1;
    parseFrame(this.#key, frame.bytes, frame.start, frame.end, inPort, tunnel);
    return this.#cache.classify(this.#key, frame.length, nowMs);
  }

  /** To be called when stations came to local ports, left them or moved between them. Costs nothing per flow. */
  invalidate(): void {
    this.#cache.invalidate();
  }

  /** Lets time pass: flows without packets go. */
  tick(nowMs: number): void {
    this.#cache.maintain(nowMs);
  }

  /** Counters, and the flows with the most packets. Costs the number of flows. */
  snapshot(): FlowSnapshot {
    const { confirmed, replaced, ...stats } = this.#cache.stats();
    const { lookups, microflowHits, megaflowHits, misses, uncached, flows, masks } = stats;
    const megaflows = [...this.#cache.megaflows()]
      .sort((a, b) => b.packets - a.packets)
      .slice(0, SHOWN_MAX)
      .map(({ text, result, packets, octets }) => ({ match: text, program: formatProgram(result), packets, octets }));
    const rechecked = confirmed + replaced;
    return { lookups, microflowHits, megaflowHits, misses, uncached, rechecked, flows, masks, megaflows };
  }

  /** The decision itself; notes in `mask` what it looked at. */
  #decide(mask: FlowMask): Program {
    const { frame, from, segment, nowMs } = this.#question;
    const { bytes, start } = frame;
    mask.consult(IN_PORT, -1);
    if (from === undefined) {
      mask.consult(TUN_ID, -1);
      mask.consult(TUN_ID + 1, -1);
    }
    mask.consult(ETH_DST, GROUP_BIT);
    if (isGroupMac(bytes, start)) {
      mask.closePrerequisites();
      return FLOOD;
    }
    mask.consult(ETH_DST, -1);
    mask.consult(ETH_DST + 1, DESTINATION_LOW);
    mask.closePrerequisites();
    const port = segment!.find(bytes, start);
    if (port !== undefined) return port === from ? SAME_PORT : { kind: 'port', port };
    const resolver = this.#resolver;
    if (from === undefined) return resolver.misdelivered === undefined ? FLOOD : NOT_HERE;
    if (resolver.generation === undefined) return ASK;
    const answer = resolver.resolve(segment!.network, frame, nowMs);
    if (answer === 'unknown') return FLOOD;
    if (answer === 'pending') return PENDING;
    // The resolver lends its locator for the time of the call.
    return { kind: 'tunnel', locator: { address: new IpAddress().copy(answer.address) } };
  }
}
