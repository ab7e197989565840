/** What writers were told, held against what a store has after a crash. */

/** Keys that each transaction writes together. */
export const PARTS = ['a', 'b', 'c'];
const PREFIX = 'crash/';

/** The transaction number `n` of a writer; it fails if the one before it is not the last one (`modRevision`). */
export function transactionOf(writer, n, modRevision) {
  const key = (part) => Buffer.from(`${PREFIX}${writer}/${part}`);
  return {
    compares: [{ key: key(PARTS[0]), target: 'modRevision', op: '=', value: modRevision }],
    ops: PARTS.map((part) => ({ type: 'put', key: key(part), value: Buffer.from(String(n)) })),
    elseOps: [{ type: 'get', key: key(PARTS[0]) }],
  };
}

/** Last number and modRevision of a writer. */
export async function lastOf(store, writer) {
  const entry = await store.get(Buffer.from(`${PREFIX}${writer}/${PARTS[0]}`));
  return { n: entry === undefined ? 0 : Number(Buffer.from(entry.value)), modRevision: entry?.modRevision ?? 0n };
}

export class Ledger {
  #acknowledged = new Map();
  #replica = new Map();
  #reached;
  #broken = { lostWrites: 0, tornTransactions: 0, gaps: 0, differences: 0 };
  #counted = { acknowledged: 0, revisions: 0 };

  /** `revision` is where the store stands before the first write. */
  constructor(revision) {
    this.#reached = revision;
  }

  get counted() {
    return this.#counted;
  }

  get broken() {
    return this.#broken;
  }

  get isIntact() {
    return Object.values(this.#broken).every((count) => count === 0);
  }

  /** A writer was told that its transaction `n` is durable. */
  acknowledge(writer, n, revision) {
    this.#counted.acknowledged++;
    this.#acknowledged.set(writer, { n, revision: BigInt(revision) });
  }

  /** Checks the store after a crash; nobody may write meanwhile. The watch goes on from where the last check ended. */
  async check(store) {
    const { revision } = await store.stamp();
    await this.#follow(store, revision);
    const present = new Map();
    for await (const { entries } of store.list(Buffer.from(PREFIX))) {
      for (const { key, value, modRevision } of entries) {
        present.set(key.toString(), { n: Number(Buffer.from(value)), modRevision });
      }
    }
    this.#compare(present);
  }

  #compare(present) {
    for (const [writer, told] of this.#acknowledged) {
      const parts = PARTS.map((part) => present.get(`${PREFIX}${writer}/${part}`));
      if (parts.some((part) => part === undefined || part.n < told.n || part.modRevision < told.revision)) {
        this.#broken.lostWrites++;
      }
      if (new Set(parts.map((part) => `${part?.n} ${part?.modRevision}`)).size !== 1) this.#broken.tornTransactions++;
    }
    const same = [...present].every(([key, { n }]) => this.#replica.get(key) === n);
    if (!same || present.size !== this.#replica.size) this.#broken.differences++;
  }

  /** Every revision must come, in order, each with all parts of one transaction. */
  async #follow(store, revision) {
    if (revision <= this.#reached) return;
    const byRevision = new Map();
    for await (const batch of store.watch(Buffer.from(PREFIX), this.#reached + 1n)) {
      for (const { key, value, modRevision } of batch.events) {
        const n = Number(Buffer.from(value));
        byRevision.set(modRevision, [...(byRevision.get(modRevision) ?? []), n]);
        this.#replica.set(key.toString(), n);
      }
      if (batch.revision >= revision) break;
    }
    for (let next = this.#reached + 1n; next <= revision; next++) {
      const numbers = byRevision.get(next);
      this.#counted.revisions++;
      if (numbers === undefined) this.#broken.gaps++;
      else if (numbers.length !== PARTS.length || new Set(numbers).size !== 1) this.#broken.tornTransactions++;
    }
    this.#reached = revision;
  }
}
