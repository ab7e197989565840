/** What a client knows about its servers: how fast they answer, whether they do, and what they have proved. */

const RTO_MIN_MS = 5;
const RTO_MAX_MS = 250;
/** Until a server has answered once. Choice: a quarter of the default deadline. */
const RTO_FIRST_MS = 25;
const FAILURES_MAX = 3;
const PROBE_FIRST_MS = 1000;
const PROBE_MAX_MS = 30_000;

/** One server. */
export class ServerState {
  /** Its number. */
  readonly index: number;
  /** False after three timeouts in a row, until it answers again. */
  healthy = true;
  /** Cookie to repeat, 16 octets, once it asked for one. */
  cookie: Uint8Array | undefined;
  /** When to probe it, in ms; only while it isn't healthy. */
  probeAtMs = Infinity;
  #probeAfterMs = PROBE_FIRST_MS;
  #failures = 0;
  #lastTimeoutMs = -Infinity;
  #srttMs = -1;
  #rttvarMs = 0;

  /** A server that nothing is known about, and that is therefore trusted. */
  constructor(index: number) {
    this.index = index;
  }

  /** How long to wait for it, in ms: 5..250 (RFC 6298 §2, with the clamp of a data centre). */
  get rtoMs(): number {
    if (this.#srttMs < 0) return RTO_FIRST_MS;
    return Math.min(RTO_MAX_MS, Math.max(RTO_MIN_MS, this.#srttMs + 4 * this.#rttvarMs));
  }

  /** It answered after `rttMs`. */
  answered(rttMs: number): void {
    this.healthy = true;
    this.#failures = 0;
    this.#probeAfterMs = PROBE_FIRST_MS;
    this.probeAtMs = Infinity;
    if (this.#srttMs < 0) {
      this.#srttMs = rttMs;
      this.#rttvarMs = rttMs / 2;
    } else {
      this.#rttvarMs += (Math.abs(this.#srttMs - rttMs) - this.#rttvarMs) / 4;
      this.#srttMs += (rttMs - this.#srttMs) / 8;
    }
  }

  /**
   * It did not answer in time what was sent at `sentMs`. Datagrams sent before the last timeout tell nothing new: a burst
   * that is lost as a whole counts once.
   */
  timedOut(sentMs: number, nowMs: number): void {
    if (sentMs < this.#lastTimeoutMs) return;
    this.#lastTimeoutMs = nowMs;
    if (++this.#failures < FAILURES_MAX || !this.healthy) return;
    this.healthy = false;
    this.probeAtMs = nowMs + this.#probeAfterMs;
  }

  /** A probe was sent; the next one comes after twice the time, at most 30 s. */
  probed(nowMs: number): void {
    this.#probeAfterMs = Math.min(this.#probeAfterMs * 2, PROBE_MAX_MS);
    this.probeAtMs = nowMs + this.#probeAfterMs;
  }
}

/** All servers. */
export class ServerPool {
  /** The servers by number. */
  readonly servers: readonly ServerState[];
  readonly #random32: () => number;

  /** `count` servers. */
  constructor(count: number, random32: () => number) {
    this.servers = Array.from({ length: count }, (_, index) => new ServerState(index));
    this.#random32 = random32;
  }

  /** True if at least one server is healthy. */
  get hasHealthy(): boolean {
    return this.servers.some(({ healthy }) => healthy);
  }

  /**
   * Up to `k` distinct servers at random: healthy ones that are not in `avoid` first, then other healthy ones. Only if none
   * is healthy are the others asked: somebody has to find out that they are back.
   */
  pick(k: number, avoid: ReadonlySet<number>): ServerState[] {
    const healthy = this.servers.filter((server) => server.healthy);
    const candidates = healthy.length > 0 ? healthy : this.servers;
    const fresh = this.#shuffle(candidates.filter(({ index }) => !avoid.has(index)));
    if (fresh.length >= k) return fresh.slice(0, k);
    return [...fresh, ...this.#shuffle(candidates.filter(({ index }) => avoid.has(index)))].slice(0, k);
  }

  #shuffle(servers: ServerState[]): ServerState[] {
    for (let i = servers.length - 1; i > 0; i--) {
      const j = Math.floor((this.#random32() * (i + 1)) / 2 ** 32);
      [servers[i], servers[j]] = [servers[j]!, servers[i]!];
    }
    return servers;
  }
}
