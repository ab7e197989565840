import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { OutcomeError } from '../exit.js';
import { KernelFabric } from './kernel-fabric.js';
import { addQuietNamespaces, runIp } from './run-ip.js';
import { runProgram, tryProgram } from './run-program.js';
import { SwitchProcess } from './switch-process.js';
import {
  type EncapsulationName,
  HOSTS,
  type Host,
  PREFIX_LENGTH,
  type Probe,
  STATIONS,
  type Station,
  UNDERLAY_MTU,
  stationsOn,
  switchConfigOf,
  wantedAnswers,
} from './topology.js';
import type { BuildStep, SwitchCounters, World } from './world.js';

/** In the private world /run is empty and goes with it. */
const FOLDER = '/run/overlane-demo';
const PING_SUMMARY = /(\d+) packets transmitted, (\d+) received(?:, \+(\d+) duplicates)?/;

/**
 * The topology in the kernel: a namespace per host and station, a veth pair as underlay, `overlane switch` in a process
 * per host. To be built inside a private world only (`private-world.ts`), which takes all of it away.
 */
export class NamespaceWorld implements World {
  readonly mode = 'namespaces';
  readonly steps: readonly BuildStep[];
  readonly fabric: KernelFabric | undefined;
  readonly #encapsulation: EncapsulationName;
  readonly #captureFile: string;
  readonly #switches = new Map<string, SwitchProcess>();

  /** Nothing is built before the steps run. Host 1's switch records in `captureFile`. */
  constructor(encapsulation: EncapsulationName, captureFile: string) {
    this.#encapsulation = encapsulation;
    this.#captureFile = captureFile;
    this.fabric = encapsulation === 'netlord' ? new KernelFabric() : undefined;
    const { fabric } = this;
    const names = (list: readonly { readonly name: string }[]): string => list.map(({ name }) => name).join(', ');
    this.steps = [
      {
        title: `network namespaces: ${names(HOSTS)} and ${names(STATIONS)}`,
        run: () => addQuietNamespaces([...HOSTS, ...STATIONS].map(({ name }) => name)),
      },
      fabric === undefined
        ? { title: `underlay: veth pair u1-u2, ${HOSTS.map(({ address }) => address).join(' and ')}`, run: addUnderlay }
        : { title: 'two edge and two core switches: namespaces, bridges, IP forwarding', run: () => fabric.build() },
      { title: 'one `overlane switch` per host, which makes the TAP devices', run: () => this.#startSwitches() },
      { title: 'TAP devices moved to their stations, and addressed', run: () => addStations(encapsulation) },
    ];
  }

  async ping(probe: Probe): Promise<number> {
    const { from, address, count, dataLength } = probe;
    // An answer comes within a millisecond, if at all.
    const patience = wantedAnswers(probe) === 0 ? '0.3' : '1';
    const size = dataLength === undefined ? [] : ['-M', 'do', '-s', String(dataLength)];
    const ping = ['ping', '-n', '-q', '-c', String(count), '-i', '0.2', '-W', patience, ...size, address];
    const { stdout, stderr } = await tryProgram('ip', ['netns', 'exec', from.name, ...ping]);
    const summary = PING_SUMMARY.exec(stdout);
    if (summary === null) throw new OutcomeError(`ping in ${from.name} did not run: ${(stderr || stdout).trim()}`);
    return Number(summary[2]) + Number(summary[3] ?? 0);
  }

  async pinNeighbor({ name }: Station, address: string, mac: string | undefined): Promise<void> {
    const change = mac === undefined ? ['del', address] : ['replace', address, 'lladdr', mac, 'nud', 'permanent'];
    await runProgram('ip', ['-n', name, 'neigh', ...change, 'dev', name]);
  }

  async echoRequests(): Promise<ReadonlyMap<Station, number>> {
    const read = async (station: Station): Promise<[Station, number]> => [
      station,
      inEchos(await runProgram('ip', ['netns', 'exec', station.name, 'cat', '/proc/net/snmp'])),
    ];
    return new Map(await Promise.all(STATIONS.map(read)));
  }

  async stopSwitches(): Promise<SwitchCounters> {
    const stop = async ([name, one]: [string, SwitchProcess]) => [name, await one.stop()] as const;
    return new Map(await Promise.all([...this.#switches].map(stop)));
  }

  close(): void {
    for (const one of this.#switches.values()) one.kill();
    this.fabric?.close();
  }

  async #startSwitches(): Promise<void> {
    mkdirSync(FOLDER, { recursive: true });
    await Promise.all(HOSTS.map((host) => this.#startSwitch(host)));
  }

  async #startSwitch(host: Host): Promise<void> {
    const capture = host === HOSTS[0] ? this.#captureFile : undefined;
    const file = join(FOLDER, `${host.name}.json`);
    writeFileSync(file, JSON.stringify(switchConfigOf(host, this.#encapsulation, capture)));
    const process = new SwitchProcess(host.name, file);
    this.#switches.set(host.name, process);
    await process.ready;
  }
}

async function addUnderlay(): Promise<void> {
  const [first, second] = HOSTS;
  await runIp('', [
    `link add u1 mtu ${UNDERLAY_MTU} netns ${first.name} type veth peer name u2 mtu ${UNDERLAY_MTU} netns ${second.name}`,
  ]);
  await Promise.all(
    HOSTS.map(({ name, address }, i) =>
      runIp(name, ['link set lo up', `addr add ${address}/${PREFIX_LENGTH} dev u${i + 1}`, `link set u${i + 1} up`]),
    ),
  );
}

async function addStations(encapsulation: EncapsulationName): Promise<void> {
  for (const host of HOSTS) {
    const moves = stationsOn(host).map(({ name }) => `link set ${name} netns ${name}`);
    await runIp(host.name, moves);
  }
  if (encapsulation === 'netlord') {
    // A station that comes up tells its neighbours by ARP: that is how its agent knows to announce it.
    await Promise.all(
      STATIONS.map(({ name }) =>
        runProgram('ip', ['netns', 'exec', name, 'sysctl', '-qw', `net.ipv4.conf.${name}.arp_notify=1`]),
      ),
    );
  }
  await Promise.all(
    STATIONS.map(({ name, mac, addresses }) =>
      runIp(name, [
        'link set lo up',
        `link set ${name} address ${mac}`,
        ...addresses.map((address) => `addr add ${address}/${PREFIX_LENGTH} dev ${name}`),
        `link set ${name} up`,
      ]),
    ),
  );
}

/** ICMP echo requests received, from /proc/net/snmp: a line of names, then a line of values. */
function inEchos(snmp: string): number {
  const [names, values] = snmp.split('\n').filter((line) => line.startsWith('Icmp:'));
  const at = names?.split(' ').indexOf('InEchos') ?? -1;
  const count = Number(values?.split(' ')[at]);
  if (at < 0 || !Number.isInteger(count)) throw new OutcomeError('/proc/net/snmp does not count InEchos');
  return count;
}
