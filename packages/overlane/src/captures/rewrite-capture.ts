/** What `encap` and `decap` share: a capture in, a pcap file out, packet by packet, and an account of both. */
import type { CapturedPacket } from '@overlane/capture';
import type { Fault } from '@overlane/wire';
import { OutcomeError } from '../exit.js';
import { type CaptureInput, openCapture } from './capture-input.js';
import { PcapOutput } from './pcap-output.js';

/** What became of the packets of a file. */
export interface RewriteSummary {
  /** Packets read. */
  packets: number;
  /** Frames written. */
  written: number;
  /** Packets that were left out because they are not what is being rewritten; no fault. */
  skipped: number;
  /** Packets that the file holds only in part, wrapped or unwrapped as they stand. */
  cut: number;
  /** Frames of which some packets came and others didn't; none for protocols that don't cut frames. */
  incompleteFrames: number;
  /** Packets refused, by fault. */
  readonly faults: Map<Fault, number>;
}

/** What became of one packet: a fault, nothing to write, or as many frames as were added. */
export type RewriteResult = Fault | 'skipped' | undefined;

/** Turns one packet into frames, and gives them to `add`, which copies. Returns what became of it. */
export type RewritePacket = (packet: CapturedPacket, add: (frame: Uint8Array) => void) => RewriteResult;

/** A file to rewrite. */
export interface RewriteJob {
  /** Path of the capture, or `-`. */
  readonly inputPath: string;
  /** Path of the pcap file to write, or `-`. Created after the first packet has been read, not before. */
  readonly outputPath: string;
  /** Says what is wrong with the link type of the first packet, or nothing. */
  readonly refuse: (linkType: number) => string | undefined;
  /** What happens to each packet. */
  readonly rewrite: RewritePacket;
}

/** How the rewriting of a file ended. */
export interface RewriteOutcome {
  /** What became of the packets. */
  readonly summary: RewriteSummary;
  /** The error that ended the input early, after which the packets in front of it were written all the same. */
  readonly inputError: OutcomeError | undefined;
}

/** Rewrites a file. @throws OutcomeError if it is no capture, has the wrong link type, or the output fails */
export async function rewriteCapture(job: RewriteJob): Promise<RewriteOutcome> {
  const input = await openCapture(job.inputPath);
  try {
    const refusal = input.linkType === undefined ? undefined : job.refuse(input.linkType);
    if (refusal !== undefined) throw new OutcomeError(refusal);
    const pcap = await PcapOutput.create(job.outputPath, input);
    const outcome = await rewritePackets(input, pcap, job);
    await pcap.output.close();
    return outcome;
  } finally {
    await input.close();
  }
}

async function rewritePackets(input: CaptureInput, pcap: PcapOutput, job: RewriteJob): Promise<RewriteOutcome> {
  const summary: RewriteSummary = {
    packets: 0,
    written: 0,
    skipped: 0,
    cut: 0,
    incompleteFrames: 0,
    faults: new Map(),
  };
  const packets = input.packets();
  for (;;) {
    const next = await packets.next().catch((error: unknown) => toOutcomeError(error));
    if (next instanceof OutcomeError) return { summary, inputError: next };
    if (next.done === true) return { summary, inputError: undefined };
    rewriteOne(next.value, pcap, job.rewrite, summary);
    const wait = pcap.output.drain();
    if (wait !== undefined) await wait;
  }
}

function rewriteOne(packet: CapturedPacket, pcap: PcapOutput, rewrite: RewritePacket, summary: RewriteSummary): void {
  let unsaid: Fault | undefined;
  const result = rewrite(packet, (frame) => {
    const fault = pcap.add(frame, packet.timestampNs);
    if (fault === undefined) summary.written++;
    unsaid ??= fault;
  });
  summary.packets++;
  if (result === 'skipped') summary.skipped++;
  const fault = result === 'skipped' ? undefined : (result ?? unsaid);
  if (fault !== undefined) summary.faults.set(fault, (summary.faults.get(fault) ?? 0) + 1);
  else if (result === undefined && packet.bytes.length < packet.originalLength) summary.cut++;
}

function toOutcomeError(error: unknown): OutcomeError {
  if (error instanceof OutcomeError) return error;
  throw error;
}
