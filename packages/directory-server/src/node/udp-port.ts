/** One UDP socket of a lookup server. */
import { DATAGRAM_LENGTH_MAX } from '@overlane/directory';
import { type Socket, createSocket } from 'node:dgram';
import { once } from 'node:events';
import { isIP } from 'node:net';
import type { Peer } from '../server/options.js';

/** What a socket does with what it gets. */
export interface UdpPortHandlers {
  /** A datagram; `bytes` may be kept. */
  readonly receive: (bytes: Uint8Array, end: number, from: Peer) => void;
  /** All datagrams of this turn of the event loop have been received. */
  readonly endTurn: () => void;
}

/** Datagrams that wait for the kernel to take them, at most; each has a place of its own until then. */
const SLOTS = 1024;
/** As much as the system grants: a burst should wait rather than be lost, old datagrams are dropped here. */
const BUFFER_LENGTH = 4 << 20;

/** A bound socket. */
export class UdpPort {
  readonly #socket: Socket;
  readonly #slots = Array.from({ length: SLOTS }, () => Buffer.alloc(DATAGRAM_LENGTH_MAX));
  #next = 0;
  #unsent = 0;
  #isTurnOpen = false;
  #isClosed = false;

  private constructor(socket: Socket, { receive, endTurn }: UdpPortHandlers) {
    this.#socket = socket;
    const closeTurn = (): void => {
      this.#isTurnOpen = false;
      endTurn();
    };
    socket.on('message', (bytes, from) => {
      if (!this.#isTurnOpen) {
        this.#isTurnOpen = true;
        setImmediate(closeTurn);
      }
      receive(bytes, bytes.length, from);
    });
    // Such as a port unreachable that an earlier reply has met.
    socket.on('error', () => void this.#unsent++);
  }

  /** Binds to an address and port; port 0 takes a free one. @throws Error as `bind` says */
  static async open(host: string, port: number, handlers: UdpPortHandlers): Promise<UdpPort> {
    const family = isIP(host) === 6 ? 6 : 4;
    const socket = createSocket({
      type: `udp${family}`,
      // Peers are addresses, so there is nothing to look up; the usual way costs a turn of the loop for each datagram.
      lookup: (address, _options, done) => done(null, address, family),
    });
    // With a lookup that answers at once, so does `bind`.
    const listening = once(socket, 'listening');
    socket.bind({ address: host, port, exclusive: true });
    await listening;
    for (const set of ['setRecvBufferSize', 'setSendBufferSize'] as const) {
      try {
        socket[set](BUFFER_LENGTH);
      } catch {
        // The system's own size does, too.
      }
    }
    return new UdpPort(socket, handlers);
  }

  /** Port number. */
  get port(): number {
    return this.#socket.address().port;
  }

  /** Replies that could not be sent. */
  get unsent(): number {
    return this.#unsent;
  }

  /** Sends `bytes[0..end)`, which is copied. Drops it if the kernel takes nothing any more. */
  send(bytes: Uint8Array, end: number, { address, port }: Peer): void {
    // What was under way when the server was closed has nobody to tell.
    if (this.#isClosed || this.#socket.getSendQueueCount() >= SLOTS) {
      this.#unsent++;
      return;
    }
    const slot = this.#slots[this.#next]!;
    this.#next = (this.#next + 1) % SLOTS;
    for (let i = 0; i < end; i++) slot[i] = bytes[i]!;
    this.#socket.send(slot, 0, end, port, address);
  }

  /** Closes the socket; replies that come later are dropped. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await new Promise<void>((resolve) => this.#socket.close(() => resolve()));
  }
}
