import type { Compare, Op, OpResult, StoreEntry, StoreTxn } from '../src/index.js';

type State = ReadonlyMap<string, StoreEntry>;

/** The naive store: a whole map for every revision it ever had. */
export class Oracle {
  /** `states[r]` is the store at revision `r`; a new store is at 1. */
  readonly states: State[] = [new Map(), new Map()];

  get revision(): number {
    return this.states.length - 1;
  }

  /** Runs a transaction; what it should answer. */
  txn({ compares, ops, elseOps = [] }: StoreTxn): { succeeded: boolean; revision: bigint; results: OpResult[] } {
    const before = this.states.at(-1)!;
    const succeeded = compares.every((compare) => holds(before, compare));
    const next = new Map(before);
    const revision = BigInt(this.revision + 1);
    let wrote = false;
    const results = (succeeded ? ops : elseOps).map((op: Op): OpResult => {
      const name = nameOf(op.key);
      const found = next.get(name);
      if (op.type === 'get') return { type: 'get', entry: found };
      if (op.type === 'delete') {
        next.delete(name);
        wrote ||= found !== undefined;
        return { type: 'delete', deleted: found !== undefined };
      }
      wrote = true;
      const createRevision = found === undefined ? revision : found.createRevision;
      next.set(name, { key: op.key, value: op.value, createRevision, modRevision: revision, lease: 0n });
      return { type: 'put' };
    });
    if (wrote) this.states.push(next);
    return { succeeded, revision: BigInt(this.revision), results };
  }

  /** Entries with `prefix` at a revision, in order. */
  list(prefix: Uint8Array, revision: number): StoreEntry[] {
    const start = nameOf(prefix);
    return [...this.states[revision]!]
      .filter(([name]) => name.startsWith(start))
      .sort(byName)
      .map(([, entry]) => entry);
  }

  /** What a watcher must see from a revision on: `revision key value|-`, in no order within a revision. */
  events(prefix: Uint8Array, from: number): string[] {
    const start = nameOf(prefix);
    const events: string[] = [];
    for (let revision = from; revision <= this.revision; revision++) {
      const [before, after] = [this.states[revision - 1]!, this.states[revision]!];
      for (const [name, entry] of after) {
        if (name.startsWith(start) && before.get(name) !== entry) {
          events.push(`${revision} ${name} ${Buffer.from(entry.value).toString('hex')}`);
        }
      }
      for (const name of before.keys()) {
        if (name.startsWith(start) && !after.has(name)) events.push(`${revision} ${name} -`);
      }
    }
    return events.sort();
  }
}

/** A key as text, octet by octet. */
export function nameOf(key: Uint8Array): string {
  return Buffer.from(key).toString('latin1');
}

function byName([left]: readonly [string, unknown], [right]: readonly [string, unknown]): number {
  return left < right ? -1 : 1;
}

function holds(state: State, { key, target, op, value }: Compare): boolean {
  const actual = state.get(nameOf(key))?.[target] ?? 0n;
  const order = actual < value ? '<' : actual > value ? '>' : '=';
  return op === '!=' ? order !== '=' : op === order;
}
