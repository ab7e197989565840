import type { Client, ClientDuplexStream, Metadata, MethodDefinition, ServiceError } from '@grpc/grpc-js';
import { setTimeout as sleep } from 'node:timers/promises';
import { isRefused, isWorthRetrying, storeErrorOf } from './etcd-errors.js';
import { type Endpoint, type EtcdTls, credentialsFor } from './etcd-endpoints.js';
import { type EtcdMethods, methodsOf } from './etcd-messages.js';
import { ETCD_PROTOCOL } from './etcd-protocol.js';
import { StoreError, StoreUnavailableError } from './errors.js';

const READY = 2;
const RETRY_MS = 25;
/** etcd takes pings closer than 5 s for an attack. */
const KEEPALIVE_MS = 6000;

const CHANNEL_OPTIONS = {
  'grpc.keepalive_time_ms': KEEPALIVE_MS,
  'grpc.keepalive_timeout_ms': 5000,
  'grpc.initial_reconnect_backoff_ms': 50,
  'grpc.min_reconnect_backoff_ms': 50,
  'grpc.max_reconnect_backoff_ms': 1000,
  'grpc.max_receive_message_length': -1,
  'grpc.enable_http_proxy': 0,
  'grpc.use_local_subchannel_pool': 1,
} as const;

/** Whether a request may be sent again after a failure that leaves its fate open. */
export type Repetition = 'harmless' | 'harmful';

/** Channels to the members of a cluster, one of which is in use at a time; the next one when it fails. */
export class EtcdConnection {
  readonly methods: EtcdMethods;
  /** Names of the endpoints, for messages. */
  readonly subject: string;
  /** Aborted by `close`. */
  readonly closed: AbortSignal;
  readonly #closing = new AbortController();
  readonly #clients: readonly Client[];
  readonly #metadata: Metadata;
  readonly #timeoutMs: number;
  #current = 0;

  private constructor(
    subject: string,
    clients: readonly Client[],
    metadata: Metadata,
    methods: EtcdMethods,
    timeoutMs: number,
  ) {
    this.subject = subject;
    this.closed = this.#closing.signal;
    this.methods = methods;
    this.#clients = clients;
    this.#metadata = metadata;
    this.#timeoutMs = timeoutMs;
  }

  /** Prepares channels; nothing is sent yet. `timeoutMs` bounds each call, with its repetitions. */
  static async open(endpoints: readonly Endpoint[], tls: EtcdTls, timeoutMs: number): Promise<EtcdConnection> {
    const [grpc, { fromJSON }] = await Promise.all([import('@grpc/grpc-js'), import('@grpc/proto-loader')]);
    const methods = methodsOf(fromJSON(ETCD_PROTOCOL, { longs: String, defaults: true, keepCase: true }));
    const metadata = new grpc.Metadata();
    // A member that has lost its quorum then refuses at once instead of keeping us waiting.
    metadata.set('hasleader', 'true');
    const clients = endpoints.map((endpoint) => {
      const credentials = credentialsFor(endpoint, tls, grpc.credentials);
      return new grpc.Client(endpoint.address, credentials, CHANNEL_OPTIONS);
    });
    const subject = endpoints.map(({ name }) => name).join(',');
    return new EtcdConnection(subject, clients, metadata, methods, timeoutMs);
  }

  /** One request, one answer. @throws StoreError */
  async call<Q, A>(method: MethodDefinition<Q, A>, request: Q, repetition: Repetition): Promise<A> {
    const deadline = Date.now() + this.#timeoutMs;
    for (;;) {
      const index = await this.#connected(deadline);
      try {
        // Half of the time is left to another member, if this one just hangs.
        const share = repetition === 'harmless' ? Date.now() + (deadline - Date.now()) / 2 : deadline;
        return await this.#unary(this.#clients[index]!, method, request, share);
      } catch (error) {
        this.#leave(index);
        const again = isWorthRetrying(error) && (repetition === 'harmless' || isRefused(error));
        if (!again || Date.now() + RETRY_MS >= deadline || this.closed.aborted) {
          throw this.#failure(error, repetition === 'harmless' ? 'notApplied' : 'unknown');
        }
        await sleep(RETRY_MS);
      }
    }
  }

  /** A stream both ways to a member that answers. Its errors are gRPC's. @throws StoreError if there is none */
  async stream<Q, A>(method: MethodDefinition<Q, A>): Promise<ClientDuplexStream<Q, A>> {
    const index = await this.#connected(Date.now() + this.#timeoutMs);
    const { path, requestSerialize, responseDeserialize } = method;
    const stream = this.#clients[index]!.makeBidiStreamRequest(
      path,
      requestSerialize,
      responseDeserialize,
      this.#metadata,
    );
    stream.on('error', () => this.#leave(index));
    return stream;
  }

  /** Closes the channels; what is under way fails. */
  close(): void {
    this.#closing.abort();
    for (const client of this.#clients) client.close();
  }

  async #unary<Q, A>(client: Client, method: MethodDefinition<Q, A>, request: Q, deadline: number): Promise<A> {
    const { path, requestSerialize, responseDeserialize } = method;
    return new Promise<A>((resolve, reject) => {
      const answer = (error: ServiceError | null, value?: A): void =>
        error === null ? resolve(value!) : reject(error);
      client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        request,
        this.#metadata,
        { deadline },
        answer,
      );
    });
  }

  /** The member in use, or if it is not connected the first that is. */
  async #connected(deadline: number): Promise<number> {
    if (this.closed.aborted) throw new StoreError('E_STORE_CLOSED', this.subject, 'the store is closed');
    const current = this.#clients[this.#current]!;
    if (current.getChannel().getConnectivityState(true) === READY) return this.#current;
    try {
      this.#current = await Promise.any(this.#clients.map(async (client, index) => ready(client, index, deadline)));
    } catch (cause) {
      throw this.#failure(cause, 'notApplied');
    }
    return this.#current;
  }

  #leave(index: number): void {
    if (this.#current === index) this.#current = (index + 1) % this.#clients.length;
  }

  #failure(error: unknown, outcome: 'notApplied' | 'unknown'): StoreError {
    if (this.closed.aborted) return new StoreError('E_STORE_CLOSED', this.subject, 'the store is closed');
    if (error instanceof AggregateError) {
      const fact =
        'no endpoint can be reached; is etcd running, and do address, scheme (https or http) and certificates fit?';
      return new StoreUnavailableError(this.subject, fact, 'notApplied', { cause: error });
    }
    return storeErrorOf(this.subject, error, outcome);
  }
}

async function ready(client: Client, index: number, deadline: number): Promise<number> {
  return new Promise((resolve, reject) => {
    client.waitForReady(deadline, (error) => (error === undefined ? resolve(index) : reject(error)));
  });
}
