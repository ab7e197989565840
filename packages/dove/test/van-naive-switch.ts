/**
 * VAN as its table of states says it, in maps and lists that are searched from end to end: the judge of `VanResolver`. It
 * shares no code with it, and it knows no limits but the queue's.
 */

/** What a switch says, without its transaction; sorted as text where order doesn't matter. */
export type Said = string;

/** A place that somebody claims. */
export interface Claim {
  at: string;
  generation: number;
  proxied: boolean;
}

interface Remote {
  state: 'learning' | 'learned' | 'negative';
  transaction: number;
  tries: number;
  dueMs: number;
  frames: number[];
  at: string;
  proxied: boolean;
  generation: number;
  usedMs: number;
  endsMs: number;
}

interface Grave {
  at: string;
  proxied: boolean;
  generation: number;
  untilMs: number;
}

const serial = (a: number, b: number): number => {
  const ahead = (a - b + 2 ** 32) % 2 ** 32;
  return ahead === 0 ? 0 : ahead < 2 ** 31 ? 1 : -1;
};
const after = (generation: number): number => (generation === 0xffff_ffff ? 1 : generation + 1);

export class NaiveSwitch {
  nowMs = 0;
  said: Said[] = [];
  /** The transaction of the next new question; whoever compares tells it afterwards. */
  readonly asked = new Set<string>();
  readonly remotes = new Map<string, Remote>();
  readonly locals = new Map<string, number>();
  readonly arrivedMs = new Map<string, number>();
  readonly graves = new Map<string, Grave>();
  readonly peers = new Map<string, string[]>();
  readonly served: { what: string; atMs: number }[] = [];

  readonly own: string;
  readonly members: readonly string[];

  constructor(own: string, members: readonly string[]) {
    this.own = own;
    this.members = members;
  }

  frame(mac: string, payload: number): string {
    const remote = this.remotes.get(mac);
    if (remote?.state === 'learned') {
      remote.usedMs = this.nowMs;
      return remote.at;
    }
    if (remote?.state === 'learning') {
      remote.frames.push(payload);
      if (remote.frames.length > 8) remote.frames.shift();
    }
    if (remote === undefined) {
      const fresh = {
        transaction: 0,
        tries: 1,
        dueMs: this.nowMs + 100,
        frames: [payload],
        at: '',
        proxied: false,
        generation: 0,
      };
      this.remotes.set(mac, { ...fresh, state: 'learning', usedMs: 0, endsMs: Infinity });
      this.asked.add(mac);
      this.#ask(mac, this.members);
    }
    return 'pending';
  }

  reply(mac: string, transaction: number, place: Claim, lifetimeS: number): string | undefined {
    const { at: from, generation, proxied } = place;
    const local = this.locals.get(mac);
    if (local !== undefined) {
      if (transaction !== 0) return 'E_VAN_UNSOLICITED';
      if (serial(generation, local) > 0) {
        if (this.nowMs - this.arrivedMs.get(mac)! >= 1000) {
          this.depart(mac, from, generation, proxied);
          return undefined;
        }
        if (!this.#mayServe(`unlearn ${mac} ${this.own}`, 100)) return 'E_VAN_RATE';
        this.locals.set(mac, after(generation));
        this.#announce(mac);
        return 'E_VAN_STALE';
      }
      return this.#teach(mac, place, { at: this.own, generation: local, proxied: false });
    }
    const grave = this.graves.get(mac);
    const follows = grave !== undefined && serial(generation, grave.generation) > 0;
    if (follows) Object.assign(grave, { at: from, generation, proxied });
    const remote = this.remotes.get(mac);
    if (remote === undefined) {
      if (transaction !== 0) return 'E_VAN_UNSOLICITED';
      if (grave === undefined || follows) return undefined;
      return this.#teach(mac, place, grave);
    }
    if (transaction !== 0 && transaction !== remote.transaction) return 'E_VAN_UNSOLICITED';
    if (remote.state === 'learned') {
      const order = serial(generation, remote.generation);
      const renews = order === 0 && (from === remote.at || (remote.proxied && !proxied));
      if (order <= 0 && !renews) {
        return transaction === 0 ? this.#teach(mac, place, remote) : 'E_VAN_STALE';
      }
    } else {
      remote.usedMs = this.nowMs;
    }
    for (const payload of remote.frames) this.said.push(`${from} frame ${payload}`);
    const endsMs = lifetimeS === 0 ? Infinity : this.nowMs + lifetimeS * 1000;
    Object.assign(remote, { state: 'learned', at: from, proxied, generation, endsMs, frames: [] });
    return undefined;
  }

  unlearn(mac: string, from: string, hint: string | undefined, generation: number): string | undefined {
    const local = this.locals.get(mac);
    if (local !== undefined) {
      if (hint !== this.own) return 'E_VAN_NOT_OWNER';
      if (serial(generation, local) <= 0) return 'E_VAN_STALE';
      if (!this.#mayServe(`unlearn ${mac} ${this.own}`, 100)) return 'E_VAN_RATE';
      this.locals.set(mac, generation);
      this.#announce(mac);
      return undefined;
    }
    const remote = this.remotes.get(mac);
    if (remote?.state !== 'learned' || remote.at !== from) return 'E_VAN_NOT_OWNER';
    if (hint === undefined || hint === this.own) {
      const counts = hint === undefined && generation !== 0;
      if (counts && serial(remote.generation, generation) > 0) return 'E_VAN_STALE';
      this.remotes.delete(mac);
      return undefined;
    }
    if (serial(generation, remote.generation) <= 0) return 'E_VAN_STALE';
    Object.assign(remote, { at: hint, generation, proxied: false, endsMs: Math.min(remote.endsMs, this.nowMs + 1500) });
    this.asked.add(mac);
    this.#ask(mac, [hint]);
    return undefined;
  }

  request(mac: string, from: string): string | undefined {
    const local = this.locals.get(mac);
    if (local === undefined) return undefined;
    if (!this.#mayServe(`answer ${mac} ${from}`, 50)) return 'E_VAN_RATE';
    this.#notePeer(mac, from);
    this.said.push(`${from} reply ${mac} ${this.own} ${local}`);
    return undefined;
  }

  arrive(mac: string): void {
    if (this.locals.has(mac)) return;
    const remote = this.remotes.get(mac);
    const known = [remote?.state === 'learned' ? remote.generation : 0, this.graves.get(mac)?.generation ?? 0];
    const [a, b] = known.filter((generation) => generation !== 0);
    const latest = b === undefined ? (a ?? 0) : serial(b, a!) > 0 ? b : a!;
    this.remotes.delete(mac);
    this.graves.delete(mac);
    this.locals.set(mac, after(latest));
    this.arrivedMs.set(mac, this.nowMs);
    this.#announce(mac);
  }

  depart(mac: string, to: string | undefined, generation = after(this.locals.get(mac) ?? 0), proxied = false): void {
    const local = this.locals.get(mac);
    if (local === undefined) return;
    this.locals.delete(mac);
    const grave = {
      at: to ?? '',
      generation: to === undefined ? local : generation,
      proxied,
      untilMs: this.nowMs + 300_000,
    };
    this.graves.set(mac, grave);
    for (const peer of this.peers.get(mac) ?? []) this.#unlearnTo(peer, mac, grave.at, grave.generation);
    this.peers.delete(mac);
  }

  misdelivered(mac: string, from: string): void {
    if (this.locals.has(mac)) this.depart(mac, undefined);
    const before = this.served.filter(({ what }) => what === `unlearn ${mac} ${from}`).at(-1);
    if (!this.#mayServe(`unlearn ${mac} ${from}`, 100)) return;
    const isFirst = before === undefined || this.nowMs - before.atMs >= 10_000;
    const grave = isFirst ? this.graves.get(mac) : undefined;
    if (grave === undefined || grave.at === '') this.#unlearnTo(from, mac, '', 0);
    else this.#unlearnTo(from, mac, grave.at, grave.generation);
  }

  /** Time passes, one due thing after another. */
  wait(ms: number): void {
    const until = this.nowMs + ms;
    for (;;) {
      const due = [...this.remotes].map(([mac, remote]) => ({ mac, dueMs: dueOf(remote) }));
      const next = due.sort((a, b) => a.dueMs - b.dueMs)[0];
      if (next === undefined || next.dueMs > until) break;
      this.nowMs = Math.max(this.nowMs, next.dueMs);
      this.#onDue(next.mac);
    }
    this.nowMs = until;
    for (const [mac, { untilMs }] of this.graves) if (untilMs <= until) this.graves.delete(mac);
  }

  #onDue(mac: string): void {
    const remote = this.remotes.get(mac)!;
    if (remote.state !== 'learning') {
      this.remotes.delete(mac);
    } else if (remote.tries < 4) {
      remote.dueMs = this.nowMs + 100 * 2 ** remote.tries++;
      this.#ask(mac, this.members);
    } else {
      Object.assign(remote, { state: 'negative', dueMs: this.nowMs + 2000, frames: [] });
    }
  }

  #ask(mac: string, whom: readonly string[]): void {
    for (const to of whom) this.said.push(`${to} request ${mac}`);
  }

  #announce(mac: string): void {
    for (const to of this.members) this.said.push(`${to} reply ${mac} ${this.own} ${this.locals.get(mac)!}`);
  }

  #unlearnTo(to: string, mac: string, hint: string, generation: number): void {
    this.said.push(`${to} unlearn ${mac} ${hint || 'nowhere'} ${generation}`);
  }

  #teach(mac: string, { at: claimer, generation: claimed, proxied }: Claim, { at: knownAt, ...other }: Claim): string {
    const known = other.generation;
    const isOne = knownAt === claimer || (proxied && other.proxied);
    if (isOne && known === claimed) return 'E_VAN_STALE';
    if (!this.#mayServe(`unlearn ${mac} ${claimer}`, 100)) return 'E_VAN_STALE';
    this.#unlearnTo(claimer, mac, claimer, knownAt === claimer ? known : after(known));
    return 'E_VAN_STALE';
  }

  #notePeer(mac: string, from: string): void {
    this.peers.set(mac, [from, ...(this.peers.get(mac) ?? []).filter((peer) => peer !== from)]);
  }

  #mayServe(what: string, everyMs: number): boolean {
    if (this.served.some((one) => one.what === what && this.nowMs - one.atMs < everyMs)) return false;
    this.served.push({ what, atMs: this.nowMs });
    return true;
  }
}

function dueOf({ state, dueMs, usedMs, endsMs }: Remote): number {
  return state === 'learned' ? Math.min(endsMs, usedMs + 300_000) : dueMs;
}
