/** Reassembly as one would explain it: maps and arrays, no care for time or memory. The oracle of the real store. */
import type { ReassemblyOptions } from '../src/index.js';

/** One fragment with its data. */
export interface Piece {
  readonly source: string;
  readonly destination: string;
  readonly overlayId: number;
  readonly instanceId: number;
  readonly control: boolean;
  readonly identification: number;
  readonly offset: number;
  readonly more: boolean;
  readonly tos: number;
  readonly data: readonly number[];
}

/** What became of a fragment. */
export type Outcome = string | { readonly octets: readonly number[]; readonly dscp: number; readonly ecn: number };

interface Datagram {
  sinceMs: number;
  readonly pieces: Piece[];
  banned: boolean;
}

const PAGE = 4096;
const endOf = ({ offset, data }: Piece): number => offset + data.length;

/** How many pages of 4 KiB have data of these pieces. */
const pagesOf = (pieces: readonly Piece[]): number => {
  const pages = new Set<number>();
  for (const piece of pieces) for (let at = piece.offset; at < endOf(piece); at += 8) pages.add(Math.floor(at / PAGE));
  return pages.size;
};

export class NaiveStore {
  /** Oldest first, as a Map keeps the order of insertion. */
  readonly datagrams = new Map<string, Datagram>();
  timedOut = 0;
  evicted = 0;
  completed = 0;
  readonly options: Required<ReassemblyOptions>;

  constructor(options: Required<ReassemblyOptions>) {
    this.options = options;
  }

  get pages(): number {
    return [...this.datagrams.values()].map(({ pieces }) => pagesOf(pieces)).reduce((a, b) => a + b, 0);
  }

  tick(nowMs: number): void {
    for (const [key, { sinceMs, banned }] of this.datagrams) {
      if (nowMs - sinceMs < this.options.timeoutMs) continue;
      this.datagrams.delete(key);
      if (!banned) this.timedOut++;
    }
  }

  accept(piece: Piece, nowMs: number): Outcome {
    this.tick(nowMs);
    const { source, destination, overlayId, instanceId, control, identification } = piece;
    const key = [source, destination, overlayId, instanceId, control, identification].join();
    const known = this.datagrams.get(key);
    if (known === undefined) {
      if (this.datagrams.size === this.options.datagramLimit) this.evictOldest('');
      this.datagrams.set(key, { sinceMs: nowMs, pieces: [], banned: false });
    } else {
      if (known.banned) return 'E_DOVE_FRAG_OVERLAP';
      const twin = known.pieces.find(
        (p) => p.offset === piece.offset && p.data.length === piece.data.length && p.more === piece.more,
      );
      if (twin !== undefined && twin.data.join() === piece.data.join()) return 'incomplete';
      if (twin !== undefined || !this.fits(known.pieces, piece)) {
        this.datagrams.delete(key);
        this.datagrams.set(key, { sinceMs: nowMs, pieces: [], banned: true });
        return 'E_DOVE_FRAG_OVERLAP';
      }
      if (known.pieces.length === this.options.fragmentLimit) {
        this.datagrams.delete(key);
        return 'E_DOVE_FRAG_LIMIT';
      }
    }
    const { pieces } = this.datagrams.get(key)!;
    const needed = pagesOf([...pieces, piece]) - pagesOf(pieces);
    while (this.pages + needed > Math.floor(this.options.memoryLimit / PAGE)) this.evictOldest(key);
    pieces.push(piece);
    const sorted = [...pieces].sort((a, b) => a.offset - b.offset || a.data.length - b.data.length);
    const last = sorted.find(({ more }) => !more);
    const octets = sorted.flatMap(({ data }) => data);
    if (last === undefined || octets.length !== endOf(last)) return 'incomplete';
    this.datagrams.delete(key);
    this.completed++;
    const { tos } = sorted[0]!;
    return { octets, dscp: tos >>> 2, ecn: sorted.some((p) => (p.tos & 3) === 3) ? 3 : tos & 3 };
  }

  /** No overlap, and one end for all. */
  fits(pieces: readonly Piece[], piece: Piece): boolean {
    const all = [...pieces, piece];
    const end = endOf(all.find(({ more }) => !more) ?? { ...piece, offset: Infinity });
    const lasts = all.filter(({ more }) => !more).length;
    const isInside = all.every((p) => endOf(p) <= end) && lasts <= 1;
    return isInside && !pieces.some((p) => p.offset < endOf(piece) && piece.offset < endOf(p));
  }

  evictOldest(keep: string): void {
    const [key, { banned }] = [...this.datagrams].find(([candidate]) => candidate !== keep)!;
    this.datagrams.delete(key);
    if (!banned) this.evicted++;
  }
}
