import { type Socket, createSocket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { once } from 'node:events';

/** Where to send to, or to listen. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

const ENDPOINT = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d{1,5}))?$/;

/** Reads `host`, `host:port` or `[IPv6]:port`. @throws TypeError if it is none of these */
export function parseEndpoint(text: string, defaultPort: number): Endpoint {
  const [, bracketed, plain, digits] = ENDPOINT.exec(text) ?? [];
  const host = bracketed ?? plain;
  const port = digits === undefined ? defaultPort : Number(digits);
  if (host === undefined || port > 65_535) throw new TypeError(`not host:port: '${text}'`);
  return { host, port };
}

/** A socket connected to the endpoint: the kernel drops what comes from anybody else. */
export async function connectSocket({ host, port }: Endpoint): Promise<Socket> {
  const { address, family } = await lookup(host);
  const socket = createSocket(family === 6 ? 'udp6' : 'udp4');
  const connected = once(socket, 'connect');
  socket.connect(port, address);
  await connected;
  return socket;
}

/** A socket that listens on the endpoint. */
export async function bindSocket({ host, port }: Endpoint): Promise<Socket> {
  const { address, family } = await lookup(host);
  const socket = createSocket(family === 6 ? 'udp6' : 'udp4');
  const listening = once(socket, 'listening');
  socket.bind(port, address);
  await listening;
  return socket;
}
