import { keyString } from '../key.js';
import type { Query } from './query.js';

/** Questions for the next datagrams, by who asks: a datagram has one source. */
export class QuestionBatches {
  readonly #batchMax: number;
  readonly #bySource = new Map<string, Query[]>();

  /** Batches of up to `batchMax` questions. */
  constructor(batchMax: number) {
    this.#batchMax = batchMax;
  }

  /** Adds a question, unless it is in already. Returns its batch if that is full: it must be sent now. */
  add(query: Query): readonly Query[] | undefined {
    if (query.queued) return undefined;
    query.queued = true;
    const source = keyString(query.source);
    const batch = this.#bySource.get(source) ?? [];
    batch.push(query);
    this.#bySource.set(source, batch);
    if (batch.length < this.#batchMax) return undefined;
    this.#bySource.delete(source);
    return leave(batch);
  }

  /** All batches, to be sent now. */
  takeAll(): (readonly Query[])[] {
    const batches = [...this.#bySource.values()].map(leave);
    this.#bySource.clear();
    return batches;
  }
}

function leave(batch: readonly Query[]): readonly Query[] {
  for (const query of batch) query.queued = false;
  return batch;
}
