/** Traffic between two namespaces of a private world: ping and iperf3. */
import type { PrivateWorld } from './private-world.js';
import { until } from './until.js';

/** One end of the traffic. */
export interface TrafficEnd {
  /** Its namespace. */
  readonly namespace: string;
  /** Its address. */
  readonly address: string;
}

/** What a TCP transfer came to. */
export interface Transfer {
  /** Bits per second that arrived. */
  readonly bitsPerSecond: number;
  /** Segments sent again. */
  readonly retransmits: number;
  /** Seconds that it lasted. */
  readonly seconds: number;
}

/** Which way the octets of a transfer go. */
export type TransferDirection = 'client sends' | 'client receives';
/** Both, for tests that do one after the other. */
export const DIRECTIONS: readonly TransferDirection[] = ['client sends', 'client receives'];

/** How to ping. */
export interface PingOptions {
  /** Echo requests. Default 5. */
  readonly count?: number;
  /** Octets of data in each, which then must not be fragmented. Default: as `ping` chooses. */
  readonly dataLength?: number;
}

/** Sends pings; returns how many were answered. */
export function ping(
  world: PrivateWorld,
  from: string,
  address: string,
  { count = 5, dataLength }: PingOptions = {},
): number {
  const size = dataLength === undefined ? [] : ['-M', 'do', '-s', `${dataLength}`];
  const command = ['ping', '-n', '-q', '-c', `${count}`, '-i', '0.2', '-W', '1', ...size, address];
  const { stdout, stderr } = world.attempt(from, command);
  const received = /(\d+) received/.exec(stdout)?.[1];
  if (received === undefined) throw new Error(`ping did not run: ${stdout}${stderr}`);
  return Number(received);
}

/** A TCP transfer by iperf3; the client sends, or receives (`-R`). @throws Error if it does not finish */
export async function transfer(
  world: PrivateWorld,
  client: TrafficEnd,
  server: TrafficEnd,
  direction: TransferDirection,
  seconds = 5,
): Promise<Transfer> {
  const serving = world.start(server.namespace, ['timeout', '20', 'iperf3', '-s', '-1']);
  await until(() => world.attempt(server.namespace, ['ss', '-Hltn']).stdout.includes(':5201'), 'iperf3 listens');
  const reverse = direction === 'client receives' ? ['-R'] : [];
  const command = ['timeout', '15', 'iperf3', '-c', server.address, '-t', `${seconds}`, '-J', ...reverse];
  const { status, stdout, stderr } = world.attempt(client.namespace, command);
  await serving.ended;
  if (status !== 0) throw new Error(`iperf3 ended with ${status}: ${stdout}${stderr}`);
  const { end } = JSON.parse(stdout) as Iperf3Report;
  return {
    bitsPerSecond: end.sum_received.bits_per_second,
    seconds: end.sum_received.seconds,
    retransmits: end.sum_sent.retransmits,
  };
}

/** The parts of an iperf3 report that count here. */
interface Iperf3Report {
  readonly end: {
    readonly sum_sent: { readonly retransmits: number };
    readonly sum_received: { readonly bits_per_second: number; readonly seconds: number };
  };
}

/** A line for the test's log: what was measured is part of its outcome. */
export function logTransfer(name: string, { bitsPerSecond, retransmits, seconds }: Transfer): void {
  const gigabits = (bitsPerSecond / 1e9).toFixed(2);
  process.stderr.write(`${name}: ${gigabits} Gbit/s for ${seconds.toFixed(1)} s, ${retransmits} segments sent again\n`);
}

const SERVE_HASH = `
  const hash = require('node:crypto').createHash('sha256');
  const server = require('node:net').createServer((socket) => {
    socket.on('data', (octets) => hash.update(octets));
    socket.on('end', () => { socket.end(); server.close(); console.log(hash.digest('hex')); });
  });
  server.listen(5300, '0.0.0.0', () => console.log('ready'));`;
const SEND_OCTETS = `
  const hash = require('node:crypto').createHash('sha256');
  const [address, octets] = process.argv.slice(1);
  const socket = require('node:net').connect(5300, address, async () => {
    const block = require('node:crypto').randomBytes(1 << 20);
    for (let left = Number(octets); left > 0; left -= block.length) {
      const part = block.subarray(0, left);
      block.writeUInt32BE(left >>> 0, 0);
      hash.update(part);
      if (!socket.write(Buffer.from(part))) await require('node:events').once(socket, 'drain');
    }
    socket.end(() => console.log(hash.digest('hex')));
  });`;

/** Sends octets over TCP, and returns the SHA-256 at both ends. @throws Error if they do not all arrive */
export async function transferHashed(
  world: PrivateWorld,
  client: TrafficEnd,
  server: TrafficEnd,
  octets: number,
): Promise<{ readonly sent: string; readonly received: string }> {
  const serving = world.start(server.namespace, ['timeout', '60', process.execPath, '-e', SERVE_HASH]);
  await until(() => serving.lines.includes('ready'), 'the receiver listens');
  const command = ['timeout', '50', process.execPath, '-e', SEND_OCTETS, server.address, `${octets}`];
  const sent = world.run(client.namespace, command).trim();
  const status = await serving.ended;
  if (status !== 0) throw new Error(`the receiver ended with ${status}: ${serving.stderr()}`);
  return { sent, received: serving.lines.at(-1)! };
}
