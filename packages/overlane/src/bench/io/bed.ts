/** What one system is built in for one round: four namespaces, and the processes that run in them. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SwitchConfigFile } from '@overlane/switch';
import { addQuietNamespaces, runIp } from '../../demo/run-ip.js';
import { type ProgramResult, tryProgram } from '../../demo/run-program.js';
import { SwitchProcess } from '../../demo/switch-process.js';
import { OutcomeError } from '../../exit.js';

/** The stations, which send and receive. Each has one device, `g1` or `g2`. */
export const STATIONS = [
  { namespace: 'v1', device: 'g1', address: '10.0.0.1' },
  { namespace: 'v2', device: 'g2', address: '10.0.0.2' },
] as const;
/** The hosts, which forward, their ends of the underlay, and the addresses of tunnel endpoints behind them. */
export const HOSTS = [
  { namespace: 'h1', device: 'u1', address: '192.0.2.1', endpoint: '198.51.100.1' },
  { namespace: 'h2', device: 'u2', address: '192.0.2.2', endpoint: '198.51.100.2' },
] as const;
/** One of the stations. */
export type BedStation = (typeof STATIONS)[number];
/** One of the hosts. */
export type BedHost = (typeof HOSTS)[number];

/** MTU of the stations' devices. */
export const INNER_MTU = 1500;
/** MTU of the underlay: room for the headers of every encapsulation around a full frame. */
export const UNDERLAY_MTU = 1600;

const NAMESPACES = [...STATIONS, ...HOSTS].map(({ namespace }) => namespace);
/** In the private world /run is empty and goes with it. */
const FOLDER = '/run/overlane-bench';
/** Longest that a command may take, unless it says itself. */
const COMMAND_S = 20;
/** How long a process may take to end once told. */
const END_MS = 2000;

/** The bed of one system, to be made inside a private world only: what is left of it goes with the world. */
export class Bed {
  /** Switches of ours in it. */
  readonly switches: SwitchProcess[] = [];
  /** Processes that forward packets. */
  readonly forwarders: number[] = [];
  readonly #children: ChildProcess[] = [];

  /** Makes the namespaces and the underlay between the hosts. @throws OutcomeError */
  static async open(): Promise<Bed> {
    await addQuietNamespaces(NAMESPACES);
    const [one, two] = HOSTS;
    await runIp('', [
      `link add ${one.device} mtu ${UNDERLAY_MTU} netns ${one.namespace} type veth peer name ${two.device} mtu ${UNDERLAY_MTU} netns ${two.namespace}`,
    ]);
    await Promise.all(NAMESPACES.map((name) => runIp(name, ['link set lo up'])));
    await Promise.all(HOSTS.map(({ namespace, device }) => runIp(namespace, [`link set ${device} up`])));
    return new Bed();
  }

  /** Gives the hosts' underlay devices their addresses. */
  async addressUnderlay(): Promise<void> {
    await Promise.all(
      HOSTS.map(({ namespace, device, address }) => runIp(namespace, [`addr add ${address}/24 dev ${device}`])),
    );
  }

  /** Makes each host a router that knows the way to the endpoint behind the other. */
  async routeEndpoints(): Promise<void> {
    for (const [i, { namespace }] of HOSTS.entries()) {
      const far = HOSTS[1 - i]!;
      await this.run(namespace, ['sh', '-c', 'echo 1 > /proc/sys/net/ipv4/ip_forward']);
      await runIp(namespace, [`route add ${far.endpoint}/32 via ${far.address}`]);
    }
  }

  /** Gives a station's device, which is there, its address. */
  async addressStation({ namespace, device, address }: BedStation): Promise<void> {
    await runIp(namespace, [
      `link set ${device} mtu ${INNER_MTU} txqueuelen 1000`,
      `addr add ${address}/24 dev ${device}`,
      `link set ${device} up`,
    ]);
  }

  /** Joins a station and a host by a veth pair; the host's end is called `p`. */
  async linkStation(station: BedStation, host: BedHost): Promise<void> {
    await runIp('', [
      `link add ${station.device} mtu ${INNER_MTU} netns ${station.namespace} type veth peer name p mtu ${INNER_MTU} netns ${host.namespace}`,
    ]);
    await runIp(host.namespace, ['link set p up']);
    await this.addressStation(station);
  }

  /** Starts a switch of ours in `host`, and moves the device of each of `stations` there. */
  async startSwitch(host: BedHost, config: SwitchConfigFile, stations: readonly BedStation[]): Promise<void> {
    mkdirSync(FOLDER, { recursive: true });
    const file = `${FOLDER}/${host.namespace}.json`;
    writeFileSync(file, JSON.stringify(config));
    const one = new SwitchProcess(host.namespace, file, 'counted');
    this.switches.push(one);
    this.forwarders.push(one.pid);
    await one.ready;
    for (const station of stations) {
      await runIp(host.namespace, [`link set ${station.device} netns ${station.namespace}`]);
      await this.addressStation(station);
    }
  }

  /** Starts a command that runs until the bed closes, or `seconds` at most. */
  start(namespace: string, command: readonly string[], seconds?: number): ChildProcess {
    const words = [...limit(seconds), 'ip', 'netns', 'exec', namespace, ...command] as [string, ...string[]];
    const child = spawn(words[0], words.slice(1), { stdio: ['ignore', 'pipe', 'pipe'] });
    // Nobody reads them, but a full pipe would stop it.
    child.stdout.resume();
    child.stderr.resume();
    this.#children.push(child);
    return child;
  }

  /** Runs a command to its end, or for `seconds` at most. */
  attempt(namespace: string, command: readonly string[], seconds = COMMAND_S): Promise<ProgramResult> {
    const [file, ...words] = [...limit(seconds), 'ip', 'netns', 'exec', namespace, ...command];
    return tryProgram(file!, words);
  }

  /** The same. @throws OutcomeError if it fails, with what it said */
  async run(namespace: string, command: readonly string[], seconds = COMMAND_S): Promise<string> {
    const { status, stdout, stderr } = await this.attempt(namespace, command, seconds);
    if (status === 0) return stdout;
    throw new OutcomeError(`${command.join(' ')} in ${namespace} ended with ${status}: ${(stderr || stdout).trim()}`);
  }

  /** Ends all processes and removes the namespaces, with all that is in them. */
  async close(): Promise<void> {
    await Promise.all(this.switches.map((one) => Promise.race([one.stop().catch(() => undefined), sleep(END_MS)])));
    for (const one of this.switches) one.kill();
    await Promise.all(this.#children.map(end));
    for (const name of NAMESPACES) if (existsSync(`/run/netns/${name}`)) await tryProgram('ip', ['netns', 'del', name]);
  }
}

function limit(seconds: number | undefined): string[] {
  return seconds === undefined ? [] : ['timeout', '-k', '1', String(seconds)];
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = new Promise<void>((resolve) => void child.once('close', () => resolve()));
  child.kill('SIGTERM');
  await Promise.race([closed, sleep(END_MS)]);
  child.kill('SIGKILL');
}
