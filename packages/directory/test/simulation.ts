/**
 * A network that loses, doubles and reorders, and servers that lag behind a store, written as plainly as possible and without
 * the code under test but its codec. For the tests of the client.
 */
import {
  type Answer,
  CODE,
  type ClientEvent,
  ClientCore,
  type ClientOptions,
  FLAG,
  type Hmac,
  type Lookup,
  type MappingKey,
  type Message,
  TYPE,
  formatKey,
  makeKeyId,
  message,
  seal,
  verify,
} from '../src/index.js';

/** Random numbers of a seed (mulberry32), 0..2^32-1. */
export function randomOf(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
}

interface Write {
  readonly name: string;
  readonly place: number | undefined;
}

/** What the store held: one write per revision. */
export class NaiveStore {
  epoch = 1;
  /** Writes by epoch; the revision of one is its place plus 1. `place` undefined is a delete. */
  readonly #epochs = new Map<number, Write[]>([[1, []]]);

  get writes(): readonly Write[] {
    return this.#epochs.get(this.epoch)!;
  }

  /** All that ever was written: the writes of each epoch. */
  get history(): ReadonlyMap<number, readonly Write[]> {
    return this.#epochs;
  }

  put(key: MappingKey, place: number | undefined): number {
    return this.#epochs.get(this.epoch)!.push({ name: formatKey(key), place });
  }

  /** Goes back to a backup with the first of its writes. */
  restore(kept: number): void {
    const { writes } = this;
    this.#epochs.set(++this.epoch, writes.slice(0, kept));
  }

  /** What the key was at a revision: its place, and the version that said so. */
  at(key: MappingKey, revision: number, epoch = this.epoch): { place: number | undefined; version: number } {
    const name = formatKey(key);
    const writes = this.#epochs.get(epoch)!;
    for (let i = revision; i > 0; i--) {
      const write = writes[i - 1]!;
      if (write.name === name) return { place: write.place, version: i };
    }
    return { place: undefined, version: 0 };
  }
}

const locatorOf = (place: number) => ({ kind: 1, encap: 2, port: 4789, label: 0, addr: addressOf(place) });

/** The address of a place: 172.16.0.0 and so many. */
export function addressOf(place: number): Uint8Array {
  const addr = new Uint8Array(16);
  addr.set([172, 16, place >>> 8, place & 255], 12);
  return addr;
}

/** The place that a mapping says. */
export function placeOf(mapping: { locators: readonly { addr: Uint8Array }[] }): number {
  const { addr } = mapping.locators[0]!;
  return addr[14]! * 256 + addr[15]!;
}

/** A server that knows the store up to some revision. */
export class NaiveServer {
  revision = 0;
  epoch = 1;
  alive = true;
  syncing = false;
  /** False after a restart: deletes from before are forgotten. */
  tombstones = true;
  updatesTaken = 0;

  readonly store: NaiveStore;

  constructor(store: NaiveStore) {
    this.store = store;
  }

  /** Follows the store a bit, or all the way. */
  follow(steps: number): void {
    if (this.epoch < this.store.epoch) this.revision = 0;
    this.epoch = this.store.epoch;
    this.revision = Math.min(this.store.writes.length, this.revision + steps);
  }

  answer(request: Message, nowSeconds: number): Message | undefined {
    const envelope = {
      txidHi: request.txidHi,
      txidLo: request.txidLo,
      keyId: request.keyId,
      time: nowSeconds,
      tag: request.tag,
    };
    const stamp = { epoch: this.epoch, revision: this.revision };
    const flags = this.syncing ? FLAG.SYNCING : 0;
    const reply = { ...envelope, flags, code: CODE.OK };
    if (request.type === TYPE.PING) return { type: TYPE.PONG, ...reply, state: { stamp, lagMs: 0, loadPermille: 0 } };
    if (request.type === TYPE.UPDATE) {
      this.updatesTaken++;
      const results = request.changes.map((change) => ({
        code: CODE.OK,
        version: this.store.put(change.key, change.locators[0]?.addr[15]),
      }));
      return {
        type: TYPE.UPDATE_REPLY,
        ...reply,
        stamp: { epoch: this.store.epoch, revision: this.store.writes.length },
        results,
      };
    }
    if (request.type !== TYPE.LOOKUP) return undefined;
    return { type: TYPE.LOOKUP_REPLY, ...reply, stamp, answers: this.answers(request) };
  }

  answers(request: Lookup): Answer[] {
    return request.questions.flatMap(({ key, knownVersion }): Answer[] => {
      const { place, version } = this.store.at(key, this.revision, this.epoch);
      const none = { key, version, ttl: 0, mac: new Uint8Array(6), flags: 0, locators: [] };
      if (place === undefined) {
        return this.syncing ? [] : [{ ...none, code: CODE.NOT_FOUND, version: this.tombstones ? version : 0 }];
      }
      if (version === knownVersion) return [{ ...none, code: CODE.NOT_MODIFIED, ttl: 2 }];
      return [{ ...none, code: CODE.OK, ttl: 2, locators: [locatorOf(place)] }];
    });
  }
}

/** How bad the network is. All in permille, but for the delay. */
export interface Weather {
  readonly loss: number;
  readonly doubling: number;
  readonly damage: number;
  readonly delayMaxMs: number;
}

/** Good weather. */
export const CALM: Weather = { loss: 0, doubling: 0, damage: 0, delayMaxMs: 2 };

interface Delivery {
  readonly atMs: number;
  readonly run: () => void;
}

/** Keys of the simulation. */
export interface SimulationKeys {
  readonly hmac: Hmac;
  readonly key: Uint8Array;
}

/** One client and its servers, in virtual time. */
export class Simulation {
  nowMs = 1_000_000;
  weather = CALM;
  readonly store = new NaiveStore();
  readonly servers: NaiveServer[];
  readonly client: ClientCore;
  readonly events: ClientEvent[] = [];
  /** All datagrams that went either way, for replays. */
  readonly heard: Uint8Array[] = [];
  readonly sent: number[] = [];
  onEvent: (event: ClientEvent) => void = () => undefined;
  readonly #random: () => number;
  readonly #keys: SimulationKeys | undefined;
  #deliveries: Delivery[] = [];

  constructor(seed: number, options: Partial<ClientOptions> = {}, keys?: SimulationKeys) {
    this.#random = randomOf(seed);
    this.#keys = keys;
    const servers = options.servers ?? 3;
    this.servers = Array.from({ length: servers }, () => new NaiveServer(this.store));
    this.sent = this.servers.map(() => 0);
    this.client = new ClientCore({
      servers,
      random32: randomOf(seed ^ 0x5bd1_e995),
      unixSeconds: () => this.nowMs / 1000,
      ...(keys === undefined ? {} : { auth: { mode: 'mutual', hostId: 17, keyEpoch: 1, ...keys } }),
      ...options,
    });
  }

  /** Collects events, and carries what is to be sent. Call after each call to the client. */
  pump(): void {
    this.client.flush(this.nowMs);
    for (const event of this.client.takeEvents()) {
      this.events.push(event);
      if (event.type === 'send') this.#toServer(event.server, event.datagram);
      this.onEvent(event);
    }
  }

  /** Lets time pass, with all that happens in it. */
  run(ms: number): void {
    const untilMs = this.nowMs + ms;
    for (;;) {
      this.#deliveries.sort((a, b) => a.atMs - b.atMs);
      const nextMs = Math.min(this.#deliveries[0]?.atMs ?? Infinity, Math.max(this.nowMs, this.client.nextTimerMs));
      if (nextMs > untilMs) break;
      this.nowMs = nextMs;
      if (this.#deliveries[0] !== undefined && this.#deliveries[0].atMs <= nextMs) this.#deliveries.shift()!.run();
      else this.client.tick(this.nowMs);
      this.pump();
    }
    this.nowMs = untilMs;
  }

  /** Sends the client a message as a server would. */
  deliver(server: number, value: Message): void {
    this.client.receive(server, this.#seal(value), this.nowMs);
    this.pump();
  }

  /** Seals a message as a server would. */
  seal(value: Message): Uint8Array {
    return this.#seal(value);
  }

  #toServer(server: number, datagram: Uint8Array): void {
    this.sent[server]!++;
    this.#carry(datagram, (received) => {
      const state = this.servers[server]!;
      if (!state.alive || message.check(received) !== undefined) return;
      if (this.#keys !== undefined && !verify(this.#keys.hmac, this.#keys.key, 'toServer', received)) return;
      const reply = state.answer(message.decode(received), Math.floor(this.nowMs / 1000));
      if (reply === undefined) return;
      this.#carry(this.#seal(reply), (back) => this.client.receive(server, back, this.nowMs));
    });
  }

  #seal(value: Message): Uint8Array {
    if (this.#keys === undefined) return message.encode({ ...value, keyId: 0, tag: undefined });
    const datagram = message.encode({ ...value, keyId: makeKeyId(1, 17), tag: message.UNSEALED });
    seal(this.#keys.hmac, this.#keys.key, 'toClient', datagram);
    return datagram;
  }

  #carry(datagram: Uint8Array, take: (datagram: Uint8Array) => void): void {
    this.heard.push(datagram);
    const { loss, doubling, damage, delayMaxMs } = this.weather;
    const chance = (permille: number): boolean => this.#random() % 1000 < permille;
    const copies = (chance(loss) ? 0 : 1) + (chance(doubling) ? 1 : 0);
    for (let i = 0; i < copies; i++) {
      const received = datagram.slice();
      if (chance(damage)) received[this.#random() % received.length]! ^= 1 << (this.#random() & 7);
      const delayMs = 0.1 + (this.#random() / 2 ** 32) * delayMaxMs;
      this.#deliveries.push({ atMs: this.nowMs + delayMs, run: () => take(received) });
    }
  }
}
