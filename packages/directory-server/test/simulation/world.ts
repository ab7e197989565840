import {
  type AuthMode,
  type Change,
  FLAG,
  KeyRing,
  type Message,
  OPERATION,
  TYPE,
  answer,
  header,
  makeKeyId,
  message,
  parseAddress,
  parseKey,
  seal,
} from '@overlane/directory';
import { createHmac } from 'node:crypto';
import type { PolicyRules } from '../../src/admit/policy.js';
import { MAPPING_PREFIX } from '../../src/follow/store-layout.js';
import { LookupServer } from '../../src/server/lookup-server.js';
import { type Peer, SERVER_SETTINGS, type ServerEvent, type ServerSettings } from '../../src/server/options.js';
import { VirtualClock, randomFrom } from './clock.js';
import { type SimulatedConnection, SimulatedStore, nameOf } from './store.js';

/** HMAC-SHA256. */
export const hmac = (key: Uint8Array, first: Uint8Array, rest: Uint8Array): Uint8Array =>
  createHmac('sha256', key).update(first).update(rest).digest();

export const MASTER = new Uint8Array(32).fill(7);
const KEY_EPOCH = 3;
export const keys = new KeyRing({ hmac, masters: new Map([[KEY_EPOCH, MASTER]]) });

/** A datagram that a server has sent. */
export interface Sent {
  readonly from: number;
  readonly to: Peer;
  readonly bytes: Uint8Array;
}

/** How a world is made. */
export interface WorldOptions {
  readonly seed?: number;
  readonly servers?: number;
  readonly mode?: AuthMode;
  readonly policy?: PolicyRules;
  readonly settings?: Partial<ServerSettings>;
}

/** Some lookup servers on one store, in virtual time. What they send is in `sent`, or goes where `deliver` says. */
export class World {
  readonly clock = new VirtualClock();
  readonly random: () => number;
  readonly store: SimulatedStore;
  readonly servers: LookupServer[] = [];
  readonly connections: SimulatedConnection[] = [];
  readonly sent: Sent[] = [];
  readonly events: ServerEvent[] = [];
  readonly runs: Promise<void>[] = [];
  readonly mode: AuthMode;
  deliver: (sent: Sent) => void = (sent) => void this.sent.push(sent);

  constructor({ seed = 1, servers = 1, mode = 'mutual', policy = {}, settings = {} }: WorldOptions = {}) {
    this.random = randomFrom(seed);
    this.mode = mode;
    this.store = new SimulatedStore(this.clock, this.random);
    for (let i = 0; i < servers; i++) this.#addServer(i, policy, { ...SERVER_SETTINGS, ...settings });
  }

  /** Starts all servers and waits until they are ready. */
  async start(): Promise<void> {
    for (const server of this.servers) this.runs.push(server.run());
    for (let i = 0; i < 1000 && !this.servers.every(({ isReady }) => isReady); i++) await this.clock.advance(10);
    if (!this.servers.every(({ isReady }) => isReady)) throw new Error('servers are not ready');
  }

  /** Ends everything. */
  async stop(): Promise<void> {
    for (const server of this.servers) server.stop();
    for (const connection of this.connections) await connection.close();
    await this.clock.advance(10_000);
    await Promise.all(this.runs);
  }

  /** The octets of a message from a host, with its tag; `undefined` sends it without one. */
  datagram(content: DistributiveOmit<Message, 'keyId' | 'time' | 'tag'>, hostId: number | undefined): Uint8Array {
    const keyId = hostId === undefined ? 0 : makeKeyId(KEY_EPOCH, hostId);
    const tag = hostId === undefined ? undefined : message.UNSEALED;
    const bytes = message.encode({ ...content, keyId, time: this.clock.unixS(), tag } as Message);
    if (hostId !== undefined) seal(hmac, keys.keyOf(keyId)!, 'toServer', bytes);
    return bytes;
  }

  /** Gives a datagram to a server. */
  give(server: number, bytes: Uint8Array, peer: Peer = { address: '10.0.0.9', port: 5000 }): void {
    this.servers[server]!.receive(bytes, bytes.length, peer);
    this.servers[server]!.endTurn();
  }

  /** The last message sent, decoded. */
  lastReply(): Message | undefined {
    const last = this.sent.at(-1);
    return last === undefined ? undefined : message.decode(last.bytes);
  }

  /** Mappings of the store by the name of their key: value and version. */
  truth(): Map<string, string> {
    const prefix = nameOf(MAPPING_PREFIX);
    const mappings = [...this.store.items].filter(([name]) => name.startsWith(prefix));
    return new Map(
      mappings.map(([name, { value, modRevision }]) => [
        name.slice(prefix.length),
        describe(value, Number(modRevision)),
      ]),
    );
  }

  /** The same of a server's table. */
  known(server: number): Map<string, string> {
    const { table } = this.servers[server]!;
    const all = new Map<string, string>();
    for (const record of table.records()) {
      if (!table.isLive(record)) continue;
      const offset = table.offsetOf(record);
      const octets = table.chunkOf(record).slice(offset, offset + table.answerLength(record));
      const version = answer.readVersion(octets, 0);
      octets.set(ownerOctets(table.ownerOf(record)), 24);
      all.set(nameOf(octets.slice(0, 5)) + nameOf(octets.slice(8, 24)), describe(octets, version));
    }
    return all;
  }

  newTxid(): { txidHi: number; txidLo: number } {
    return { txidHi: this.random(), txidLo: this.random() };
  }

  #addServer(i: number, policy: PolicyRules, settings: ServerSettings): void {
    const connection = this.store.connect();
    this.connections.push(connection);
    this.servers.push(
      new LookupServer({
        store: connection,
        clock: this.clock,
        random32: this.random,
        hmac,
        mode: this.mode,
        keys: this.mode === 'none' ? undefined : keys,
        keyEpoch: KEY_EPOCH,
        policy,
        settings,
        send: (bytes, end, to) => this.deliver({ from: i, to, bytes: bytes.slice(0, end) }),
        tell: (event) => void this.events.push(event),
      }),
    );
  }
}

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

function describe(value: Uint8Array, version: number): string {
  return `${version}:${Buffer.from(value).toString('hex')}`;
}

function ownerOctets(owner: number): Uint8Array {
  const octets = new Uint8Array(8);
  new DataView(octets.buffer).setBigUint64(0, BigInt(owner));
  return octets;
}

/** A PUT of an IPv4 address at an IPv4 locator. */
export function put(tenant: number, address: string, locator: string, owner: number): Change {
  return {
    op: OPERATION.PUT,
    key: parseKey(tenant, address),
    expectVersion: 0,
    owner,
    ttl: 300,
    mac: Uint8Array.of(2, 0, 0, 0, 0, 1),
    flags: 0,
    locators: [{ ...parseAddress(locator), encap: 2, port: 0, label: 0 }],
  };
}

/** A DELETE. */
export function remove(tenant: number, address: string): Change {
  const nothing = { expectVersion: 0, owner: 0, ttl: 0, mac: new Uint8Array(6), flags: 0, locators: [] };
  return { op: OPERATION.DELETE, key: parseKey(tenant, address), ...nothing };
}

/** Sends an update of the controller, or of a host, and waits for its reply. */
export async function update(
  world: World,
  changes: readonly Change[],
  hostId: number | undefined = 0,
  server = 0,
): Promise<readonly { code: number; version: number }[]> {
  const txid = world.newTxid();
  const bytes = world.datagram({ type: TYPE.UPDATE, ...txid, changes }, world.mode === 'none' ? undefined : hostId);
  world.give(server, bytes);
  for (let i = 0; i < 5000; i++) {
    await world.clock.advance(1);
    const found = world.sent.findIndex(({ bytes: reply }) => isReplyTo(reply, txid));
    if (found < 0) continue;
    const [reply] = world.sent.splice(found, 1);
    const decoded = message.decode(reply!.bytes);
    if (decoded.type !== TYPE.UPDATE_REPLY) throw new Error('no UPDATE_REPLY');
    return decoded.code === 0 ? decoded.results : [{ code: decoded.code, version: 0 }];
  }
  throw new Error('no reply');
}

function isReplyTo(bytes: Uint8Array, { txidHi, txidLo }: { txidHi: number; txidLo: number }): boolean {
  const isReply = (header.readFlags(bytes, 0) & FLAG.RESPONSE) !== 0;
  return isReply && header.readTxidHi(bytes, 0) === txidHi && header.readTxidLo(bytes, 0) === txidLo;
}
