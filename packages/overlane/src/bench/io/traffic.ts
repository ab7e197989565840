/** What is sent through a system, by iperf3 and ping, and what comes out of it. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { OutcomeError } from '../../exit.js';
import { type Bed, STATIONS } from './bed.js';

/** One TCP stream through a system. */
export interface TcpFigures {
  /** 10^9 bits per second that arrived. */
  readonly gigabits: number;
  /** CPU time of both stations' programs and of all forwarders, per octet that arrived, in nanoseconds. */
  readonly cpuNsPerOctet: number;
  /** The forwarders' part of it. What the kernel forwards counts for the program that sent it. */
  readonly forwardersNsPerOctet: number;
}

const [CLIENT, SERVER] = STATIONS;
/** Clock ticks of /proc/PID/stat in a second: the same on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;
/** What a test may take beyond its length. */
const GRACE_S = 8;
/** A reply that does not come counts as one that takes so long. */
const LOST_MS = 1000;
/** Offered beside the pings: less than the slowest system here forwards, so that delay is compared and not loss. */
const PING_LOAD = ['-u', '-l', '1400', '-b', '100M'];
const PING_INTERVAL_S = 0.005;
const TRIES = 25;

/** Waits until the stations reach each other, both ways. @throws OutcomeError if they do not */
export async function awaitConnection(bed: Bed): Promise<void> {
  for (let tries = 0; tries < TRIES; tries++) {
    const ping = ['ping', '-n', '-q', '-c', '3', '-i', '0.05', '-W', '0.5', SERVER.address];
    const { stdout } = await bed.attempt(CLIENT.namespace, ping);
    if (stdout.includes('3 received')) return;
    await sleep(100);
  }
  throw new OutcomeError('the stations do not reach each other');
}

/** One TCP stream for `seconds`. @throws OutcomeError */
export async function measureTcp(bed: Bed, seconds: number): Promise<TcpFigures> {
  const before = cpuSeconds(bed.forwarders);
  const { end } = await iperf(bed, seconds, []);
  const forwarders = cpuSeconds(bed.forwarders) - before;
  const { bytes, bits_per_second: bits, seconds: took } = end.sum_received!;
  const { host_total: sender, remote_total: receiver } = end.cpu_utilization_percent;
  const stations = ((sender + receiver) / 100) * took;
  if (bytes === 0) throw new OutcomeError('no octet of the TCP stream arrived');
  return {
    gigabits: bits / 1e9,
    cpuNsPerOctet: ((stations + forwarders) / bytes) * 1e9,
    forwardersNsPerOctet: (forwarders / bytes) * 1e9,
  };
}

/** Datagrams with `octets` of data as fast as the sender can; returns how many thousands arrived per second. @throws OutcomeError */
export async function measureUdp(bed: Bed, seconds: number, octets: number): Promise<number> {
  const { end } = await iperf(bed, seconds, ['-u', '-b', '0', '-l', String(octets)]);
  const { packets, lost_packets: lost, seconds: took } = end.sum!;
  return (packets - lost) / took / 1000;
}

/** 99th percentile of the round trip beside a steady load, in milliseconds. @throws OutcomeError */
export async function measurePing(bed: Bed, seconds: number): Promise<number> {
  const count = Math.round(seconds / PING_INTERVAL_S);
  const load = iperf(bed, seconds + 1, PING_LOAD);
  // Whoever waits for it gets the error; the ping comes first.
  load.catch(() => undefined);
  await sleep(500);
  const ping = ['ping', '-n', '-c', String(count), '-i', String(PING_INTERVAL_S), '-W', '1', SERVER.address];
  const { stdout } = await bed.attempt(CLIENT.namespace, ping, seconds + GRACE_S);
  await load;
  const times = [...stdout.matchAll(/time=([\d.]+) ms/g)].map(([, time]) => Number(time));
  return percentile([...times, ...Array<number>(Math.max(0, count - times.length)).fill(LOST_MS)], 0.99);
}

/** The least value that `share` of `values` do not exceed. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]!;
}

/** User and system time of processes with all their threads, in seconds. Ended ones count 0. */
function cpuSeconds(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + cpuSecondsOf(readStat(pid)), 0);
}

function readStat(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return '';
  }
}

/** utime and stime of a line of /proc/PID/stat (proc_pid_stat(5)); the name before them may hold anything but ends with the last `)`. */
export function cpuSecondsOf(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / TICKS_PER_SECOND;
}

/** The parts of an iperf3 report that count here. */
interface IperfReport {
  readonly error?: string;
  readonly end: {
    /** UDP, as the server counted. */
    readonly sum?: { readonly packets: number; readonly lost_packets: number; readonly seconds: number };
    readonly sum_received?: { readonly bytes: number; readonly bits_per_second: number; readonly seconds: number };
    readonly cpu_utilization_percent: { readonly host_total: number; readonly remote_total: number };
  };
}

async function iperf(bed: Bed, seconds: number, options: readonly string[]): Promise<IperfReport> {
  const limit = seconds + GRACE_S;
  const server = bed.start(SERVER.namespace, ['iperf3', '-s', '-1', '--forceflush'], limit);
  const closed = once(server, 'close');
  await Promise.race([once(server.stdout!, 'data'), closed]);
  const command = ['iperf3', '-c', SERVER.address, '-t', String(seconds), '-J', ...options];
  const { status, stdout, stderr } = await bed.attempt(CLIENT.namespace, command, limit);
  if (status !== 0) server.kill('SIGKILL');
  await closed;
  const report = (
    stdout.trim() === '' ? { error: stderr.trim() || `status ${status}` } : JSON.parse(stdout)
  ) as IperfReport;
  if (status !== 0 || report.error !== undefined) {
    throw new OutcomeError(`iperf3 ${options.join(' ')}: ${report.error ?? `status ${status}`}`);
  }
  return report;
}
