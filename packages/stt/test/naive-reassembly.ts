/** Reassembly as one would explain it: maps and arrays, no care for time or memory. The oracle of the real store. */
import type { ReassemblyOptions } from '../src/index.js';

export interface Segment {
  readonly source: string;
  readonly destination: string;
  readonly port: number;
  readonly id: number;
  readonly frameLength: number;
  readonly offset: number;
  readonly payload: Uint8Array;
  readonly tos: number;
}

/** The options that say what is kept; where it is kept is no matter here. */
export type Limits = Required<Omit<ReassemblyOptions, 'frameMemory'>>;

interface Frame {
  readonly frameLength: number;
  readonly arrivalMs: number;
  /** Frames opened before this one. */
  readonly rank: number;
  readonly segments: Segment[];
}

export type Outcome = string | { readonly octets: number[]; readonly dscp: number; readonly ecn: number };

const sum = (numbers: number[]): number => numbers.reduce((a, b) => a + b, 0);
const charge = (segments: readonly Segment[]): number => sum(segments.map(({ payload }) => payload.length + 128));

export class NaiveStore {
  /** Least recently used first, as a Map keeps insertion order. */
  readonly frames = new Map<string, Frame>();
  readonly events: string[] = [];
  opened = 0;

  readonly options: Limits;

  constructor(options: Limits) {
    this.options = options;
  }

  get charged(): number {
    return sum([...this.frames.values()].map(({ segments }) => charge(segments)));
  }

  tick(nowMs: number): void {
    const late = [...this.frames].filter(([, { arrivalMs }]) => nowMs - arrivalMs >= this.options.timeoutMs);
    late.sort(([, a], [, b]) => a.rank - b.rank);
    for (const [key] of late) this.giveUp(key, 'E_STT_REASM_TIMEOUT');
  }

  accept(segment: Segment, nowMs: number): Outcome {
    this.tick(nowMs);
    const { highMark, lowMark, contextLimit, segmentLimit, keyIncludesSourcePort } = this.options;
    const { source, destination, port, id, frameLength, offset, payload } = segment;
    const key = `${source} ${destination} ${keyIncludesSourcePort ? port : 0} ${id}`;
    const frame = this.frames.get(key) ?? { frameLength, arrivalMs: nowMs, rank: this.opened, segments: [] };
    if (frame.frameLength !== frameLength) return 'E_STT_REASM_LENGTH_MISMATCH';
    const touched = frame.segments.filter(
      (s) => s.offset < offset + payload.length && offset < s.offset + s.payload.length,
    );
    if (touched.some((s) => s.offset === offset && Buffer.compare(s.payload, payload) === 0)) {
      return 'E_STT_REASM_DUPLICATE';
    }
    if (touched.length > 0) return 'E_STT_REASM_OVERLAP';
    if (frame.segments.length === segmentLimit) {
      this.frames.delete(key);
      return 'E_STT_REASM_TOO_MANY_SEGMENTS';
    }
    const more = payload.length + 128;
    if (charge(frame.segments) + more > highMark) {
      if (this.frames.has(key)) this.giveUp(key, 'E_STT_REASM_EVICTED');
      return 'E_STT_REASM_EVICTED';
    }
    const isNew = !this.frames.delete(key);
    if (isNew) this.opened++;
    this.frames.set(key, frame);
    const evictOldest = (): void => this.giveUp([...this.frames.keys()][0]!, 'E_STT_REASM_EVICTED');
    if (this.charged + more > highMark) {
      while (this.frames.size > 1 && this.charged > Math.min(lowMark, highMark - more)) evictOldest();
    }
    if (isNew && this.frames.size > contextLimit) evictOldest();
    frame.segments.push(segment);
    if (sum(frame.segments.map((s) => s.payload.length)) < frameLength) return 'incomplete';
    this.frames.delete(key);
    const sorted = frame.segments.sort((a, b) => a.offset - b.offset);
    const { tos } = sorted[0]!;
    const octets = sorted.flatMap((s) => [...s.payload]);
    return { octets, dscp: tos >>> 2, ecn: sorted.some((s) => (s.tos & 3) === 3) ? 3 : tos & 3 };
  }

  giveUp(key: string, fault: string): void {
    const { segments, frameLength } = this.frames.get(key)!;
    this.frames.delete(key);
    const { source, destination, port, id } = segments[0]!;
    const received = sum(segments.map(({ payload }) => payload.length));
    this.events.push(`${fault} ${source} ${destination} ${port} ${id} ${frameLength} ${received} ${segments.length}`);
  }
}
