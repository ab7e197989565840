/** NL-ARP as its description tells it, with strings and lists: the oracle of the model-based tests. Shares no code with it. */

/** Something said or sent, in words. */
export type Said = string;

interface Entry {
  state: 'known' | 'pending' | 'held down' | 'local';
  place: string;
  generation: number;
  /** pending and held down: */
  asked: number;
  dueMs: number;
  frames: string[];
  /** local: */
  arrivedMs: number;
  raises: number;
  repeatsMs: number[];
  rival: { place: string; generation: number } | undefined;
}

const OWN = '3@e1';
const EVERYBODY = 'all';

function later(a: number, b: number): boolean {
  let steps = 0;
  for (let at = b; at !== a; at = at === 65_535 ? 0 : at + 1) steps++;
  return steps > 0 && steps < 32_768;
}

function following(generation: number): number {
  return generation === 65_535 ? 1 : generation + 1;
}

export class NaiveNlArp {
  readonly entries = new Map<string, Entry>();
  readonly faults: Record<string, number> = {};
  said: Said[] = [];
  readonly #served = new Map<string, number>();
  #nowMs = 0;

  readonly limits: { entries: number; locals: number; questions: number; perTenant: number };

  constructor(limits: NaiveNlArp['limits']) {
    this.limits = limits;
  }

  at(nowMs: number): this {
    this.#nowMs = nowMs;
    return this;
  }

  plug(nic: string): void {
    const old = this.entries.get(nic);
    if (old?.state === 'local') return;
    if (old === undefined && this.entries.size === this.limits.entries) return this.#fault('E_NLARP_TABLE_FULL');
    if (this.#count('local') === this.limits.locals) return this.#fault('E_NLARP_TABLE_FULL');
    this.#fault('E_NLARP_QUEUE', old?.frames.length ?? 0);
    const entry = this.#entry('local', OWN, following(old?.generation ?? 0));
    entry.arrivedMs = this.#nowMs;
    this.entries.set(nic, entry);
    this.#announce(nic, entry);
  }

  unplug(nic: string, how: 'stopped' | 'moved'): void {
    const entry = this.entries.get(nic);
    if (entry?.state !== 'local') return;
    if (how === 'stopped') this.said.push(`here ${nic} ${entry.generation} ${OWN} D to ${EVERYBODY}`);
    if (entry.rival === undefined) this.entries.delete(nic);
    else this.entries.set(nic, this.#entry('known', entry.rival.place, entry.rival.generation));
  }

  /** The place to send `frame` to. */
  resolve(nic: string, frame: string): string | undefined {
    const entry = this.entries.get(nic);
    if (entry === undefined) {
      if (this.entries.size === this.limits.entries) return void this.#fault('E_NLARP_TABLE_FULL');
      const asked = [...this.entries].filter(([, { state }]) => state === 'pending' || state === 'held down');
      const own = asked.filter(([name]) => name.split('/')[0] === nic.split('/')[0]);
      if (asked.length === this.limits.questions || own.length === this.limits.perTenant) {
        return void this.#fault('E_NLARP_QUESTIONS');
      }
      const question = this.#entry('pending', '', 0);
      question.asked = 1;
      question.dueMs = this.#nowMs + 200;
      question.frames = [frame];
      this.entries.set(nic, question);
      this.said.push(`where ${nic} to ${EVERYBODY}`);
      return undefined;
    }
    if (entry.state === 'known') return entry.place;
    if (entry.state === 'local') this.#fault('E_NLARP_CONFLICT');
    else if (entry.state === 'held down') this.#fault('E_NLARP_NO_ANSWER');
    else if (entry.frames.length === 8) this.#fault('E_NLARP_QUEUE');
    else entry.frames.push(frame);
    return undefined;
  }

  here(nic: string, place: string, generation: number): void {
    const entry = this.entries.get(nic);
    if (entry?.state === 'local') {
      if (place === OWN) return;
      if (generation === entry.generation) return this.#fault('E_NLARP_CONFLICT');
      if (!later(generation, entry.generation)) return this.#fault('E_NLARP_STALE');
      this.#fault('E_NLARP_CONFLICT');
      if (this.#nowMs - entry.arrivedMs < 5000 && entry.raises < 3) {
        entry.raises++;
        entry.generation = following(generation);
        this.#announce(nic, entry);
      } else {
        entry.rival = { place, generation };
      }
      return;
    }
    if (place === OWN) return this.#fault('E_NLARP_CONFLICT');
    if (entry?.state === 'known') {
      if (generation === entry.generation) {
        if (place !== entry.place) this.#fault('E_NLARP_CONFLICT');
        return;
      }
      if (!later(generation, entry.generation)) return this.#fault('E_NLARP_STALE');
    }
    if (entry === undefined && this.entries.size === this.limits.entries) return this.#fault('E_NLARP_TABLE_FULL');
    this.entries.set(nic, this.#entry('known', place, generation));
    if (entry?.state === 'pending') for (const frame of entry.frames) this.said.push(`frame ${frame} to ${place}`);
  }

  stopped(nic: string, place: string, generation: number): void {
    const entry = this.entries.get(nic);
    if (entry === undefined || entry.state === 'pending' || entry.state === 'held down') return;
    if (entry.state === 'local') {
      if (place !== OWN) this.#fault('E_NLARP_STALE');
    } else if (generation === entry.generation) {
      if (place === entry.place) this.entries.delete(nic);
      else this.#fault('E_NLARP_CONFLICT');
    } else if (later(generation, entry.generation)) {
      this.entries.delete(nic);
    } else {
      this.#fault('E_NLARP_STALE');
    }
  }

  where(nic: string, asker: string | undefined): void {
    const entry = this.entries.get(nic);
    if (entry?.state !== 'local') return;
    if (asker !== undefined) this.said.push(`here ${nic} ${entry.generation} ${OWN} U to ${asker}`);
    else if (this.#turn(`${nic} ${nic}`) !== 'refused') this.#speak(nic, entry);
  }

  notHere(nic: string, place: string, generation: number): void {
    const entry = this.entries.get(nic);
    if (entry?.state !== 'known' || entry.place !== place) return;
    if (generation !== 0 && later(entry.generation, generation)) this.#fault('E_NLARP_STALE');
    else this.entries.delete(nic);
  }

  misdelivered(from: string, to: string): void {
    const turn = this.#turn(`${from} ${to}`);
    if (turn === 'refused') return;
    const sender = this.entries.get(from);
    const place = turn === 'first' && sender?.state === 'known' ? sender.place : EVERYBODY;
    if (place === EVERYBODY && this.#turn(`${to} ${to}`) === 'refused') return;
    const generation = turn === 'again' ? 0 : (this.entries.get(to)?.generation ?? 0);
    this.said.push(`nothere ${to} ${generation} ${OWN} to ${place}`);
  }

  tick(): void {
    for (const [nic, entry] of [...this.entries]) {
      if ((entry.state === 'pending' || entry.state === 'held down') && entry.dueMs <= this.#nowMs)
        this.#due(nic, entry);
      while (entry.state === 'local' && entry.repeatsMs.length > 0 && entry.repeatsMs[0]! <= this.#nowMs) {
        // Each repeat counts from when the one before was said.
        const [due] = entry.repeatsMs.splice(0, 1);
        if (entry.repeatsMs.length > 0) entry.repeatsMs[0] = Math.max(entry.repeatsMs[0]!, this.#nowMs + 4000);
        if (due === undefined) throw new Error('no repeat');
        this.#speak(nic, entry);
      }
    }
  }

  #due(nic: string, entry: Entry): void {
    if (entry.state === 'held down') {
      this.entries.delete(nic);
    } else if (entry.asked < 3) {
      entry.dueMs = this.#nowMs + 200 * 2 ** entry.asked;
      entry.asked++;
      this.said.push(`where ${nic} to ${EVERYBODY}`);
    } else {
      this.#fault('E_NLARP_NO_ANSWER', entry.frames.length);
      entry.frames = [];
      entry.state = 'held down';
      entry.dueMs = this.#nowMs + 5000;
    }
  }

  #announce(nic: string, entry: Entry): void {
    this.#speak(nic, entry);
    entry.repeatsMs = [this.#nowMs + 1000, this.#nowMs + 5000];
  }

  #speak(nic: string, entry: Entry): void {
    this.said.push(`here ${nic} ${entry.generation} ${OWN} to ${EVERYBODY}`);
  }

  #turn(pair: string): 'refused' | 'first' | 'again' {
    const sinceMs = this.#nowMs - (this.#served.get(pair) ?? -Infinity);
    if (sinceMs < 100) return 'refused';
    this.#served.set(pair, this.#nowMs);
    return sinceMs < 10_000 ? 'again' : 'first';
  }

  #count(state: Entry['state']): number {
    return [...this.entries.values()].filter((entry) => entry.state === state).length;
  }

  #entry(state: Entry['state'], place: string, generation: number): Entry {
    const nothing = { asked: 0, dueMs: 0, frames: [], arrivedMs: 0, raises: 0, repeatsMs: [], rival: undefined };
    return { state, place, generation, ...nothing };
  }

  #fault(name: string, times = 1): void {
    if (times > 0) this.faults[name] = (this.faults[name] ?? 0) + times;
  }
}
