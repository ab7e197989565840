import { ClientCore, type ClientEvent, deriveHostKey, parseAddress } from '@overlane/directory';
import type { Peer } from '../../src/server/options.js';
import { MASTER, type Sent, type World, hmac } from './world.js';

/** What the network does to each datagram. */
export interface NetworkFaults {
  lose: number;
  repeat: number;
  delayMaxMs: number;
}

const KEY_EPOCH = 3;
const CONTROL_PORT = 7462;
const FIRST_PORT = 5000;
/** Clients that datagrams have woken may have new timers. */
const STEP_MAX_MS = 10;

/** Hosts with clients, joined to the servers of a world by a network with faults. */
export class HostNetwork {
  readonly faults: NetworkFaults = { lose: 0, repeat: 0, delayMaxMs: 1 };
  /** Events of clients that are not about sending, in their order. */
  readonly events: (ClientEvent & { readonly host: number })[] = [];
  readonly #world: World;
  readonly #clients = new Map<number, ClientCore>();
  readonly #cut = new Set<string>();

  constructor(world: World) {
    this.#world = world;
    const direct = world.deliver;
    world.deliver = (sent) => {
      const host = this.#hostAt(sent.to);
      if (host === undefined) direct(sent);
      else this.#travel(`${sent.from}>${host}`, () => this.#arrive(host, sent));
    };
  }

  /** A host with id `id` at 192.0.2.`id`. */
  add(id: number): ClientCore {
    const { random, clock, servers } = this.#world;
    const key = deriveHostKey(hmac, MASTER, id);
    const client = new ClientCore({
      servers: servers.length,
      auth: { mode: 'mutual', hostId: id, keyEpoch: KEY_EPOCH, key, hmac },
      random32: random,
      unixSeconds: () => clock.unixS(),
    });
    this.#clients.set(id, client);
    return client;
  }

  /** Lets nothing pass between a server and a host, in either direction. */
  partition(server: number, host: number): void {
    this.#cut.add(`${server}>${host}`).add(`${host}>${server}`);
  }

  /** Heals all partitions, and the faults. */
  heal(): void {
    this.#cut.clear();
    Object.assign(this.faults, { lose: 0, repeat: 0 });
  }

  /** Lets `ms` pass, with the clients' timers. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#world.clock.monotonicMs() + ms;
    while (this.#world.clock.monotonicMs() < untilMs) {
      for (const id of this.#clients.keys()) this.carryOut(id);
      const nowMs = this.#world.clock.monotonicMs();
      const timersMs = [...this.#clients.values()].map(({ nextTimerMs }) => nextTimerMs);
      const stepMs = Math.min(STEP_MAX_MS, Math.max(0.5, Math.min(...timersMs) - nowMs));
      await this.#world.clock.advance(Math.min(stepMs, untilMs - nowMs));
    }
  }

  /** Does what a client wants done. */
  carryOut(id: number, acknowledgeTo?: number): void {
    const client = this.#clients.get(id)!;
    const nowMs = this.#world.clock.monotonicMs();
    if (client.nextTimerMs <= nowMs) client.tick(nowMs);
    client.flush(nowMs);
    for (const event of client.takeEvents()) {
      if (event.type === 'send') this.#toServer(id, event.server, event.datagram, FIRST_PORT + event.server);
      else if (event.type === 'acknowledge') {
        if (acknowledgeTo !== undefined) this.#toServer(id, acknowledgeTo, event.datagram, CONTROL_PORT);
      } else this.events.push({ ...event, host: id });
    }
  }

  #toServer(id: number, server: number, datagram: Uint8Array, port: number): void {
    this.#travel(`${id}>${server}`, () => this.#world.give(server, datagram, { address: `192.0.2.${id}`, port }));
  }

  #arrive(id: number, { to, bytes, from }: Sent): void {
    const client = this.#clients.get(id)!;
    const nowMs = this.#world.clock.monotonicMs();
    if (to.port === CONTROL_PORT) client.receiveControl(bytes, nowMs);
    else client.receive(to.port - FIRST_PORT, bytes, nowMs);
    this.carryOut(id, from);
  }

  #travel(path: string, arrive: () => void): void {
    const { clock, random } = this.#world;
    const chance = (): number => random() / 2 ** 32;
    if (this.#cut.has(path)) return;
    for (let copies = chance() < this.faults.repeat ? 2 : 1; copies > 0; copies--) {
      if (chance() >= this.faults.lose) clock.setTimer(chance() * this.faults.delayMaxMs, arrive);
    }
  }

  #hostAt({ address, port }: Peer): number | undefined {
    const id = Number(/^192\.0\.2\.(\d+)$/.exec(address)?.[1]);
    return this.#clients.has(id) && (port === CONTROL_PORT || port >= FIRST_PORT) ? id : undefined;
  }
}

/** The locator of a host. */
export function locatorOf(id: number): { kind: number; addr: Uint8Array; encap: number; port: number; label: number } {
  return { ...parseAddress(`192.0.2.${id}`), encap: 2, port: 0, label: 0 };
}
