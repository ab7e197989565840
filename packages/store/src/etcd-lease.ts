import type { Lease } from './backend.js';
import { StoreError } from './errors.js';
import type { EtcdConnection } from './etcd-connection.js';
import { isLeaseNotFound } from './etcd-errors.js';
import type { LeaseMessage } from './etcd-messages.js';

/** How many renewals a lease's time holds. */
const RENEWALS = 3;

/** A lease of etcd with its renewals. */
export class EtcdLease implements Lease {
  readonly id: bigint;
  readonly ttlSeconds: number;
  readonly #connection: EtcdConnection;
  readonly #lost = new AbortController();
  readonly #timer: NodeJS.Timeout;
  #renewing = false;
  /** Until then, by the monotonic clock, the lease lives for certain. */
  #livesUntilMs: number;

  private constructor(connection: EtcdConnection, id: bigint, ttlSeconds: number, sentMs: number) {
    this.id = id;
    this.ttlSeconds = ttlSeconds;
    this.#connection = connection;
    this.#livesUntilMs = sentMs + ttlSeconds * 1000;
    this.#timer = setInterval(() => this.#tick(), (ttlSeconds * 1000) / RENEWALS).unref();
  }

  /** Asks for a lease. */
  static async grant(connection: EtcdConnection, ttlSeconds: number): Promise<EtcdLease> {
    const sentMs = performance.now();
    // If the answer is lost, so is the lease, which then ends by itself.
    const { id, ttl } = await connection.call(connection.methods.leaseGrant, { ttl: ttlSeconds }, 'harmless');
    return new EtcdLease(connection, BigInt(id), Number(ttl), sentMs);
  }

  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  async revoke(): Promise<void> {
    if (this.lost.aborted) return;
    clearInterval(this.#timer);
    try {
      await this.#connection.call(this.#connection.methods.leaseRevoke, { id: String(this.id) }, 'harmless');
    } catch (error) {
      if (!(StoreError.is(error) && error.code === 'E_STORE_LEASE_NOT_FOUND')) throw error;
    } finally {
      this.lose();
    }
  }

  /** Says that it has ended, or may have. */
  lose(): void {
    clearInterval(this.#timer);
    this.#lost.abort();
  }

  #tick(): void {
    if (performance.now() >= this.#livesUntilMs) this.lose();
    else if (!this.#renewing) void this.#renew();
  }

  async #renew(): Promise<void> {
    this.#renewing = true;
    const sentMs = performance.now();
    try {
      const { ttl } = await this.#keepAliveOnce();
      if (ttl === '0') this.lose();
      else this.#livesUntilMs = sentMs + Number(ttl) * 1000;
    } catch (error) {
      if (isLeaseNotFound(error)) this.lose();
    } finally {
      this.#renewing = false;
    }
  }

  async #keepAliveOnce(): Promise<LeaseMessage> {
    const stream = await this.#connection.stream(this.#connection.methods.leaseKeepAlive);
    // A member that does not answer must not hold up the next attempt, which goes to another one.
    const timer = setTimeout(() => stream.cancel(), (this.ttlSeconds * 1000) / RENEWALS).unref();
    try {
      stream.write({ id: String(this.id) });
      for await (const answer of stream as AsyncIterable<LeaseMessage>) return answer;
      throw new Error('etcd ended the stream of renewals');
    } finally {
      clearTimeout(timer);
      stream.cancel();
    }
  }
}
